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
#include <utility>
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
/// again, in its order. Loop thread only. One object is one connection: it is opened once.
///
/// Several parts may use it, each by a lane of its own: what Redis refuses to one of them concerns
/// the others nothing.
///
/// What waits for a reply is bounded, the output to Redis with it, of all lanes together. Half of
/// the bound is for messages, which are refused beyond it; a state command beyond it is a failure,
/// so that the resync repairs what was not said.
class Commands {
 public:
  /// By size_of(): twice the bytes, as both the output and the command keep them, and the rest.
  static constexpr std::size_t kMaxPendingBytes = std::size_t{32} << 20;

  enum class Kind {
    kMessage,   ///< refused at half of the bound
    kState,     ///< beyond the bound the link fails
    kOwnTruth,  ///< never refused: bounded by what this node has of peers
  };

  /// Who sends. It outlives the connection, or calls answer_none() before its own end.
  class Lane {
   public:
    struct Events {
      /// Redis has refused a command. It fails when all that is under way of it is answered.
      std::function<void(std::string_view why)> refused;
      /// This lane is of no use any more: whoever owns it calls answer_none().
      std::function<void(std::string_view why)> failed;
    };
    explicit Lane(Events events) : events_(std::move(events)) {}

    /// Nothing more is sent, and it fails when what is under way is answered.
    [[nodiscard]] bool is_giving_up() const { return !refusal_.empty(); }

   private:
    friend class Commands;
    const Events events_;
    std::size_t pending_ = 0;
    std::string refusal_;  ///< while giving up: why
  };

  struct Events {
    /// The connection is of no use any more: whoever owns it calls abort(), and each lane
    /// answer_none().
    std::function<void(std::string_view why)> failed;
    std::function<void()> scripts_loaded;
    /// Redis has lost the scripts, and they are about to be loaded again.
    std::function<void()> scripts_lost;
  };

  /// `in_parts`: what is shared is in several parts.
  Commands(EventLoop& loop, std::chrono::milliseconds timeout, bool in_parts, Events events);
  ~Commands();
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  /// Begins to connect; what is sent from now on is queued. See Connection::open().
  void open(const Address& address, const TlsOptions* tls, const std::string& host);
  /// What was sent may never arrive, and nothing more is sent.
  void abort();
  /// The same, but what is queued is written once more.
  void close();
  /// Nobody of this lane gets a reply any more.
  void answer_none(Lane& lane);
  /// Sends what is queued. Where the connection is shared by parts, and Redis has more to answer
  /// than a few commands, it is kept until Redis has: then it is one piece, which Redis reads at
  /// once.
  void flush();

  /// `sharded`: channels are those of the owner of a slot.
  void load_scripts(bool sharded);
  [[nodiscard]] bool has_scripts() const { return has_scripts_; }

  /// Each sends a command, or answers null at once: not open, giving up, or over the bound. Without
  /// a lane it is the connection's own.
  void send(const Arguments& command, OnReply on_reply) {
    send(own_, command, std::move(on_reply));
  }
  void send(Lane& lane, const Arguments& command, OnReply on_reply);
  /// A question that Redis may refuse to answer, without any harm.
  void ask(const Arguments& command, OnReply on_reply) { ask(own_, command, std::move(on_reply)); }
  void ask(Lane& lane, const Arguments& command, OnReply on_reply);
  /// `evalsha`: the whole command, with hash_of() a script.
  void run(Lane& lane, const Arguments& evalsha, OnReply on_reply, Kind kind);
  [[nodiscard]] std::string_view hash_of(Script script) const {
    return hashes_[static_cast<std::size_t>(script)];
  }
  /// `word`: PUBLISH or SPUBLISH.
  void publish(Lane& lane, std::string_view word, std::string_view channel,
               std::string_view message, OnReply on_reply, Kind kind);
  /// For what can wait: messages are taken.
  [[nodiscard]] bool has_room() const { return pending_bytes_ < kMaxPendingBytes / 2; }

  /// Nothing more is sent by this lane, and it fails when what is under way is answered.
  void leave(Lane& lane, std::string_view why);

  /// Commands that lanes have sent and that have no reply yet.
  [[nodiscard]] std::size_t pending() const { return pending_of_lanes_; }
  [[nodiscard]] std::chrono::microseconds latency() const { return latency_; }
  [[nodiscard]] std::size_t queued_bytes() const { return connection_.queued_bytes(); }

 private:
  struct Command {
    Lane* lane;         ///< null: nobody waits for the reply any more
    std::string bytes;  ///< of a script: to be sent again when Redis has lost the scripts
    OnReply on_reply;
    Time sent;
    std::size_t size;  ///< as it counts against the bound
    bool may_be_refused = false;
  };

  [[nodiscard]] bool takes(const Lane& lane, Kind kind);
  /// `repeatable`: it may be sent again when Redis has lost the scripts.
  void send_bytes(Lane& lane, std::string bytes, bool repeatable, OnReply on_reply, Kind kind);
  /// Whether the bound has room for a command of this kind.
  [[nodiscard]] bool admits(Kind kind);
  static std::size_t size_of(std::size_t bytes) { return 2 * bytes + 512; }
  /// One more is about to be queued.
  void count_unsent();
  void await_reply(Lane& lane, std::string bytes, OnReply on_reply, std::size_t size);
  /// It belongs to the oldest of `pending_`.
  void handle_reply(const Reply& reply);
  void answer(Lane& lane, const Command& command, const Reply& reply);
  void send_held_back();
  /// Sets the deadline of the oldest command without a reply.
  void watch_silence();

  EventLoop& loop_;
  const std::chrono::milliseconds timeout_;
  const bool in_parts_;
  const Events events_;
  Lane own_;
  Connection connection_;
  bool has_scripts_ = false;
  bool sharded_ = false;
  std::string hashes_[kScriptCount];
  std::deque<Command> pending_;
  std::size_t pending_of_lanes_ = 0;
  std::size_t unsent_ = 0;         ///< of pending_, the last ones
  std::size_t pending_bytes_ = 0;  ///< of pending_ and held_back_
  bool overflown_ = false;         ///< and about to fail
  /// Gone with this object: what is posted to the loop may come later.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  bool scripts_lost_ = false;
  std::deque<Command> held_back_;  ///< while the scripts are loaded again, in order
  std::optional<EventLoop::TimerId> silence_timer_;
  std::chrono::microseconds latency_{0};
};

}  // namespace peer_redis
