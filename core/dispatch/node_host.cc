#include "core/dispatch/node_host.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/dispatch/shared_matching.h"
#include "core/protocol/json_text.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// A plugin's thread must not meet an exception of the core's. `what` was it about.
template <typename Task>
void guarded(const char* what, Task&& task) noexcept {
  try {
    task();
  } catch (const std::exception& failure) {
    log_error(std::string(what) + " of another node was lost: " + failure.what());
  }
}

// Goes on with a connection of this node, on its loop, if it is that registration's still.
template <typename Then>
void with_peer(Node& node, const sdk::Registered& registered, Then then) {
  const std::optional<ConnectionRef> where = node.peers.find(registered.peer);
  if (!where) return;
  EventLoop& loop = node.loop_of(*where);
  loop.post([&loop, where = *where, registered, then = std::move(then)] {
    Connection* connection = loop.find(where);
    if (connection == nullptr) return;
    const Peer& peer = peer_of(*connection);
    if (peer.admitted && peer.registered() == registered) then(*connection);
  });
}

}  // namespace

void NodeHost::log_warning(std::string_view text) noexcept {
  guarded("a warning", [&] {
    peer::log_warning("plugin '" + node_.config().plugins.broker.name + "': " + std::string(text));
  });
}

sdk::RouteOutcome NodeHost::deliver(const sdk::DirectedMessage& message) noexcept {
  sdk::RouteOutcome outcome = sdk::RouteOutcome::kDropped;
  guarded("a message", [&] { outcome = deliver_to_peer(message); });
  return outcome;
}

sdk::RouteOutcome NodeHost::deliver_to_peer(const sdk::DirectedMessage& message) {
  if (!message.is_checked && !is_valid_json(message.text)) return sdk::RouteOutcome::kDropped;
  ConnectionRef where;
  if (message.namespaces_unknown) {
    const std::optional<ConnectionRef> found = node_.peers.find(message.to);
    if (!found) return sdk::RouteOutcome::kNotFound;
    where = *found;
  } else {
    NamespaceSet shared;
    for (const std::string_view name : message.namespaces) {
      if (const Namespace* ns = node_.namespaces.find(name)) insert(shared, ns);
    }
    const PeerDirectory::Route route = node_.peers.route(message.to, shared, where);
    if (route == PeerDirectory::Route::kNotFound) return sdk::RouteOutcome::kNotFound;
    if (route == PeerDirectory::Route::kForbidden) return sdk::RouteOutcome::kForbidden;
  }
  node_.loop_of(where).post(Delivery{text_frame(message.text), where, {}, nullptr});
  return sdk::RouteOutcome::kDelivered;
}

std::size_t NodeHost::deliver(const sdk::NamespaceMessage& message) noexcept {
  std::size_t copies = 0;
  guarded("a broadcast", [&] { copies = deliver_to_members(message); });
  return copies;
}

std::size_t NodeHost::deliver_to_members(const sdk::NamespaceMessage& message) {
  if (!message.is_checked && !is_valid_json(message.text)) return 0;
  std::vector<ConnectionRef> except;
  if (const auto from = node_.peers.find(message.from)) except.push_back(*from);
  for (const Fingerprint& peer : message.exclude) {
    if (const auto where = node_.peers.find(peer)) except.push_back(*where);
  }
  auto by_loop = node_.namespaces.recipients(message.ns, except);
  const FrameRef frame = text_frame(message.text);
  std::size_t copies = 0;
  for (std::size_t loop = 0; loop < by_loop.size(); ++loop) {
    if (by_loop[loop].empty()) continue;
    copies += by_loop[loop].size();
    node_.loops[loop]->post(
        Delivery{frame, {}, std::move(by_loop[loop]), nullptr, Importance::kBroadcast});
  }
  return copies;
}

void NodeHost::replaced(const sdk::Registered& registered) noexcept {
  guarded("a replacement", [&] {
    const sdk::Instant now = wall_now();
    for (const std::string& ns : node_.peers.namespaces_of(registered.peer)) {
      node_.namespaces.announce_departed(ns, registered.peer,
                                         peer_left_frame(registered.peer, ns, now));
    }
    with_peer(node_, registered, [&node = node_](Connection& connection) {
      end_peer(node, connection, Ending::kGone);
      connection.close(CloseCode::kReplaced, "replaced by a newer connection");
    });
  });
}

void NodeHost::alias_lost(const sdk::Registered& registered) noexcept {
  guarded("the loss of an alias", [&] {
    with_peer(node_, registered, [&node = node_](Connection& connection) {
      Peer& peer = peer_of(connection);
      if (peer.registration) peer.registration->alias_lost = true;
      if (!std::exchange(peer.holds_alias, false)) return;
      node.peers.free_alias(peer.alias);
      refresh_objects(node, peer);
    });
  });
}

void NodeHost::member_joined(std::string_view ns, const Fingerprint& peer,
                             std::string_view object) noexcept {
  guarded("a join", [&] {
    const sdk::Instant now = wall_now();
    node_.namespaces.announce_joined(ns, peer, peer_joined_frame(peer, ns, object, now),
                                     peer_left_frame(peer, ns, now));
  });
}

void NodeHost::member_left(std::string_view ns, const Fingerprint& peer) noexcept {
  guarded("a leave",
          [&] { node_.namespaces.announce_left(ns, peer_left_frame(peer, ns, wall_now())); });
}

void NodeHost::members_known(std::string_view ns,
                             std::span<const sdk::MemberEntry> elsewhere) noexcept {
  guarded("a list of members", [&] {
    if (!node_.namespaces.has_lone_members(ns)) return;
    const sdk::Instant now = wall_now();
    std::vector<FrameRef> joined;
    for (const sdk::MemberEntry& member : elsewhere) {
      joined.push_back(peer_joined_frame(member.peer, ns, member.object, now));
    }
    node_.namespaces.show_members(ns, joined);
  });
}

void NodeHost::room_changed(const sdk::RoomNews& news) noexcept {
  guarded("a change of a room", [&] {
    RoomChange change{{news.room.owner, news.room.max_size, news.room.state}, {}};
    if (news.missed) {
      const std::optional<RoomSnapshot> known = node_.namespaces.room(news.room_id);
      if (known &&
          (known->room.owner != news.room.owner || known->room.max_size != news.room.max_size)) {
        change.posts.push_back(
            {std::nullopt, room_updated_frame(news.room_id, change.room, wall_now())});
      }
    }
    for (const sdk::RoomPost& post : news.posts) {
      change.posts.push_back({post.to, text_frame(post.text)});
    }
    node_.namespaces.apply_to_room(news.room_id, change);
  });
}

void NodeHost::kicked(std::string_view room_id, const Fingerprint& target,
                      const Fingerprint& by) noexcept {
  guarded("a kick", [&] {
    const std::optional<ConnectionRef> where = node_.peers.find(target);
    if (!where) return;
    EventLoop& loop = node_.loop_of(*where);
    loop.post([&node = node_, &loop, where = *where, room = std::string(room_id), target, by] {
      remove_member(node, loop, where, room, kick_frame(by, target, room, loop.wall()));
    });
  });
}

void NodeHost::room_closed(std::string_view room_id, const sdk::Registered& registered) noexcept {
  guarded("the end of a room", [&] {
    with_peer(
        node_, registered, [&node = node_, room = std::string(room_id)](Connection& connection) {
          EventLoop& loop = connection.loop();
          remove_member(node, loop, connection.ref(), room, room_closed_frame(room, loop.wall()));
        });
  });
}

void NodeHost::member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept {
  guarded("the end of a member", [&] {
    EventLoop& loop = loop_for(node_, room_id);
    loop.post([&node = node_, &loop, room = std::string(room_id), peer] {
      node.rooms.settle(loop, room, peer);
    });
  });
}

void NodeHost::ticket_added(std::string_view ns, const sdk::SharedTicket& ticket) noexcept {
  guarded("a ticket", [&] {
    EventLoop& loop = loop_for(node_, ns);
    loop.post([&node = node_, &loop, name = std::string(ns), ticket] {
      add_shared_ticket(node, loop, name, ticket);
    });
  });
}

void NodeHost::ticket_removed(std::string_view ns, sdk::TicketId ticket) noexcept {
  guarded("the end of a ticket", [&] {
    EventLoop& loop = loop_for(node_, ns);
    loop.post([&node = node_, &loop, name = std::string(ns), ticket] {
      remove_shared_ticket(node, loop, name, ticket);
    });
  });
}

void NodeHost::ticket_waits(std::string_view, sdk::TicketId ticket) noexcept {
  guarded("the answer to a match request", [&] { answer_waiting(node_, ticket); });
}

void NodeHost::matching_moved(std::string_view ns) noexcept {
  guarded("the end of a queue", [&] {
    EventLoop& loop = loop_for(node_, ns);
    loop.post([&state = *node_.loop_states[loop.index()], name = std::string(ns)] {
      state.shared_queues.forget(name);
    });
  });
}

void NodeHost::matched(const sdk::MatchNews& match) noexcept {
  guarded("a match", [&] { tell_matched(node_, match, wall_now()); });
}

}  // namespace peer
