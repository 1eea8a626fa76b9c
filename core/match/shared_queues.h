#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <peer/sdk/broker_types.h>
#include <peer/sdk/match_strategy.h>

#include "core/match/strategy_queue.h"
#include "core/plugin/by_namespace.h"
#include "core/protocol/requests.h"

namespace peer {

/// The queues of the namespaces whose matches this node makes in a cluster: tickets of all nodes,
/// named as all nodes name them. A group that the strategy forms is only a proposal: its tickets
/// are set aside until the broker has claimed them, or says which are gone.
///
/// Threading: one thread; each loop has an object of its own for its share of the namespaces.
class SharedQueues {
 public:
  struct Proposal {
    std::vector<sdk::TicketId> tickets;
    std::string teams;  ///< of their peers (teams_json()); empty: none
    std::vector<Fingerprint> peers;
  };

  explicit SharedQueues(ByNamespace<sdk::MatchStrategy> strategies)
      : strategies_(std::move(strategies)) {}

  /// A ticket that is known already is ignored, and one that the strategy cannot take. Returns why
  /// the strategy does not want it, in words for the client, if `may_refuse`; then it is not here.
  std::optional<std::string> add(std::string_view ns, const sdk::SharedTicket& ticket,
                                 MatchRequest request, bool may_refuse = true);
  /// Ends a ticket, also one that is in a proposal. Nothing happens when it is not there.
  void remove(std::string_view ns, sdk::TicketId id);
  /// Another node makes the matches of the namespace.
  void forget(std::string_view ns);
  /// Sound groups of tickets that may start now, each in announcing order.
  std::vector<Proposal> propose(std::string_view ns, sdk::Instant now);
  /// What has become of a proposal: without `gone`, its tickets are matched; else those that are
  /// not gone wait on.
  void conclude(std::string_view ns, const std::vector<sdk::TicketId>& group,
                const std::vector<sdk::TicketId>& gone);
  /// Whether a ticket is here, and in no group that has been proposed.
  [[nodiscard]] bool waits(std::string_view ns, sdk::TicketId id);
  /// What a ticket that waits may expect, if the strategy says so.
  std::optional<sdk::MatchForecast> forecast(std::string_view ns, sdk::TicketId id);
  /// When to propose again without a new ticket.
  std::optional<sdk::Instant> next_change(std::string_view ns, sdk::Instant now);

 private:
  /// Two names: `shared_id` is the one that all nodes know, random; the strategy sees a number that
  /// rises with its age: who was away comes back to its old place.
  struct Ticket : QueuedTicket {
    sdk::TicketId shared_id = 0;
  };
  struct Queue {
    Queue(const Served<sdk::MatchStrategy>& by, std::string_view ns) : waiting(by, ns) {}

    StrategyQueue<Ticket> waiting;  ///< by ids that rise
    std::unordered_map<sdk::TicketId, sdk::TicketId> by_shared_id;
  };

  [[nodiscard]] Queue* find(std::string_view ns);
  /// For a ticket that waits since then.
  [[nodiscard]] sdk::TicketId place_of(const Queue& queue, sdk::Instant enqueued);
  static void withdraw(Queue& queue, sdk::TicketId id);
  void erase_if_empty(std::string_view ns);

  ByNamespace<sdk::MatchStrategy> strategies_;
  std::map<std::string, Queue, std::less<>> queues_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace peer
