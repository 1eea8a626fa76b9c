#include <gmock/gmock.h>

#include <cmath>
#include <sstream>

#include "tests/unit/match/test_strategy.h"
#include "tools/match-sim/report.h"
#include "tools/match-sim/simulation.h"

namespace peer::match_sim {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string mistake(const std::string& text) {
  std::istringstream in(text);
  const auto arrivals = read_stream(in);
  return arrivals ? "" : arrivals.error().message;
}

TEST(MatchSimStreamTest, AStreamIsReadAsItWasWritten) {
  std::istringstream in("time,rating,region,party\n0.5,1500,eu,\n2,1400.5,,p:2\r\n");
  const auto arrivals = read_stream(in);
  ASSERT_TRUE(arrivals);
  ASSERT_EQ(arrivals->size(), 2U);
  EXPECT_EQ(arrivals->at(0).at, milliseconds(500));
  EXPECT_EQ(arrivals->at(0).region, "eu");
  EXPECT_EQ(arrivals->at(1).rating, 1400.5);
  EXPECT_EQ(arrivals->at(1).party, "p");
  EXPECT_EQ(arrivals->at(1).party_size, 2U);
  std::ostringstream out;
  write_stream(out, *arrivals);
  EXPECT_EQ(out.str(), "time,rating,region,party\n0.5,1500,eu,\n2,1400.5,,p:2\n");
}

TEST(MatchSimStreamTest, MistakesHaveTheirLine) {
  EXPECT_EQ(mistake("1,1500\nx,1500\n"), "line 2: time: expected seconds");
  EXPECT_EQ(mistake("1,\n"), "line 1: rating: expected a number");
  EXPECT_EQ(mistake("1,nan\n"), "line 1: rating: expected a number");
  EXPECT_EQ(mistake("1,2,eu,p\n"), "line 1: party: expected id:size");
  EXPECT_EQ(mistake("2,2\n1,2\n"), "line 2: time: earlier than that of the line before");
  EXPECT_EQ(mistake("1\n"), "line 1: expected time,rating,region,party");
}

TEST(MatchSimStreamTest, AMadeStreamHasTheShapeAskedFor) {
  const auto arrivals = make_stream(20'000, 2, 7);
  double sum = 0;
  double squares = 0;
  for (const Arrival& arrival : arrivals) {
    sum += arrival.rating;
    squares += arrival.rating * arrival.rating;
  }
  const double mean = sum / 20'000;
  EXPECT_NEAR(mean, 1500, 10);
  EXPECT_NEAR(std::sqrt(squares / 20'000 - mean * mean), 300, 10);
  EXPECT_NEAR(static_cast<double>(arrivals.back().at.count()), 10'000'000, 500'000);
}

class MatchSimTest : public testing::Test {
 protected:
  Outcome run(const std::vector<Arrival>& arrivals, milliseconds patience = milliseconds(60'000)) {
    return simulate(Served<sdk::MatchStrategy>{strategy_, calls_}, arrivals, asking_, patience);
  }
  static Arrival arrival(int seconds, double rating) {
    return {milliseconds(seconds * 1000), rating, {}, {}, 1};
  }

  test::TestStrategy strategy_;
  PluginCalls calls_{"match_strategy", "test"};
  Asking asking_;
};

TEST_F(MatchSimTest, GroupsHaveTheTimeOfTheirLastMember) {
  const std::vector<Arrival> arrivals{arrival(1, 10), arrival(2, 20), arrival(5, 10)};
  const Outcome outcome = run(arrivals);
  ASSERT_EQ(outcome.groups.size(), 1U);
  EXPECT_THAT(outcome.groups[0].members, ElementsAre(0, 2));
  EXPECT_EQ(outcome.groups[0].at, milliseconds(5000));
  EXPECT_EQ(outcome.unmatched, 1U);
  std::ostringstream out;
  print_report(out, arrivals, outcome);
  EXPECT_THAT(out.str(), HasSubstr("matched 2 in 1 groups, unmatched 1"));
  std::ostringstream groups;
  print_groups(groups, arrivals, outcome);
  EXPECT_EQ(groups.str(), "time,members,wait,spread\n5,2,2,0\n");
}

TEST_F(MatchSimTest, RatingsMayBeToldInSteps) {
  asking_.bucket = 100;
  EXPECT_EQ(run({arrival(1, 110), arrival(2, 190), arrival(3, 200)}).groups.size(), 1U);
  asking_.rating_field = "";
  asking_.group_size = 3;
  EXPECT_EQ(run({arrival(1, 110), arrival(2, 190), arrival(3, 200)}).groups.size(), 1U);
}

TEST_F(MatchSimTest, WhoHasWaitedLongEnoughGivesUp) {
  asking_.timeout = milliseconds(2000);
  const Outcome outcome = run({arrival(1, 10), arrival(4, 10)});
  EXPECT_EQ(outcome.groups.size(), 0U);
  EXPECT_EQ(outcome.gave_up, 2U);
}

// What the strategy puts off is done in time, and not for ever.
TEST_F(MatchSimTest, TheStrategyIsAskedWhenItWantsToBe) {
  std::vector<sdk::Instant> asked;
  strategy_.on_form_groups = [&](auto&) { asked.emplace_back(); };
  strategy_.on_next_change = [](sdk::Instant now) { return now + milliseconds(1000); };
  const Outcome outcome = run({arrival(1, 10)}, milliseconds(3500));
  EXPECT_EQ(asked.size(), 4U);
  EXPECT_EQ(outcome.until, milliseconds(4000));
}

TEST_F(MatchSimTest, RefusalsAreCountedByTheirWords) {
  strategy_.on_check = [] { return std::optional<std::string>("no"); };
  const Outcome outcome = run({arrival(1, 10)});
  EXPECT_THAT(outcome.refused, ElementsAre("no"));
}

}  // namespace
}  // namespace peer::match_sim
