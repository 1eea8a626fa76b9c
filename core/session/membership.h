#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/peer_directory.h"
#include "core/net/websocket/frame.h"
#include "core/server/node.h"
#include "core/session/session.h"

/// What a session is part of: its books of namespaces and rooms, beside those of the hub, and how
/// all of it ends. On the session's loop; who changes something delivers the loop's mail afterwards
/// (EventLoop::deliver_mail), where it is not said that this is done.
namespace peer {

/// What a membership costs beside its texts: the books of the peer and of the namespace.
inline constexpr std::size_t kMembershipOverhead = 256;

/// A join that has been read and whose text outlives the message.
struct JoinDraft {
  std::string id{};
  std::string app_type{};  ///< as JSON; empty: none
  std::string meta{};
  bool room_only = false;
  Watches watches{};
  bool holds_alias = true;  ///< as the peer's object says that goes with it
};

/// What the names of namespaces begin with that dialects keep for themselves.
inline constexpr std::string_view kReservedNames("\0dialect\0", 9);
[[nodiscard]] bool is_reserved(std::string_view ns);
/// Whether nobody is told who comes there and goes (`quiet_namespaces`): also in reserved ones.
[[nodiscard]] bool is_quiet(const Node& node, std::string_view ns);
/// Whether peers may ask who is there, and watch them: not in a quiet one, but with
/// `discover_quiet`.
[[nodiscard]] bool shows_members(const Node& node, std::string_view ns);
/// True when the auth plugin's grant covers the name.
[[nodiscard]] bool may_use_namespace(const Session& session, std::string_view ns);
/// The same of one that the session need not be in yet: reserved ones are for dialects only.
[[nodiscard]] bool may_enter(const Session& session, std::string_view ns);
/// The same of one that it is to be a member of: who is in its home unlisted is none of that.
[[nodiscard]] bool may_join(const Session& session, std::string_view ns);
/// True when `name` matches one of `patterns`: exact, or a prefix followed by '*'.
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, std::string_view name);
/// Bytes that the server holds for a peer (docs/protocol.md, "Bounds").
[[nodiscard]] std::size_t state_size(const Session& session);
/// The part of one membership in that.
[[nodiscard]] std::size_t membership_size(const Session& session, const Membership& membership);

/// Replaces all rights. A membership that they do not cover stays, but hears and says nothing more,
/// and its ticket ends; one that they cover again is as it was.
void use_rights(Node& node, Session& session, std::unique_ptr<Rights> rights);

/// Enters a successful join or creation into the session's own books.
void enter_membership(Node& node, Session& session, const JoinDraft& draft,
                      const JoinResult& result);
/// What others see of a member is another text from now on. Nobody is told.
void refresh_object(Node& node, const Session& session, const Membership& membership);
/// The same wherever it is a member.
void refresh_objects(Node& node, const Session& session);
/// Ends one membership: ticket, announcement, succession in a room. `others_know`: other nodes have
/// told their members.
void leave_namespace(Node& node, Session& session, std::size_t membership,
                     bool others_know = false);
/// Ends the membership of a peer that did not ask for it, after `farewell`, and delivers the mail.
/// On the loop that `where` names. Returns false when it is no member any more.
bool remove_member(Node& node, SessionRef where, const std::string& name, const FrameRef& farewell);

/// Lets the sessions of members go whose room has ended, each on its own loop. Their peers have
/// been told. Any loop, and any thread.
void drop_closed(Node& node, std::span<const ClosedMember> members);

/// Tells an event of a peer: its fingerprint and alias. `more`: further members of the JSON object,
/// each after a comma. Whoever calls it has seen that the kind is wanted.
void tell_event(Node& node, const Session& session, EventKind kind, std::string_view more = {});

/// Ends all memberships, silently: the peer is a member by another node.
void release_memberships(Node& node, Session& session);

enum class Ending : std::uint8_t { kGone, kReplaced };
/// Ends all that a peer is part of: tickets, memberships, alias, registration; the mail is
/// delivered. Once: later calls find nothing to end. Returns what a replacement takes over; its
/// seat only when `ending` is kReplaced. Its transport is the caller's business.
Inheritance end_session(Node& node, Session& session, Ending ending);

}  // namespace peer
