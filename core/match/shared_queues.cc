#include "core/match/shared_queues.h"

#include <algorithm>
#include <utility>

#include "core/match/match_rules.h"

namespace peer {

SharedQueues::Queue* SharedQueues::find(std::string_view ns) {
  const auto at = queues_.find(ns);
  return at == queues_.end() ? nullptr : &at->second;
}

void SharedQueues::add(std::string_view ns, const sdk::SharedTicket& ticket, MatchRequest request) {
  request.ns = {};  // a view of the message
  Queue& queue = queues_.try_emplace(std::string(ns)).first->second;
  if (queue.strategy == nullptr) queue.strategy = make_queue(strategy_, calls_);
  if (queue.strategy != nullptr && !queue.by_shared_id.contains(ticket.id)) {
    const sdk::TicketId id = ++last_id_;
    queue.by_shared_id[ticket.id] = id;
    queue.tickets.emplace(
        id, Ticket{ticket.id, ticket.owner.peer, ticket.enqueued, std::move(request), false});
    if (!enqueue(queue, id)) drop(queue, id);
  }
  erase_if_empty(ns);
}

void SharedQueues::remove(std::string_view ns, sdk::TicketId shared_id) {
  Queue* queue = find(ns);
  if (queue == nullptr) return;
  const auto at = queue->by_shared_id.find(shared_id);
  if (at == queue->by_shared_id.end()) return;
  drop(*queue, at->second);
  erase_if_empty(ns);
}

void SharedQueues::forget(std::string_view ns) {
  const auto at = queues_.find(ns);
  if (at != queues_.end()) queues_.erase(at);
}

bool SharedQueues::enqueue(Queue& queue, sdk::TicketId id) {
  Ticket& ticket = queue.tickets.at(id);
  ticket.proposed = false;
  return calls_.run("add", [&] {
    queue.strategy->add({id, ticket.peer, ticket.enqueued, view_of(ticket.request)});
  });
}

void SharedQueues::drop(Queue& queue, sdk::TicketId id) {
  calls_.run("remove", [&] { queue.strategy->remove(id); });
  queue.by_shared_id.erase(queue.tickets.at(id).shared_id);
  queue.tickets.erase(id);
}

void SharedQueues::erase_if_empty(std::string_view ns) {
  const auto at = queues_.find(ns);
  if (at != queues_.end() && at->second.tickets.empty()) queues_.erase(at);
}

bool SharedQueues::is_sound(const Queue& queue, const sdk::MatchGroup& group) const {
  return peer::is_sound(group, [&](sdk::TicketId id) -> std::uint32_t {
    const auto at = queue.tickets.find(id);
    return at == queue.tickets.end() || at->second.proposed ? 0 : at->second.request.group_size;
  });
}

std::vector<std::vector<sdk::TicketId>> SharedQueues::propose(std::string_view ns,
                                                              sdk::Instant now) {
  std::vector<std::vector<sdk::TicketId>> proposals;
  Queue* queue = find(ns);
  if (queue == nullptr) return proposals;
  std::vector<sdk::MatchGroup> groups;
  calls_.run("form_groups", [&] { groups = queue->strategy->form_groups(now); });
  for (const sdk::MatchGroup& group : groups) {
    if (is_sound(*queue, group)) {
      std::vector<sdk::TicketId>& proposal = proposals.emplace_back();
      for (const sdk::TicketId id : group.tickets) {
        Ticket& ticket = queue->tickets.at(id);
        ticket.proposed = true;
        proposal.push_back(ticket.shared_id);
      }
      continue;
    }
    calls_.fault("form_groups",
                 "returned a group with unknown or duplicate tickets, or of a wrong size");
    for (const sdk::TicketId id : group.tickets) {
      const auto at = queue->tickets.find(id);
      if (at == queue->tickets.end() || at->second.proposed) continue;
      calls_.run("remove", [&] { queue->strategy->remove(id); });
      enqueue(*queue, id);
    }
  }
  return proposals;
}

void SharedQueues::conclude(std::string_view ns, const std::vector<sdk::TicketId>& group,
                            const std::vector<sdk::TicketId>& gone) {
  Queue* queue = find(ns);
  if (queue == nullptr) return;
  for (const sdk::TicketId shared_id : group) {
    const auto at = queue->by_shared_id.find(shared_id);
    if (at == queue->by_shared_id.end()) continue;  // it has been removed meanwhile
    const bool ended = gone.empty() || std::find(gone.begin(), gone.end(), shared_id) != gone.end();
    if (ended || !enqueue(*queue, at->second)) drop(*queue, at->second);
  }
  erase_if_empty(ns);
}

bool SharedQueues::waits(std::string_view ns, sdk::TicketId shared_id) {
  const Queue* queue = find(ns);
  if (queue == nullptr) return false;
  const auto at = queue->by_shared_id.find(shared_id);
  return at != queue->by_shared_id.end() && !queue->tickets.at(at->second).proposed;
}

std::optional<sdk::Instant> SharedQueues::next_change(std::string_view ns, sdk::Instant now) {
  Queue* queue = find(ns);
  std::optional<sdk::Instant> next;
  if (queue == nullptr) return next;
  calls_.run("next_change", [&] { next = queue->strategy->next_change(now); });
  // A strategy that always has something to do is asked 20 times a second, not more.
  if (next) next = std::max(*next, now + std::chrono::milliseconds(50));
  return next;
}

}  // namespace peer
