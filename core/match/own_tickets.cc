#include "core/match/own_tickets.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/match/match_rules.h"

// The tickets of this node's peers. In: calls from the peers' loops, and news of matches on any
// thread. Out: a ticket, for the one caller that may tell of its end. Two indexes, one lock;
// by_peer_ and by_id_ name the same tickets whenever it is free.
namespace peer {

OwnTickets::Placed OwnTickets::place(sdk::TicketId new_id, OwnTicket ticket) {
  ticket.request.ns = {};  // a view of the message
  const MutexLock lock(mutex_);
  const auto [at, is_new] = by_peer_.try_emplace({ticket.ns, ticket.owner.peer}, new_id);
  Placed placed{at->second, std::nullopt, std::nullopt, {}};
  if (!is_new) {
    // `enqueued` stays: the peer has waited since its first request.
    OwnTicket& waiting = by_id_.at(at->second);
    if (same_request(waiting.request, ticket.request)) {
      waiting.owner = ticket.owner;
      waiting.expires = ticket.expires;
      placed.kept = std::move(ticket);
      return placed;
    }
    placed.replaced = at->second;
    placed.replaced_due = waiting.expiry_due;
    ticket.earlier = std::make_unique<OwnTicket>(std::move(waiting));
    ticket.earlier->earlier.reset();
    ticket.earlier_id = at->second;
    by_id_.erase(at->second);
    placed.id = at->second = new_id;
  }
  by_id_.emplace(new_id, std::move(ticket));
  return placed;
}

std::optional<OwnTickets::Returning> OwnTickets::await(sdk::TicketId id, MatchTask::Done& answer,
                                                       TimerId answer_due) {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  if (at == by_id_.end() || at->second.answer) return std::nullopt;
  OwnTicket& ticket = at->second;
  ticket.answer = std::move(answer);
  ticket.answer_due = answer_due;
  return Returning{id, ticket.enqueued, ticket.text, ticket.request};
}

std::optional<OwnTicket> OwnTickets::take_answer(sdk::TicketId id) {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  if (at == by_id_.end() || !at->second.answer) return std::nullopt;
  OwnTicket& ticket = at->second;
  ticket.earlier.reset();
  // The ticket stays, without its answer: it can be taken once only, and a match that comes later
  // is told as news.
  return OwnTicket{ticket.ns,         ticket.owner,     {},
                   ticket.enqueued,   ticket.expires,   std::exchange(ticket.answer, {}),
                   ticket.answer_due, ticket.expiry_due};
}

TimerId OwnTickets::set_expiry_due(sdk::TicketId id, TimerId due) {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? due : std::exchange(at->second.expiry_due, due);
}

OwnTicket OwnTickets::erase(sdk::TicketId id) {
  const auto at = by_id_.find(id);
  OwnTicket ticket = std::move(at->second);
  by_peer_.erase({ticket.ns, ticket.owner.peer});
  by_id_.erase(at);
  return ticket;
}

OwnTicket* OwnTickets::of_peer(std::string_view ns, const Fingerprint& peer) {
  const auto at = by_peer_.find({std::string(ns), peer});
  return at == by_peer_.end() ? nullptr : &by_id_.at(at->second);
}

std::optional<sdk::TicketId> OwnTickets::set_aside(std::string_view ns, const Fingerprint& peer) {
  const MutexLock lock(mutex_);
  OwnTicket* ticket = of_peer(ns, peer);
  if (ticket == nullptr || !ticket->may_be_set_aside || ticket->set_aside) return std::nullopt;
  ticket->set_aside = true;
  ticket->is_withdrawn = false;
  return by_peer_.at({std::string(ns), peer});
}

std::optional<OwnTickets::Returning> OwnTickets::take_back(std::string_view ns,
                                                           const Fingerprint& peer,
                                                           sdk::Instant now) {
  const MutexLock lock(mutex_);
  OwnTicket* ticket = of_peer(ns, peer);
  if (ticket == nullptr || !ticket->set_aside) return std::nullopt;
  // A request that is unanswered yet is answered first.
  const bool is_over =
      ticket->is_withdrawn && !ticket->answer && ticket->expires && *ticket->expires <= now;
  ticket->set_aside = ticket->is_withdrawn = false;
  return Returning{by_peer_.at({std::string(ns), peer}), ticket->enqueued, ticket->text,
                   ticket->request, is_over};
}

void OwnTickets::note_withdrawn(sdk::TicketId id) {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  if (at != by_id_.end() && at->second.set_aside) at->second.is_withdrawn = true;
}

bool OwnTickets::is_withdrawn(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  return at != by_id_.end() && at->second.is_withdrawn;
}

std::optional<OwnTicket> OwnTickets::take(sdk::TicketId id) {
  const MutexLock lock(mutex_);
  if (!by_id_.contains(id)) return std::nullopt;
  return erase(id);
}

std::vector<OwnTicket> OwnTickets::take_all(const std::vector<sdk::TicketId>& ids) {
  std::vector<OwnTicket> taken;
  const MutexLock lock(mutex_);
  // When one ticket of the group has ended, the others must wait on.
  const bool all =
      std::all_of(ids.begin(), ids.end(),
                  [this](sdk::TicketId id) PEER_REQUIRES(mutex_) { return is_there(id); });
  if (!all) return taken;
  for (const sdk::TicketId id : ids) taken.push_back(erase(id));
  return taken;
}

bool OwnTickets::is_there(sdk::TicketId id) const {
  const auto at = by_id_.find(id);
  return at != by_id_.end() && !at->second.set_aside;
}

bool OwnTickets::may_match(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  return is_there(id);
}

bool OwnTickets::has(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  return by_id_.contains(id);
}

std::optional<SessionRef> OwnTickets::where(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return std::nullopt;
  return at->second.owner.where;
}

std::optional<sdk::TicketId> OwnTickets::find(std::string_view ns, const Fingerprint& peer) const {
  const MutexLock lock(mutex_);
  const auto at = by_peer_.find({std::string(ns), peer});
  if (at == by_peer_.end()) return std::nullopt;
  return at->second;
}

std::optional<sdk::Instant> OwnTickets::expiry(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? std::nullopt : at->second.expires;
}

std::size_t OwnTickets::size() const {
  const MutexLock lock(mutex_);
  return by_id_.size();
}

// A part of the tickets at a time, so that no loop waits long for the lock. Tickets that come or
// end in between may be missed or counted.
std::vector<QueueFacts> OwnTickets::page_of_queues(std::string_view after,
                                                   std::size_t limit) const {
  constexpr std::size_t kAtOnce = 256;
  std::vector<QueueFacts> page;
  Fingerprint last;
  last.bytes.fill(0xFF);
  Key behind{std::string(after), last};
  while (true) {
    const MutexLock lock(mutex_);
    auto at = by_peer_.upper_bound(behind);
    for (std::size_t i = 0; i < kAtOnce && at != by_peer_.end(); ++i, ++at) {
      const std::string& ns = at->first.first;
      const sdk::Instant enqueued = by_id_.at(at->second).enqueued;
      if (page.empty() || page.back().ns != ns) {
        if (page.size() == limit) return page;
        page.push_back({ns, 0, enqueued});
      }
      ++page.back().waiting;
      page.back().oldest = std::min(page.back().oldest, enqueued);
    }
    if (at == by_peer_.end()) return page;
    behind = std::prev(at)->first;
  }
}

}  // namespace peer
