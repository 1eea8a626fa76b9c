#include "tools/match-sim/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <ostream>
#include <string>

namespace peer::match_sim {
namespace {

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

double mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

/// `part`: 0.5 for the median. `sorted` is.
double at(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(part * last))];
}

void print_row(std::ostream& out, const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  char line[128];
  std::snprintf(line, sizeof line, "%-10s %10.1f %10.1f %10.1f %10.1f\n", name, mean(values),
                at(values, 0.5), at(values, 0.95), values.empty() ? 0 : values.back());
  out << line;
}

double spread_of(const std::vector<Arrival>& arrivals, const Played& group) {
  const auto [least, greatest] = std::minmax_element(
      group.members.begin(), group.members.end(),
      [&](std::size_t a, std::size_t b) { return arrivals[a].rating < arrivals[b].rating; });
  return arrivals[*greatest].rating - arrivals[*least].rating;
}

double imbalance_of(const std::vector<Arrival>& arrivals, const Played& group) {
  std::vector<double> sums;
  for (const auto& team : group.teams) {
    double& sum = sums.emplace_back(0);
    for (const std::size_t member : team) sum += arrivals[member].rating;
  }
  const auto [least, greatest] = std::minmax_element(sums.begin(), sums.end());
  return *greatest - *least;
}

std::vector<double> waits_of(const std::vector<Arrival>& arrivals, const Played& group) {
  std::vector<double> waits;
  for (const std::size_t member : group.members) {
    waits.push_back(seconds(group.at - arrivals[member].at));
  }
  return waits;
}

}  // namespace

void print_report(std::ostream& out, const std::vector<Arrival>& arrivals, const Outcome& outcome) {
  std::vector<double> waits;
  std::vector<double> spreads;
  std::vector<double> imbalances;
  for (const Played& group : outcome.groups) {
    const auto own = waits_of(arrivals, group);
    waits.insert(waits.end(), own.begin(), own.end());
    spreads.push_back(spread_of(arrivals, group));
    if (!group.teams.empty()) imbalances.push_back(imbalance_of(arrivals, group));
  }
  out << "requests " << arrivals.size() << ", matched " << waits.size() << " in "
      << outcome.groups.size() << " groups, unmatched " << outcome.unmatched << ", gave up "
      << outcome.gave_up << ", refused " << outcome.refused.size() << "; " << seconds(outcome.until)
      << " s\n";
  std::map<std::string, std::size_t> refusals;
  for (const std::string& words : outcome.refused) ++refusals[words];
  for (const auto& [words, count] : refusals)
    out << "  refused: " << words << " (" << count << ")\n";
  out << "                 mean     median        95%    longest\n";
  print_row(out, "wait (s)", std::move(waits));
  print_row(out, "spread", std::move(spreads));
  if (!imbalances.empty()) print_row(out, "teams", std::move(imbalances));
}

void print_groups(std::ostream& out, const std::vector<Arrival>& arrivals, const Outcome& outcome) {
  out << "time,members,wait,spread\n";
  for (const Played& group : outcome.groups) {
    out << seconds(group.at) << ',' << group.members.size() << ','
        << mean(waits_of(arrivals, group)) << ',' << spread_of(arrivals, group) << '\n';
  }
}

}  // namespace peer::match_sim
