#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <peer/sdk/broker.h>

#include "core/dispatch/node.h"

namespace peer {

/// What other nodes have to say to this one, brought by the broker plugin: each call becomes mail
/// or a task of a loop. Thread-safe.
class NodeHost final : public sdk::BrokerHost {
 public:
  explicit NodeHost(Node& node) : node_(node) {}  // `node` must outlive the host

  [[nodiscard]] std::string_view node_id() const override { return node_.node_id; }
  void log_warning(std::string_view text) noexcept override;
  sdk::RouteOutcome deliver(const sdk::DirectedMessage& message) noexcept override;
  std::size_t deliver(const sdk::NamespaceMessage& message) noexcept override;
  void replaced(const sdk::Registered& peer) noexcept override;
  void member_joined(std::string_view ns, const Fingerprint& peer,
                     std::string_view object) noexcept override;
  void member_left(std::string_view ns, const Fingerprint& peer) noexcept override;
  void room_changed(const sdk::RoomNews& news) noexcept override;
  void kicked(std::string_view room_id, const Fingerprint& target,
              const Fingerprint& by) noexcept override;
  void room_closed(std::string_view room_id, const sdk::Registered& peer) noexcept override;
  void member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept override;
  void alias_lost(const sdk::Registered& registered) noexcept override;
  void members_known(std::string_view ns,
                     std::span<const sdk::MemberEntry> elsewhere) noexcept override;
  void ticket_waits(std::string_view ns, sdk::TicketId ticket) noexcept override;
  void ticket_added(std::string_view ns, const sdk::SharedTicket& ticket) noexcept override;
  void ticket_removed(std::string_view ns, sdk::TicketId ticket) noexcept override;
  void matching_moved(std::string_view ns) noexcept override;
  void matched(const sdk::MatchNews& match) noexcept override;

 private:
  sdk::RouteOutcome deliver_to_peer(const sdk::DirectedMessage& message);
  std::size_t deliver_to_members(const sdk::NamespaceMessage& message);

  Node& node_;
};

}  // namespace peer
