#include "core/dispatch/node_host.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/hub/peer_page.h"
#include "core/match/match_rules.h"
#include "core/protocol/json_text.h"
#include "core/room/room_rules.h"
#include "core/session/adoption.h"
#include "core/session/auth_host.h"
#include "core/session/membership.h"
#include "core/session/presence.h"
#include "core/session/replies.h"
#include "core/session/session_moves.h"
#include "core/session/session_talk.h"
#include "core/wire/notices.h"

// What other nodes say. In: facts and messages, on the broker plugin's threads. Out: frames for
// members here, posted under the namespace's lock, and tasks for the loop of a session or of a
// namespace. Nothing waits here.
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

// Goes on with a session of this node, on its loop, if it is that registration's still.
// The broker decided some time ago: by now the peer may have gone, or have registered anew.
template <typename Then>
void with_peer(Node& node, const sdk::Registered& registered, Then then) {
  const std::optional<SessionRef> where = node.peers.find(registered.peer);
  if (!where) return;
  EventLoop& loop = node.loop_of(*where);
  loop.post([&loop, where = *where, registered, then = std::move(then)] {
    Session* session = find_session(loop, where);
    if (session == nullptr) return;
    if (session->admitted && session->registered() == registered) then(*session);
  });
}

// Of a peer object; empty: it has none.
Meta meta_of(std::string_view object) {
  Meta meta;
  const std::string_view raw = meta_in(object);
  if (raw.starts_with('{') && is_valid_json(raw)) meta.merge(raw);
  return meta;
}

// On the namespace's home loop.
void add_ticket(Node& node, EventLoop& loop, const std::string& ns,
                const sdk::SharedTicket& ticket) {
  std::string text = ticket.request;
  auto request = read_sent_request(node.loop_states[loop.index()]->parser, node.bounds(), ns, text);
  if (!request) return node.broker_calls.fault("ticket_added", "brought a ticket that is none");
  node.matching->add(loop, ns, ticket, std::move(*request));
}

}  // namespace

void NodeHost::log_warning(std::string_view text) noexcept {
  guarded("a warning", [&] {
    peer::log_warning("plugin '" + node_.broker_calls.name() + "': " + std::string(text));
  });
}

sdk::RouteOutcome NodeHost::deliver(const sdk::DirectedMessage& message) noexcept {
  sdk::RouteOutcome outcome = sdk::RouteOutcome::kDropped;
  guarded("a message", [&] { outcome = deliver_to_peer(message); });
  return outcome;
}

sdk::RouteOutcome NodeHost::deliver_to_peer(const sdk::DirectedMessage& message) {
  if (!message.is_checked && !is_valid_json(message.text)) return sdk::RouteOutcome::kDropped;
  SessionRef where;
  if (message.namespaces_unknown) {
    const std::optional<SessionRef> found = node_.peers.find(message.to);
    if (!found) return sdk::RouteOutcome::kNotFound;
    where = *found;
  } else {
    NamespaceSet shared;
    // A namespace that this node does not know has no member here, so it cannot be a common one.
    for (const std::string_view name : message.namespaces) {
      if (const Namespace* ns = node_.namespaces.find(name)) shared.insert(ns);
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
  std::vector<SessionRef> except;
  // The sender may be here, too, if it has moved since.
  if (const auto from = node_.peers.find(message.from)) except.push_back(*from);
  for (const Fingerprint& peer : message.exclude) {
    if (const auto where = node_.peers.find(peer)) except.push_back(*where);
  }
  auto by_loop = node_.namespaces.recipients(message.ns, except, nullptr);
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
    // The members hear now, and not when the session ends on its loop, so that news of the peer's
    // joins elsewhere cannot come first.
    for (const std::string& ns : node_.peers.namespaces_of(registered.peer)) {
      node_.namespaces.announce_departed(
          ns, registered.peer,
          is_quiet(node_, ns) ? FrameRef() : peer_left_frame(registered.peer, ns, now));
    }
    with_peer(node_, registered, [&node = node_](Session& session) {
      end_session(node, session, Ending::kGone);
      session.close(CloseCode::kReplaced, "replaced by a newer connection");
    });
  });
}

void NodeHost::alias_lost(const sdk::Registered& registered) noexcept {
  guarded("the loss of an alias", [&] {
    with_peer(node_, registered, [&node = node_](Session& session) {
      // It is still on its way in: complete() must not claim the alias for it.
      if (session.registration) session.registration->alias_lost = true;
      if (!session.holds_alias) return;
      session.holds_alias = false;
      node.peers.free_alias(session.alias());
      refresh_objects(node, session);
    });
  });
}

void NodeHost::member_joined(std::string_view ns, const Fingerprint& peer,
                             std::string_view object) noexcept {
  guarded("a join", [&] {
    // A broker need not tell it (JoinRequest::quiet), but may.
    if (is_quiet(node_, ns)) return;
    const sdk::Instant now = wall_now();
    node_.namespaces.announce_joined(ns, peer, peer_joined_frame(peer, ns, object, now),
                                     peer_left_frame(peer, ns, now));
  });
}

void NodeHost::member_left(std::string_view ns, const Fingerprint& peer) noexcept {
  member_left_told(ns, peer, {});
}

void NodeHost::member_left_told(std::string_view ns, const Fingerprint& peer,
                                std::span<const Fingerprint> told) noexcept {
  guarded("a leave", [&] {
    if (is_quiet(node_, ns)) return;
    node_.namespaces.announce_left(ns, peer_left_frame(peer, ns, wall_now()), told);
  });
}

void NodeHost::node_says(std::string_view node, std::string_view text) noexcept {
  guarded("a word", [&] {
    if (is_dialect_talk(text)) {
      if (node_.on_dialect_talk) node_.on_dialect_talk(node, text);
      return;
    }
    if (!is_api_talk(text)) return hear_node(node_, node, text);
    if (node_.on_api_talk) node_.on_api_talk(node, text);
  });
}

void NodeHost::peer_taken(const sdk::Registered& peer, std::shared_ptr<void> hold) noexcept {
  guarded("a session", [&] { hear_taken(node_, peer, std::move(hold)); });
}

void NodeHost::member_moved(std::string_view ns, const Fingerprint& peer, bool here,
                            const sdk::RoomState* room) noexcept {
  guarded("a member on the move", [&] {
    std::optional<Room> known;
    if (room != nullptr) known = node_.rooms.known(ns, *room);
    node_.namespaces.member_moved(ns, peer, here, known);
  });
}

void NodeHost::peers_parked() noexcept {
  guarded("a session", [&] { adopt_parked(node_); });
}

void NodeHost::members_known(std::string_view ns,
                             std::span<const sdk::MemberEntry> elsewhere) noexcept {
  guarded("a list of members", [&] {
    // A frame for each member of all nodes is made only if somebody here is to see it.
    if (!node_.namespaces.has_lone_members(ns)) return;
    if (is_quiet(node_, ns)) return node_.namespaces.show_members(ns, {});
    const sdk::Instant now = wall_now();
    std::vector<FrameRef> joined;
    std::vector<FrameRef> away;
    for (const sdk::MemberEntry& member : elsewhere) {
      joined.push_back(peer_joined_frame(member.peer, ns, member.object, now));
      if (node_.others.tells_watchers() && member.away) {
        away.push_back(presence_frame("peer_away", member.peer, ns, now));
      }
    }
    node_.namespaces.show_members(ns, joined, away);
  });
}

void NodeHost::room_changed(const sdk::RoomNews& news) noexcept {
  guarded("a change of a room", [&] {
    RoomChange change{node_.rooms.known(news.room_id, news.room), {}};
    // What was posted while this node was cut off is lost. Members must still learn who owns the
    // room.
    if (news.missed) {
      const std::optional<RoomSnapshot> known = node_.namespaces.room(news.room_id);
      if (known) {
        const RoomNews told =
            news_of(node_.policies.of(news.room_id), news.room_id, *known, change.room);
        if (told.changed) {
          change.posts.push_back({std::nullopt, room_updated_frame(news.room_id, change.room,
                                                                   told.members, wall_now())});
        }
      }
    }
    for (const sdk::RoomPost& post : news.posts) {
      change.posts.push_back({post.to, text_frame(post.text)});
    }
    if (node_.plugins.broker.record->revision < 3 || !news.closed) {
      return node_.namespaces.apply_to_room(news.room_id, change);
    }
    const auto closed = node_.namespaces.close_room(news.room_id, std::nullopt, change.posts);
    if (closed) drop_closed(node_, *closed);
  });
}

void NodeHost::kicked(std::string_view room_id, const Fingerprint& target,
                      const Fingerprint& by) noexcept {
  guarded("a kick", [&] {
    const std::optional<SessionRef> where = node_.peers.find(target);
    if (!where) return;
    EventLoop& loop = node_.loop_of(*where);
    loop.post([&node = node_, &loop, where = *where, room = std::string(room_id), target, by] {
      remove_member(node, where, room, kick_frame(by, target, room, loop.wall()));
    });
  });
}

void NodeHost::room_closed(std::string_view room_id, const sdk::Registered& registered) noexcept {
  guarded("the end of a room", [&] {
    with_peer(node_, registered, [&node = node_, room = std::string(room_id)](Session& session) {
      remove_member(node, session.ref(), room, room_closed_frame(room, session.loop().wall()));
    });
  });
}

void NodeHost::member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept {
  guarded("the end of a member", [&] {
    // No peer of this node is concerned, so no session names a loop: the room's home loop does it.
    EventLoop& loop = home_of(node_.loops, room_id);
    loop.post([&node = node_, &loop, room = std::string(room_id), peer] {
      node.rooms.settle(loop, room, peer);
    });
  });
}

void NodeHost::ticket_added(std::string_view ns, const sdk::SharedTicket& ticket) noexcept {
  guarded("a ticket", [&] {
    EventLoop& loop = home_of(node_.loops, ns);
    loop.post([&node = node_, &loop, name = std::string(ns), ticket] {
      add_ticket(node, loop, name, ticket);
    });
  });
}

void NodeHost::ticket_removed(std::string_view ns, sdk::TicketId ticket) noexcept {
  guarded("the end of a ticket", [&] {
    EventLoop& loop = home_of(node_.loops, ns);
    loop.post([&matching = *node_.matching, &loop, name = std::string(ns), ticket] {
      matching.remove(loop, name, ticket);
    });
  });
}

void NodeHost::ticket_waits(std::string_view, sdk::TicketId ticket) noexcept {
  guarded("the answer to a match request", [&] { node_.matching->told_waiting(ticket, {}); });
}

void NodeHost::ticket_told(std::string_view, sdk::TicketId ticket, std::string_view word) noexcept {
  guarded("the answer to a match request", [&] { node_.matching->told_waiting(ticket, word); });
}

void NodeHost::matching_moved(std::string_view ns) noexcept {
  guarded("the end of a queue", [&] {
    EventLoop& loop = home_of(node_.loops, ns);
    loop.post([&matching = *node_.matching, &loop, name = std::string(ns)] {
      matching.forget(loop, name);
    });
  });
}

void NodeHost::matched(const sdk::MatchNews& match) noexcept { matched_teams(match, {}); }

void NodeHost::matched_teams(const sdk::MatchNews& match, std::string_view teams) noexcept {
  guarded("a match", [&] {
    if (!teams.empty() && !is_valid_json(teams)) {
      return node_.broker_calls.fault("matched_teams", "brought teams that are no JSON");
    }
    node_.matching->told_matched(match, teams, wall_now());
  });
}

void NodeHost::member_away(std::string_view ns, const Fingerprint& peer, bool away,
                           std::span<const Fingerprint> told) noexcept {
  guarded("news of a member", [&] {
    node_.namespaces.announce_watched(
        ns, &Watches::presence,
        presence_frame(away ? "peer_away" : "peer_back", peer, ns, wall_now()), told);
  });
}

void NodeHost::member_updated(std::string_view ns, const Fingerprint&, std::string_view text,
                              std::span<const Fingerprint> told) noexcept {
  guarded("news of a member",
          [&] { node_.namespaces.announce_watched(ns, &Watches::meta, text_frame(text), told); });
}

void NodeHost::update_watched(std::string_view ns, const sdk::Registered& registered,
                              std::string_view before, std::string_view after) noexcept {
  guarded("news of a member", [&] {
    // They may have been stored, by anybody.
    if (!is_valid_json(before) || !is_valid_json(after)) return;
    with_peer(
        node_, registered,
        [&node = node_, name = std::string(ns), before = meta_of(before), after = meta_of(after)](
            Session& session) { tell_changes_elsewhere(node, session, name, before, after); });
  });
}

void NodeHost::revoked(const Fingerprint& peer, std::string_view message) noexcept {
  guarded("a revocation", [&] { throw_out(node_, peer, message); });
}

}  // namespace peer
