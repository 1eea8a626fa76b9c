#include <algorithm>

#include "core/dispatch/handlers.h"
#include "core/protocol/json_text.h"
#include "core/session/presence.h"
#include "core/session/replies.h"
#include "core/wire/notices.h"

// What clients ask of namespaces, and of what others see of them there. In: messages, on the loop
// of their session. Out: tasks for Rooms, which every join goes through, and answers, with pages of
// members.
namespace peer {
namespace {

// What a peer_list about `ns` may hold (docs/protocol.md, "Bounds").
PageLimit page_limit(const Node& node, std::string_view id, std::string_view ns,
                     std::size_t peers) {
  const std::size_t size = node.config().max_peer_list_size;
  return {peers, size - std::min(size, peer_list_overhead(id, ns))};
}

// Members are asked for by a member, who may know those of a room, or by somebody else.
enum class Asker : std::uint8_t { kMember, kAnybody };

// Answers with the members of all nodes, or of this one where that is all that can be known. `own`:
// the asking member's object, which is all that it is shown of a quiet namespace; else empty.
void list_members(Node& node, Session& session, std::string_view id, std::string_view ns,
                  const std::optional<Fingerprint>& after, PageLimit limit, Asker asker,
                  std::string own = {}) {
  node.others.list(
      session.loop(), ns, after, static_cast<std::uint32_t>(limit.peers),
      limit.away != PageLimit::Away::kAsOthers,
      [&node, operation = session.hold(), id = std::string(id), ns = std::string(ns), after, limit,
       asker, own = std::move(own)](const std::optional<sdk::MemberPage>& page) {
        Session* there = session_of(operation);
        if (there == nullptr) return;
        // A room without members here is known to the broker alone.
        if (page && page->is_room && asker == Asker::kAnybody) {
          return reply_error(*there, id, 403, "cannot discover room peers");
        }
        PeerPage listed =
            page ? node.namespaces.list(ns, *page, limit) : node.namespaces.list(ns, after, limit);
        if (!own.empty()) listed.peers = make_page({own}, limit).peers;
        reply_peer_list(*there, id, ns, listed);
        if (limit.away == PageLimit::Away::kNamed) send_away(*there, ns, listed);
      });
}

// A member joins again: its app_type and meta are replaced, and only those who watch its meta are
// told (docs/protocol.md, "join").
void refresh_membership(const Call& call, const JoinDraft& draft, Membership& membership) {
  Node& node = call.node;
  const Session& session = call.session;
  const std::string& ns = membership.ns->name;
  if (!draft.room_only) {
    // The bound is checked for the membership as it would be, before anything is changed.
    Membership refreshed = membership;
    refreshed.app_type = draft.app_type;
    if (!draft.meta.empty()) refreshed.meta = draft.meta;
    if (state_size(session) - membership_size(session, membership) +
            membership_size(session, refreshed) >
        node.config().max_peer_state) {
      return call.error(429, "too much state");
    }
    std::vector<SeenMeta> seen = seen_meta(node, session, membership.ns);
    membership = std::move(refreshed);
    refresh_object(node, session, membership);
    tell_changes(node, call.session, std::move(seen));
  }
  const bool newly_watches_presence = draft.watches.presence && !membership.watches.presence;
  if (draft.watches != membership.watches) {
    membership.watches = draft.watches;
    node.rooms.store().watch(*membership.ns, membership.joined, session.registered(),
                             draft.watches);
  }
  if (is_quiet(node, ns)) {
    return list_members(node, call.session, draft.id, ns, std::nullopt,
                        page_limit(node, draft.id, ns, 1), Asker::kMember,
                        peer_object(session, membership.app_type, membership.meta));
  }
  const std::optional<RoomSnapshot> room = node.namespaces.room(ns);
  PageLimit limit = page_limit(node, draft.id, ns, room ? room->room.max_size : kJoinPage);
  limit.lists_all = room.has_value();
  if (newly_watches_presence) limit.away = PageLimit::Away::kNamed;
  list_members(node, call.session, draft.id, ns, std::nullopt, limit, Asker::kMember);
}

// The peer is in.
void complete_join(Node& node, Session& session, const JoinDraft& draft, const RoomAnswer& answer) {
  enter_membership(node, session, draft, answer.joined);
  // The page is queued before the mail is delivered: what was posted behind the page must not
  // overtake it.
  reply_peer_list(session, draft.id, answer.name, answer.joined.page);
  send_away(session, answer.name, answer.joined.page);
  session.loop().deliver_mail();
}

}  // namespace

void handle_join(const Call& call) {
  JoinRequest request;
  if (!call.read(request)) return;
  JoinDraft draft;
  if (request.app_type) draft.app_type = json_string(*request.app_type);
  draft.meta = request.meta;
  draft.watches = request.watches;
  start_join(call, std::move(draft),
             {call.loop(), question_of(call, request.ns, sdk::RoomAction::kJoin)});
}

void start_join(const Call& call, JoinDraft draft, RoomTask&& task) {
  const std::string& ns = task.question.name;
  Node& node = call.node;
  Session& session = call.session;
  draft.id = call.message.id;
  const bool may_watch = draft.watches == Watches() || shows_members(node, ns);
  if (!may_join(session, ns) || !may_watch) return call.error(403, "not allowed");
  if (Membership* membership = session.find(ns)) {
    // A peer in a namespace that is no room may ask join_room for its name: there is no such room.
    if (!draft.room_only || node.namespaces.room(ns)) {
      return refresh_membership(call, draft, *membership);
    }
    return call.error(404, "room not found");
  }
  const std::uint32_t most = node.config().max_namespaces_per_peer;
  if (most != 0 && session.memberships.size() >= most) {
    return call.error(429, "too many namespaces");
  }
  // The object is composed now, and the answer may come later. enter_membership() compares the two,
  // and composes it anew when the alias was lost in between.
  draft.holds_alias = session.holds_alias;
  std::string object = peer_object(session, draft.app_type, draft.meta);
  const std::size_t wanted =
      kMembershipOverhead + ns.size() + draft.app_type.size() + draft.meta.size() + object.size();
  if (state_size(session) + wanted > node.config().max_peer_state) {
    return call.error(429, "too much state");
  }
  const auto into = draft.room_only ? Newcomer::Into::kRoom : Newcomer::Into::kNamespace;
  task.newcomer.emplace(newcomer_of(call, into, ns, std::move(object)));
  task.newcomer->watches = draft.watches;
  task.done = [&node, operation = session.hold(),
               draft = std::move(draft)](const RoomAnswer& answer) {
    Session* there = session_of(operation);
    if (there == nullptr) return;
    if (answer.refusal) return reply_refusal(*there, draft.id, *answer.refusal);
    complete_join(node, *there, draft, answer);
  };
  node.rooms.ask(std::move(task));
}

RoomQuestion question_of(const Call& call, std::string_view name, sdk::RoomAction action) {
  RoomQuestion question{std::string(name), action, call.session.fingerprint};
  question.actor_proved = call.session.proved;
  return question;
}

Newcomer newcomer_of(const Call& call, Newcomer::Into into, std::string_view ns,
                     std::string object) {
  return {into,
          call.session.ref(),
          call.session.registered(),
          std::move(object),
          call.node.config().max_namespace_size,
          page_limit(call.node, call.message.id, ns, kJoinPage).bytes,
          {},
          is_quiet(call.node, ns)};
}

void handle_leave(const Call& call) {
  NamespaceRequest request;
  if (!call.read(request)) return;
  const Membership* membership = call.session.find(request.ns);
  if (membership == nullptr) return call.error(403, "not in namespace");
  leave_namespace(call.node, call.session,
                  static_cast<std::size_t>(membership - call.session.memberships.data()));
  call.loop().deliver_mail();
  call.ack();
}

void handle_discover(const Call& call) {
  DiscoverRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  const bool allowed = may_enter(call.session, request.ns);
  if (!allowed || !shows_members(node, request.ns)) return call.error(403, "not allowed");
  // A room that this node knows is refused without asking the broker.
  if (node.namespaces.room(request.ns)) return call.error(403, "cannot discover room peers");
  PageLimit limit = page_limit(node, call.message.id, request.ns, request.limit);
  const Membership* own = call.session.find(request.ns);
  if (own != nullptr && own->watches.presence) limit.away = PageLimit::Away::kMarked;
  list_members(node, call.session, call.message.id, request.ns, request.after, limit,
               Asker::kAnybody);
}

void handle_metadata(const Call& call) {
  MetadataRequest request;
  if (!call.read(request)) return;
  Meta merged = call.session.meta;
  merged.merge(request.meta);
  if (merged.json_size() > call.node.bounds().meta) return call.error(400, "meta too large");
  // Every membership's peer object carries a copy.
  // The comparison below adds on both sides, since a difference of unsigned numbers could wrap
  // around.
  const std::size_t before = call.session.meta.json_size();
  const std::size_t copies = call.session.memberships.size() + 1;
  if (state_size(call.session) + copies * merged.json_size() >
      call.node.config().max_peer_state + copies * before) {
    return call.error(429, "too much state");
  }
  std::vector<SeenMeta> seen = seen_meta(call.node, call.session);
  call.session.meta = std::move(merged);
  refresh_objects(call.node, call.session);
  if (!seen.empty()) {
    tell_changes(call.node, call.session, std::move(seen));
    call.loop().deliver_mail();
  }
  call.ack();
}

}  // namespace peer
