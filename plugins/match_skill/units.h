#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "options.h"
#include "waits.h"

/// What a SkillQueue holds: tickets, in units that are placed as a whole, in pools of one kind.
/// Plain data; the queue owns all of it, and plain pointers point within. Whatever is destroyed has
/// been taken out of what points to it before.
namespace peer_skill {

struct Pool;
struct Unit;

/// One ticket, with what its request asked for as numbers (Wish).
struct Ticket {
  peer::sdk::TicketId id = 0;
  peer::sdk::Instant enqueued;                    ///< its tolerance widens from then on
  std::vector<double> numbers;                    ///< by range rule
  std::vector<std::vector<std::uint32_t>> lists;  ///< by overlap rule, sorted
  Pool* pool = nullptr;
  Unit* unit = nullptr;  ///< null: its party is not complete
  std::string party;     ///< empty: none
};

/// A ticket without a party, or the tickets of a whole one.
struct Unit {
  std::vector<Ticket*> tickets;  ///< the oldest first
  /// By overlap rule: what all its tickets have in common.
  std::vector<std::vector<std::uint32_t>> common;
  Pool* pool = nullptr;
  std::uint64_t number = 0;                   ///< of two units the later one has the greater
  std::optional<peer::sdk::Instant> event{};  ///< in the queue's list of events
  std::uint64_t seen = 0;                     ///< by which look around, so that each sees it once

  [[nodiscard]] peer::sdk::TicketId first() const { return tickets.front()->id; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tickets.size()); }
};

/// A unit under one of its numbers; of a rule-less pool under 0.
struct IndexEntry {
  double number = 0;
  peer::sdk::TicketId ticket = 0;
  Unit* unit = nullptr;

  friend bool operator<(const IndexEntry& a, const IndexEntry& b) {
    return a.number != b.number ? a.number < b.number : a.ticket < b.ticket;
  }
};
using Index = std::set<IndexEntry>;

/// Tickets that may play together as far as size, teams and equal fields go.
struct Pool {
  std::string kind;
  std::uint32_t group_size = 2;
  std::uint32_t team_count = 0;  ///< 0: no teams
  std::uint32_t team_size = 0;
  std::size_t waiting = 0;  ///< tickets
  std::shared_ptr<RecentWaits> waits;
  /// Units by the number of the first range rule; for each element of the first overlap rule apart,
  /// under 0 where there is no such rule.
  std::unordered_map<std::uint32_t, Index> index;
};

/// The index of a pool without an overlap rule. Numbers of texts begin with 1.
inline constexpr std::uint32_t kAllUnits = 0;

/// Calls `with(index, entry)` for each index that a unit is in, once for each of its tickets; an
/// index that is empty afterwards goes.
template <typename With>
void for_indexes(Unit& unit, With with) {
  const auto in = [&](std::uint32_t element) {
    Index& index = unit.pool->index[element];
    for (const Ticket* ticket : unit.tickets) {
      const double number = ticket->numbers.empty() ? 0 : ticket->numbers.front();
      with(index, IndexEntry{number, ticket->id, &unit});
    }
    if (index.empty()) unit.pool->index.erase(element);
  };
  if (unit.common.empty()) return in(kAllUnits);
  for (const std::uint32_t element : unit.common.front()) in(element);
}

/// How far a ticket of that age is from others at most, in the unit of the field. A clock that was
/// set back makes it no narrower than at the beginning.
[[nodiscard]] inline double tolerance(const RangeRule& rule, const Ticket& ticket,
                                      peer::sdk::Instant now) {
  const auto waited = std::max<std::int64_t>(0, (now - ticket.enqueued).count());
  const double widened =
      rule.tolerance + rule.widen_per_second * static_cast<double>(waited) / 1000.0;
  return std::min(widened, rule.max_tolerance);
}

/// The numbers of some tickets by one range rule, and those that all of them accept.
struct Span {
  // The smallest and the greatest number.
  double min = 0;
  double max = 0;
  // Each ticket accepts what is at most its tolerance away; this is what they have in common. `low`
  // is above `high` where that is nothing.
  double low = 0;
  double high = 0;

  /// With the tickets of another one. Of the same rule, at the same time.
  void add(const Span& other) {
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    low = std::max(low, other.low);
    high = std::min(high, other.high);
  }
  /// Whether each of the tickets accepts all others.
  [[nodiscard]] bool is_accepted() const { return min >= low && max <= high; }
};

/// `at`: which of the range rules.
[[nodiscard]] inline Span span_of(const Unit& unit, const RangeRule& rule, std::size_t at,
                                  peer::sdk::Instant now) {
  Span span;
  for (const Ticket* ticket : unit.tickets) {
    const double number = ticket->numbers[at];
    const double reach = tolerance(rule, *ticket, now);
    const Span own{number, number, number - reach, number + reach};
    if (ticket == unit.tickets.front()) {
      span = own;
    } else {
      span.add(own);
    }
  }
  return span;
}

}  // namespace peer_skill
