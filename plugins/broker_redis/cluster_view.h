#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peer_redis {

/// Which of `nodes` does something for `subject`: the same on all nodes that see the same nodes,
/// and when one comes or goes only what is its own changes hands (rendezvous hashing). Empty
/// without nodes.
std::string_view chosen_node(std::string_view subject, const std::vector<std::string>& nodes);

}  // namespace peer_redis
