#include "search.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "teams.h"

// The search for one group. In: a unit, and all units that could be with it. Out: the group with
// the oldest members. Candidates are taken in the order of their age, each branch that takes one
// before the branch that leaves it: so the first group that is complete is the one with the oldest
// members. A branch keeps only those candidates that all its members accept, and ends when these
// are too few.
namespace peer_skill {

using peer::sdk::Instant;

namespace {

/// What the members of a branch have together.
struct Branch {
  std::vector<Span> spans;                         ///< by range rule
  std::vector<std::vector<std::uint32_t>> common;  ///< by overlap rule
  std::uint32_t size = 0;                          ///< tickets
};

class Search {
 public:
  Search(const Options& options, Unit& unit, const std::vector<Candidate>& candidates, Instant now,
         Steps& steps)
      : options_(options),
        pool_(*unit.pool),
        candidates_(candidates),
        now_(now),
        steps_(steps),
        unit_(unit) {
    members_.push_back(&unit);
  }

  std::optional<Found> run() {
    Branch branch;
    for (std::size_t at = 0; at < options_.ranges.size(); ++at) {
      branch.spans.push_back(span_of(unit_, options_.ranges[at], at, now_));
    }
    branch.common = unit_.common;
    branch.size = unit_.size();
    std::vector<std::uint32_t> all(candidates_.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    if (!window_holds_enough(branch, all)) return std::nullopt;
    if (!extend(branch, all)) return std::nullopt;
    return Found{members_, std::move(teams_)};
  }

 private:
  /// Whether a group of that oldest member may start with fewer than it asked for.
  [[nodiscard]] bool is_due(const Unit& oldest) const {
    if (!options_.fill_after || pool_.team_count > 0) return false;
    return now_ - oldest.tickets.front()->enqueued >= *options_.fill_after;
  }
  [[nodiscard]] const Unit& oldest() const {
    if (members_.size() == 1 || unit_.first() < members_[1]->first()) return unit_;
    return *members_[1];
  }
  /// The smallest group that a branch may lead to, given what else it could take.
  [[nodiscard]] std::uint32_t fewest(const std::vector<std::uint32_t>& rest) const {
    const bool open = members_.size() == 1 && !rest.empty();
    const bool due = is_due(oldest()) || (open && is_due(*candidates_[rest.front()].unit));
    return due ? std::min(options_.min_group, pool_.group_size) : pool_.group_size;
  }

  // The least number of each member of a group is in one window, as wide as the farthest reach.
  // This ends most searches that would find nothing, at the cost of sorting.
  bool window_holds_enough(const Branch& branch, const std::vector<std::uint32_t>& all) {
    if (options_.ranges.empty()) return true;
    double width = 0;
    std::vector<std::pair<double, std::uint32_t>> sorted;
    const auto consider = [&](const Span& span, std::uint32_t size) {
      width = std::max({width, span.high - span.min, span.max - span.low});
      sorted.emplace_back(span.min, size);
    };
    consider(branch.spans.front(), 0);
    for (const std::uint32_t i : all) {
      consider(candidates_[i].spans.front(), candidates_[i].unit->size());
    }
    // Rounding must not lose a group.
    width += width * 1e-9;
    std::sort(sorted.begin(), sorted.end());
    const std::uint32_t target = fewest(all);
    std::uint32_t held = branch.size;
    std::size_t last = 0;
    for (const auto& [number, size] : sorted) {
      held += size;
      while (sorted[last].first < number - width) held -= sorted[last++].second;
      if (held >= target) return true;
    }
    return held >= target;
  }

  [[nodiscard]] bool accepts(const Branch& branch, const Candidate& candidate) {
    if (branch.size + candidate.unit->size() > pool_.group_size) return false;
    for (std::size_t at = 0; at < branch.spans.size(); ++at) {
      Span both = branch.spans[at];
      both.add(candidate.spans[at]);
      if (!both.is_accepted()) return false;
    }
    for (std::size_t at = 0; at < branch.common.size(); ++at) {
      const auto& list = candidate.unit->common[at];
      if (!steps_.take((branch.common[at].size() + list.size()) / 8)) return false;
      if (!intersects(branch.common[at], list)) return false;
    }
    return true;
  }

  [[nodiscard]] static Branch with(const Branch& branch, const Candidate& candidate) {
    Branch longer;
    longer.size = branch.size + candidate.unit->size();
    longer.spans = branch.spans;
    for (std::size_t at = 0; at < longer.spans.size(); ++at) {
      longer.spans[at].add(candidate.spans[at]);
    }
    for (std::size_t at = 0; at < branch.common.size(); ++at) {
      longer.common.push_back(intersection(branch.common[at], candidate.unit->common[at]));
    }
    return longer;
  }

  /// `rest`: candidates that the branch accepts, all younger than those that it took. On true the
  /// group is in members_.
  bool extend(const Branch& branch, const std::vector<std::uint32_t>& rest) {
    if (branch.size == pool_.group_size) return divides();
    std::uint32_t possible = branch.size;
    for (const std::uint32_t i : rest) possible += candidates_[i].unit->size();
    std::vector<std::uint32_t> next;
    for (std::size_t at = 0; at < rest.size(); ++at) {
      if (possible < fewest(rest)) return false;
      if (!steps_.take()) return false;
      const Candidate& candidate = candidates_[rest[at]];
      members_.push_back(candidate.unit);
      const Branch longer = with(branch, candidate);
      next.clear();
      for (std::size_t later = at + 1; later < rest.size(); ++later) {
        if (!steps_.take()) return false;
        if (accepts(longer, candidates_[rest[later]])) next.push_back(rest[later]);
      }
      if (extend(longer, next)) return true;
      if (steps_.left == 0) return false;
      members_.pop_back();
      possible -= candidate.unit->size();
    }
    return branch.size >= options_.min_group && branch.size >= 2 && is_due(oldest());
  }

  /// Whether the members can be divided into the teams asked for, if there are to be some.
  bool divides() {
    if (pool_.team_count == 0) return true;
    std::vector<TeamPart> parts;
    for (const Unit* unit : members_) {
      TeamPart& part = parts.emplace_back(TeamPart{unit->size(), 0});
      for (const Ticket* ticket : unit->tickets) part.sum += ticket->numbers.front();
    }
    std::uint64_t tries = 0;
    auto teams = divide(parts, pool_.team_count, pool_.team_size, tries);
    if (teams) {
      teams_ = std::move(*teams);
      return true;
    }
    steps_.take(tries / 8);
    return false;
  }

  const Options& options_;
  const Pool& pool_;
  const std::vector<Candidate>& candidates_;
  const Instant now_;
  Steps& steps_;
  Unit& unit_;
  std::vector<Unit*> members_;
  std::vector<std::uint32_t> teams_;
};

}  // namespace

std::optional<Found> find_group(const Options& options, Unit& unit,
                                const std::vector<Candidate>& candidates, Instant now,
                                Steps& steps) {
  return Search(options, unit, candidates, now, steps).run();
}

std::vector<std::uint32_t> intersection(const std::vector<std::uint32_t>& a,
                                        const std::vector<std::uint32_t>& b) {
  std::vector<std::uint32_t> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

bool intersects(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    if (*left == *right) return true;
    *left < *right ? ++left : ++right;
  }
  return false;
}

}  // namespace peer_skill
