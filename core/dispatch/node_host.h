#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <peer/sdk/broker.h>

#include "core/server/node.h"

namespace peer {

/// What other nodes have to say to this one, brought by the broker plugin: each call becomes mail
/// or a task of a loop. sdk/include/peer/sdk/broker.h says what each call means.
///
/// Thread-safe: the broker calls it on threads of its own. Nothing waits here, and no exception
/// comes out: it is logged, and that piece of news is lost. A name that no member here has is
/// passed over. Texts may have been written by anybody who can write to what the nodes share.
class NodeHost final : public sdk::BrokerHost {
 public:
  explicit NodeHost(Node& node) : node_(node) {}  // `node` must outlive the host

  /// 16 hex digits, random, new with each start of the process.
  [[nodiscard]] std::string_view node_id() const override { return node_.node_id; }
  void log_warning(std::string_view text) noexcept override;
  /// Returns at once: kDelivered means that the frame is in the mailbox of the target's loop.
  sdk::RouteOutcome deliver(const sdk::DirectedMessage& message) noexcept override;
  /// Returns the number of members here whose loops get the frame. Some may still drop it.
  std::size_t deliver(const sdk::NamespaceMessage& message) noexcept override;
  /// The peer has registered with another node: its session here ends, with close code 4001.
  void replaced(const sdk::Registered& peer) noexcept override;
  /// Frames for the members here are posted before this returns.
  void member_joined(std::string_view ns, const Fingerprint& peer,
                     std::string_view object) noexcept override;
  void member_left(std::string_view ns, const Fingerprint& peer) noexcept override;
  /// The members here get the posts as they came, before this returns.
  void room_changed(const sdk::RoomNews& news) noexcept override;
  void kicked(std::string_view room_id, const Fingerprint& target,
              const Fingerprint& by) noexcept override;
  void room_closed(std::string_view room_id, const sdk::Registered& peer) noexcept override;
  /// No peer of this node is concerned, so the room's home loop does it.
  void member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept override;
  void alias_lost(const sdk::Registered& registered) noexcept override;
  /// For the members that have joined alone (Member::alone).
  void members_known(std::string_view ns,
                     std::span<const sdk::MemberEntry> elsewhere) noexcept override;
  void ticket_waits(std::string_view ns, sdk::TicketId ticket) noexcept override;
  void ticket_told(std::string_view ns, sdk::TicketId ticket,
                   std::string_view word) noexcept override;
  void matched_teams(const sdk::MatchNews& match, std::string_view teams) noexcept override;
  /// The calls about tickets become tasks of the namespace's home loop, or of the peer's.
  void ticket_added(std::string_view ns, const sdk::SharedTicket& ticket) noexcept override;
  void ticket_removed(std::string_view ns, sdk::TicketId ticket) noexcept override;
  void matching_moved(std::string_view ns) noexcept override;
  void matched(const sdk::MatchNews& match) noexcept override;
  /// As throw_out(): on every loop, so that one that is just registering is found too.
  void revoked(const Fingerprint& peer, std::string_view message) noexcept override;
  void member_left_told(std::string_view ns, const Fingerprint& peer,
                        std::span<const Fingerprint> told) noexcept override;
  /// The first number of the text says whose it is: sessions on the move, dialects, or the APIs.
  void node_says(std::string_view node, std::string_view text) noexcept override;
  void peer_taken(const sdk::Registered& peer, std::shared_ptr<void> hold) noexcept override;
  void peers_parked() noexcept override;
  void member_away(std::string_view ns, const Fingerprint& peer, bool away,
                   std::span<const Fingerprint> told) noexcept override;
  void member_updated(std::string_view ns, const Fingerprint& peer, std::string_view text,
                      std::span<const Fingerprint> told) noexcept override;
  void update_watched(std::string_view ns, const sdk::Registered& peer, std::string_view before,
                      std::string_view after) noexcept override;
  void member_moved(std::string_view ns, const Fingerprint& peer, bool here,
                    const sdk::RoomState* room) noexcept override;

 private:
  sdk::RouteOutcome deliver_to_peer(const sdk::DirectedMessage& message);
  std::size_t deliver_to_members(const sdk::NamespaceMessage& message);

  Node& node_;
};

}  // namespace peer
