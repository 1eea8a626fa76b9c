#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/contract/broker_contract.h>

namespace peer::sdk::contract {

/// What a broker tells the core of one node, in the order of the calls, as lines: "member_joined
/// lobby 00000001". Thread-safe. A peer stands there by the first digits of its fingerprint
/// (peer_number()).
class NodeLog final : public BrokerHost {
 public:
  explicit NodeLog(std::string node_id) : node_id_(std::move(node_id)) {}

  [[nodiscard]] std::string_view node_id() const override { return node_id_; }
  void log_warning(std::string_view) noexcept override {}
  RouteOutcome deliver(const DirectedMessage& message) noexcept override;
  std::size_t deliver(const NamespaceMessage& message) noexcept override;
  void replaced(const Registered& peer) noexcept override;
  void alias_lost(const Registered& peer) noexcept override;
  void member_joined(std::string_view ns, const Fingerprint& peer,
                     std::string_view object) noexcept override;
  void member_left(std::string_view ns, const Fingerprint& peer) noexcept override;
  void members_known(std::string_view ns, std::span<const MemberEntry> elsewhere) noexcept override;
  void room_changed(const RoomNews& news) noexcept override;
  void kicked(std::string_view room_id, const Fingerprint& target,
              const Fingerprint& by) noexcept override;
  void room_closed(std::string_view room_id, const Registered& peer) noexcept override;
  void member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept override;
  void ticket_added(std::string_view ns, const SharedTicket& ticket) noexcept override;
  void ticket_removed(std::string_view ns, TicketId ticket) noexcept override;
  void ticket_waits(std::string_view ns, TicketId ticket) noexcept override;
  void matching_moved(std::string_view ns) noexcept override;
  void matched(const MatchNews& match) noexcept override;
  void revoked(const Fingerprint& peer, std::string_view message) noexcept override;
  void node_says(std::string_view node, std::string_view text) noexcept override;
  void peer_taken(const Registered& peer, std::shared_ptr<void> hold) noexcept override;
  void member_away(std::string_view ns, const Fingerprint& peer, bool away,
                   std::span<const Fingerprint> told) noexcept override;
  void member_updated(std::string_view ns, const Fingerprint& peer, std::string_view text,
                      std::span<const Fingerprint> told) noexcept override;
  void update_watched(std::string_view ns, const Registered& peer, std::string_view before,
                      std::string_view after) noexcept override;

  /// Waits until a line begins with `start`. False: none has within `patience`.
  [[nodiscard]] bool hears(const std::string& start, std::chrono::milliseconds patience);
  /// The lines that begin with `start`.
  [[nodiscard]] std::vector<std::string> heard(const std::string& start);
  [[nodiscard]] std::size_t count();

 private:
  void note(std::string line) noexcept;

  const std::string node_id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// The answers to one question: they outlive the broker, which may keep its reply. Thread-safe.
template <typename Outcome>
class Replies {
 public:
  BrokerReply<Outcome> reply() {
    return [inbox = inbox_](Outcome outcome) {
      // Held, it would hold up the next join of that namespace.
      if constexpr (requires { outcome.hold; }) outcome.hold.reset();
      {
        const std::lock_guard lock(inbox->mutex);
        inbox->outcomes.push_back(std::move(outcome));
      }
      inbox->changed.notify_all();
    };
  }
  /// The answer; nullopt: none within the core's deadline.
  std::optional<Outcome> wait() {
    std::unique_lock lock(inbox_->mutex);
    const auto there = [&] { return !inbox_->outcomes.empty(); };
    if (!inbox_->changed.wait_for(lock, std::chrono::seconds(2), there)) return std::nullopt;
    return inbox_->outcomes.front();
  }
  std::size_t count() {
    const std::lock_guard lock(inbox_->mutex);
    return inbox_->outcomes.size();
  }

 private:
  struct Inbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Outcome> outcomes;
  };
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

/// One node: a broker that runs, and what it tells. The host outlives the broker, as the core's
/// does.
class BrokerNode {
 public:
  BrokerNode(const BrokerCase& with, const std::string& node_id);
  ~BrokerNode() { stop(); }
  BrokerNode(const BrokerNode&) = delete;
  BrokerNode& operator=(const BrokerNode&) = delete;

  Broker* operator->() { return made_.object.get(); }
  [[nodiscard]] NodeLog& log() { return log_; }
  /// Ends the broker as a server does. Once: later calls find it stopped.
  void stop();
  /// Asks, and waits for the answer: `node.answer<RoomReading>([&](auto reply) {
  /// node->read_room("den", reply); })`.
  template <typename Outcome, typename Ask>
  std::optional<Outcome> answer(Ask ask) {
    Replies<Outcome> replies;
    ask(replies.reply());
    return replies.wait();
  }
  /// Waits until the broker says that it is connected.
  [[nodiscard]] bool connects(std::chrono::milliseconds patience);

 private:
  NodeLog log_;
  Made<Broker> made_;
};

/// As the core numbers registrations: higher each time.
[[nodiscard]] Registered registered(std::uint32_t peer);
/// "0000000a": the beginning of a fingerprint, which tells peers apart.
[[nodiscard]] std::string name_of(const Fingerprint& peer);

}  // namespace peer::sdk::contract
