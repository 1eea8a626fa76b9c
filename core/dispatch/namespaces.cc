#include <algorithm>

#include "core/cluster/ask.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/dispatch/shared_matching.h"
#include "core/protocol/json_text.h"

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

// Members are asked for by a member, who may know those of a room, or by somebody else.
enum class Asker : std::uint8_t { kMember, kAnybody };

// Answers with the members of all nodes, or of this one where that is all that can be known.
void list_members(Node& node, Connection& connection, std::string_view id, std::string_view ns,
                  const std::optional<Fingerprint>& after, PageLimit limit, Asker asker) {
  if (node.broker_is_standalone) {
    return reply_peer_list(connection, id, ns, node.namespaces.list(ns, after, limit));
  }
  using Page = std::optional<sdk::MemberPage>;
  await<Page>(
      connection, {node.broker_calls, "list"}, std::nullopt,
      [&](sdk::BrokerReply<Page> answer) {
        node.plugins.broker->list(ns, after, static_cast<std::uint32_t>(limit.peers),
                                  std::move(answer));
      },
      [&node, id = std::string(id), ns = std::string(ns), after, limit, asker](
          Connection* still_there, const Page& page) {
        if (still_there == nullptr) return;
        if (page && page->is_room && asker == Asker::kAnybody) {
          return reply_error(*still_there, id, 403, "cannot discover room peers");
        }
        reply_peer_list(
            *still_there, id, ns,
            page ? node.namespaces.list(ns, *page, limit) : node.namespaces.list(ns, after, limit));
      });
}

// What others see of a member is another text from now on.
void refresh_object(Node& node, const Peer& peer, const Membership& membership) {
  const std::string object = peer_object(peer, membership.app_type, membership.meta);
  node.namespaces.refresh(*membership.ns, membership.joined, object);
  if (node.broker_is_standalone) return;
  node.broker_calls.run("update", [&] {
    node.plugins.broker->update(membership.ns->name, peer.registered(), object);
  });
}

// A member joins again: its app_type and meta are replaced, nobody is told (protocol B, join).
void refresh_membership(Node& node, Connection& connection, const JoinDraft& draft,
                        Membership& membership) {
  Peer& peer = peer_of(connection);
  if (!draft.room_only) {
    Membership refreshed = membership;
    refreshed.app_type = draft.app_type;
    refreshed.meta = draft.meta;
    if (state_size(peer) - membership_size(peer, membership) + membership_size(peer, refreshed) >
        node.config().max_peer_state) {
      return reply_error(connection, draft.id, 429, "too much state");
    }
    membership = std::move(refreshed);
    refresh_object(node, peer, membership);
  }
  const std::optional<RoomSnapshot> room = node.namespaces.room(draft.ns);
  list_members(node, connection, draft.id, draft.ns, std::nullopt,
               room ? page_limit(node, draft.id, draft.ns, room->room)
                    : page_limit(node, draft.id, draft.ns, kJoinPage),
               Asker::kMember);
}

// By the node's own truth alone.
void join_here(Node& node, Connection& connection, const JoinDraft& draft,
               const std::string& object) {
  if (draft.room_only) return join_room_here(node, connection, draft, object);
  JoinResult result = node.namespaces.join(
      draft.ns, lone_joiner_of(node, connection, draft.ns, object),
      node.config().max_namespace_size, page_limit(node, draft.id, draft.ns, kJoinPage));
  if (result.status == JoinStatus::kIsRoom) return join_room_here(node, connection, draft, object);
  if (result.status == JoinStatus::kFull) {
    tell_left(node, draft.ns, peer_of(connection).registered());
    return reply_error(connection, draft.id, 429, "namespace full");
  }
  complete_join(node, connection, draft, std::move(result));
}

void join_shared(Node& node, Connection& connection, const JoinDraft& draft,
                 const std::string& object) {
  const sdk::Registered registered = peer_of(connection).registered();
  await<sdk::JoinOutcome>(
      connection, {node.broker_calls, "join"}, {},
      [&](sdk::BrokerReply<sdk::JoinOutcome> answer) {
        const sdk::JoinRequest request{
            draft.ns, registered, object, node.config().max_namespace_size, kJoinPage, nullptr};
        node.plugins.broker->join(request, std::move(answer));
      },
      [&node, draft, object, registered](Connection* still_there, const sdk::JoinOutcome& outcome) {
        if (still_there == nullptr) return tell_left(node, draft.ns, registered);
        switch (outcome.status) {
          case sdk::JoinStatus::kJoined:
            return complete_join(
                node, *still_there, draft,
                node.namespaces.enter(draft.ns, joiner_of(*still_there, draft.ns, object), nullptr,
                                      outcome.page,
                                      page_limit(node, draft.id, draft.ns, kJoinPage)));
          case sdk::JoinStatus::kFull:
            return reply_error(*still_there, draft.id, 429, "namespace full");
          case sdk::JoinStatus::kIsRoom:
            return join_room(node, *still_there, draft, object);
          case sdk::JoinStatus::kUnavailable:
            return join_here(node, *still_there, draft, object);
          case sdk::JoinStatus::kExists:
          case sdk::JoinStatus::kConflict:
          case sdk::JoinStatus::kGone:
            node.broker_calls.fault("join", "answered a join of a namespace as one of a room");
            return join_here(node, *still_there, draft, object);
        }
      });
}

}  // namespace

std::size_t state_size(const Peer& peer) {
  std::size_t size = peer.alias.size() + peer.meta.json_size();
  for (const Membership& membership : peer.memberships) size += membership_size(peer, membership);
  return size;
}

PageLimit page_limit(const Node& node, std::string_view id, std::string_view ns,
                     std::size_t peers) {
  const std::size_t size = node.config().max_peer_list_size;
  return {peers, size - std::min(size, peer_list_overhead(id, ns))};
}

PageLimit page_limit(const Node& node, std::string_view id, std::string_view ns, const Room& room) {
  PageLimit limit = page_limit(node, id, ns, std::size_t{room.max_size});
  limit.lists_all = true;
  return limit;
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
  draft.id = call.message.id;
  draft.ns = request.ns;
  if (request.app_type) draft.app_type = json_string(*request.app_type);
  draft.meta = request.meta;
  draft.fields.data = sdk::Value::Object();
  start_join(call.node, call.connection, std::move(draft));
}

void start_join(Node& node, Connection& connection, JoinDraft draft) {
  Peer& peer = peer_of(connection);
  if (!may_use_namespace(peer, draft.ns)) {
    return reply_error(connection, draft.id, 403, "not allowed");
  }
  if (Membership* membership = peer.find(draft.ns)) {
    if (!draft.room_only || node.namespaces.room(draft.ns)) {
      return refresh_membership(node, connection, draft, *membership);
    }
    return reply_error(connection, draft.id, 404, "room not found");
  }
  const std::uint32_t most = node.config().max_namespaces_per_peer;
  if (most != 0 && peer.memberships.size() >= most) {
    return reply_error(connection, draft.id, 429, "too many namespaces");
  }
  draft.holds_alias = peer.holds_alias;
  const std::string object = peer_object(peer, draft.app_type, draft.meta);
  const std::size_t wanted = kMembershipOverhead + draft.ns.size() + draft.app_type.size() +
                             draft.meta.size() + object.size();
  if (state_size(peer) + wanted > node.config().max_peer_state) {
    return reply_error(connection, draft.id, 429, "too much state");
  }
  if (node.broker_is_standalone) return join_here(node, connection, draft, object);
  if (draft.room_only) return join_room(node, connection, std::move(draft), object);
  join_shared(node, connection, draft, object);
}

Joiner joiner_of(Connection& connection, std::string_view ns, const std::string& object) {
  const Fingerprint& peer = peer_of(connection).fingerprint;
  return {connection.ref(), peer, object,
          peer_joined_frame(peer, ns, object, connection.loop().wall())};
}

Joiner lone_joiner_of(Node& node, Connection& connection, std::string_view ns,
                      const std::string& object) {
  Joiner joiner = joiner_of(connection, ns, object);
  joiner.alone = !node.broker_is_standalone;
  return joiner;
}

void enter_membership(Node& node, Peer& peer, const JoinDraft& draft, const JoinResult& result) {
  peer.memberships.push_back({result.ns, result.joined, draft.app_type, draft.meta, 0});
  insert(peer.namespaces, result.ns);
  // It lost its alias while it was on its way in.
  if (draft.holds_alias != peer.holds_alias) refresh_object(node, peer, peer.memberships.back());
}

void complete_join(Node& node, Connection& connection, const JoinDraft& draft, JoinResult result) {
  enter_membership(node, peer_of(connection), draft, result);
  reply_peer_list(connection, draft.id, draft.ns, result.page);
  connection.loop().deliver_mail();
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
  if (node.broker_is_standalone) {
    node.matchmaker.cancel(name, peer.fingerprint, connection.loop().wall());
  } else {
    drop_shared_ticket(node, connection, name);
  }
  const LeaveResult result =
      node.namespaces.leave(*left.ns, left.joined, peer.fingerprint,
                            peer_left_frame(peer.fingerprint, name, connection.loop().wall()));
  tell_left(node, name, peer.registered());
  if (result.room || (result.was_room && !node.broker_is_standalone)) {
    settle_room(node, connection.loop(), name, peer.fingerprint);
  }
}

void tell_left(Node& node, std::string_view ns, const sdk::Registered& peer) {
  if (node.broker_is_standalone) return;
  node.broker_calls.run("leave", [&] { node.plugins.broker->leave(ns, peer); });
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
