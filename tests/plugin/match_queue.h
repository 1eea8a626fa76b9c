#pragma once

#include <memory>
#include <string>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "tests/plugin/loading.h"

namespace peer {

using TicketIds = std::vector<sdk::TicketId>;

/// Adds a ticket of what only matters to strategies that match by criteria.
inline void add_ticket(sdk::MatchQueue& queue, sdk::TicketId id, std::uint32_t group_size,
                       const std::string& criteria_key) {
  const sdk::Value empty{sdk::Value::Object{}};
  queue.add({id, peer_number(1), at(0), {group_size, empty, criteria_key, empty}});
}

inline std::vector<TicketIds> form_groups(sdk::MatchQueue& queue) {
  std::vector<TicketIds> groups;
  for (sdk::MatchGroup& group : queue.form_groups(at(0)))
    groups.push_back(std::move(group.tickets));
  return groups;
}

}  // namespace peer
