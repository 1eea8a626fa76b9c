#include "core/admin/routes.h"

#include <algorithm>
#include <array>

// The table of the Server API. In: a method and the parts of a path. Out: who answers.
namespace peer {
namespace {

constexpr std::size_t kUsualPage = 50;
constexpr std::size_t kLongestPage = 500;

constexpr std::array kRoutes{
    AdminRoute{"GET", "v1/peers", list_peers},
    AdminRoute{"GET", "v1/peers/*", show_peer},
    AdminRoute{"DELETE", "v1/peers/*", close_peer},
    AdminRoute{"POST", "v1/peers/*/messages", send_to_peer},
    AdminRoute{"GET", "v1/namespaces", list_namespaces},
    AdminRoute{"POST", "v1/namespaces/*/messages", send_to_namespace},
    AdminRoute{"GET", "v1/rooms", list_rooms},
    AdminRoute{"GET", "v1/rooms/*", show_room},
    AdminRoute{"DELETE", "v1/rooms/*", end_room},
    AdminRoute{"GET", "v1/bans", list_bans},
    AdminRoute{"PUT", "v1/bans/*", put_ban},
    AdminRoute{"DELETE", "v1/bans/*", lift_ban},
    AdminRoute{"GET", "v1/queues", list_queues},
    AdminRoute{"GET", "v1/nodes", list_nodes},
    AdminRoute{"GET", "v1/nodes/*", show_node},
    AdminRoute{"GET", "v1/nodes/*/history", show_history},
    AdminRoute{"GET", "v1/nodes/*/plugins", list_plugins},
    AdminRoute{"GET", "v1/token", show_token},
    AdminRoute{"GET", "v1/events", stream_events},
    AdminRoute{"POST", "v1/drain", drain},
};

bool fits(std::string_view pattern, const std::vector<std::string>& path) {
  for (const std::string& part : path) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view wanted = pattern.substr(0, end);
    if (wanted != "*" && wanted != part) return false;
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
    if (pattern.empty() && &part != &path.back()) return false;
  }
  return pattern.empty() && !path.empty();
}

}  // namespace

const AdminRoute* find_route(std::string_view method, const AdminTarget& target,
                             std::string& allowed) {
  if (method == "HEAD") method = "GET";
  for (const AdminRoute& route : kRoutes) {
    if (!fits(route.path, target.path)) continue;
    if (route.method == method) return &route;
    if (!allowed.empty()) allowed.append(", ");
    allowed.append(route.method);
    if (route.method == "GET") allowed.append(", HEAD");
  }
  return nullptr;
}

std::optional<std::size_t> read_limit(const AdminCall& call, const AdminTarget& target) {
  if (target.query.count("limit") == 0) return kUsualPage;
  const auto limit = parse_count(target.value("limit"), 1'000'000'000);
  if (!limit || *limit == 0) {
    call.refuse(400, "limit must be a number from 1 on");
    return std::nullopt;
  }
  return std::min<std::size_t>(*limit, kLongestPage);
}

}  // namespace peer
