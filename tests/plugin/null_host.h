#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

namespace peer::test {

/// A core without peers. Remembers the last warning.
class NullHost : public sdk::BrokerHost {
 public:
  std::string_view node_id() const override { return "n1"; }
  void log_warning(std::string_view text) noexcept override { warning = text; }
  sdk::RouteOutcome deliver(const sdk::DirectedMessage&) noexcept override {
    return sdk::RouteOutcome::kNotFound;
  }
  std::size_t deliver(const sdk::NamespaceMessage&) noexcept override { return 0; }
  void replaced(const sdk::Registered&) noexcept override {}
  void member_joined(std::string_view, const sdk::Fingerprint&,
                     std::string_view) noexcept override {}
  void member_left(std::string_view, const sdk::Fingerprint&) noexcept override {}
  void room_changed(const sdk::RoomNews&) noexcept override {}
  void kicked(std::string_view, const sdk::Fingerprint&,
              const sdk::Fingerprint&) noexcept override {}
  void room_closed(std::string_view, const sdk::Registered&) noexcept override {}
  void member_reaped(std::string_view, const sdk::Fingerprint&) noexcept override {}
  void alias_lost(const sdk::Registered&) noexcept override {}
  void members_known(std::string_view, std::span<const sdk::MemberEntry>) noexcept override {}
  void ticket_waits(std::string_view, sdk::TicketId) noexcept override {}
  void ticket_added(std::string_view, const sdk::SharedTicket&) noexcept override {}
  void ticket_removed(std::string_view, sdk::TicketId) noexcept override {}
  void matching_moved(std::string_view) noexcept override {}
  void matched(const sdk::MatchNews&) noexcept override {}
  void revoked(const sdk::Fingerprint&, std::string_view) noexcept override {}

  std::string warning;
};

}  // namespace peer::test
