#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <peer/sdk/broker_types.h>

namespace peer::sdk {

/// What the core offers a broker. Thread-safe, does not throw, never blocks; lives until
/// Broker::stop() has returned. Calls of one thread take effect in their order; what concerns one
/// namespace must come in one order, so from one thread at a time.
class BrokerHost {
 public:
  virtual ~BrokerHost() = default;
  [[nodiscard]] virtual std::string_view node_id() const = 0;
  /// Writes one line to the server's log under the plugin's name.
  virtual void log_warning(std::string_view text) noexcept = 0;

  /// Delivers to a peer of this node, after checking the shared namespace.
  virtual RouteOutcome deliver(const DirectedMessage& message) noexcept = 0;
  /// Delivers to this node's members of a namespace. Returns how many copies were queued.
  virtual std::size_t deliver(const NamespaceMessage& message) noexcept = 0;

  /// The peer has registered with another node: this registration of it, the last that the broker
  /// was told of, ends (close 4001).
  virtual void replaced(const Registered& peer) noexcept = 0;
  /// Another peer of the cluster holds this one's alias, from while the nodes could not reach each
  /// other: it does not lead here any more.
  virtual void alias_lost(const Registered& peer) noexcept = 0;

  /// A peer of another node has joined or left: tells this node's members. What this node's own
  /// peers do they have been told by the core.
  virtual void member_joined(std::string_view ns, const Fingerprint& peer,
                             std::string_view object) noexcept = 0;
  virtual void member_left(std::string_view ns, const Fingerprint& peer) noexcept = 0;
  /// What the broker knows of a namespace is whole again: `elsewhere` are its members on other
  /// nodes (empty: too many to tell). Those who joined while that could not be known (JoinStatus::
  /// kUnavailable) are told of these, and from now on, as the others are, of who joins and leaves.
  virtual void members_known(std::string_view ns,
                             std::span<const MemberEntry> elsewhere) noexcept = 0;

  /// A room has been changed, by this node's commit_room() or by another node: told to every node
  /// with members, in the order of the commits, and to the committing node before its reply.
  virtual void room_changed(const RoomNews& news) noexcept = 0;
  /// A member of a room, a peer of this node, is kicked: removed from what is shared already.
  virtual void kicked(std::string_view room_id, const Fingerprint& target,
                      const Fingerprint& by) noexcept = 0;
  /// The name is a room with another owner by now, or a namespace where it was a room, from while
  /// the nodes could not reach each other: the peer, of this node, is a member no more, and told so
  /// (`room_closed`). The broker has removed it already.
  virtual void room_closed(std::string_view room_id, const Registered& peer) noexcept = 0;
  /// A member of a room went, and no policy was asked but for a node on its own: one node asks the
  /// room's policy who succeeds it.
  virtual void member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept = 0;

  /// This node makes the matches of a namespace, and here is a ticket of it: each that waits when
  /// it becomes this node's business, oldest first, then each new one. Known ones are ignored.
  virtual void ticket_added(std::string_view ns, const SharedTicket& ticket) noexcept = 0;
  /// One of these ended, but not by this node's claim().
  virtual void ticket_removed(std::string_view ns, TicketId ticket) noexcept = 0;
  /// A ticket of this node's peer has been looked at where the matches are made, and it waits.
  virtual void ticket_waits(std::string_view ns, TicketId ticket) noexcept = 0;
  /// Another node makes the matches of the namespace from now on.
  virtual void matching_moved(std::string_view ns) noexcept = 0;
  /// Tickets, of which some are this node's peers', were claimed: tells those.
  virtual void matched(const MatchNews& match) noexcept = 0;

  // Since revision 2.

  /// An auth plugin of another node throws a peer out (Broker::revoke()): if it is here, it ends.
  virtual void revoked(const Fingerprint& peer, std::string_view message) noexcept = 0;
  /// As ticket_waits(), with what the node that makes the matches says of the ticket
  /// (Broker::tell_ticket); it may have ended it.
  virtual void ticket_told(std::string_view ns, TicketId ticket, std::string_view word) noexcept {
    (void)word;
    ticket_waits(ns, ticket);
  }
  /// As matched(), with the teams of Broker::claim_teams().
  virtual void matched_teams(const MatchNews& match, std::string_view teams) noexcept {
    (void)teams;
    matched(match);
  }

  // Since revision 5.

  /// As member_left(), but these members of it know already.
  virtual void member_left_told(std::string_view ns, const Fingerprint& peer,
                                std::span<const Fingerprint> told) noexcept {
    (void)told;
    member_left(ns, peer);
  }
  /// The core of another node says this (Broker::ask_session, tell_node).
  virtual void node_says(std::string_view node, std::string_view text) noexcept {
    (void)node, (void)text;
  }
  /// A registration of this node has gone over to another one (Broker::take_peer), and is none of
  /// this node's any more. While `hold` lives the host is told nothing more; what it was told
  /// before concerned the peer here.
  virtual void peer_taken(const Registered& peer, std::shared_ptr<void> hold) noexcept {
    (void)hold;
    replaced(peer);
  }

  // Since revision 6.

  /// Some nodes have stopped, and their sessions may be taken (Broker::next_parked). Said again
  /// from time to time while there are such.
  virtual void peers_parked() noexcept {}

  // Since revision 7.

  /// A member of another node is away, or back (Broker::set_away): tells the members here who watch
  /// `presence`, but not those in `told`.
  virtual void member_away(std::string_view ns, const Fingerprint& peer, bool away,
                           std::span<const Fingerprint> told) noexcept {
    (void)ns, (void)peer, (void)away, (void)told;
  }
  /// The meta of a member of another node has changed (Broker::tell_update): `text`, the JSON that
  /// clients get, for the members here who watch `meta`, but not for those in `told`.
  virtual void member_updated(std::string_view ns, const Fingerprint& peer, std::string_view text,
                              std::span<const Fingerprint> told) noexcept {
    (void)ns, (void)peer, (void)text, (void)told;
  }
  /// Members on other nodes watch the meta of a member of this one, whose object was `before`, and
  /// is `after` since a Broker::update(): the core tells them what has changed by
  /// Broker::tell_update().
  virtual void update_watched(std::string_view ns, const Registered& peer, std::string_view before,
                              std::string_view after) noexcept {
    (void)ns, (void)peer, (void)before, (void)after;
  }
  /// Where what is shared is told in several streams, a peer that goes over has a place in each.
  /// What is told to this namespace from now on is for it at the other node, or here, where `room`
  /// is the room's state; when all its namespaces have been said, peer_taken() or the answer to
  /// take_peer() follows. A broker with one stream says nothing of this.
  virtual void member_moved(std::string_view ns, const Fingerprint& peer, bool here,
                            const RoomState* room) noexcept {
    (void)ns, (void)peer, (void)here, (void)room;
  }
};

}  // namespace peer::sdk
