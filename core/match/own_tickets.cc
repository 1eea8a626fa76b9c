#include "core/match/own_tickets.h"

#include <algorithm>

#include "core/match/match_rules.h"

namespace peer {

OwnTickets::Placed OwnTickets::place(sdk::TicketId new_id, OwnTicket ticket) {
  ticket.request.ns = {};  // a view of the message
  const MutexLock lock(mutex_);
  const auto [at, is_new] = by_peer_.try_emplace({ticket.ns, ticket.owner.peer}, new_id);
  Placed placed{at->second, std::nullopt, std::nullopt};
  if (!is_new) {
    OwnTicket& waiting = by_id_.at(at->second);
    if (same_request(waiting.request, ticket.request)) {
      waiting.owner = ticket.owner;
      waiting.expires = ticket.expires;
      placed.kept = std::move(ticket);
      return placed;
    }
    placed.replaced = at->second;
    by_id_.erase(at->second);
    placed.id = at->second = new_id;
  }
  by_id_.emplace(new_id, std::move(ticket));
  return placed;
}

std::optional<OwnTicket> OwnTickets::take_answer(sdk::TicketId id) {
  const MutexLock lock(mutex_);
  const auto at = by_id_.find(id);
  if (at == by_id_.end() || at->second.answered) return std::nullopt;
  OwnTicket& ticket = at->second;
  ticket.answered = true;
  return OwnTicket{ticket.ns,
                   ticket.owner,
                   {},
                   ticket.enqueued,
                   ticket.expires,
                   true,
                   std::move(ticket.operation)};
}

OwnTicket OwnTickets::erase(sdk::TicketId id) {
  const auto at = by_id_.find(id);
  OwnTicket ticket = std::move(at->second);
  by_peer_.erase({ticket.ns, ticket.owner.peer});
  by_id_.erase(at);
  return ticket;
}

std::optional<OwnTicket> OwnTickets::take(sdk::TicketId id) {
  const MutexLock lock(mutex_);
  if (!by_id_.contains(id)) return std::nullopt;
  return erase(id);
}

std::vector<OwnTicket> OwnTickets::take_all(const std::vector<sdk::TicketId>& ids) {
  std::vector<OwnTicket> taken;
  const MutexLock lock(mutex_);
  const bool all =
      std::all_of(ids.begin(), ids.end(),
                  [this](sdk::TicketId id) PEER_REQUIRES(mutex_) { return by_id_.contains(id); });
  if (!all) return taken;
  for (const sdk::TicketId id : ids) taken.push_back(erase(id));
  return taken;
}

bool OwnTickets::has(sdk::TicketId id) const {
  const MutexLock lock(mutex_);
  return by_id_.contains(id);
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

}  // namespace peer
