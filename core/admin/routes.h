#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/admin/admin_call.h"

/// What can be asked of the Server API (docs/api.md), each path with the methods that it takes. On
/// the loop of the API.
namespace peer {

/// Answers by `call`, at once or later, and exactly once. It copies what it needs later: target and
/// body die with the call.
using AdminHandler = void (*)(const AdminCall& call, const AdminTarget& target,
                              const std::string& body);

struct AdminRoute {
  std::string_view method;  ///< GET stands for HEAD too
  std::string_view path;    ///< its parts; `*`: any
  AdminHandler handler;
};

/// Null: there is no such path, or it takes other methods, which `allowed` has then.
[[nodiscard]] const AdminRoute* find_route(std::string_view method, const AdminTarget& target,
                                           std::string& allowed);

/// The fields `after` and `limit` of a list: 50 without, 500 at most. Nullopt: refused already.
[[nodiscard]] std::optional<std::size_t> read_limit(const AdminCall& call,
                                                    const AdminTarget& target);

// peers.cc: GET v1/peers; GET and DELETE v1/peers/NAME
void list_peers(const AdminCall& call, const AdminTarget& target, const std::string& body);
void show_peer(const AdminCall& call, const AdminTarget& target, const std::string& body);
void close_peer(const AdminCall& call, const AdminTarget& target, const std::string& body);
// messages.cc: POST v1/peers/NAME/messages, v1/namespaces/NAME/messages
void send_to_peer(const AdminCall& call, const AdminTarget& target, const std::string& body);
void send_to_namespace(const AdminCall& call, const AdminTarget& target, const std::string& body);
// namespaces.cc: GET v1/namespaces, v1/rooms, v1/rooms/NAME; DELETE v1/rooms/NAME
void list_namespaces(const AdminCall& call, const AdminTarget& target, const std::string& body);
void list_rooms(const AdminCall& call, const AdminTarget& target, const std::string& body);
void show_room(const AdminCall& call, const AdminTarget& target, const std::string& body);
void end_room(const AdminCall& call, const AdminTarget& target, const std::string& body);
// bans.cc: GET v1/bans; PUT and DELETE v1/bans/TARGET
void list_bans(const AdminCall& call, const AdminTarget& target, const std::string& body);
void put_ban(const AdminCall& call, const AdminTarget& target, const std::string& body);
void lift_ban(const AdminCall& call, const AdminTarget& target, const std::string& body);
// queues.cc: GET v1/queues
void list_queues(const AdminCall& call, const AdminTarget& target, const std::string& body);
// node_pages.cc: GET v1/token; GET v1/nodes/ID, and /history and /plugins of it
void show_token(const AdminCall& call, const AdminTarget& target, const std::string& body);
void show_node(const AdminCall& call, const AdminTarget& target, const std::string& body);
void show_history(const AdminCall& call, const AdminTarget& target, const std::string& body);
void list_plugins(const AdminCall& call, const AdminTarget& target, const std::string& body);
// events.cc: GET v1/events, an answer without an end
void stream_events(const AdminCall& call, const AdminTarget& target, const std::string& body);
// nodes.cc: POST v1/drain, GET v1/nodes
void drain(const AdminCall& call, const AdminTarget& target, const std::string& body);
void list_nodes(const AdminCall& call, const AdminTarget& target, const std::string& body);

}  // namespace peer
