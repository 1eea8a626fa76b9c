#include "core/session/membership.h"

#include <algorithm>
#include <utility>

#include "core/base/name_pattern.h"
#include "core/protocol/json_text.h"
#include "core/session/away.h"
#include "core/session/foreign_session.h"
#include "core/session/presence.h"
#include "core/session/replies.h"
#include "core/session/session_moves.h"
#include "core/wire/notices.h"

// In: what a join, a leave or an end has come to. Out: the session's own books, the hub's by way of
// RoomStore, and the announcements that go with them. All on the session's loop.
namespace peer {
namespace {

// What all of a session's peer objects have in them.
std::size_t own_size(const Session& session) {
  return session.alias_size() + session.meta.json_size();
}

// `own`: own_size() of the session.
std::size_t size_with_object(const Membership& membership, std::size_t own) {
  // 160: the fingerprint, and the names and punctuation of the members, rounded up.
  const std::size_t object = 160 + own + membership.app_type.size() + membership.meta.size();
  return kMembershipOverhead + membership.ns->name.size() + membership.app_type.size() +
         membership.meta.size() + membership.ticket_size + object;
}

// use_rights() for a namespace that the session is in without a membership.
void use_rights_unlisted(Node& node, ForeignSession& session) {
  const Namespace* ns =
      session.in_unlisted ? node.namespaces.find(session.unlisted_home()) : nullptr;
  if (ns == nullptr) return;
  const bool can_use = may_use_namespace(session, ns->name);
  can_use ? session.namespaces.insert(ns) : session.namespaces.erase(ns);
  node.peers.mute_namespace(session.fingerprint, ns, !can_use);
}

}  // namespace

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

bool is_reserved(std::string_view ns) {
  // Nearly all other names differ in the first byte, which needs no call.
  return ns.starts_with(kReservedNames.front()) && ns.starts_with(kReservedNames);
}

bool may_enter(const Session& session, std::string_view ns) {
  return may_use_namespace(session, ns) && (session.foreign || !is_reserved(ns));
}

bool may_join(const Session& session, std::string_view ns) {
  return may_enter(session, ns) &&
         !(session.in_unlisted && foreign_of(session).unlisted_home() == ns);
}

bool is_quiet(const Node& node, std::string_view ns) {
  if (is_reserved(ns)) return true;
  const std::vector<std::string>& patterns = node.config().quiet_namespaces;
  return !patterns.empty() && matches_any(patterns, ns);
}

bool shows_members(const Node& node, std::string_view ns) {
  return node.config().discover_quiet || !is_quiet(node, ns);
}

bool may_use_namespace(const Session& session, std::string_view ns) {
  return session.rights == nullptr || !session.rights->namespaces ||
         matches_any(*session.rights->namespaces, ns);
}

std::size_t membership_size(const Session& session, const Membership& membership) {
  return size_with_object(membership, own_size(session));
}

std::size_t state_size(const Session& session) {
  const std::size_t own = own_size(session);
  std::size_t size = own;
  for (const Membership& membership : session.memberships)
    size += size_with_object(membership, own);
  return size;
}

void refresh_object(Node& node, const Session& session, const Membership& membership) {
  node.rooms.store().refresh(*membership.ns, membership.joined, session.registered(),
                             peer_object(session, membership.app_type, membership.meta));
}

void refresh_objects(Node& node, const Session& session) {
  for (const Membership& membership : session.memberships) {
    refresh_object(node, session, membership);
  }
}

void use_rights(Node& node, Session& session, std::unique_ptr<Rights> rights) {
  std::vector<bool> could_use;
  for (const Membership& membership : session.memberships) {
    could_use.push_back(may_use_namespace(session, membership.ns->name));
  }
  session.rights = std::move(rights);
  for (std::size_t i = 0; i < session.memberships.size(); ++i) {
    Membership& membership = session.memberships[i];
    const bool can_use = may_use_namespace(session, membership.ns->name);
    if (can_use == could_use[i]) continue;
    if (can_use) {
      session.namespaces.insert(membership.ns);
    } else {
      session.namespaces.erase(membership.ns);
      node.matching->drop(session.loop(), membership.ns->name, session.fingerprint);
      membership.ticket_size = 0;
    }
    node.namespaces.mute(*membership.ns, membership.joined, !can_use);
  }
  if (session.foreign) use_rights_unlisted(node, foreign_of(session));
  session.loop().deliver_mail();
}

void enter_membership(Node& node, Session& session, const JoinDraft& draft,
                      const JoinResult& result) {
  session.memberships.push_back(
      {result.ns, result.joined, draft.app_type, draft.meta, 0, draft.watches});
  session.namespaces.insert(result.ns);
  // It lost its alias while it was on its way in.
  if (draft.holds_alias != session.holds_alias) {
    refresh_object(node, session, session.memberships.back());
  }
  if (node.events.wanted(EventKind::kJoin)) {
    tell_event(node, session, EventKind::kJoin, ",\"namespace\":" + json_string(result.ns->name));
  }
  // It went away while its join was under way.
  if (is_seen_away(session)) tell_presence(node, session, true);
}

void leave_namespace(Node& node, Session& session, std::size_t membership, bool others_know) {
  // The session's own books first: whatever the steps below call finds no such membership.
  const Membership left = std::move(session.memberships[membership]);
  session.memberships.erase(session.memberships.begin() + static_cast<std::ptrdiff_t>(membership));
  session.namespaces.erase(left.ns);
  forget_changes(session, *left.ns);
  EventLoop& loop = session.loop();
  // A copy, since the namespace ends with its last member.
  const std::string name = left.ns->name;
  // Only members have tickets: the ticket ends before the membership, so no match can be made of it
  // afterwards.
  node.matching->drop(loop, name, session.fingerprint);
  const RoomStore::Left rest = node.rooms.store().leave(
      *left.ns, left.joined, session.registered(),
      is_quiet(node, name) ? FrameRef() : peer_left_frame(session.fingerprint, name, loop.wall()),
      others_know, loop.now());
  // The owner may have left: the room's policy decides who succeeds it.
  if (rest == RoomStore::Left::kSettle) node.rooms.settle(loop, name, session.fingerprint);
  if (rest == RoomStore::Left::kWaits) node.rooms.end_empty_in_time(loop);
  // Who goes altogether has left all namespaces: that is told once.
  if (session.stage != Session::Stage::kGone && node.events.wanted(EventKind::kLeave)) {
    tell_event(node, session, EventKind::kLeave, ",\"namespace\":" + json_string(name));
  }
}

bool remove_member(Node& node, SessionRef where, const std::string& name,
                   const FrameRef& farewell) {
  EventLoop& loop = node.loop_of(where);
  Session* target = find_session(loop, where);
  if (target == nullptr || !target->is_registered()) return false;
  const Membership* membership = target->find(name);
  if (membership == nullptr) return false;
  const auto index = static_cast<std::size_t>(membership - target->memberships.data());
  const bool hears = may_use_namespace(*target, name);
  leave_namespace(node, *target, index, true);
  // The farewell comes last: whatever other loops have said to it as a member is here by now.
  loop.deliver_mail();
  if (Session* still = find_session(loop, where); still != nullptr && hears) still->send(farewell);
  return true;
}

void drop_closed(Node& node, std::span<const ClosedMember> members) {
  std::vector<std::vector<ClosedMember>> by_loop(node.loops.size());
  for (const ClosedMember& member : members) by_loop[member.where.loop].push_back(member);
  for (std::size_t i = 0; i < by_loop.size(); ++i) {
    if (by_loop[i].empty()) continue;
    EventLoop& loop = *node.loops[i];
    loop.post([&node, &loop, closed = std::move(by_loop[i])] {
      for (const ClosedMember& member : closed) {
        Session* session = find_session(loop, member.where);
        if (session == nullptr) continue;  // its end has let go of the room
        for (std::size_t at = 0; at < session->memberships.size(); ++at) {
          const Membership& membership = session->memberships[at];
          if (membership.ns != member.ns || membership.joined != member.joined) continue;
          leave_namespace(node, *session, at);
          break;
        }
      }
      loop.deliver_mail();
    });
  }
}

void tell_event(Node& node, const Session& session, EventKind kind, std::string_view more) {
  std::string members = "\"fingerprint\":\"" + to_hex(session.fingerprint) + "\"";
  members.append(",\"alias\":").append(json_string(session.alias())).append(more);
  node.events.tell(kind, std::move(members), session.loop().wall());
}

void release_memberships(Node& node, Session& session) {
  for (const Membership& membership : std::exchange(session.memberships, {})) {
    node.namespaces.release(*membership.ns, membership.joined, session.fingerprint);
  }
  session.namespaces.clear();
}

Inheritance end_session(Node& node, Session& session, Ending ending) {
  if (session.is_registered() && session.admitted && node.events.wanted(EventKind::kLeave)) {
    tell_event(node, session, EventKind::kLeave);
  }
  session.stage = Session::Stage::kGone;
  if (session.resumable != nullptr) release_resumable(node, session);
  // Nobody needs an answer of an auth plugin any more; those see it by these.
  session.renewal.reset();
  session.registration.reset();
  if (!session.admitted) return {};
  // A second call, such as that of on_close(), finds nothing to end from here on.
  session.admitted = false;
  // From the back, which moves no other. When the server stops, everybody goes, and nobody is told:
  // unless some go on elsewhere.
  while (!session.memberships.empty() && (!node.stopping || node.parking)) {
    leave_namespace(node, session, session.memberships.size() - 1);
  }
  if (session.in_unlisted) {
    session.in_unlisted = false;
    node.namespaces.leave_unlisted(foreign_of(session).unlisted_home(), session.fingerprint);
    session.namespaces.clear();
  }
  session.loop().deliver_mail();
  // Behind the memberships: the broker hears of the peer's leaving while it still knows the peer.
  node.others.unregister_peer(session.registered());
  if (session.holds_alias) node.peers.free_alias(session.alias());
  const bool replaced = ending == Ending::kReplaced;
  // A replacement keeps the tokens of the older registration, or else a client could fill its
  // bucket by registering anew.
  if (replaced) node.left_buckets.leave(session.fingerprint, session.tokens);
  // The fingerprint is freed last: while anything of this registration is left, no newer one is
  // admitted.
  std::optional<Inheritance> inheritance =
      node.peers.remove(session.fingerprint, session.ref(), replaced);
  if (!inheritance) return {};
  if (replaced) inheritance->count(session.loop().now());
  return *inheritance;
}

// There is no connection whose end would end it.
void Session::end_away() {
  end_session(*home_.node, *this, Ending::kGone);
  loop().forget(ref());
}

}  // namespace peer
