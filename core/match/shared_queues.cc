#include "core/match/shared_queues.h"

#include <algorithm>
#include <utility>

#include "core/match/match_messages.h"
#include "core/match/match_rules.h"

// Tickets of all nodes for the strategy of this one. In: tickets and their ends, on the home loop
// of the namespace. Out: proposals of groups. Ids of other nodes are random, but a StrategyQueue
// shows tickets in the order of their ids: so each gets a second one, which rises with the time of
// its request, and of the same time in the order of arrival.
namespace peer {

SharedQueues::Queue* SharedQueues::find(std::string_view ns) {
  const auto at = queues_.find(ns);
  return at == queues_.end() ? nullptr : &at->second;
}

std::optional<std::string> SharedQueues::add(std::string_view ns, const sdk::SharedTicket& ticket,
                                             MatchRequest request, bool may_refuse) {
  request.ns = {};  // a view of the message
  const Served<sdk::MatchStrategy>& by = strategies_.of(ns);
  // The node of its peer has judged it already. Here the strategy sets the size of its group.
  MatchJudgement judgement = judge(by, request);
  if (judgement.refusal && may_refuse) return std::move(judgement.refusal);
  const auto at = queues_.try_emplace(std::string(ns), by, ns).first;
  Queue& queue = at->second;
  if (!queue.waiting) {
    queues_.erase(at);
    return std::nullopt;
  }
  // A broker may bring a known ticket again (sdk::BrokerHost::ticket_added).
  if (queue.by_shared_id.contains(ticket.id)) return std::nullopt;
  const sdk::TicketId id = place_of(queue, ticket.enqueued);
  std::optional<std::string> refusal;
  if (may_refuse) {
    MatchJudgement of_ticket =
        queue.waiting.judge_ticket({id, ticket.owner.peer, ticket.enqueued, view_of(request)});
    refusal = of_ticket.failed ? "internal error" : std::move(of_ticket.refusal);
  }
  if (!refusal) {
    queue.by_shared_id.emplace(ticket.id, id);
    Ticket& added = queue.waiting.add(id)->second;
    added.peer = ticket.owner.peer;
    added.enqueued = ticket.enqueued;
    added.request = std::move(request);
    added.shared_id = ticket.id;
    if (!queue.waiting.put_back(id)) withdraw(queue, id);
  }
  erase_if_empty(ns);
  return refusal;
}

// Milliseconds since the epoch take 41 of the 64 bits; other nodes may write others.
sdk::TicketId SharedQueues::place_of(const Queue& queue, sdk::Instant enqueued) {
  constexpr int kArrivalBits = 20;
  constexpr std::int64_t kLatest = (std::int64_t{1} << (63 - kArrivalBits)) - 1;
  const std::int64_t since =
      std::clamp<std::int64_t>(enqueued.time_since_epoch().count(), 0, kLatest);
  const auto first = static_cast<std::uint64_t>(since) << kArrivalBits;
  sdk::TicketId id = 0;
  do {
    id = first + ++arrivals_ % (std::uint64_t{1} << kArrivalBits);
  } while (id == 0 || queue.waiting.tickets().contains(id));
  return id;
}

void SharedQueues::remove(std::string_view ns, sdk::TicketId shared_id) {
  Queue* queue = find(ns);
  if (queue == nullptr) return;
  const auto at = queue->by_shared_id.find(shared_id);
  if (at == queue->by_shared_id.end()) return;
  withdraw(*queue, at->second);
  erase_if_empty(ns);
}

void SharedQueues::forget(std::string_view ns) {
  const auto at = queues_.find(ns);
  if (at != queues_.end()) queues_.erase(at);
}

void SharedQueues::withdraw(Queue& queue, sdk::TicketId id) {
  queue.by_shared_id.erase(queue.waiting.at(id).shared_id);
  queue.waiting.withdraw(id);
}

void SharedQueues::erase_if_empty(std::string_view ns) {
  const auto at = queues_.find(ns);
  if (at != queues_.end() && at->second.waiting.tickets().empty()) queues_.erase(at);
}

std::vector<SharedQueues::Proposal> SharedQueues::propose(std::string_view ns, sdk::Instant now) {
  std::vector<Proposal> proposals;
  Queue* queue = find(ns);
  if (queue == nullptr) return proposals;
  queue->waiting.form_groups(now, [&](const auto& group, const Teams& teams) {
    Proposal& proposal = proposals.emplace_back();
    for (const auto place : group) {
      proposal.tickets.push_back(place->second.shared_id);
      proposal.peers.push_back(place->second.peer);
    }
    proposal.teams =
        teams_json(teams, [&](sdk::TicketId id) { return queue->waiting.at(id).peer; });
  });
  return proposals;
}

void SharedQueues::conclude(std::string_view ns, const std::vector<sdk::TicketId>& group,
                            const std::vector<sdk::TicketId>& gone) {
  Queue* queue = find(ns);
  if (queue == nullptr) return;
  for (const sdk::TicketId shared_id : group) {
    const auto at = queue->by_shared_id.find(shared_id);
    if (at == queue->by_shared_id.end()) continue;  // it has been removed meanwhile
    // What is not gone was in the group by no fault of its own: the strategy gets it back under its
    // old id.
    const bool ended = gone.empty() || std::find(gone.begin(), gone.end(), shared_id) != gone.end();
    if (ended || !queue->waiting.put_back(at->second)) withdraw(*queue, at->second);
  }
  erase_if_empty(ns);
}

bool SharedQueues::waits(std::string_view ns, sdk::TicketId shared_id) {
  const Queue* queue = find(ns);
  if (queue == nullptr) return false;
  const auto at = queue->by_shared_id.find(shared_id);
  return at != queue->by_shared_id.end() && !queue->waiting.tickets().at(at->second).proposed;
}

std::optional<sdk::MatchForecast> SharedQueues::forecast(std::string_view ns,
                                                         sdk::TicketId shared_id) {
  Queue* queue = find(ns);
  if (queue == nullptr) return std::nullopt;
  const auto at = queue->by_shared_id.find(shared_id);
  return at == queue->by_shared_id.end() ? std::nullopt : queue->waiting.forecast(at->second);
}

std::optional<sdk::Instant> SharedQueues::next_change(std::string_view ns, sdk::Instant now) {
  Queue* queue = find(ns);
  return queue == nullptr ? std::nullopt : queue->waiting.next_change(now);
}

}  // namespace peer
