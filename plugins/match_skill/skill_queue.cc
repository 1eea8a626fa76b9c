#include "skill_queue.h"

#include <algorithm>

// In: tickets that come and go, and the time. Out: groups. Which units are looked at, and when, is
// here; what is seen of one of them is in surroundings.cc, how a group is found in search.cc.
namespace peer_skill {

using peer::sdk::Instant;
using peer::sdk::MatchForecast;
using peer::sdk::MatchGroup;
using peer::sdk::MatchTicket;
using peer::sdk::TicketId;
using std::chrono::milliseconds;

bool SkillQueue::OldestFirst::operator()(const std::vector<TicketId>& a,
                                         const std::vector<TicketId>& b) const {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end()) return false;
  return right == b.end() || *left < *right;
}

// --- Tickets come and go.

std::optional<std::string> SkillQueue::check(const MatchTicket& ticket) const {
  const auto wish = read_wish(parts_.options, ticket.request);
  if (!wish) return wish.error().message;
  const auto found = wish->party.empty() ? parties_.end() : parties_.find(wish->party);
  if (found == parties_.end()) return std::nullopt;
  const Party& party = found->second.back();
  if (party.size != wish->party_size) return "party has another size";
  const Pool& pool = *party.pool;
  if (pool.team_count != wish->team_count || pool.group_size != wish->group_size) {
    return "party has another group size or teams";
  }
  if (pool.kind != wish->kind) return "party has other criteria";
  if (party.tickets.size() == party.size) return "party is complete";
  return std::nullopt;
}

Pool& SkillQueue::pool_of(const Wish& wish) {
  const auto [at, is_new] = pools_.try_emplace(wish.kind);
  Pool& pool = at->second;
  if (is_new) {
    pool.kind = wish.kind;
    pool.group_size = wish.group_size;
    pool.team_count = wish.team_count;
    pool.team_size = wish.team_size;
    pool.waits = parts_.waits.of(ns_, wish.kind);
  }
  return pool;
}

void SkillQueue::add(const MatchTicket& added) {
  if (tickets_.contains(added.id)) return;
  const auto wish = read_wish(parts_.options, added.request);
  if (!wish) return;  // check() has refused it
  auto ticket = std::make_unique<Ticket>();
  ticket->id = added.id;
  ticket->enqueued = added.enqueued;
  ticket->numbers = wish->numbers;
  for (const auto& texts : wish->lists) {
    auto& list = ticket->lists.emplace_back();
    for (const std::string& text : texts) list.push_back(texts_.take(text));
    std::sort(list.begin(), list.end());
  }
  ticket->pool = &pool_of(*wish);
  ++ticket->pool->waiting;
  Ticket& kept = *tickets_.emplace(added.id, std::move(ticket)).first->second;
  wish->party.empty() ? place({&kept}) : join_party(kept, *wish);
}

void SkillQueue::join_party(Ticket& ticket, const Wish& wish) {
  ticket.party = wish.party;
  Parties& parties = parties_[wish.party];
  const auto fits = [&](const Party& party) {
    return party.pool == ticket.pool && party.size == wish.party_size &&
           party.tickets.size() < party.size;
  };
  auto party = std::find_if(parties.begin(), parties.end(), fits);
  if (party == parties.end()) {
    party = parties.insert(parties.end(), Party{ticket.pool, wish.party_size, {}});
  }
  party->tickets.push_back(&ticket);
  if (party->tickets.size() == party->size) place(party->tickets);
}

void SkillQueue::leave_party(Ticket& ticket) {
  const auto found = parties_.find(ticket.party);
  Parties& parties = found->second;
  const auto party = std::find_if(parties.begin(), parties.end(), [&](const Party& one) {
    return std::find(one.tickets.begin(), one.tickets.end(), &ticket) != one.tickets.end();
  });
  std::erase(party->tickets, &ticket);
  if (party->tickets.empty()) parties.erase(party);
  if (parties.empty()) parties_.erase(found);
}

void SkillQueue::place(std::vector<Ticket*> tickets) {
  auto made = std::make_unique<Unit>();
  Unit& unit = *made;
  unit.tickets = std::move(tickets);
  std::sort(unit.tickets.begin(), unit.tickets.end(),
            [](const Ticket* a, const Ticket* b) { return a->id < b->id; });
  unit.pool = unit.tickets.front()->pool;
  unit.number = ++last_number_;
  unit.common = unit.tickets.front()->lists;
  for (Ticket* ticket : unit.tickets) {
    ticket->unit = &unit;
    for (std::size_t at = 0; at < unit.common.size(); ++at) {
      unit.common[at] = intersection(unit.common[at], ticket->lists[at]);
    }
  }
  units_.emplace(unit.number, std::move(made));
  const auto is_empty = [](const auto& list) { return list.empty(); };
  // A party without an element in common is in no group, and is not looked for.
  if (std::any_of(unit.common.begin(), unit.common.end(), is_empty)) return;
  for_indexes(unit, [](Index& index, const IndexEntry& entry) { index.insert(entry); });
  due_.insert(unit.number);
}

void SkillQueue::displace(Unit& unit) {
  set_event(unit, std::nullopt);
  due_.erase(unit.number);
  for_indexes(unit, [](Index& index, const IndexEntry& entry) { index.erase(entry); });
  for (Ticket* ticket : unit.tickets) ticket->unit = nullptr;
  units_.erase(unit.number);
}

void SkillQueue::remove(TicketId id) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) return;
  if (found->second->unit != nullptr) displace(*found->second->unit);
  forget(id);
}

// Its unit is gone.
void SkillQueue::forget(TicketId id) {
  const auto found = tickets_.find(id);
  Ticket& ticket = *found->second;
  for (const auto& list : ticket.lists) {
    for (const std::uint32_t element : list) texts_.release(element);
  }
  if (!ticket.party.empty()) leave_party(ticket);
  Pool& pool = *ticket.pool;
  if (--pool.waiting == 0) pools_.erase(pools_.find(pool.kind));
  tickets_.erase(found);
}

// --- When to look at a unit.

void SkillQueue::set_event(Unit& unit, std::optional<Instant> event) {
  if (unit.event) events_.erase({*unit.event, unit.number});
  unit.event = event;
  if (event) events_.emplace(*event, unit.number);
}

std::optional<Found> SkillQueue::look_at(Unit& unit, Instant now, Steps& steps) {
  std::optional<Instant> event;
  const Options& options = parts_.options;
  if (options.fill_after && unit.pool->team_count == 0) {
    const Instant due = unit.tickets.front()->enqueued + *options.fill_after;
    if (due > now) event = due;
  }
  std::vector<Span> spans;
  bool accepted = true;
  for (std::size_t at = 0; at < options.ranges.size(); ++at) {
    spans.push_back(span_of(unit, options.ranges[at], at, now));
    accepted = accepted && spans.back().is_accepted();
  }
  if (!accepted) {
    // The members of a party do not reach each other yet.
    if (auto when = when_accepted(options, unit, unit)) {
      set_event(unit, std::max(*when, now + milliseconds(1)));
    }
    return std::nullopt;
  }
  const Surroundings around = look_around(options, unit, spans, ++last_look_, now, steps);
  earlier(event, around.event);
  set_event(unit, event);
  return find_group(options, unit, around.candidates, now, steps);
}

// --- Groups.

void SkillQueue::propose(Proposals& proposals, TicketId of, Found found) const {
  std::vector<TicketId> tickets;
  for (const Unit* unit : found.units) {
    for (const Ticket* ticket : unit->tickets) tickets.push_back(ticket->id);
  }
  std::sort(tickets.begin(), tickets.end());
  proposals.try_emplace(std::move(tickets), Proposal{of, std::move(found)});
}

// A unit that cannot be looked at with the steps of one call is not looked at again before
// something changes for it. What others have left over waits for the next call.
void SkillQueue::look_at_all(Proposals& proposals, Instant now, Steps& steps) {
  while (!due_.empty() && steps.take()) {
    const bool is_first = steps.left + 1 == parts_.options.search_limit;
    Unit& unit = *units_.at(*due_.begin());
    auto found = look_at(unit, now, steps);
    if (steps.left == 0 && !is_first) return;
    if (steps.left == 0) parts_.limit_reached.add();
    due_.erase(unit.number);
    if (found) propose(proposals, unit.first(), std::move(*found));
  }
}

std::vector<MatchGroup> SkillQueue::form_groups(Instant now) {
  teams_.clear();
  for (; !events_.empty() && events_.begin()->first <= now;) {
    Unit& unit = *units_.at(events_.begin()->second);
    due_.insert(unit.number);
    set_event(unit, std::nullopt);
  }
  std::vector<MatchGroup> groups;
  Steps steps{parts_.options.search_limit};
  Proposals proposals;
  look_at_all(proposals, now, steps);
  // Every group holds a unit that was looked at, so the first proposal is the oldest group there
  // is. Those that have lost a member to it are looked for anew: what is left is never older.
  while (!proposals.empty()) {
    auto next = proposals.extract(proposals.begin());
    const auto is_here = [this](TicketId id) { return tickets_.contains(id); };
    if (std::all_of(next.key().begin(), next.key().end(), is_here)) {
      groups.push_back(start(next.key(), next.mapped(), now));
      continue;
    }
    const auto of = tickets_.find(next.mapped().of);
    if (of == tickets_.end()) continue;
    Unit& unit = *of->second->unit;
    if (steps.left > 0) {
      if (auto found = look_at(unit, now, steps)) {
        propose(proposals, unit.first(), std::move(*found));
        continue;
      }
    }
    // The steps may have ended before it was found.
    if (steps.left == 0) due_.insert(unit.number);
  }
  return groups;
}

MatchGroup SkillQueue::start(const std::vector<TicketId>& tickets, const Proposal& proposal,
                             Instant now) {
  const Found& found = proposal.found;
  Pool& pool = *found.units.front()->pool;
  for (const TicketId id : tickets) {
    pool.waits->add(now - tickets_.at(id)->enqueued);
  }
  if (!found.teams.empty()) {
    Teams teams(pool.team_count);
    for (std::size_t i = 0; i < found.units.size(); ++i) {
      for (const Ticket* ticket : found.units[i]->tickets) {
        teams[found.teams[i]].push_back(ticket->id);
      }
    }
    for (auto& team : teams) std::sort(team.begin(), team.end());
    std::sort(teams.begin(), teams.end());
    teams_.emplace(tickets.front(), std::move(teams));
  }
  for (Unit* unit : found.units) displace(*unit);
  for (const TicketId id : tickets) forget(id);
  return MatchGroup{tickets};
}

std::vector<std::vector<TicketId>> SkillQueue::teams_of(const MatchGroup& group) const {
  const auto found = teams_.find(group.tickets.front());
  return found == teams_.end() ? Teams{} : found->second;
}

std::optional<Instant> SkillQueue::next_change(Instant now) const {
  if (!due_.empty()) return now;
  if (events_.empty()) return std::nullopt;
  return events_.begin()->first;
}

bool SkillQueue::forecast(TicketId id, MatchForecast& forecast) const {
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) return false;
  forecast.waiting = static_cast<std::uint32_t>(found->second->pool->waiting);
  forecast.estimate = found->second->pool->waits->median();
  return true;
}

}  // namespace peer_skill
