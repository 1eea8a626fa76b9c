#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker_host.h>
#include <peer/sdk/broker_types.h>

namespace peer::sdk {

/// Carries messages and shared state between nodes. Plugin kind `broker`, file
/// `broker_<name>.so`.
///
/// The core owns the truth about its own peers; a broker adds what is elsewhere, and is the
/// authority over what is shared. A message that finds its target on this node never reaches the
/// broker. A broker that cannot know (its cluster is out of reach) says so at once, and the core
/// goes on by its own truth; the broker remembers what it was told, and makes it known later.
/// Unless overridden, functions answer so: nobody is elsewhere, the node's own truth counts.
///
/// Threading: all calls but start() and stop() come from loop threads, several at a time, and
/// must not block: what takes time goes to a thread of the broker's own. No lock of the core's is
/// held: the host may be called back. While an operation with a reply is under way the core holds
/// back the further messages of the peer that asked (but for route(), whose sender goes on), so
/// that its order is as if synchronous.
/// Errors: an exception counts as "cannot know" and is logged with the plugin's name.
class Broker {
 public:
  static constexpr const char* kKind = "broker";
  static constexpr std::uint32_t kApiVersion = 4;

  virtual ~Broker() = default;

  /// Main thread, once, before the server listens. `host` outlives stop().
  virtual void start(BrokerHost& host) = 0;
  /// Main thread, once, after the last peer has gone: no reply and no call to the host after it.
  /// Peers and members that are left then have gone with the node.
  virtual void stop() = 0;

  /// True when there never are other nodes: then of all that follows only status() is called.
  /// Asked once, before start().
  [[nodiscard]] virtual bool standalone() const { return false; }
  /// Any thread.
  [[nodiscard]] virtual BrokerStatus status() const { return {}; }

  // Peers.

  /// A peer of this node registers under `alias`. An older registration of it, on this node or
  /// another, has ended or ends.
  virtual void register_peer(const Registered& peer, std::string_view alias,
                             BrokerReply<RegisterOutcome> reply) {
    (void)peer, (void)alias;
    reply({});
  }
  virtual void unregister_peer(const Registered& peer) { (void)peer; }
  /// Whom aliases mean that nobody of this node holds. At most 1000 (`max_exclude`).
  virtual void resolve(std::span<const std::string_view> aliases,
                       BrokerReply<ResolveOutcome> reply) {
    reply({true, std::vector<std::optional<Fingerprint>>(aliases.size())});
  }

  // Messages.

  /// The target is not on this node. The answer may come any time within the core's deadline;
  /// without `wants_outcome` only kNotFound and kForbidden need one.
  virtual void route(const DirectedMessage& message, BrokerReply<RouteOutcome> reply) {
    (void)message;
    reply(RouteOutcome::kNotFound);
  }
  /// To the members on other nodes. Returns the copies handed over.
  virtual std::size_t broadcast(const NamespaceMessage& message) {
    (void)message;
    return 0;
  }

  // Namespaces.

  /// A peer of this node is about to join a namespace or a room, or to create a room.
  virtual void join(const JoinRequest& request, BrokerReply<JoinOutcome> reply) {
    (void)request;
    reply({});
  }
  /// It has left, or its join came to nothing. The core may say so of a registration that has gone
  /// over (BrokerHost::peer_taken), before it hears of that: the members here have been told then.
  virtual void leave(std::string_view ns, const Registered& peer) { (void)ns, (void)peer; }
  /// Others see another object of a member from now on; nobody is told.
  virtual void update(std::string_view ns, const Registered& peer, std::string_view object) {
    (void)ns, (void)peer, (void)object;
  }
  /// Members after `after` where that is one of them, else from the first; nullopt: cannot know.
  virtual void list(std::string_view ns, const std::optional<Fingerprint>& after,
                    std::uint32_t limit, BrokerReply<std::optional<MemberPage>> reply) {
    (void)ns, (void)after, (void)limit;
    reply(std::nullopt);
  }

  // Rooms: read, ask the policy, commit if the room is still what was read.

  /// The room with its members on all nodes.
  virtual void read_room(std::string_view room_id, BrokerReply<RoomReading> reply) {
    (void)room_id;
    reply({});
  }
  /// Makes the change if the room is still at `commit.version`, and tells all its nodes
  /// (BrokerHost::room_changed), this one before the reply; else changes nothing, and says why.
  virtual void commit_room(std::string_view room_id, const RoomCommit& commit,
                           BrokerReply<CommitOutcome> reply) {
    (void)room_id, (void)commit;
    reply({});
  }

  // Matching. One node makes the matches of a namespace (BrokerHost::ticket_added); it is the
  // claim that counts, so two that think they are that node match no ticket twice.

  /// A peer of this node asks for a match; `replaces`: its earlier ticket ends. The peer hears
  /// whether it waits by BrokerHost::matched or ticket_waits, or when the core's deadline has
  /// passed (2 s). Returns false when tickets are not shared: then the core matches them here.
  ///
  /// Since revision 6 a ticket may replace itself: its peer has asked for the same once more, and
  /// hears again whether it waits. The node that makes the matches is told of it as it stands
  /// (BrokerHost::ticket_added), where it is still there; one that has ended is not added anew.
  virtual bool add_ticket(std::string_view ns, const SharedTicket& ticket,
                          std::optional<TicketId> replaces) {
    (void)ns, (void)ticket, (void)replaces;
    return false;
  }
  /// A ticket that the host was told of (BrokerHost::ticket_added), of a peer of another node, has
  /// been looked at and waits.
  virtual void ticket_waits(std::string_view ns, TicketId ticket) { (void)ns, (void)ticket; }
  /// A peer of this node gives up, or leaves: ends the ticket, unless a claim was quicker.
  virtual void remove_ticket(std::string_view ns, TicketId ticket, BrokerReply<TicketEnd> reply) {
    (void)ns, (void)ticket;
    reply(TicketEnd::kUnavailable);
  }
  /// Takes all these tickets, if all are there and their nodes alive, and tells their nodes
  /// (BrokerHost::matched), this one too; else takes none.
  virtual void claim(std::string_view ns, std::string_view session_id,
                     std::span<const TicketId> tickets, BrokerReply<ClaimOutcome> reply) {
    (void)ns, (void)session_id, (void)tickets;
    reply({});
  }

  // Since revision 2.

  /// As register_peer(), of a peer that has proved to hold its key. While it is registered, nobody
  /// on any node registers that fingerprint by register_peer(): RegisterOutcome::proof_required.
  virtual void register_proved(const Registered& peer, std::string_view alias,
                               BrokerReply<RegisterOutcome> reply) {
    register_peer(peer, alias, std::move(reply));
  }
  /// Tells the other nodes that the peer is thrown out, wherever it is: BrokerHost::revoked().
  virtual void revoke(const Fingerprint& peer, std::string_view message) {
    (void)peer, (void)message;
  }
  /// As ticket_waits(), with a word of the core for the core of that node: at most 1 KiB, UTF-8.
  virtual void tell_ticket(std::string_view ns, TicketId ticket, std::string_view word) {
    (void)word;
    ticket_waits(ns, ticket);
  }
  /// As claim(), of a group with teams: a JSON text for the core of each node
  /// (BrokerHost::matched_teams).
  virtual void claim_teams(std::string_view ns, std::string_view session_id,
                           std::span<const TicketId> tickets, std::string_view teams,
                           BrokerReply<ClaimOutcome> reply) {
    (void)teams;
    claim(ns, session_id, tickets, std::move(reply));
  }

  // Since revision 5. Sessions move: a client that resumes its session at this node takes it away
  // from the node that has it. What the two cores say to each other is opaque to the broker.

  /// By these tokens, three at most, any node finds the session of a peer of this node
  /// (ask_session), as long as this registration lasts; earlier ones lead nowhere. The answer is
  /// whether that is so already: the client gets a new token behind it.
  virtual void set_session_tokens(const Registered& peer, std::span<const SessionToken> tokens,
                                  BrokerReply<bool> reply) {
    (void)peer, (void)tokens;
    reply(false);
  }
  /// Has the node that the token leads to hear `text` (BrokerHost::node_says).
  virtual void ask_session(const SessionToken& token, std::string_view text,
                           BrokerReply<SessionSearch> reply) {
    (void)token, (void)text;
    reply(SessionSearch::kNone);
  }
  /// Has the core of that node hear `text`, some MiB at most, behind what it was told before. It is
  /// lost where that node cannot be reached.
  virtual void tell_node(std::string_view node, std::string_view text) { (void)node, (void)text; }
  /// A registration of another node goes over to this one in one step, with its alias, its tokens
  /// and its memberships in their places. The other node hears of it (BrokerHost::peer_taken), and
  /// nobody else does. Whatever is told to a namespace reaches the peer there before, and here
  /// after.
  virtual void take_peer(const PeerTake& take, BrokerReply<TakeOutcome> reply) {
    (void)take;
    reply({});
  }
  /// As leave(); `told` are members on their way from or to this node, which know of it already:
  /// BrokerHost::member_left_told().
  virtual void leave_told(std::string_view ns, const Registered& peer,
                          std::span<const Fingerprint> told) {
    (void)told;
    leave(ns, peer);
  }

  // Since revision 6.

  /// The other nodes that live, as far as is known now, by the names that tell_node() takes; none
  /// while that cannot be known. Any thread.
  [[nodiscard]] virtual std::vector<std::string> nodes() const { return {}; }

  /// Public rooms (RoomCommit::listed) behind the place `after`, `limit` at most, and no more than
  /// have 256 KiB of state together, or the first one alone; nullopt: cannot know.
  virtual void list_rooms(std::uint64_t after, std::uint32_t limit,
                          BrokerReply<std::optional<RoomPage>> reply) {
    (void)after, (void)limit;
    reply(std::nullopt);
  }
  /// Answers, within 2 s, when nothing waits here any more that the peer has sent, and no broadcast
  /// of anybody: what another node sends for the peer from then on comes behind. False: it cannot
  /// be known.
  virtual void await_sent(const Fingerprint& peer, BrokerReply<bool> reply) {
    (void)peer;
    reply(true);
  }

  // A node that stops hands over its sessions, or leaves them to whichever node comes.

  /// Has the core of one other node that lives hear `text`; `number` chooses among them, and the
  /// next number another one if there is one. kNone: there is no other node.
  virtual void ask_any_node(std::uint64_t number, std::string_view text,
                            BrokerReply<SessionSearch> reply) {
    (void)number, (void)text;
    reply(SessionSearch::kUnavailable);
  }
  /// A registration of this node is no node's from now on, but stays, with its alias, its tokens
  /// and its memberships in their places: one step, as take_peer(). Nobody is told. The core gives
  /// what it has of the session by keep_parked() then.
  virtual void park_peer(const Registered& peer, BrokerReply<ParkOutcome> reply) {
    (void)peer;
    reply({});
  }
  /// Keeps `record`, some MiB at most, with a parked registration for so long; then it ends with
  /// all that hangs on it, once, by whichever node notices. False: it is not kept.
  virtual void keep_parked(const Registered& peer, std::string_view record,
                           std::chrono::milliseconds time, BrokerReply<bool> reply) {
    (void)peer, (void)record, (void)time;
    reply(false);
  }
  /// A parked session with its record, for this node to take_peer(); for some seconds no other node
  /// is offered it.
  virtual void next_parked(BrokerReply<ParkedSession> reply) { reply({}); }

  // Since revision 7.

  /// As register_peer(), of a peer that only who has the same secret replaces, on whichever node: a
  /// registration of the fingerprint with another one, or with none, is refused
  /// (RegisterOutcome::proof_required). The secret is a hash, and no client's word.
  virtual void register_owned(const Registered& peer, std::string_view alias,
                              const Fingerprint& secret, BrokerReply<RegisterOutcome> reply) {
    (void)secret;
    register_peer(peer, alias, std::move(reply));
  }

  // Members that watch others hear of those of other nodes, too; nothing is told
  // to a node none of whose members watches that.

  /// A member wants to hear this from now on: what list_away() answers is from behind that.
  virtual void watch(std::string_view ns, const Registered& peer, Watches watches) {
    (void)ns, (void)peer, (void)watches;
  }
  /// As list(), with MemberEntry::away.
  virtual void list_away(std::string_view ns, const std::optional<Fingerprint>& after,
                         std::uint32_t limit, BrokerReply<std::optional<MemberPage>> reply) {
    list(ns, after, limit, std::move(reply));
  }
  /// The session of a peer of this node is away, or back. Who lists its namespaces sees it, and the
  /// other nodes are told of its memberships in `news`: BrokerHost::member_away(). Where they could
  /// not be told now they are when they can.
  virtual void set_away(const Registered& peer, bool away, std::span<const AwayNews> news) {
    (void)peer, (void)away, (void)news;
  }
  /// Has the nodes whose members watch `meta` hear of a member's: BrokerHost::member_updated(),
  /// behind its join and before its end. `told` know already.
  virtual void tell_update(std::string_view ns, const Registered& peer, std::string_view text,
                           std::span<const Fingerprint> told) {
    (void)ns, (void)peer, (void)text, (void)told;
  }
};

}  // namespace peer::sdk
