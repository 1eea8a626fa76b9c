#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands.h"
#include "connection.h"
#include "kit.h"
#include "options.h"
#include "whereabouts.h"

namespace peer_redis {

/// One server of Redis: a connection for commands and one that subscribes, for all parts that are
/// there. They are opened once: when one of them fails, both are of no use any more, and whoever
/// uses them hears of it. Loop thread only.
///
/// In a Cluster the channels of several parts are sharded: what is published is at the owner of the
/// part's slot alone, which counts who listens there. The only part has channels that all nodes of
/// the Cluster share, as it always had.
class Master {
 public:
  /// One of those who use it. It outlives the time between enter() and leave().
  struct User {
    /// Redis is a node of a Cluster, or is none: is_in_cluster().
    std::function<void()> known;
    std::function<void()> scripts_loaded;
    /// Redis has lost all scripts; those of the node are loaded again.
    std::function<void()> scripts_lost;
    std::function<void()> subscribed;    ///< once for each channel
    std::function<void()> unsubscribed;  ///< as asked: nothing more comes
    /// Redis has ended the subscription: the slot is elsewhere.
    std::function<void()> channel_lost;
    std::function<void(std::string_view channel, std::string_view message)> message;
    std::function<void(std::string_view why)> failed;
    Commands::Lane lane;
  };

  Master(EventLoop& loop, const Options& options, const Whereabouts::Place& place);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  /// Whether it is at that place, and works.
  [[nodiscard]] bool is_at(const Whereabouts::Place& place) const;
  /// Begins to connect; may fail within the call.
  void open();
  [[nodiscard]] bool is_open() const { return is_open_; }
  void enter(User& user);
  /// Nothing more comes to it. The last one takes the connections with it; `gently`: what is queued
  /// is written once more. Those that work, and that several parts may share, stay for a while: who
  /// has left because of what Redis says is about to try again.
  void leave(User& user, bool gently = false);
  /// At the end of each round of the loop: ends what nobody has used for so long.
  void close_if_idle(Time now);
  /// Ends both connections, and all users hear of it.
  void fail(std::string_view why);

  [[nodiscard]] bool is_known() const { return in_cluster_.has_value(); }
  [[nodiscard]] bool is_in_cluster() const { return in_cluster_.value_or(false); }
  /// Only where that is known.
  [[nodiscard]] bool is_sharded() const { return is_in_cluster() && options_.parts > 1; }

  [[nodiscard]] Commands& commands() { return commands_; }
  void load_scripts() { commands_.load_scripts(is_sharded()); }
  void subscribe(User& user, const std::vector<std::string>& channels);
  void unsubscribe(const std::string& channel);
  void flush();
  /// Messages since the last call that came by subscriptions that are none any more.
  [[nodiscard]] std::uint64_t take_unheard() { return std::exchange(unheard_, 0); }

 private:
  struct Channel {
    User* user = nullptr;
    std::uint64_t number = 0;  ///< of its subscription: an earlier one is void
    bool confirmed = false;
  };
  /// A view finds a name.
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };
  /// What the subscribing connection has been told, and has yet to answer.
  struct Asked {
    /// kUnsubscribe: of a sharded channel the answer to another command, sent behind it.
    enum class What { kGreeting, kSubscribe, kUnsubscribe };
    What what;
    std::string channel;
    std::uint64_t number;
    bool refused = false;  ///< kUnsubscribe of a sharded channel, by an error
  };

  /// What each connection says first.
  void greet(const std::function<void(const Arguments& words)>& say) const;
  void ask_who_it_is();
  /// What the subscription brings: confirmations, messages.
  void handle_pushed(const Reply& reply);
  void take_answer(const Reply& reply);
  /// An error, while the oldest question asks for the end of a channel.
  void take_refused_end(const Reply& reply);
  void take_end(std::string_view kind, std::string_view channel);
  /// The answer to the oldest question, which asks for the end of a channel, has come.
  void end_as_asked();
  void give_up_channels(const User& user);
  /// Calls a function of each user that there is still.
  template <typename Function>
  void for_all(Function function);

  EventLoop& loop_;
  const Options& options_;
  const Whereabouts::Place place_;
  std::vector<User*> users_;
  std::optional<Time> idle_since_;  ///< open, and nobody uses it
  Commands commands_;
  Connection subscriber_;
  bool is_open_ = false;
  std::optional<bool> in_cluster_;  ///< nullopt: not known yet
  std::unordered_map<std::string, Channel, NameHash, std::equal_to<>> channels_;
  std::uint64_t last_number_ = 0;
  std::uint64_t unheard_ = 0;
  std::deque<Asked> asked_;
};

/// The servers of Redis that this node uses, each once. Loop thread only.
class Masters {
 public:
  Masters(EventLoop& loop, const Options& options)
      : loop_(loop), options_(options), lookups_(std::make_shared<Lookups>(loop)) {}

  /// Of the names of all of them.
  [[nodiscard]] const std::shared_ptr<Lookups>& lookups() const { return lookups_; }

  /// The one at that place. It may fail within the call, if it is not open yet.
  std::shared_ptr<Master> enter(const Whereabouts::Place& place, Master::User& user);
  /// After an exception: nobody knows what has been read and handled.
  void fail_all(std::string_view why);
  /// At the end of each round of the loop: sends what was queued, forgets what is closed.
  void flush();
  /// Of all of them, as of each.
  [[nodiscard]] std::uint64_t take_unheard();
  [[nodiscard]] std::size_t pending() const;
  [[nodiscard]] std::size_t queued_bytes() const;
  [[nodiscard]] std::chrono::microseconds latency() const;

 private:
  EventLoop& loop_;
  const Options& options_;
  std::uint64_t unheard_ = 0;  ///< of those that are closed
  const std::shared_ptr<Lookups> lookups_;
  std::vector<std::shared_ptr<Master>> masters_;
};

}  // namespace peer_redis
