#include <algorithm>

#include "core/dispatch/await.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

// What a membership costs beside its texts: the books of the peer and of the namespace.
constexpr std::size_t kMembershipOverhead = 256;

std::size_t object_size(const Peer& peer, const Membership& membership) {
  return 128 + peer.alias.size() + peer.meta.json_size() + membership.app_type.size() +
         membership.meta.size();
}

std::size_t membership_size(const Peer& peer, const Membership& membership) {
  return kMembershipOverhead + membership.ns->name.size() + membership.app_type.size() +
         membership.meta.size() + membership.ticket_size + object_size(peer, membership);
}

PageLimit page_limit(const Node& node, std::size_t peers) {
  return {peers, node.config.max_peer_list_size};
}

// Own members come first; those elsewhere follow the last of them.
void append_remote(PeerPage& page, const sdk::RemoteMembers& elsewhere, PageLimit limit) {
  page.total += elsewhere.total;
  if (!page.complete) return;
  for (const std::string& object : elsewhere.peers) {
    const bool fits = page.peers.size() + object.size() + 1 <= limit.bytes;
    if (page.listed >= limit.peers || !fits) break;
    if (!page.peers.empty()) page.peers.push_back(',');
    page.peers.append(object);
    ++page.listed;
  }
}

// Answers with the members here and elsewhere, once the broker has told of the latter.
void list_members(Node& node, Connection& connection, std::string_view id, std::string_view ns,
                  const std::optional<Fingerprint>& after, std::uint32_t count) {
  await<sdk::RemoteMembers>(
      connection, kAnswerDeadline, {},
      [&](sdk::BrokerReply<sdk::RemoteMembers> answer) {
        return node.broker_calls.run(
            "list", [&] { node.plugins.broker->list(ns, after, count, std::move(answer)); });
      },
      [&node, id = std::string(id), ns = std::string(ns), after, limit = page_limit(node, count)](
          Connection* still_there, const sdk::RemoteMembers& elsewhere) {
        if (still_there == nullptr) return;
        PeerPage page = node.namespaces.list(ns, after, limit);
        if (elsewhere.found_after) {  // own members were on earlier pages
          page.peers.clear();
          page.listed = 0;
          page.complete = true;
        }
        append_remote(page, elsewhere, limit);
        reply_peer_list(*still_there, id, ns, page);
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
        node.config.max_peer_state) {
      return reply_error(connection, draft.id, 429, "too much state");
    }
    membership = std::move(refreshed);
    node.namespaces.refresh(*membership.ns, membership.joined,
                            peer_object(peer, membership.app_type, membership.meta));
  }
  if (node.namespaces.room(draft.ns)) {
    return reply_peer_list(
        connection, draft.id, draft.ns,
        node.namespaces.list(draft.ns, std::nullopt, page_limit(node, kJoinPage)));
  }
  list_members(node, connection, draft.id, draft.ns, std::nullopt, kJoinPage);
}

}  // namespace

std::size_t state_size(const Peer& peer) {
  std::size_t size = peer.alias.size() + peer.meta.json_size();
  for (const Membership& membership : peer.memberships) size += membership_size(peer, membership);
  return size;
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
  const std::uint32_t most = node.config.max_namespaces_per_peer;
  if (most != 0 && peer.memberships.size() >= most) {
    return reply_error(connection, draft.id, 429, "too many namespaces");
  }
  const std::string object = peer_object(peer, draft.app_type, draft.meta);
  const std::size_t wanted = kMembershipOverhead + draft.ns.size() + draft.app_type.size() +
                             draft.meta.size() + object.size();
  if (state_size(peer) + wanted > node.config.max_peer_state) {
    return reply_error(connection, draft.id, 429, "too much state");
  }
  if (draft.room_only && !node.namespaces.room(draft.ns)) {
    return reply_error(connection, draft.id, 404, "room not found");
  }

  const sdk::Registered registered = peer.registered();
  await<sdk::JoinOutcome>(
      connection, kAnswerDeadline, {},
      [&](sdk::BrokerReply<sdk::JoinOutcome> answer) {
        return node.broker_calls.run("join", [&] {
          node.plugins.broker->join(draft.ns, registered, object, node.config.max_namespace_size,
                                    kJoinPage, std::move(answer));
        });
      },
      [&node, draft, object, registered](Connection* still_there, sdk::JoinOutcome outcome) {
        const auto give_up = [&] {
          node.broker_calls.run("leave", [&] { node.plugins.broker->leave(draft.ns, registered); });
        };
        if (still_there == nullptr) return give_up();
        if (outcome.full) return reply_error(*still_there, draft.id, 429, "namespace full");
        if (draft.room_only || node.namespaces.room(draft.ns)) {
          return join_room(node, *still_there, draft, object);
        }
        const Peer& joiner = peer_of(*still_there);
        const PageLimit limit = page_limit(node, kJoinPage);
        JoinResult result = node.namespaces.join(
            draft.ns,
            {still_there->ref(), registered.peer, object,
             peer_joined_frame(joiner, draft.ns, object, still_there->loop().wall())},
            node.config.max_namespace_size, limit);
        if (result.status == JoinStatus::kIsRoom) {
          return join_room(node, *still_there, draft, object);
        }
        if (result.status == JoinStatus::kFull) {
          give_up();
          return reply_error(*still_there, draft.id, 429, "namespace full");
        }
        append_remote(result.page, outcome.elsewhere, limit);
        complete_join(*still_there, draft, std::move(result));
      });
}

void complete_join(Connection& connection, const JoinDraft& draft, JoinResult result) {
  Peer& peer = peer_of(connection);
  peer.memberships.push_back({result.ns, result.joined, draft.app_type, draft.meta, 0});
  insert(peer.namespaces, result.ns);
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
  node.matchmaker.cancel(name, peer.fingerprint, connection.loop().wall());
  std::optional<RoomSnapshot> room =
      node.namespaces.leave(*left.ns, left.joined, peer.fingerprint,
                            peer_left_frame(peer.fingerprint, name, connection.loop().wall()));
  node.broker_calls.run("leave", [&] { node.plugins.broker->leave(name, peer.registered()); });
  if (room) settle_room(node, connection.loop(), name, std::move(*room), peer.fingerprint);
}

void handle_discover(const Call& call) {
  DiscoverRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  if (node.namespaces.room(request.ns)) return call.error(403, "cannot discover room peers");
  list_members(node, call.connection, call.message.id, request.ns, request.after, request.limit);
}

void handle_metadata(const Call& call) {
  MetadataRequest request;
  if (!call.read(request)) return;
  Meta merged = call.peer.meta;
  merged.merge(request.meta);
  if (merged.json_size() > call.node.bounds.meta) return call.error(400, "meta too large");
  // Every membership's peer object carries a copy.
  const std::size_t before = call.peer.meta.json_size();
  const std::size_t copies = call.peer.memberships.size() + 1;
  if (state_size(call.peer) + copies * merged.json_size() >
      call.node.config.max_peer_state + copies * before) {
    return call.error(429, "too much state");
  }
  call.peer.meta = std::move(merged);
  for (const Membership& membership : call.peer.memberships) {
    call.node.namespaces.refresh(*membership.ns, membership.joined,
                                 peer_object(call.peer, membership.app_type, membership.meta));
  }
  call.ack();
}

}  // namespace peer
