#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connection.h"
#include "kit.h"
#include "late_copies.h"
#include "options.h"
#include "scripts.h"
#include "whereabouts.h"

namespace peer_redis {

using Arguments = std::vector<std::string_view>;
/// Takes the reply to one command; null: none will come, and whether it was executed is unknown.
using OnReply = std::function<void(const Reply*)>;

/// The way to Redis: a connection for commands and one that subscribes, as one: both work, or the
/// link is down and is built anew, after 50 ms to 5 s (to a third of the lease, where that is
/// less). Of several addresses the next is tried at once. Loop thread only.
///
/// It is up when a message that it published to its own channel has come back. What comes from the
/// subscription before that is kept, and passed on then: 4 MiB of it. Silence is a
/// failure: a command without a reply within the operation timeout, a probe that does not return.
///
/// The name is looked up again from time to time: when the address in use has gone from the answer,
/// Redis is about to be elsewhere, and the link moves there once all that is under way is answered.
/// So it does when Sentinel names another master, or a node of a Cluster says MOVED: what was
/// answered so was not done.
///
/// In a Cluster PUBLISH reaches the subscribers of all nodes, but counts those of one. The link is
/// at the owner of our keys, with both connections, and so are those of the other nodes: whoever
/// sees that another one owns them, or begins there, has all of them look. What is published goes
/// by a script that the owner alone accepts, so that "nobody listens" is never said of a message
/// that has arrived.
///
/// What waits for a reply is bounded, the output to Redis with it. Half of the bound is for
/// messages, which are refused beyond it; a state command beyond it fails the link, so that the
/// resync repairs what was not said.
class Link {
 public:
  /// By size_of(): twice the bytes, as both the output and the command keep them, and the rest.
  static constexpr std::size_t kMaxPendingBytes = std::size_t{32} << 20;

  /// Of messages that come while the new subscription is being proved.
  static constexpr std::size_t kMaxEarlyBytes = std::size_t{4} << 20;

  enum class Kind {
    kMessage,   ///< refused at half of the bound
    kState,     ///< beyond the bound the link fails
    kOwnTruth,  ///< never refused: bounded by what this node has of peers
  };

  struct Events {
    std::function<void()> up;
    std::function<void(std::string_view why)> down;  ///< after up, or after a failed attempt
    std::function<void(std::string_view channel, std::string_view message)> message;
    /// Messages that came before it was up, and will not be passed on.
    std::function<void(std::size_t count)> lost;
  };

  Link(EventLoop& loop, const Options& options, std::string node, Events events);

  void start() { connect(); }
  void stop();
  [[nodiscard]] bool is_up() const { return state_ == State::kUp; }

  /// Runs a script; `arguments` are those after the common ones (lua/common.lua).
  void run(Script script, const Arguments& arguments, OnReply on_reply, Kind kind = Kind::kState);
  void publish(std::string_view channel, std::string_view message, OnReply on_reply,
               Kind kind = Kind::kMessage);
  /// A question that Redis may refuse to answer, without any harm.
  void ask(const Arguments& command, OnReply on_reply);
  /// For what can wait: messages are taken.
  [[nodiscard]] bool has_room() const { return pending_bytes_ < kMaxPendingBytes / 2; }
  /// Publishes to the own channel, and takes it for a failure when that does not come back.
  void probe();
  void flush();
  /// Nothing more is to come on the own channel. is_listening() until all that came before that has
  /// been passed on.
  void stop_listening();
  [[nodiscard]] bool is_listening() const { return is_listening_; }
  /// Redis has restarted since it was last known, or is another one: it does not have our marker.
  /// Holds until knows_store().
  [[nodiscard]] bool is_to_another_store() const { return another_store_; }
  void knows_store() { another_store_ = false; }
  /// It serves its purpose: should it fail, the first attempts to build it anew come quickly.
  void has_proved_itself() {
    failures_ = 0;
    whereabouts_.worked();
  }
  /// Redis answers, but not as it should: builds the link anew.
  void give_up(std::string_view why) {
    if (!is_giving_up()) fail(why);
  }
  /// Redis refuses what it is asked: the link fails when the answers to what is under way have
  /// come, so that it is known of each whether it was done. Nothing more is sent.
  [[nodiscard]] bool is_giving_up() const { return !refusal_.empty(); }

  /// Where Redis is, or would be, for people.
  [[nodiscard]] const std::string& place() const { return whereabouts_.text(); }
  [[nodiscard]] std::chrono::microseconds latency() const { return latency_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size() + held_back_.size(); }
  [[nodiscard]] std::size_t queued_bytes() const { return commands_.queued_bytes(); }

 private:
  /// kProving: both connections stand, and the probe is under way.
  enum class State { kDown, kConnecting, kProving, kUp };

  struct Command {
    std::string bytes;  ///< of a script: to be sent again when Redis has lost the scripts
    OnReply on_reply;
    Time sent;
    std::size_t size;  ///< as it counts against the bound
    bool may_be_refused = false;
  };

  /// One attempt to build the link: connect(), open(), then replies until it is up or has failed.
  void connect();
  void open(const Whereabouts::Place& place);
  void subscribe();
  void greet(Connection& connection);
  void ask_who_it_is();
  void ask_for_marker();
  void load_marker();
  void load_scripts();
  /// Sends a command, or answers null at once: not up, giving up, or over the bound. `repeatable`:
  /// it may be sent again when Redis has lost the scripts.
  void send(std::string bytes, bool repeatable, OnReply on_reply, Kind kind);
  /// Whether the bound has room for a command of this kind.
  [[nodiscard]] bool admits(Kind kind);
  static std::size_t size_of(std::size_t bytes) { return 2 * bytes + 512; }
  void await_reply(std::string bytes, OnReply on_reply, std::size_t size);
  /// A reply on the connection for commands; it belongs to the oldest of `pending_`.
  void handle_reply(const Reply& reply);
  /// What the subscription brings: confirmations, probes, messages.
  void handle_pushed(const Reply& reply);
  void send_held_back();
  void take_message(std::string_view channel, std::string_view message);
  void keep_early(std::string_view channel, std::string_view message);
  /// Passes on what came while the link was being proved.
  void take_early();
  void prove_when_ready();
  void look_up_later();
  /// Checks whether the name of Redis still leads to this address.
  void look_up();
  /// Has the link fail once everything under way is answered.
  void leave(std::string_view why);
  void go_to_new_master();
  void have_others_look();
  void ask_whether_keys_moved();
  /// How long to wait before the next attempt.
  [[nodiscard]] std::chrono::milliseconds pause_after(std::string_view why);
  void connect_after(std::chrono::milliseconds pause);
  /// Sets the deadline of the oldest command without a reply.
  void watch_silence();
  /// Ends the link, and begins to build the next one.
  void fail(std::string_view why);
  void fail_pending();

  EventLoop& loop_;
  const Options& options_;
  const std::string node_;
  const std::string key_;
  const std::string own_channel_;
  const std::string channel_prefix_;
  const Events events_;
  const std::string moved_channel_;
  Whereabouts whereabouts_;
  Connection commands_;
  Connection subscriber_;
  State state_ = State::kDown;
  bool stopped_ = false;
  bool is_listening_ = false;
  bool stops_listening_ = false;
  std::uint64_t attempt_ = 0;   ///< since the start; a deadline of an earlier one is void
  std::uint32_t failures_ = 0;  ///< since it has proved itself
  bool scripts_loaded_ = false;
  bool another_store_ = false;
  bool in_cluster_ = false;  ///< Redis is a node of a Cluster
  LateCopies late_copies_;
  std::size_t subscribed_ = 0;
  std::size_t channels_ = 0;  ///< that will be subscribed to
  std::string hashes_[kScriptCount];
  std::string marker_hash_;  ///< load_marker(); empty: this node has been nowhere yet
  std::deque<Command> pending_;
  std::size_t pending_bytes_ = 0;  ///< of pending_ and held_back_
  bool overflown_ = false;         ///< and about to fail
  std::string refusal_;            ///< while giving up: why
  bool scripts_lost_ = false;
  std::deque<Command> held_back_;  ///< while the scripts are loaded again, in order
  /// What came from the new subscription before the link was up: channel, message.
  std::deque<std::pair<std::string, std::string>> early_;
  std::size_t early_bytes_ = 0;
  std::uint64_t last_probe_ = 0;
  std::optional<EventLoop::TimerId> connect_timer_;
  std::optional<EventLoop::TimerId> silence_timer_;
  std::optional<EventLoop::TimerId> probe_timer_;
  std::chrono::microseconds latency_{0};
};

}  // namespace peer_redis
