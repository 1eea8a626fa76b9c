#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker.h>

#include "tests/unit/dispatch/answers.h"

namespace peer::test {

class SharedStore;

/// An answer that says no more than this.
inline sdk::JoinOutcome join_outcome(sdk::JoinStatus status) {
  sdk::JoinOutcome outcome;
  outcome.status = status;
  return outcome;
}

/// A broker of the tests: usually what nodes share, in memory (SharedStore), answered during the
/// call; each kind of question can be answered otherwise. Thread-safe.
class TestBroker final : public sdk::Broker {
 public:
  TestBroker();
  ~TestBroker() override;

  Answers<sdk::RegisterOutcome> registrations;
  Answers<sdk::ResolveOutcome> resolutions;
  Answers<sdk::RouteOutcome> routes;  ///< usually kNotFound
  Answers<sdk::JoinOutcome> joins;    ///< of namespaces and rooms; creations too
  Answers<std::optional<sdk::MemberPage>> lists;
  Answers<sdk::RoomReading> readings;
  Answers<sdk::CommitOutcome> commits;
  Answers<std::optional<sdk::RoomPage>> room_lists;
  Answers<sdk::TicketEnd> ticket_ends;
  Answers<sdk::ClaimOutcome> claims;
  /// What becomes of a new ticket: true: it is told to the host (usual); false: not shared.
  /// Held: it is taken, and nothing is said of it.
  Answers<bool> additions;
  Answers<sdk::TakeOutcome> takes;     ///< usually kUnavailable
  Answers<bool> session_tokens;        ///< usually false: the other nodes do not know them yet
  Answers<sdk::ParkOutcome> parkings;  ///< usually that it is not parked

  /// Whether each token leads to a session of another node. Before the node is made.
  bool finds_sessions = false;
  /// There are no other nodes. Before the node is made.
  void stand_alone() { standalone_ = true; }
  void set_status(const sdk::BrokerStatus& status);
  /// A far peer, or the connection to the others, does as SharedStore::obey() says. Once the node
  /// has started.
  void obey(std::string_view command);
  /// What the core has told without a question: "leave lobby alice", "unregister alice",
  /// "broadcast lobby alice", "update lobby alice", "ticket_waits lobby", "proved alice", "owned
  /// alice", "tell node", "revoke
  /// alice: words", "park alice", "keep alice"; and of a join that nobody is to be told of "quiet
  /// lobby alice". Names by their aliases. Of watchers "watch lobby alice mp", "away alice lobby",
  /// "back alice lobby but bob".
  [[nodiscard]] std::vector<std::string> told();

  /// DirectedMessage::namespaces of the latest that the core had for another node.
  [[nodiscard]] std::vector<std::string> namespaces_of_latest_route();

  /// The latest that the core has shared, or wanted to.
  [[nodiscard]] sdk::TicketId last_ticket() const { return last_ticket_; }

  void start(sdk::BrokerHost& host) override;
  void stop() override {}
  bool standalone() const override { return standalone_; }
  sdk::BrokerStatus status() const override;

  void register_peer(const sdk::Registered& peer, std::string_view alias,
                     sdk::BrokerReply<sdk::RegisterOutcome> reply) override;
  void register_proved(const sdk::Registered& peer, std::string_view alias,
                       sdk::BrokerReply<sdk::RegisterOutcome> reply) override;
  void register_owned(const sdk::Registered& peer, std::string_view alias,
                      const sdk::Fingerprint& secret,
                      sdk::BrokerReply<sdk::RegisterOutcome> reply) override;
  /// Before the node is made.
  std::vector<std::string> other_nodes;
  std::vector<std::string> nodes() const override { return other_nodes; }
  void tell_node(std::string_view node, std::string_view text) override;
  void revoke(const sdk::Fingerprint& peer, std::string_view message) override;
  void unregister_peer(const sdk::Registered& peer) override;
  void resolve(std::span<const std::string_view> aliases,
               sdk::BrokerReply<sdk::ResolveOutcome> reply) override;
  void route(const sdk::DirectedMessage& message,
             sdk::BrokerReply<sdk::RouteOutcome> reply) override;
  std::size_t broadcast(const sdk::NamespaceMessage& message) override;
  void join(const sdk::JoinRequest& request, sdk::BrokerReply<sdk::JoinOutcome> reply) override;
  void leave(std::string_view ns, const sdk::Registered& peer) override;
  void update(std::string_view ns, const sdk::Registered& peer, std::string_view object) override;
  void list(std::string_view ns, const std::optional<sdk::Fingerprint>& after, std::uint32_t limit,
            sdk::BrokerReply<std::optional<sdk::MemberPage>> reply) override;
  void read_room(std::string_view room_id, sdk::BrokerReply<sdk::RoomReading> reply) override;
  void commit_room(std::string_view room_id, const sdk::RoomCommit& commit,
                   sdk::BrokerReply<sdk::CommitOutcome> reply) override;
  void list_rooms(std::uint64_t after, std::uint32_t limit,
                  sdk::BrokerReply<std::optional<sdk::RoomPage>> reply) override;
  bool add_ticket(std::string_view ns, const sdk::SharedTicket& ticket,
                  std::optional<sdk::TicketId> replaces) override;
  void ticket_waits(std::string_view ns, sdk::TicketId ticket) override;
  void remove_ticket(std::string_view ns, sdk::TicketId ticket,
                     sdk::BrokerReply<sdk::TicketEnd> reply) override;
  void claim(std::string_view ns, std::string_view session_id,
             std::span<const sdk::TicketId> tickets,
             sdk::BrokerReply<sdk::ClaimOutcome> reply) override;
  void set_session_tokens(const sdk::Registered& peer, std::span<const sdk::SessionToken> tokens,
                          sdk::BrokerReply<bool> reply) override;
  void watch(std::string_view ns, const sdk::Registered& peer, sdk::Watches watches) override;
  void list_away(std::string_view ns, const std::optional<sdk::Fingerprint>& after,
                 std::uint32_t limit,
                 sdk::BrokerReply<std::optional<sdk::MemberPage>> reply) override;
  void set_away(const sdk::Registered& peer, bool away,
                std::span<const sdk::AwayNews> news) override;
  /// The tokens that the other nodes were told last.
  [[nodiscard]] std::vector<sdk::SessionToken> shared_tokens();
  /// The session is another node's, which has been asked.
  void ask_session(const sdk::SessionToken& token, std::string_view text,
                   sdk::BrokerReply<sdk::SessionSearch> reply) override;
  void take_peer(const sdk::PeerTake& take, sdk::BrokerReply<sdk::TakeOutcome> reply) override;
  /// No other node lives.
  void ask_any_node(std::uint64_t number, std::string_view text,
                    sdk::BrokerReply<sdk::SessionSearch> reply) override;
  void park_peer(const sdk::Registered& peer, sdk::BrokerReply<sdk::ParkOutcome> reply) override;
  void keep_parked(const sdk::Registered& peer, std::string_view record,
                   std::chrono::milliseconds time, sdk::BrokerReply<bool> reply) override;
  /// What another node has been told or asked, as the core has packed it, in order.
  [[nodiscard]] std::vector<std::string> node_talk();
  /// Texts of it, in their order.
  [[nodiscard]] std::vector<std::string> updates();
  void tell_update(std::string_view ns, const sdk::Registered& peer, std::string_view text,
                   std::span<const sdk::Fingerprint> told) override;

 private:
  void note(std::string line);
  void note_talk(std::string_view text);

  const std::unique_ptr<SharedStore> store_;
  bool standalone_ = false;
  std::atomic<sdk::TicketId> last_ticket_{0};
  mutable std::mutex mutex_;
  std::optional<sdk::BrokerStatus> status_;
  std::vector<std::string> told_;
  std::vector<std::string> route_namespaces_;
  std::vector<std::string> updates_;
  std::vector<std::string> node_talk_;
  std::vector<sdk::SessionToken> shared_tokens_;
};

}  // namespace peer::test
