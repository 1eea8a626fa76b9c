#include "surroundings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

// In: a unit in its pool, and the time. Out: the units that accept it and that it accepts, and the
// next moment at which there may be one more.
namespace peer_skill {

using peer::sdk::Instant;
using peer::sdk::TicketId;
using std::chrono::milliseconds;

namespace {

/// Entries beyond reach that are looked at for one that matters.
constexpr int kMostBeyond = 8;

/// When the ticket's tolerance is that wide; nullopt: never.
std::optional<Instant> when_wide(const RangeRule& rule, const Ticket& ticket, double distance) {
  if (distance <= rule.tolerance) return ticket.enqueued;
  if (distance > rule.max_tolerance || rule.widen_per_second <= 0) return std::nullopt;
  const double wait = std::ceil((distance - rule.tolerance) / rule.widen_per_second * 1000.0);
  // A year is beyond any wait, and keeps times far from overflow.
  if (!(wait < 3.2e10)) return std::nullopt;
  return ticket.enqueued + milliseconds(static_cast<std::int64_t>(wait));
}

// Of two units the later one notes when they reach each other, so that the earlier one is not
// looked at for it.
void note_beyond(const Options& options, const Unit& unit, const Index& index, const Span& span,
                 Instant now, std::optional<Instant>& event) {
  const auto note = [&](const IndexEntry& entry, int nth) {
    if (entry.unit == &unit) return false;
    // Where all that are looked at are later ones, the last of them stands for what is behind it.
    if (entry.unit->number > unit.number && nth + 1 < kMostBeyond) return false;
    // All members have to reach it.
    Instant last = now;
    for (const Ticket* ticket : unit.tickets) {
      const auto wide = when_wide(options.ranges.front(), *ticket,
                                  std::abs(entry.number - ticket->numbers.front()));
      if (!wide) return true;
      last = std::max(last, *wide);
    }
    earlier(event, std::max(last, now + milliseconds(1)));
    return true;
  };
  auto above = index.upper_bound({span.high, std::numeric_limits<TicketId>::max(), nullptr});
  for (int nth = 0; above != index.end() && nth < kMostBeyond; ++nth, ++above) {
    if (note(*above, nth)) break;
  }
  auto below = index.lower_bound({span.low, 0, nullptr});
  for (int nth = 0; below != index.begin() && nth < kMostBeyond; ++nth) {
    if (note(*--below, nth)) break;
  }
}

}  // namespace

std::optional<Instant> when_accepted(const Options& options, const Unit& a, const Unit& b) {
  Instant last = Instant::min();
  for (std::size_t at = 0; at < options.ranges.size(); ++at) {
    double min = std::numeric_limits<double>::infinity();
    double max = -min;
    for (const Unit* unit : {&a, &b}) {
      for (const Ticket* ticket : unit->tickets) {
        min = std::min(min, ticket->numbers[at]);
        max = std::max(max, ticket->numbers[at]);
      }
    }
    for (const Unit* unit : {&a, &b}) {
      for (const Ticket* ticket : unit->tickets) {
        const double number = ticket->numbers[at];
        const auto wide =
            when_wide(options.ranges[at], *ticket, std::max(max - number, number - min));
        if (!wide) return std::nullopt;
        last = std::max(last, *wide);
      }
    }
  }
  return last;
}

Surroundings look_around(const Options& options, Unit& unit, const std::vector<Span>& spans,
                         std::uint64_t look, Instant now, Steps& steps) {
  Surroundings around;
  unit.seen = look;
  const auto consider = [&](Unit& other) {
    if (other.seen == look) return;
    other.seen = look;
    if (other.size() + unit.size() > unit.pool->group_size) return;
    for (std::size_t at = 0; at < unit.common.size(); ++at) {
      steps.take((unit.common[at].size() + other.common[at].size()) / 8);
      if (!intersects(unit.common[at], other.common[at])) return;
    }
    Candidate candidate{&other, {}};
    bool accepted = true;
    for (std::size_t at = 0; at < spans.size(); ++at) {
      candidate.spans.push_back(span_of(other, options.ranges[at], at, now));
      Span both = spans[at];
      both.add(candidate.spans.back());
      accepted = accepted && both.is_accepted();
    }
    if (accepted) {
      around.candidates.push_back(std::move(candidate));
    } else if (other.number < unit.number) {
      if (auto when = when_accepted(options, unit, other)) {
        earlier(around.event, std::max(*when, now + milliseconds(1)));
      }
    }
  };
  const auto look_in = [&](const Index& index) {
    const Span span = spans.empty() ? Span{} : spans.front();
    for (auto at = index.lower_bound({span.low, 0, nullptr});
         at != index.end() && at->number <= span.high; ++at) {
      if (!steps.take()) return;
      consider(*at->unit);
    }
    if (!spans.empty()) note_beyond(options, unit, index, span, now, around.event);
  };
  for_indexes(unit, [&, last = static_cast<const Index*>(nullptr)](const Index& index,
                                                                   const IndexEntry&) mutable {
    // Once for each index, however many members a party has in it.
    if (std::exchange(last, &index) != &index) look_in(index);
  });
  std::sort(
      around.candidates.begin(), around.candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.unit->first() < b.unit->first(); });
  return around;
}

}  // namespace peer_skill
