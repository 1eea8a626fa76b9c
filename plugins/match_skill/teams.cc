#include "teams.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

// In: the peers and parties of a group. Out: which team each is in. All divisions are tried where
// they are few; else parts go to the weakest team that has room, and are then exchanged.
namespace peer_skill {
namespace {

constexpr std::uint32_t kMostExhaustive = 10;
/// Sums of teams that are looked at while parts are exchanged: about a millisecond.
constexpr std::size_t kMostExchangeWork = 500'000;
/// Places that are tried for parts. All divisions of 10 peers take less.
constexpr std::uint64_t kMostTries = 50'000;

struct Team {
  std::uint32_t room = 0;
  double sum = 0;
};

class Division {
 public:
  Division(const std::vector<TeamPart>& parts, std::uint32_t count, std::uint32_t size)
      : parts_(parts),
        size_(size),
        teams_(count, Team{size, 0}),
        team_of_(parts.size(), 0),
        order_(parts.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    // Large parts first: they are the hardest to find room for. Of one size the strongest first.
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      if (parts[a].size != parts[b].size) return parts[a].size > parts[b].size;
      return parts[a].sum > parts[b].sum;
    });
  }

  /// Tries all divisions, or those until one is found.
  void search(std::size_t at, bool all) {
    if (at == order_.size()) {
      const double now = spread();
      if (!best_ || now < best_spread_) {
        best_ = team_of_;
        best_spread_ = now;
      }
      return;
    }
    const TeamPart& part = parts_[order_[at]];
    for (const std::size_t team : teams_to_try(all)) {
      if (tries_ == kMostTries) return;
      ++tries_;
      if (teams_[team].room < part.size) continue;
      // All empty teams are alike.
      const bool was_empty = teams_[team].room == size_;
      put(order_[at], team);
      search(at + 1, all);
      teams_[team].room += part.size;
      teams_[team].sum -= part.sum;
      if (best_ && !all) return;
      if (was_empty && all) return;
    }
  }

  /// Exchanges two parts of one size for as long as that brings the greatest and the least sum
  /// nearer to each other. Only an exchange with one of these two teams can do so.
  void exchange() {
    restore();
    while (better_exchange()) {
      best_spread_ = spread();
      best_ = team_of_;
    }
  }

  [[nodiscard]] std::optional<std::vector<std::uint32_t>>& best() { return best_; }
  [[nodiscard]] std::uint64_t tries() const { return tries_; }

 private:
  // In order where all divisions are tried; else the weakest first, which is a good guess.
  [[nodiscard]] std::vector<std::size_t> teams_to_try(bool all) const {
    std::vector<std::size_t> teams(teams_.size());
    std::iota(teams.begin(), teams.end(), std::size_t{0});
    if (all) return teams;
    std::stable_sort(teams.begin(), teams.end(), [this](std::size_t a, std::size_t b) {
      return teams_[a].sum < teams_[b].sum;
    });
    return teams;
  }

  void put(std::size_t part, std::size_t team) {
    teams_[team].room -= parts_[part].size;
    teams_[team].sum += parts_[part].sum;
    team_of_[part] = static_cast<std::uint32_t>(team);
  }

  /// Makes the exchange that helps most; false: none does, or the work has become too much.
  bool better_exchange() {
    const auto [least, greatest] = extremes();
    double best = best_spread_;
    std::pair<std::size_t, std::size_t> chosen{};
    for (std::size_t a = 0; a < parts_.size(); ++a) {
      if (&teams_[team_of_[a]] != &*least && &teams_[team_of_[a]] != &*greatest) continue;
      for (std::size_t b = 0; b < parts_.size(); ++b) {
        if (team_of_[a] == team_of_[b] || parts_[a].size != parts_[b].size) continue;
        if (exchange_work_ < teams_.size()) return false;
        exchange_work_ -= teams_.size();
        swap(a, b);
        if (const double now = spread(); now < best) {
          best = now;
          chosen = {a, b};
        }
        swap(a, b);
      }
    }
    if (best >= best_spread_) return false;
    swap(chosen.first, chosen.second);
    return true;
  }

  void restore() {
    for (Team& team : teams_) team = Team{size_, 0};
    for (std::size_t i = 0; i < parts_.size(); ++i) put(i, (*best_)[i]);
  }

  void swap(std::size_t a, std::size_t b) {
    const double difference = parts_[a].sum - parts_[b].sum;
    teams_[team_of_[a]].sum -= difference;
    teams_[team_of_[b]].sum += difference;
    std::swap(team_of_[a], team_of_[b]);
  }

  using TeamAt = std::vector<Team>::const_iterator;
  [[nodiscard]] std::pair<TeamAt, TeamAt> extremes() const {
    return std::minmax_element(teams_.begin(), teams_.end(),
                               [](const Team& a, const Team& b) { return a.sum < b.sum; });
  }
  [[nodiscard]] double spread() const {
    const auto [least, greatest] = extremes();
    return greatest->sum - least->sum;
  }

  const std::vector<TeamPart>& parts_;
  const std::uint32_t size_;
  std::vector<Team> teams_;
  std::vector<std::uint32_t> team_of_;
  std::vector<std::size_t> order_;
  std::optional<std::vector<std::uint32_t>> best_;
  double best_spread_ = std::numeric_limits<double>::infinity();
  std::uint64_t tries_ = 0;
  std::size_t exchange_work_ = kMostExchangeWork;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> divide(const std::vector<TeamPart>& parts,
                                                 std::uint32_t count, std::uint32_t size,
                                                 std::uint64_t& tries) {
  const bool all = count * size <= kMostExhaustive;
  Division division(parts, count, size);
  division.search(0, all);
  tries += division.tries();
  if (division.best() && !all) division.exchange();
  return division.best();
}

}  // namespace peer_skill
