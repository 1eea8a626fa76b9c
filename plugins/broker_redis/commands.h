#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"
#include "kit.h"
#include "scripts.h"

namespace peer_redis {

using Arguments = std::vector<std::string_view>;
/// Takes the reply to one command; null: none will come, and whether it was executed is unknown.
using OnReply = std::function<void(const Reply*)>;

/// The connection for commands: what is sent by it, and who waits for which reply. Replies come in
/// the order of the commands. A command without a reply within the operation timeout is a failure.
/// Scripts that Redis has lost are loaded again, and what it has refused for want of them is sent
/// again, in its order. Loop thread only.
///
/// What waits for a reply is bounded, the output to Redis with it. Half of the bound is for
/// messages, which are refused beyond it; a state command beyond it is a failure, so that the
/// resync repairs what was not said.
class Commands {
 public:
  /// By size_of(): twice the bytes, as both the output and the command keep them, and the rest.
  static constexpr std::size_t kMaxPendingBytes = std::size_t{32} << 20;

  enum class Kind {
    kMessage,   ///< refused at half of the bound
    kState,     ///< beyond the bound the link fails
    kOwnTruth,  ///< never refused: bounded by what this node has of peers
  };

  struct Events {
    /// The connection is of no use any more: whoever owns it calls abort() and answer_none().
    std::function<void(std::string_view why)> failed;
    /// Redis has refused a command. It fails when all that is under way is answered.
    std::function<void(std::string_view why)> refused;
    std::function<void()> scripts_loaded;
  };

  /// `in_parts`: what is shared is in several parts. `node`: its id, and that of the part then.
  Commands(EventLoop& loop, std::chrono::milliseconds timeout, bool in_parts, std::string node,
           Events events);

  /// Begins to connect; what is sent from now on is queued. See Connection::open().
  void open(const Address& address, const TlsOptions* tls, const std::string& host);
  /// What was sent may never arrive, and nothing more is sent.
  void abort();
  /// The same, but what is queued is written once more.
  void close();
  /// Nobody gets a reply any more.
  void answer_none();
  void flush() { connection_.flush(); }

  /// Asks Redis for this node's marker, for is_to_another_store(); before load_scripts().
  void ask_for_marker();
  /// Loads the marker and all scripts.
  void load_scripts();
  [[nodiscard]] bool has_scripts() const { return has_scripts_; }
  /// Redis has restarted since it was last known, or is another one: it does not have our marker.
  /// Holds until knows_store().
  [[nodiscard]] bool is_to_another_store() const { return another_store_; }
  void knows_store() { another_store_ = false; }

  /// Each sends a command, or answers null at once: not open, giving up, or over the bound.
  void send(const Arguments& command, OnReply on_reply);
  /// A question that Redis may refuse to answer, without any harm.
  void ask(const Arguments& command, OnReply on_reply);
  /// `evalsha`: the whole command, with hash_of() a script.
  void run(const Arguments& evalsha, OnReply on_reply, Kind kind);
  [[nodiscard]] std::string_view hash_of(Script script) const {
    return hashes_[static_cast<std::size_t>(script)];
  }
  void publish(std::string_view channel, std::string_view message, OnReply on_reply, Kind kind);
  /// For what can wait: messages are taken.
  [[nodiscard]] bool has_room() const { return pending_bytes_ < kMaxPendingBytes / 2; }

  /// Nothing more is sent, and it fails when what is under way is answered.
  void leave(std::string_view why);
  [[nodiscard]] bool is_giving_up() const { return !refusal_.empty(); }

  [[nodiscard]] std::chrono::microseconds latency() const { return latency_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size() + held_back_.size(); }
  [[nodiscard]] std::size_t queued_bytes() const { return connection_.queued_bytes(); }

 private:
  struct Command {
    std::string bytes;  ///< of a script: to be sent again when Redis has lost the scripts
    OnReply on_reply;
    Time sent;
    std::size_t size;  ///< as it counts against the bound
    bool may_be_refused = false;
  };

  void load_marker();
  [[nodiscard]] bool takes(Kind kind);
  /// `repeatable`: it may be sent again when Redis has lost the scripts.
  void send_bytes(std::string bytes, bool repeatable, OnReply on_reply, Kind kind);
  /// Whether the bound has room for a command of this kind.
  [[nodiscard]] bool admits(Kind kind);
  static std::size_t size_of(std::size_t bytes) { return 2 * bytes + 512; }
  void await_reply(std::string bytes, OnReply on_reply, std::size_t size);
  /// It belongs to the oldest of `pending_`.
  void handle_reply(const Reply& reply);
  void send_held_back();
  /// Sets the deadline of the oldest command without a reply.
  void watch_silence();

  EventLoop& loop_;
  const std::chrono::milliseconds timeout_;
  const bool in_parts_;
  const std::string node_;
  const Events events_;
  Connection connection_;
  bool has_scripts_ = false;
  bool another_store_ = false;
  std::string hashes_[kScriptCount];
  std::string marker_hash_;  ///< load_marker(); empty: this node has been nowhere yet
  std::deque<Command> pending_;
  std::size_t pending_bytes_ = 0;  ///< of pending_ and held_back_
  bool overflown_ = false;         ///< and about to fail
  std::uint64_t aborted_ = 0;      ///< how often: a failure of an earlier connection is void
  std::string refusal_;            ///< while giving up: why
  bool scripts_lost_ = false;
  std::deque<Command> held_back_;  ///< while the scripts are loaded again, in order
  std::optional<EventLoop::TimerId> silence_timer_;
  std::chrono::microseconds latency_{0};
};

}  // namespace peer_redis
