#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/types.h>

/// What the core and a broker (broker.h) tell each other. Views die with the call that they are
/// an argument of; strings are owned.
namespace peer::sdk {

/// Takes the answer to one operation: at most once, from any thread, during the call or later.
/// Does not throw. Answers that come after the core's deadline (2 s) are ignored, and the core has
/// gone on by its own truth.
template <typename Outcome>
using BrokerReply = std::function<void(Outcome)>;

// --- Peers and messages

/// One registration of a peer with this node. Numbers rise: who registers again has a higher one.
/// The end of an older registration, or of a membership of it, may be told after the beginning of
/// a newer one: a broker that removes compares both.
struct Registered {
  Fingerprint peer;
  std::uint64_t registration = 0;

  friend bool operator==(const Registered&, const Registered&) = default;
  friend auto operator<=>(const Registered&, const Registered&) = default;
};

/// The answer to register_peer().
struct RegisterOutcome {
  bool alias_taken = false;  ///< another node's peer holds the alias
  /// The peer and another connection of it, with another node, have replaced each other more often
  /// than docs/protocol.md, "Replacement", allows: nothing has been done, and the newcomer is
  /// closed (1013).
  bool too_often = false;
  /// What the nodes share has no room for another peer: nothing has been done, and the newcomer is
  /// refused (503 "cluster full", closed 1013).
  bool cluster_full = false;
  /// Since revision 2; what an older broker has there is not looked at. Who has this fingerprint on
  /// another node has proved to hold the key, and the newcomer has not: nothing has been done, and
  /// the newcomer is refused (401 "key proof required", closed 4003).
  bool proof_required = false;
};

/// The answer to resolve().
struct ResolveOutcome {
  bool known = false;                               ///< false: cannot know now
  std::vector<std::optional<Fingerprint>> holders;  ///< one for each alias; nullopt: nobody's
  /// Nodes of another kind may know the others: route() takes a message to such an alias.
  bool foreign = false;
};

/// A message for one peer.
struct DirectedMessage {
  Fingerprint from;
  Fingerprint to;
  /// The sender's namespaces: the target's node refuses a message that shares none.
  std::span<const std::string_view> namespaces;
  std::string_view text;  ///< the JSON that the target's client gets, verbatim
  /// The sender's request has an id: it hears of the outcome, of success too (docs/protocol.md,
  /// "C.1 Request ids").
  bool wants_outcome = false;
  /// To the host only: from a node of another kind, which does not tell `namespaces`.
  bool namespaces_unknown = false;
  /// To the host only: false: the core checks that `text` is JSON.
  bool is_checked = true;
  /// To the broker only: `to` is nobody; `text` names an alias (ResolveOutcome::foreign).
  bool to_alias = false;
};

/// A message for the members of one namespace.
struct NamespaceMessage {
  std::string_view ns;
  Fingerprint from;                      ///< does not get it
  std::span<const Fingerprint> exclude;  ///< do not get it either: members elsewhere, if at all
  std::string_view text;                 ///< the JSON that clients get, verbatim
  bool is_checked = true;                ///< to the host only: false: the core checks `text`
};

/// What became of a directed message.
enum class RouteOutcome {
  kDelivered,    ///< queued for the target, or handed to the node that has it
  kDropped,      ///< the target's queue is full, or the broker's: silent to the sender
  kNotFound,     ///< no such peer anywhere: the sender gets 404
  kForbidden,    ///< no shared namespace: the sender gets 403
  kUnavailable,  ///< cannot know now: silent, or 503 "cluster unavailable" to a request with `id`
};

// --- Namespaces

/// What a member wants to hear of the others of a namespace, beside that they come and go
/// (docs/protocol.md, "C.7 Presence"). Since revision 7.
struct Watches {
  bool meta = false;
  bool presence = false;

  friend bool operator==(const Watches&, const Watches&) = default;
};

/// One member of a namespace.
struct MemberEntry {
  Fingerprint peer;
  bool here = false;  ///< a peer of this node
  /// Since revision 7; what an older broker has there is not looked at. Its session is away: of
  /// members of other nodes, for who asks for it (JoinRequest::watches, Broker::list_away) and in
  /// BrokerHost::members_known().
  bool away = false;
  std::string object;  ///< what others see of it (docs/protocol.md, "Identity"), as JSON
};

/// Some members of a namespace, of all nodes, in the order in which they joined.
struct MemberPage {
  std::vector<MemberEntry> members;
  std::uint64_t total = 0;  ///< of the namespace, not only in `members`
  bool is_room = false;
};

// --- Rooms

/// What a room's policy decides on; `state` is opaque.
struct RoomState {
  Fingerprint owner;
  std::uint32_t max_size = 0;
  std::string state;

  friend bool operator==(const RoomState&, const RoomState&) = default;
};

/// A room as all nodes share it.
struct RoomRecord {
  RoomState room;
  /// Rises with each change that the policy can see: commits, and members that come or go.
  std::uint64_t version = 0;
  std::vector<Fingerprint> members;  ///< in the order in which they joined
};

/// The answer to read_room().
struct RoomReading {
  bool known = false;              ///< false: cannot know now; the node's own truth counts
  std::optional<RoomRecord> room;  ///< nullopt: there is no such room
};

/// A message of a room's policy for one member, or for all of them.
struct RoomPost {
  std::optional<Fingerprint> to;
  std::string text;  ///< the JSON that clients get, verbatim
};

/// A change of a room that its policy has decided on.
struct RoomCommit {
  std::uint64_t version = 0;  ///< that the decision is based on; 0: the room is to be created
  RoomState room;
  std::vector<RoomPost> posts;  ///< for after the change, in this order
  /// The member that is kicked with this change, and by whom. commit_room() only.
  std::optional<Fingerprint> kicked;
  Fingerprint by;
  /// Since revision 3; only brokers of that revision are told. The room ends with this change, and
  /// all memberships in it, on all nodes; these hear of it by RoomNews::closed. commit_room() only.
  bool closes = false;

  // Since revision 6; only brokers of that revision are told.

  /// Whether the room is public from now on (Broker::list_rooms). nullopt: it never is.
  std::optional<bool> listed{};
  /// So long the room lives on, joinable, when its last member has gone, but for as many rooms of
  /// all nodes as `most_empty`. 0: it ends with its last member.
  std::chrono::milliseconds keep_empty{0};
  std::uint32_t most_empty = 0;
};

enum class CommitStatus {
  kCommitted,
  kConflict,     ///< the room is at another version: nothing done
  kGone,         ///< there is no such room
  kNotMember,    ///< the kicked one is no member: nothing done
  kUnavailable,  ///< cannot know now; the node's own truth counts
};

/// The answer to commit_room().
struct CommitOutcome {
  CommitStatus status = CommitStatus::kUnavailable;
  std::uint64_t version = 0;  ///< kCommitted: of the room now
};

/// A change of a room, as it is told to the nodes.
struct RoomNews {
  std::string_view room_id;
  RoomState room;
  std::span<const RoomPost> posts;
  /// It was changed while this node was cut off: what was said then is lost, and the core tells
  /// members of another owner or size.
  bool missed = false;
  /// Since revision 3; what an older broker has there is not looked at. The room has ended: its
  /// members on this node are members no more. The core still tells Broker::leave() of each.
  bool closed = false;
};

/// A public room.
struct ListedRoom {
  std::string room_id;
  RoomState room;
  /// Rises with the time of creation; two rooms seldom have the same.
  std::uint64_t place = 0;
  std::uint32_t members = 0;
};

/// Some public rooms of all nodes, in the order of their places.
struct RoomPage {
  std::vector<ListedRoom> rooms;
  bool more = false;  ///< there may be others behind the last
};

/// A peer on its way into a namespace or a room.
struct JoinRequest {
  std::string_view ns;
  Registered peer;
  std::string_view object;           ///< what others see of it, as JSON
  std::uint32_t max_size = 0;        ///< of a namespace; a room's is for its policy to keep
  std::uint32_t page = 0;            ///< members that the answer may list
  const RoomCommit* room = nullptr;  ///< joins a room, or creates it (version 0), with this change
  /// Since revision 6. Nobody is told who comes into this namespace or room, and who leaves it: a
  /// broker need not tell the other nodes either (BrokerHost::member_joined, member_left), now or
  /// while it has members. Of the page only `total` is looked at.
  bool quiet = false;
  /// Since revision 7. As by Broker::watch(), from the place of the join on. Who watches `presence`
  /// is told which members of the page are away.
  Watches watches{};
};

enum class JoinStatus {
  kJoined,
  kFull,         ///< the namespace has max_size members already
  kIsRoom,       ///< without `room`: the name is that of a room
  kExists,       ///< to be created: a room, or a namespace with members, of that name exists
  kConflict,     ///< the room is at another version
  kGone,         ///< there is no such room
  kUnavailable,  ///< cannot know now: the core goes on by its own truth, and the peer may be in
  kClusterFull,  ///< what the nodes share has no room for it: the peer gets 503 "cluster full"
};

/// The answer to join(). Unless kJoined or kUnavailable, nothing has been done.
struct JoinOutcome {
  JoinStatus status = JoinStatus::kUnavailable;
  std::uint64_t version = 0;  ///< of the room, with this member
  MemberPage page;
  /// While it lives the host is told nothing more of this namespace, nor is another join of it
  /// answered: so that its members here see what follows behind this page. Let go on any thread,
  /// as soon as the core has entered the member, or given it up.
  std::shared_ptr<void> hold;
};

// --- Matching

/// A peer that waits for a match.
struct SharedTicket {
  TicketId id = 0;  ///< random; unique among the tickets of the namespace
  Registered owner;
  Instant enqueued;
  std::string request;  ///< payload of the `match` message, as JSON
};

/// The answer to remove_ticket().
enum class TicketEnd {
  kRemoved,
  kGone,         ///< it has been claimed, or never was: who claimed it tells
  kUnavailable,  ///< cannot know now; the node's own truth counts
};

/// The answer to claim().
struct ClaimOutcome {
  bool known = false;          ///< false: cannot know now; the node's own truth counts
  std::vector<TicketId> gone;  ///< empty: all have been taken, and their nodes are told
};

/// One of those who play together.
struct MatchedPeer {
  Fingerprint peer;
  TicketId ticket = 0;
  std::string object;  ///< what others see of it, as JSON; empty: no member any more
};

/// A match that has been made.
struct MatchNews {
  std::string_view ns;
  std::string_view session_id;  ///< 32 hex digits
  std::span<const MatchedPeer> peers;
};

// --- Sessions that move from one node to another

/// The SHA-256 of a token that a client may resume its session with. Tokens themselves never leave
/// their node.
using SessionToken = Fingerprint;

/// The answer to ask_session().
enum class SessionSearch {
  kAsked,        ///< the node that has the session has been asked, and answers by tell_node()
  kNone,         ///< there is no such session, or its node has died
  kUnavailable,  ///< cannot know now
  kParked,       ///< no node has it, and any may take it: Broker::next_parked()
};

/// A session that no node has: its node has stopped (Broker::park_peer).
struct ParkedSession {
  bool found = false;
  Registered peer;
  std::string node;                   ///< for PeerTake::node
  std::string record;                 ///< what Broker::keep_parked() was given
  std::chrono::milliseconds left{0};  ///< of the time that it was given
};

/// What a peer watches, and where.
struct WatchedNamespace {
  std::string_view ns;
  Watches watches;
};

/// A registration that is to go over to this node.
struct PeerTake {
  Registered peer;           ///< as the node that has it knows it
  std::string_view node;     ///< which one that is
  std::uint64_t number = 0;  ///< Registered::registration of it here
  bool proved = false;       ///< the peer has proved to hold its key
  /// The client has left another connection behind: that counts as a replacement.
  bool takes_over = false;
  /// Since revision 7. As by Broker::watch(), from the step on.
  std::span<const WatchedNamespace> watches{};
};

/// One membership of a peer that has gone over.
struct TakenMembership {
  std::string ns;
  std::optional<RoomState> room;  ///< of a room
};

enum class TakeStatus {
  kTaken,
  kGone,         ///< the other node does not have this registration any more: nothing done
  kTooOften,     ///< RegisterOutcome::too_often: nothing done
  kUnavailable,  ///< cannot know now whether it has been done
};

/// The answer to park_peer().
struct ParkOutcome {
  bool parked = false;  ///< false: nothing done, or that cannot be known
  /// As TakeOutcome::hold: what was told before concerned the peer on this node.
  std::shared_ptr<void> hold;
};

/// The answer to take_peer().
struct TakeOutcome {
  TakeStatus status = TakeStatus::kUnavailable;
  bool holds_alias = false;
  std::vector<TakenMembership> memberships;
  /// Of a parked one: what its namespaces were told while no node had it, and nobody has kept.
  std::uint64_t missed = 0;
  /// As JoinOutcome::hold, of all namespaces: what was told before concerned the peer on the other
  /// node, what is told when this has been let go concerns it here.
  std::shared_ptr<void> hold;
};

/// A peer's membership, as it is told to those on other nodes who watch `presence`.
struct AwayNews {
  std::string_view ns;
  /// Members on their way from or to this node, which know already.
  std::span<const Fingerprint> told;
};

// --- Visibility

/// How a broker fares, for /stats, /ready and metrics.
struct BrokerStatus {
  enum class State {
    kStandalone,  ///< there never are other nodes
    kConnected,
    kDegraded,   ///< the other nodes cannot be reached; this one works on its own
    kResyncing,  ///< they can again; what is shared is being put right
  };
  State state = State::kConnected;
  /// false: /ready answers 503, because in this `state` the plugin does not count itself as ready.
  bool ready = true;
  std::uint32_t nodes = 1;  ///< alive, this one included
  /// Since revision 7; what an older broker has there is not looked at. What is shared is in
  /// several parts, and so many of them are out of reach; 0 where it is in one, which `state`
  /// tells.
  std::uint32_t parts_away = 0;
  std::chrono::microseconds latency{0};  ///< of the latest round trip
  std::uint64_t dropped = 0;             ///< messages given up since the start
  std::uint64_t queued_messages = 0;     ///< waiting to be sent
  std::uint64_t queued_bytes = 0;
  std::uint64_t pending = 0;  ///< operations that wait for their answer
};

}  // namespace peer::sdk
