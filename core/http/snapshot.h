#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/dispatch/node.h"

namespace peer {

/// What /stats and /metrics tell, summed over the loops, at one moment.
struct Snapshot {
  struct Messages {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;       ///< for want of room in a peer's queue
    std::uint64_t mail_dropped = 0;  ///< for want of room between loops
    std::uint64_t rate_limited = 0;
    std::array<std::uint64_t, kMessageTypeCount> by_type{};
    std::array<std::array<std::uint64_t, kErrorCodes.size()>, kMessageTypeCount> errors{};
  };
  struct Network {
    std::uint64_t connections = 0;
    std::uint64_t accepted = 0;
    std::uint64_t unregistered = 0;
    std::uint64_t refused = 0;                            ///< by the limits of connections
    std::uint64_t shed = 0;                               ///< for want of descriptors
    std::array<std::uint64_t, kRefusalCount> refusals{};  ///< of every kind, by Refusal
    std::uint64_t queued_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
  };

  std::uint32_t peers = 0;
  std::uint32_t max_peers = 0;
  std::uint64_t tickets = 0;
  Messages messages;
  Network network;
  sdk::BrokerStatus broker;
};

/// Any thread; the broker is asked for its status.
[[nodiscard]] Snapshot take_snapshot(Node& node);

/// What the broker says of itself; its defaults when it throws. Any thread.
[[nodiscard]] sdk::BrokerStatus status_of_broker(Node& node);
/// "standalone", "connected", "degraded", "resyncing".
[[nodiscard]] std::string_view to_text(sdk::BrokerStatus::State state);

}  // namespace peer
