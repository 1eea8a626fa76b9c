#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/plugin/plugin_calls.h"
#include "core/protocol/requests.h"

/// What is true of match requests and groups wherever they are kept (docs/protocol.md, "match").
namespace peer {

/// A request as a strategy is shown it.
[[nodiscard]] sdk::MatchRequest view_of(const MatchRequest& request);
/// Asks for the same: the ticket keeps its place. `timeout_ms` is not compared.
[[nodiscard]] bool same_request(const MatchRequest& a, const MatchRequest& b);

/// What a strategy has against a request.
struct MatchJudgement {
  bool failed = false;                 ///< it threw: 500
  std::optional<std::string> refusal;  ///< words for the client, UTF-8: 400
};
[[nodiscard]] MatchJudgement judge(const sdk::MatchStrategy& strategy, PluginCalls& calls,
                                   const MatchRequest& request);
/// The strategy's queue for one namespace; null, which is logged, when it made none.
[[nodiscard]] std::unique_ptr<sdk::MatchQueue> make_queue(sdk::MatchStrategy& strategy,
                                                          PluginCalls& calls);

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
