#pragma once

#include <string>

#include "core/http/snapshot.h"

namespace peer {

/// Objects of /stats (docs/protocol.md, "D. HTTP"), which the Server API has as well. Any thread.
/// Each returns a whole object in braces. Names and numbers alone are in it, and no text of a
/// client or an operator, so nothing has to be escaped.
[[nodiscard]] std::string messages_json(const Snapshot::Messages& messages);
[[nodiscard]] std::string network_json(const Snapshot::Network& network,
                                       std::uint64_t max_queued_bytes);
[[nodiscard]] std::string sessions_json(const Snapshot::Sessions& sessions);
[[nodiscard]] std::string broker_json(const sdk::BrokerStatus& status);

}  // namespace peer
