#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker_types.h>
#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/plugin/plugin_calls.h"
#include "core/protocol/requests.h"

namespace peer {

/// The queues of the namespaces whose matches this node makes in a cluster: tickets of all nodes,
/// named as all nodes name them. A group that the strategy forms is only a proposal: its tickets
/// are set aside until the broker has claimed them, or says which are gone.
///
/// Threading: one thread; each loop has an object of its own for its share of the namespaces.
class SharedQueues {
 public:
  SharedQueues(sdk::MatchStrategy& strategy, PluginCalls& calls)
      : strategy_(strategy), calls_(calls) {}

  /// A ticket that is known already is ignored, and one that the strategy does not take.
  void add(std::string_view ns, const sdk::SharedTicket& ticket, MatchRequest request);
  void remove(std::string_view ns, sdk::TicketId id);
  /// Another node makes the matches of the namespace.
  void forget(std::string_view ns);
  /// Sound groups of tickets that may start now, each in announcing order.
  std::vector<std::vector<sdk::TicketId>> propose(std::string_view ns, sdk::Instant now);
  /// What has become of a proposal: without `gone`, its tickets are matched; else those that are
  /// not gone wait on.
  void conclude(std::string_view ns, const std::vector<sdk::TicketId>& group,
                const std::vector<sdk::TicketId>& gone);
  /// Whether a ticket is here, and in no group that has been proposed.
  [[nodiscard]] bool waits(std::string_view ns, sdk::TicketId id);
  /// When to propose again without a new ticket.
  std::optional<sdk::Instant> next_change(std::string_view ns, sdk::Instant now);

 private:
  struct Ticket {
    sdk::TicketId shared_id = 0;
    Fingerprint peer;
    sdk::Instant enqueued;
    MatchRequest request;
    bool proposed = false;
  };
  struct Queue {
    std::unique_ptr<sdk::MatchQueue> strategy;
    std::map<sdk::TicketId, Ticket> tickets;  ///< by the strategy's ids, which rise
    std::unordered_map<sdk::TicketId, sdk::TicketId> by_shared_id;
  };

  [[nodiscard]] Queue* find(std::string_view ns);
  bool enqueue(Queue& queue, sdk::TicketId id);
  void drop(Queue& queue, sdk::TicketId id);
  void erase_if_empty(std::string_view ns);
  [[nodiscard]] bool is_sound(const Queue& queue, const sdk::MatchGroup& group) const;

  sdk::MatchStrategy& strategy_;
  PluginCalls& calls_;
  std::map<std::string, Queue, std::less<>> queues_;
  sdk::TicketId last_id_ = 0;
};

}  // namespace peer
