#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/server/node.h"

namespace peer {

/// What /stats and /metrics tell, summed over the loops, at one moment.
struct Snapshot {
  struct Messages {
    std::uint64_t received = 0;      ///< whole WebSocket messages, before they are judged
    std::uint64_t sent = 0;          ///< put into the queues of clients
    std::uint64_t dropped = 0;       ///< for want of room in a peer's queue
    std::uint64_t mail_dropped = 0;  ///< for want of room between loops
    std::uint64_t rate_limited = 0;
    std::array<std::uint64_t, kMessageTypeCount> by_type{};
    std::array<std::array<std::uint64_t, kErrorCodes.size()>, kMessageTypeCount> errors{};
  };
  struct Network {
    std::uint64_t connections = 0;                        ///< now
    std::uint64_t accepted = 0;                           ///< since the start
    std::uint64_t unregistered = 0;                       ///< now
    std::uint64_t refused = 0;                            ///< by the limits of connections
    std::uint64_t shed = 0;                               ///< for want of descriptors
    std::array<std::uint64_t, kRefusalCount> refusals{};  ///< of every kind, by Refusal
    std::uint64_t queued_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
  };
  /// docs/protocol.md, "C.6 Session resume".
  struct Sessions {
    std::uint64_t resumable = 0;  ///< now, those that are away included
    std::uint64_t away = 0;       ///< now
    std::uint64_t parked = 0;     ///< now, kept here for nodes that have stopped
    std::uint64_t resumed = 0;
    std::uint64_t expired = 0;     ///< went away, and ended
    std::uint64_t replayed = 0;    ///< messages
    std::uint64_t not_parked = 0;  ///< there was no room for them when this node stopped
  };

  std::uint32_t peers = 0;  ///< registered with this node, now
  std::uint32_t max_peers = 0;
  std::uint64_t tickets = 0;  ///< of this node's peers, waiting now
  Messages messages;
  Network network;
  Sessions sessions;
  sdk::BrokerStatus broker;
};

/// Any thread; the broker is asked for its status. Its numbers are not of one instant: loops go on
/// while they are added up.
[[nodiscard]] Snapshot take_snapshot(Node& node);

/// The broker's status, as it reports it; the defaults of BrokerStatus when it throws. Any thread.
[[nodiscard]] sdk::BrokerStatus status_of_broker(Node& node);
/// "standalone", "connected", "degraded", "resyncing".
[[nodiscard]] std::string_view to_text(sdk::BrokerStatus::State state);

}  // namespace peer
