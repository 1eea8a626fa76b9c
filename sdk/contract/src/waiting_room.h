#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

namespace peer::sdk::contract {

/// The tickets of one namespace as a server keeps them, beside the strategy's queue, and every
/// fault that it sees there. All that the queue is given ends with the call. One thread; `strategy`
/// outlives it.
class WaitingRoom {
 public:
  /// How the queue is asked for groups: as the server asks, or as it asks older queues.
  enum class Asks { kAddGroups, kFormGroups };

  /// `ns`: of the queue.
  WaitingRoom(MatchStrategy& strategy, std::string_view ns, Asks asks = Asks::kAddGroups);

  /// A peer asks; what speaks against it is no fault. Returns whether it waits.
  bool ask(TicketId id, const Value& payload, Instant now);
  /// A peer gives up.
  void leave(TicketId id);
  /// Forms groups, whose tickets end; with `claims` false they come back, as when another node was
  /// quicker.
  void form(Instant now, bool claims = true);
  /// When to form groups again: no earlier than the server would.
  [[nodiscard]] std::optional<Instant> next_change(Instant now);

  /// Ids of those who wait, lowest first.
  [[nodiscard]] std::vector<TicketId> waiting() const;
  /// Groups that were claimed, in their order.
  [[nodiscard]] const std::vector<std::vector<TicketId>>& groups() const { return groups_; }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] MatchQueue& queue() { return *queue_; }
  [[nodiscard]] const MatchTraits& traits() const { return traits_; }

 private:
  struct Ticket {
    Value payload;
    std::uint32_t group_size = 0;
    Instant enqueued;
  };

  void add(TicketId id);
  /// Runs a call of the strategy; what it throws is a fault.
  template <typename Call>
  bool run(const char* name, Call call);
  /// As the queue forms them now.
  [[nodiscard]] MatchGroups formed(Instant now);
  /// What happens although a trait says that it never does is a fault.
  void expect_said(bool said, const char* trait, const char* what);
  void judge_words(const char* call, const std::optional<std::string>& words);
  [[nodiscard]] std::string fault_of(const MatchGroup& group) const;
  [[nodiscard]] std::string fault_of_teams(const MatchGroup& group);
  void take(MatchGroup& group, bool claims);

  MatchStrategy& strategy_;
  Asks asks_;
  MatchTraits traits_;
  std::unique_ptr<MatchQueue> queue_;
  std::map<TicketId, Ticket> waiting_;
  std::vector<std::vector<TicketId>> groups_;
  std::vector<std::string> faults_;
};

/// The request of a payload: group_size and criteria as the server reads them.
struct OwnedRequest {
  std::uint32_t group_size = 2;
  Value criteria;
  std::string criteria_key;
};
[[nodiscard]] OwnedRequest request_of(const Value& payload);

}  // namespace peer::sdk::contract
