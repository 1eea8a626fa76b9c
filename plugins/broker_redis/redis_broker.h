#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <peer/sdk/broker.h>

#include "cluster_node.h"
#include "event_loop.h"
#include "options.h"
#include "shared_state.h"

namespace peer_redis {

/// The broker as the core sees it: hands everything to the plugin's own thread (ClusterNode), and
/// bounds what waits for it. Thread-safe as Broker says.
class RedisBroker final : public peer::sdk::Broker {
 public:
  template <typename Outcome>
  using ReplyTo = peer::sdk::BrokerReply<Outcome>;

  explicit RedisBroker(Options options) : options_(std::move(options)) {}

  void start(peer::sdk::BrokerHost& host) override;
  void stop() override;
  [[nodiscard]] peer::sdk::BrokerStatus status() const override;

  void register_peer(const Registered& peer, std::string_view alias,
                     ReplyTo<peer::sdk::RegisterOutcome> reply) override;
  void unregister_peer(const Registered& peer) override;
  void resolve(std::span<const std::string_view> aliases,
               ReplyTo<peer::sdk::ResolveOutcome> reply) override;

  void route(const peer::sdk::DirectedMessage& message,
             ReplyTo<peer::sdk::RouteOutcome> reply) override;
  std::size_t broadcast(const peer::sdk::NamespaceMessage& message) override;

  void join(const peer::sdk::JoinRequest& request, ReplyTo<peer::sdk::JoinOutcome> reply) override;
  void leave(std::string_view ns, const Registered& peer) override;
  void update(std::string_view ns, const Registered& peer, std::string_view object) override;
  void list(std::string_view ns, const std::optional<Fingerprint>& after, std::uint32_t limit,
            ReplyTo<std::optional<peer::sdk::MemberPage>> reply) override;

  void read_room(std::string_view room_id, ReplyTo<peer::sdk::RoomReading> reply) override;
  void commit_room(std::string_view room_id, const peer::sdk::RoomCommit& commit,
                   ReplyTo<peer::sdk::CommitOutcome> reply) override;

  bool add_ticket(std::string_view ns, const peer::sdk::SharedTicket& ticket,
                  std::optional<peer::sdk::TicketId> replaces) override;
  void ticket_waits(std::string_view ns, peer::sdk::TicketId ticket) override;
  void remove_ticket(std::string_view ns, peer::sdk::TicketId ticket,
                     ReplyTo<peer::sdk::TicketEnd> reply) override;
  void claim(std::string_view ns, std::string_view session_id,
             std::span<const peer::sdk::TicketId> tickets,
             ReplyTo<peer::sdk::ClaimOutcome> reply) override;

 private:
  /// False: the plugin's thread has too much to do already.
  bool post_message(std::size_t size, Task task);

  const Options options_;
  SharedState shared_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ClusterNode> node_;
};

}  // namespace peer_redis
