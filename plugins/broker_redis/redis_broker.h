#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>

#include "cluster_node.h"
#include "kit.h"
#include "options.h"

namespace peer_redis {

/// The broker as the core sees it: hands everything to the plugin's own thread (ClusterNode), and
/// bounds what waits for it. Thread-safe as Broker says.
class RedisBroker final : public peer::sdk::Broker {
 public:
  /// `host` outlives it.
  RedisBroker(Options options, peer::sdk::PluginHost& host)
      : options_(std::move(options)), plugin_host_(host) {}

  /// Returns at once; the link to Redis is built on the plugin's thread.
  void start(peer::sdk::BrokerHost& host) override;
  /// Says goodbye to the other nodes, for 800 ms at most, and ends the thread.
  void stop() override;
  /// For /stats and /metrics. Any thread; figures of the last round of the plugin's thread.
  [[nodiscard]] peer::sdk::BrokerStatus status() const override;

  /// All calls below return at once. Replies come on the plugin's thread.
  void register_peer(const Registered& peer, std::string_view alias,
                     ReplyTo<peer::sdk::RegisterOutcome> reply) override;
  void register_proved(const peer::sdk::Registered& peer, std::string_view alias,
                       ReplyTo<peer::sdk::RegisterOutcome> reply) override;
  void register_owned(const peer::sdk::Registered& peer, std::string_view alias,
                      const peer::sdk::Fingerprint& secret,
                      ReplyTo<peer::sdk::RegisterOutcome> reply) override;
  void revoke(const peer::sdk::Fingerprint& peer, std::string_view message) override;
  void unregister_peer(const Registered& peer) override;
  void resolve(std::span<const std::string_view> aliases,
               ReplyTo<peer::sdk::ResolveOutcome> reply) override;

  void route(const peer::sdk::DirectedMessage& message,
             ReplyTo<peer::sdk::RouteOutcome> reply) override;
  /// Returns the members elsewhere, as last known: nobody waits for Redis.
  std::size_t broadcast(const peer::sdk::NamespaceMessage& message) override;

  void join(const peer::sdk::JoinRequest& request, ReplyTo<peer::sdk::JoinOutcome> reply) override;
  void leave(std::string_view ns, const Registered& peer) override;
  void update(std::string_view ns, const Registered& peer, std::string_view object) override;
  void list(std::string_view ns, const std::optional<Fingerprint>& after, std::uint32_t limit,
            ReplyTo<std::optional<peer::sdk::MemberPage>> reply) override;

  void read_room(std::string_view room_id, ReplyTo<peer::sdk::RoomReading> reply) override;
  void commit_room(std::string_view room_id, const peer::sdk::RoomCommit& commit,
                   ReplyTo<peer::sdk::CommitOutcome> reply) override;

  /// Always true: while Redis is away the plugin hands the ticket back (BrokerHost::ticket_added).
  void list_rooms(std::uint64_t after, std::uint32_t limit,
                  ReplyTo<std::optional<peer::sdk::RoomPage>> reply) override;
  bool add_ticket(std::string_view ns, const peer::sdk::SharedTicket& ticket,
                  std::optional<peer::sdk::TicketId> replaces) override;
  void ticket_waits(std::string_view ns, peer::sdk::TicketId ticket) override;
  void tell_ticket(std::string_view ns, peer::sdk::TicketId ticket, std::string_view word) override;
  void remove_ticket(std::string_view ns, peer::sdk::TicketId ticket,
                     ReplyTo<peer::sdk::TicketEnd> reply) override;
  void claim(std::string_view ns, std::string_view session_id,
             std::span<const peer::sdk::TicketId> tickets,
             ReplyTo<peer::sdk::ClaimOutcome> reply) override;
  void claim_teams(std::string_view ns, std::string_view session_id,
                   std::span<const peer::sdk::TicketId> tickets, std::string_view teams,
                   ReplyTo<peer::sdk::ClaimOutcome> reply) override;

  void set_session_tokens(const Registered& peer, std::span<const peer::sdk::SessionToken> tokens,
                          ReplyTo<bool> reply) override;
  void ask_session(const peer::sdk::SessionToken& token, std::string_view text,
                   ReplyTo<peer::sdk::SessionSearch> reply) override;
  void tell_node(std::string_view node, std::string_view text) override;
  [[nodiscard]] std::vector<std::string> nodes() const override {
    return node_ == nullptr ? std::vector<std::string>() : node_->others();
  }
  void take_peer(const peer::sdk::PeerTake& take, ReplyTo<peer::sdk::TakeOutcome> reply) override;
  void await_sent(const Fingerprint& peer, ReplyTo<bool> reply) override;
  void ask_any_node(std::uint64_t number, std::string_view text,
                    ReplyTo<peer::sdk::SessionSearch> reply) override;
  void park_peer(const Registered& peer, ReplyTo<peer::sdk::ParkOutcome> reply) override;
  void keep_parked(const Registered& peer, std::string_view record, std::chrono::milliseconds time,
                   ReplyTo<bool> reply) override;
  void next_parked(ReplyTo<peer::sdk::ParkedSession> reply) override;
  void leave_told(std::string_view ns, const Registered& peer,
                  std::span<const Fingerprint> told) override;

  void watch(std::string_view ns, const Registered& peer, Watches watches) override;
  void list_away(std::string_view ns, const std::optional<Fingerprint>& after, std::uint32_t limit,
                 ReplyTo<std::optional<peer::sdk::MemberPage>> reply) override;
  void set_away(const Registered& peer, bool away,
                std::span<const peer::sdk::AwayNews> news) override;
  void tell_update(std::string_view ns, const Registered& peer, std::string_view text,
                   std::span<const Fingerprint> told) override;

 private:
  /// False: the plugin's thread has too much to do already. The message is counted as dropped.
  bool post_message(std::size_t size, Task task);
  /// Tells the operator so, once a minute.
  void tell_overload();

  /// Read by the thread of the plugin as well; never changed.
  const Options options_;
  peer::sdk::PluginHost& plugin_host_;
  /// What both sides read and write, atomic or locked: counts and the state of the link.
  SharedState shared_;
  /// When tell_overload() has told it last; 0: never.
  std::atomic<Time::rep> overload_told_{0};
  /// From start() on.
  peer::sdk::BrokerHost* host_ = nullptr;
  /// The thread, from start() on.
  std::unique_ptr<EventLoop> loop_;
  /// Of the loop's thread. Destroyed before the loop.
  std::unique_ptr<ClusterNode> node_;
};

}  // namespace peer_redis
