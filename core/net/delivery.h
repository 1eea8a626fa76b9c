#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/unique_task.h"
#include "core/net/session_ref.h"
#include "core/net/websocket/frame.h"

/// What loops, and all that make frames for their sessions, hand to a loop.
namespace peer {

/// What became of a message for one session.
enum class SendResult : std::uint8_t { kQueued, kDropped };

/// Drop priority when `max_queued_bytes` is used up. Broadcast copies are dropped from 75 % on,
/// other messages at 100 %. Replies are never dropped; instead the server stops reading from a peer
/// that does not take them. Only connections with unsent output are affected.
enum class Importance : std::uint8_t { kBroadcast, kMessage, kAnswer };

/// Where the counts of a fan-out across loops come together, for a request that wants to know. The
/// one who makes it sets `pending` to the number of deliveries before it posts the first: a loop
/// that is quicker would call `done` too early. Each delivery counts once, one that the mailbox has
/// no room for as dropped, on the thread that posts it.
struct DeliveryReport {
  std::atomic<std::uint32_t> delivered{0};
  std::atomic<std::uint32_t> dropped{0};
  std::atomic<std::uint32_t> pending{0};
  UniqueTask<void(const DeliveryReport&)> done;  ///< once, by the thread that counts last
};

/// One frame for sessions of one loop. A session that has ended meanwhile counts as dropped.
struct Delivery {
  FrameRef frame;
  SessionRef to;  ///< used when `many` is empty
  std::vector<SessionRef> many;
  std::shared_ptr<DeliveryReport> report;  ///< shared by the deliveries of one fan-out; or null
  Importance importance = Importance::kMessage;
};

}  // namespace peer
