#include "teams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace peer_skill {
namespace {

double spread(const std::vector<TeamPart>& parts, const std::vector<std::uint32_t>& team_of,
              std::uint32_t count) {
  std::vector<double> sums(count);
  for (std::size_t i = 0; i < parts.size(); ++i) sums[team_of[i]] += parts[i].sum;
  const auto [least, greatest] = std::minmax_element(sums.begin(), sums.end());
  return *greatest - *least;
}

bool fills(const std::vector<TeamPart>& parts, const std::vector<std::uint32_t>& team_of,
           std::uint32_t count, std::uint32_t size) {
  std::vector<std::uint32_t> held(count);
  for (std::size_t i = 0; i < parts.size(); ++i) held[team_of[i]] += parts[i].size;
  return std::all_of(held.begin(), held.end(), [&](std::uint32_t one) { return one == size; });
}

/// Tries every team for every part.
double least_spread(const std::vector<TeamPart>& parts, std::uint32_t count, std::uint32_t size) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<std::uint32_t> team_of(parts.size());
  const std::function<void(std::size_t)> place = [&](std::size_t at) {
    if (at == parts.size()) {
      if (fills(parts, team_of, count, size)) best = std::min(best, spread(parts, team_of, count));
      return;
    }
    for (std::uint32_t team = 0; team < count; ++team) {
      team_of[at] = team;
      place(at + 1);
    }
  };
  place(0);
  return best;
}

std::vector<TeamPart> random_parts(std::mt19937& random, std::uint32_t count, std::uint32_t size) {
  std::uniform_int_distribution<int> skill(0, 3000);
  std::vector<TeamPart> parts;
  for (std::uint32_t team = 0; team < count; ++team) {
    for (std::uint32_t left = size; left > 0;) {
      const auto part = std::uniform_int_distribution<std::uint32_t>(1, std::min(left, 3U))(random);
      double sum = 0;
      for (std::uint32_t i = 0; i < part; ++i) sum += skill(random);
      parts.push_back({part, sum});
      left -= part;
    }
  }
  std::shuffle(parts.begin(), parts.end(), random);
  return parts;
}

std::optional<std::vector<std::uint32_t>> divided(const std::vector<TeamPart>& parts,
                                                  std::uint32_t count, std::uint32_t size) {
  std::uint64_t tries = 0;
  return divide(parts, count, size, tries);
}

TEST(TeamsTest, UpToTenPeersTheDivisionIsTheBest) {
  std::mt19937 random(7);
  const std::pair<std::uint32_t, std::uint32_t> shapes[] = {{2, 1}, {2, 3}, {2, 5}, {3, 3},
                                                            {4, 2}, {5, 2}, {10, 1}};
  for (const auto& [count, size] : shapes) {
    if (count == 10) {  // trying all of these takes too long, and they are all alike
      const std::vector<TeamPart> singles(10, TeamPart{1, 5});
      EXPECT_EQ(spread(singles, *divided(singles, 10, 1), 10), 0);
      continue;
    }
    for (int i = 0; i < (count * size > 8 ? 3 : 30); ++i) {
      const auto parts = random_parts(random, count, size);
      const auto teams = divided(parts, count, size);
      ASSERT_TRUE(teams && fills(parts, *teams, count, size));
      EXPECT_NEAR(spread(parts, *teams, count), least_spread(parts, count, size), 1e-6)
          << count << " teams of " << size;
    }
  }
}

TEST(TeamsTest, TenSinglesInPairsAreDividedBest) {
  std::vector<TeamPart> parts;
  for (int i = 1; i <= 10; ++i) parts.push_back({1, std::pow(2.0, i)});
  const auto teams = divided(parts, 5, 2);
  ASSERT_TRUE(teams);
  // The greatest is with the least, 1024 + 2, and of the others the least sum is 32 + 64.
  EXPECT_EQ(spread(parts, *teams, 5), 1026 - (32 + 64));
}

TEST(TeamsTest, BeyondTenNoExchangeMakesItBetter) {
  std::mt19937 random(11);
  const std::pair<std::uint32_t, std::uint32_t> shapes[] = {{2, 8}, {4, 4}, {16, 4}, {2, 32}};
  for (const auto& [count, size] : shapes) {
    for (int i = 0; i < 10; ++i) {
      const auto parts = random_parts(random, count, size);
      auto teams = divided(parts, count, size);
      ASSERT_TRUE(teams && fills(parts, *teams, count, size)) << count << " of " << size;
      const double reached = spread(parts, *teams, count);
      for (std::size_t a = 0; a < parts.size(); ++a) {
        for (std::size_t b = 0; b < parts.size(); ++b) {
          if (parts[a].size != parts[b].size) continue;
          std::swap((*teams)[a], (*teams)[b]);
          ASSERT_GE(spread(parts, *teams, count), reached - 1e-6);
          std::swap((*teams)[a], (*teams)[b]);
        }
      }
    }
  }
}

TEST(TeamsTest, PartsThatDoNotFillTheTeamsAreNotDivided) {
  EXPECT_FALSE(divided({{2, 0}, {2, 0}, {2, 0}}, 2, 3));
  EXPECT_TRUE(divided({{2, 0}, {2, 0}, {1, 0}, {1, 0}}, 2, 3));
}

// What a stranger can make hard: parties that fill the room but do not fit.
TEST(TeamsTest, TheWorkIsBounded) {
  std::vector<TeamPart> parts(16, TeamPart{3, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  parts.push_back({2, 1});
  std::uint64_t tries = 0;
  EXPECT_FALSE(divide(parts, 16, 4, tries));
  EXPECT_LE(tries, 50'000U);
}

}  // namespace
}  // namespace peer_skill
