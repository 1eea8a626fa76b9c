#pragma once

#include <algorithm>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/protocol/requests.h"

/// What is true of match requests and groups wherever they are kept (protocol.md B, Matching).
namespace peer {

/// A request as a strategy is shown it.
[[nodiscard]] sdk::MatchRequest view_of(const MatchRequest& request);
/// Asks for the same: the ticket keeps its place. `timeout_ms` is not compared.
[[nodiscard]] bool same_request(const MatchRequest& a, const MatchRequest& b);

/// At least two tickets, each once, each with a group size of at least that many.
/// `size_of(id)`: the group size that a ticket asks for, 0 for an unknown one.
template <typename SizeOf>
[[nodiscard]] bool is_sound(const sdk::MatchGroup& group, SizeOf size_of) {
  std::vector<sdk::TicketId> sorted = group.tickets;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() < 2 || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return false;
  }
  return std::all_of(sorted.begin(), sorted.end(),
                     [&](sdk::TicketId id) { return sorted.size() <= size_of(id); });
}

}  // namespace peer
