#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands.h"
#include "kit.h"
#include "late_copies.h"
#include "master.h"
#include "options.h"
#include "part_choice.h"
#include "resolver.h"
#include "scripts.h"
#include "whereabouts.h"

namespace peer_redis {

/// The way of one part to Redis: by a connection for commands and one that subscribes (Master), as
/// one: both work, or the link is down and is built anew, after 50 ms to 5 s (to a third of the
/// lease, where that is less). Of several addresses the next is tried at once. The links of parts
/// that are at one server share its connections, and fail with them; what Redis refuses to one of
/// them concerns that one alone. Loop thread only.
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
/// that has arrived. With several parts the channels are sharded: SPUBLISH is such a command, and
/// who listens where the keys are no more is told so by Redis.
class Link {
 public:
  /// Of messages that come while the new subscription is being proved.
  static constexpr std::size_t kMaxEarlyBytes = std::size_t{4} << 20;

  using Kind = Commands::Kind;

  struct Events {
    std::function<void()> up;
    std::function<void(std::string_view why)> down;  ///< after up, or after a failed attempt
    std::function<void(std::string_view channel, std::string_view message)> message;
    /// Messages that came before it was up, and will not be passed on.
    std::function<void(std::size_t count)> lost;
  };

  /// `part`: what it leads to, with its number in the name of the keys; `node`: this node's id.
  Link(EventLoop& loop, const Options& options, Masters& masters, PartIndex part, std::string node,
       Events events);

  void start() { connect(); }
  void stop();
  [[nodiscard]] bool is_up() const { return state_ == State::kUp; }
  [[nodiscard]] const PartIndex& part() const { return part_; }

  /// Runs a script; `arguments` are those after the common ones (lua/common.lua).
  void run(Script script, const Arguments& arguments, OnReply on_reply, Kind kind = Kind::kState);
  void publish(std::string_view channel, std::string_view message, OnReply on_reply,
               Kind kind = Kind::kMessage);
  /// To the channel of one node; `node`: its id.
  void publish_to_node(std::string_view node, std::string_view message, OnReply on_reply,
                       Kind kind = Kind::kMessage);
  /// Where what is published to this node comes from.
  [[nodiscard]] const std::string& own_channel() const { return own_channel_; }
  /// A question that Redis may refuse to answer, without any harm.
  void ask(const Arguments& command, OnReply on_reply);
  /// For what can wait: messages are taken.
  [[nodiscard]] bool has_room() const { return !master_ || master_->commands().has_room(); }
  /// Publishes to the own channel, and takes it for a failure when that does not come back.
  void probe();
  void flush() { whereabouts_.flush(); }
  /// Nothing more is to come on the own channel. is_listening() until all that came before that has
  /// been passed on.
  void stop_listening();
  [[nodiscard]] bool is_listening() const { return is_listening_; }
  /// Redis has restarted since it was last known, or is another one: it does not have our marker.
  /// Holds until knows_store().
  [[nodiscard]] bool is_to_another_store() const { return another_store_; }
  /// That one is at another address: a slot of a Cluster has moved, a replica has been promoted,
  /// the name leads elsewhere.
  [[nodiscard]] bool is_elsewhere() const { return known_at_ && known_at_ != address_; }
  void knows_store() {
    another_store_ = false;
    known_at_ = address_;
  }
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
  [[nodiscard]] bool is_giving_up() const { return user_.lane.is_giving_up(); }

  /// Where Redis is, or would be, for people.
  [[nodiscard]] const std::string& place() const { return whereabouts_.text(); }

 private:
  /// kProving: both connections stand, and the probe is under way.
  enum class State { kDown, kConnecting, kProving, kUp };

  /// One attempt to build the link: connect(), open(), then replies until it is up or has failed.
  void connect();
  void open(const Whereabouts::Place& place);
  void subscribe();
  /// Whether Redis is a node of a Cluster is known.
  void take_kind();
  void ask_who_it_is();
  /// Asks Redis for this part's marker, for is_to_another_store(), and loads it.
  void ask_for_marker();
  void load_marker();
  void send(const Arguments& command, OnReply on_reply) {
    if (!master_) return on_reply(nullptr);
    master_->commands().send(user_.lane, command, std::move(on_reply));
  }
  /// Nothing more is sent, and it fails when what is under way is answered.
  void leave(std::string_view why) {
    if (master_) master_->commands().leave(user_.lane, why);
  }
  /// Both connections are of no use.
  void fail_master(std::string_view why);
  /// Redis has ended the subscription: our slot is elsewhere.
  void lose_channel();
  /// What the subscription brings: probes, messages.
  void handle_message(std::string_view channel, std::string_view message);
  void take_probe(std::string_view message);
  void take_message(std::string_view channel, std::string_view message);
  void keep_early(std::string_view channel, std::string_view message);
  /// Passes on what came while the link was being proved.
  void take_early();
  void prove_when_ready();
  void look_up_later();
  /// Checks whether the name of Redis still leads to this address.
  void look_up();
  void go_to_new_master();
  void have_others_look();
  void ask_whether_keys_moved();
  /// How long to wait before the next attempt.
  [[nodiscard]] std::chrono::milliseconds pause_after(std::string_view why);
  void connect_after(std::chrono::milliseconds pause);
  /// Ends the link, and begins to build the next one.
  void fail(std::string_view why);

  EventLoop& loop_;
  const Options& options_;
  const PartIndex part_;
  const std::string node_;
  const std::string key_;
  const std::string channel_prefix_;  ///< of the channel of a node, before its id
  const std::string own_channel_;
  const Events events_;
  const std::string moved_channel_;
  const std::string marker_;
  Whereabouts whereabouts_;
  Masters& masters_;
  Master::User user_;
  std::shared_ptr<Master> master_;  ///< of this attempt; null: none yet
  State state_ = State::kDown;
  bool stopped_ = false;
  bool is_listening_ = false;
  bool stops_listening_ = false;
  std::uint64_t attempt_ = 0;   ///< since the start; a deadline of an earlier one is void
  std::uint32_t failures_ = 0;  ///< since it has proved itself
  bool in_cluster_ = false;     ///< Redis is a node of a Cluster
  bool another_store_ = false;
  bool knows_marker_ = false;        ///< has been answered whether Redis has our marker
  std::optional<Address> address_;   ///< of this attempt
  std::optional<Address> known_at_;  ///< where the store was last known
  std::string marker_hash_;          ///< load_marker(); empty: this part has been nowhere yet
  LateCopies late_copies_;
  std::size_t subscribed_ = 0;
  std::size_t channels_ = 0;  ///< that will be subscribed to
  /// What came from the new subscription before the link was up: channel, message.
  std::deque<std::pair<std::string, std::string>> early_;
  std::size_t early_bytes_ = 0;
  std::uint64_t last_probe_ = 0;
  std::optional<EventLoop::TimerId> connect_timer_;
  std::optional<EventLoop::TimerId> probe_timer_;
};

}  // namespace peer_redis
