#include <algorithm>

#include "core/dispatch/handlers.h"
#include "core/dispatch/matching.h"
#include "core/dispatch/replies.h"
#include "core/protocol/json_text.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// What a membership costs beside its texts: the books of the peer and of the namespace.
constexpr std::size_t kMembershipOverhead = 256;

std::size_t object_size(const Peer& peer, const Membership& membership) {
  return 160 + peer.alias.size() + peer.meta.json_size() + membership.app_type.size() +
         membership.meta.size();
}

std::size_t membership_size(const Peer& peer, const Membership& membership) {
  return kMembershipOverhead + membership.ns->name.size() + membership.app_type.size() +
         membership.meta.size() + membership.ticket_size + object_size(peer, membership);
}

// What a peer_list about `ns` may hold (docs/protocol.md, "Bounds").
PageLimit page_limit(const Node& node, std::string_view id, std::string_view ns,
                     std::size_t peers) {
  const std::size_t size = node.config().max_peer_list_size;
  return {peers, size - std::min(size, peer_list_overhead(id, ns))};
}

// Members are asked for by a member, who may know those of a room, or by somebody else.
enum class Asker : std::uint8_t { kMember, kAnybody };

// Answers with the members of all nodes, or of this one where that is all that can be known.
void list_members(Node& node, Connection& connection, std::string_view id, std::string_view ns,
                  const std::optional<Fingerprint>& after, PageLimit limit, Asker asker) {
  node.others.list(connection, ns, after, static_cast<std::uint32_t>(limit.peers),
                   [&node, id = std::string(id), ns = std::string(ns), after, limit, asker](
                       Connection* still_there, const std::optional<sdk::MemberPage>& page) {
                     if (still_there == nullptr) return;
                     if (page && page->is_room && asker == Asker::kAnybody) {
                       return reply_error(*still_there, id, 403, "cannot discover room peers");
                     }
                     reply_peer_list(*still_there, id, ns,
                                     page ? node.namespaces.list(ns, *page, limit)
                                          : node.namespaces.list(ns, after, limit));
                   });
}

void refresh_object(Node& node, const Peer& peer, const Membership& membership) {
  node.rooms.store().refresh(*membership.ns, membership.joined, peer.registered(),
                             peer_object(peer, membership.app_type, membership.meta));
}

// A member joins again: its app_type and meta are replaced, nobody is told (docs/protocol.md,
// "join").
void refresh_membership(const Call& call, const JoinDraft& draft, Membership& membership) {
  Node& node = call.node;
  Peer& peer = call.peer;
  const std::string& ns = membership.ns->name;
  if (!draft.room_only) {
    Membership refreshed = membership;
    refreshed.app_type = draft.app_type;
    refreshed.meta = draft.meta;
    if (state_size(peer) - membership_size(peer, membership) + membership_size(peer, refreshed) >
        node.config().max_peer_state) {
      return call.error(429, "too much state");
    }
    membership = std::move(refreshed);
    refresh_object(node, peer, membership);
  }
  const std::optional<RoomSnapshot> room = node.namespaces.room(ns);
  PageLimit limit = page_limit(node, draft.id, ns, room ? room->room.max_size : kJoinPage);
  limit.lists_all = room.has_value();
  list_members(node, call.connection, draft.id, ns, std::nullopt, limit, Asker::kMember);
}

// The peer is in.
void complete_join(Node& node, Connection& connection, const JoinDraft& draft,
                   const RoomAnswer& answer) {
  enter_membership(node, peer_of(connection), draft, answer.joined);
  reply_peer_list(connection, draft.id, answer.name, answer.joined.page);
  connection.loop().deliver_mail();
}

}  // namespace

std::size_t state_size(const Peer& peer) {
  std::size_t size = peer.alias.size() + peer.meta.json_size();
  for (const Membership& membership : peer.memberships) size += membership_size(peer, membership);
  return size;
}

void refresh_objects(Node& node, const Peer& peer) {
  for (const Membership& membership : peer.memberships) refresh_object(node, peer, membership);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return pattern == name;
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
  });
}

bool may_use_namespace(const Peer& peer, std::string_view ns) {
  return peer.rights == nullptr || peer.rights->namespaces.empty() ||
         matches_any(peer.rights->namespaces, ns);
}

void handle_join(const Call& call) {
  JoinRequest request;
  if (!call.read(request)) return;
  JoinDraft draft;
  if (request.app_type) draft.app_type = json_string(*request.app_type);
  draft.meta = request.meta;
  start_join(call, request.ns, std::move(draft), sdk::Value{sdk::Value::Object()});
}

void start_join(const Call& call, std::string_view ns, JoinDraft draft, sdk::Value fields) {
  Node& node = call.node;
  Peer& peer = call.peer;
  draft.id = call.message.id;
  if (!may_use_namespace(peer, ns)) return call.error(403, "not allowed");
  if (Membership* membership = peer.find(ns)) {
    if (!draft.room_only || node.namespaces.room(ns)) {
      return refresh_membership(call, draft, *membership);
    }
    return call.error(404, "room not found");
  }
  const std::uint32_t most = node.config().max_namespaces_per_peer;
  if (most != 0 && peer.memberships.size() >= most) {
    return call.error(429, "too many namespaces");
  }
  draft.holds_alias = peer.holds_alias;
  std::string object = peer_object(peer, draft.app_type, draft.meta);
  const std::size_t wanted =
      kMembershipOverhead + ns.size() + draft.app_type.size() + draft.meta.size() + object.size();
  if (state_size(peer) + wanted > node.config().max_peer_state) {
    return call.error(429, "too much state");
  }
  const auto into = draft.room_only ? Newcomer::Into::kRoom : Newcomer::Into::kNamespace;
  RoomTask task{call.loop(), {std::string(ns), sdk::RoomAction::kJoin, peer.fingerprint}};
  task.question.fields = std::move(fields);
  task.newcomer = newcomer_of(call, into, ns, std::move(object));
  task.done = [&node, operation = Operation(call.connection),
               draft = std::move(draft)](const RoomAnswer& answer) {
    Connection* still_there = operation.connection();
    if (still_there == nullptr) return;
    if (answer.refusal) return reply_refusal(*still_there, draft.id, *answer.refusal);
    complete_join(node, *still_there, draft, answer);
  };
  node.rooms.ask(std::move(task));
}

Newcomer newcomer_of(const Call& call, Newcomer::Into into, std::string_view ns,
                     std::string object) {
  return {into,
          call.connection.ref(),
          call.peer.registered(),
          std::move(object),
          call.node.config().max_namespace_size,
          page_limit(call.node, call.message.id, ns, kJoinPage).bytes};
}

void enter_membership(Node& node, Peer& peer, const JoinDraft& draft, const JoinResult& result) {
  peer.memberships.push_back({result.ns, result.joined, draft.app_type, draft.meta, 0});
  insert(peer.namespaces, result.ns);
  // It lost its alias while it was on its way in.
  if (draft.holds_alias != peer.holds_alias) refresh_object(node, peer, peer.memberships.back());
}

void handle_leave(const Call& call) {
  NamespaceRequest request;
  if (!call.read(request)) return;
  const Membership* membership = call.peer.find(request.ns);
  if (membership == nullptr) return call.error(403, "not in namespace");
  leave_namespace(call.node, call.connection,
                  static_cast<std::size_t>(membership - call.peer.memberships.data()));
  call.loop().deliver_mail();
  call.ack();
}

void leave_namespace(Node& node, Connection& connection, std::size_t membership) {
  Peer& peer = peer_of(connection);
  const Membership left = std::move(peer.memberships[membership]);
  peer.memberships.erase(peer.memberships.begin() + static_cast<std::ptrdiff_t>(membership));
  erase(peer.namespaces, left.ns);
  const std::string name = left.ns->name;
  node.matching->drop(node, connection, name);
  const bool is_to_be_settled =
      node.rooms.store().leave(*left.ns, left.joined, peer.registered(),
                               peer_left_frame(peer.fingerprint, name, connection.loop().wall()));
  if (is_to_be_settled) node.rooms.settle(connection.loop(), name, peer.fingerprint);
}

void handle_discover(const Call& call) {
  DiscoverRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  if (node.namespaces.room(request.ns)) return call.error(403, "cannot discover room peers");
  list_members(node, call.connection, call.message.id, request.ns, request.after,
               page_limit(node, call.message.id, request.ns, request.limit), Asker::kAnybody);
}

void handle_metadata(const Call& call) {
  MetadataRequest request;
  if (!call.read(request)) return;
  Meta merged = call.peer.meta;
  merged.merge(request.meta);
  if (merged.json_size() > call.node.bounds().meta) return call.error(400, "meta too large");
  // Every membership's peer object carries a copy.
  const std::size_t before = call.peer.meta.json_size();
  const std::size_t copies = call.peer.memberships.size() + 1;
  if (state_size(call.peer) + copies * merged.json_size() >
      call.node.config().max_peer_state + copies * before) {
    return call.error(429, "too much state");
  }
  call.peer.meta = std::move(merged);
  refresh_objects(call.node, call.peer);
  call.ack();
}

}  // namespace peer
