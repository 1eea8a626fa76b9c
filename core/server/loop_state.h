#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/counter.h"
#include "core/base/fingerprint.h"
#include "core/limit/kept_budget.h"
#include "core/net/event_loop.h"
#include "core/protocol/message.h"
#include "core/protocol/meta.h"
#include "core/server/counts.h"

namespace peer {

struct Namespace;
struct Node;
struct Parking;
struct SessionMoves;

/// The latest news of a peer's meta in a namespace are younger than `presence_interval`.
struct ToldMeta {
  /// What those who watch have been told of, here or on other nodes.
  struct Watchers {
    bool told = false;           ///< since the interval began
    std::optional<Meta> before;  ///< what they know, if that has changed since
    /// Keys that have changed since, though somebody may have been shown what was in between: to be
    /// told even where they are as before.
    MetaKeys changed{};
    std::uint64_t pages = 0;  ///< Namespace::pages then
  };
  TimerId timer{};  ///< the end of the interval
  Watchers here{};
  Watchers elsewhere{};
  Meta known_elsewhere{};  ///< when they were told
  /// Of the latest news here: members on the move who have heard them, and who has joined too late
  /// for that.
  std::vector<Fingerprint> on_the_move{};
  std::uint64_t next_join = 0;
};

/// What one loop keeps for the sessions that live on it. Written on its thread; counts are read
/// from any. Owned by the Node.
struct LoopState {
  EventLoop* loop = nullptr;  ///< since Node::add_loop()
  Node* node = nullptr;       ///< the same
  /// What its sessions keep: its part of `resume_total_bytes`.
  KeptBudget kept;
  /// Of core/session/session_moves.h; null: none has been on the move.
  std::shared_ptr<SessionMoves> moves;
  /// Of core/session/parking_queue.h; null: the node does not stop.
  std::shared_ptr<Parking> parking;
  /// By the peer's slot and the namespace.
  std::map<std::pair<std::uint32_t, const Namespace*>, ToldMeta> told_meta;
  /// They are let in, and wait until another loop has ended who has their fingerprint: nothing else
  /// finds them by it yet.
  std::vector<SessionRef> replacing;
  /// One for each loop, since it reuses its buffers from message to message.
  MessageParser parser;
  /// How long a task that is handed to this loop waits for its start.
  LoopLag lag;
  std::array<Counter, kMessageTypeCount> messages{};  ///< handled, by type
  /// By the message that they answer.
  ErrorCounts errors;
  Counter rate_limited;  ///< messages answered 429 for want of tokens
};

}  // namespace peer
