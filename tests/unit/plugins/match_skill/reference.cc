#include "tests/unit/plugins/match_skill/reference.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

namespace peer_skill::test {

bool Reference::is_near(const Group& group, Instant now) const {
  for (const TicketId one : group) {
    const Ticket& ticket = tickets_.at(one);
    for (std::size_t rule = 0; rule < options_.ranges.size(); ++rule) {
      const RangeRule& range = options_.ranges[rule];
      const double waited = static_cast<double>((now - ticket.enqueued).count()) / 1000;
      const double accepts =
          std::min(range.max_tolerance, range.tolerance + range.widen_per_second * waited);
      for (const TicketId other : group) {
        if (std::abs(tickets_.at(other).numbers[rule] - ticket.numbers[rule]) > accepts + 1e-9) {
          return false;
        }
      }
    }
  }
  return true;
}

bool Reference::overlaps(const Group& group) const {
  for (std::size_t rule = 0; rule < options_.overlaps.size(); ++rule) {
    const auto& first = tickets_.at(group.front()).lists[rule];
    const bool common = std::any_of(first.begin(), first.end(), [&](int element) {
      return std::all_of(group.begin(), group.end(), [&](TicketId id) {
        const auto& list = tickets_.at(id).lists[rule];
        return std::find(list.begin(), list.end(), element) != list.end();
      });
    });
    if (!common) return false;
  }
  return true;
}

bool Reference::holds_whole_parties(const Group& group) const {
  for (const TicketId id : group) {
    const Ticket& ticket = tickets_.at(id);
    if (ticket.party.empty()) continue;
    const auto there = std::count_if(group.begin(), group.end(), [&](TicketId other) {
      return tickets_.at(other).party == ticket.party;
    });
    if (there != ticket.party_size) return false;
  }
  return true;
}

bool Reference::fills_teams(const Group& group) const {
  const Ticket& first = tickets_.at(group.front());
  if (first.team_count == 0) return true;
  std::vector<std::uint32_t> held(first.team_count);
  std::map<std::string, std::uint32_t> team_of_party;
  const std::function<bool(std::size_t)> place = [&](std::size_t at) -> bool {
    if (at == group.size()) return true;
    const std::string& party = tickets_.at(group[at]).party;
    for (std::uint32_t team = 0; team < first.team_count; ++team) {
      const bool known = !party.empty() && team_of_party.contains(party);
      if (held[team] == first.team_size || (known && team_of_party[party] != team)) continue;
      ++held[team];
      if (!party.empty() && !known) team_of_party[party] = team;
      if (place(at + 1)) return true;
      --held[team];
      if (!party.empty() && !known) team_of_party.erase(party);
    }
    return false;
  };
  return place(0);
}

bool Reference::has_size(const Group& group, Instant now) const {
  const Ticket& first = tickets_.at(group.front());
  if (group.size() == first.group_size) return true;
  if (group.size() > first.group_size || group.size() < options_.min_group) return false;
  return options_.fill_after && first.team_count == 0 &&
         now - first.enqueued >= *options_.fill_after;
}

bool Reference::may_start(const Group& group, Instant now) const {
  const std::string& kind = tickets_.at(group.front()).kind;
  const bool of_a_kind = std::all_of(group.begin(), group.end(),
                                     [&](TicketId id) { return tickets_.at(id).kind == kind; });
  return of_a_kind && has_size(group, now) && is_near(group, now) && overlaps(group) &&
         holds_whole_parties(group) && fills_teams(group);
}

void Reference::try_all(std::map<TicketId, Ticket>::const_iterator from, Group& group, Instant now,
                        std::optional<Group>& best) const {
  if (group.size() >= 2 && may_start(group, now)) {
    const auto is_older = [](const Group& a, const Group& b) {
      const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
      if (left == a.end()) return false;
      return right == b.end() || *left < *right;
    };
    if (!best || is_older(group, *best)) best = group;
  }
  if (!group.empty() && group.size() == tickets_.at(group.front()).group_size) return;
  for (auto at = from; at != tickets_.end(); ++at) {
    if (!group.empty() && at->second.kind != tickets_.at(group.front()).kind) continue;
    group.push_back(at->first);
    try_all(std::next(at), group, now, best);
    group.pop_back();
  }
}

std::vector<Reference::Group> Reference::form_groups(Instant now) {
  std::vector<Group> groups;
  for (;;) {
    std::optional<Group> best;
    Group group;
    try_all(tickets_.begin(), group, now, best);
    if (!best) return groups;
    groups.push_back(*best);
    for (const TicketId id : *best) tickets_.erase(id);
  }
}

}  // namespace peer_skill::test
