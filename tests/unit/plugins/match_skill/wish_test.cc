#include "wish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/plugins/match_skill/asking.h"

namespace peer_skill::test {
namespace {

Options skill_and_regions() {
  Options options;
  options.ranges = {range(50)};
  options.overlaps = {"regions"};
  return options;
}

Ask sound() { return {2, {{"skill", number(5)}, {"regions", list({text("eu"), text("us")})}}, {}}; }

std::string refusal(const Ask& ask, const Options& options = skill_and_regions()) {
  const auto wish = asking(ask, [&](const auto& request) { return read_wish(options, request); });
  return wish ? "" : wish.error().message;
}

std::string kind(const Ask& ask) {
  return asking(ask, [&](const auto& request) { return read_wish(skill_and_regions(), request); })
      .value()
      .kind;
}

Ask with(std::string field, Value value) {
  Ask ask = sound();
  ask.criteria[std::move(field)] = std::move(value);
  return ask;
}

TEST(WishTest, RuledFieldsMustBeThereAndOfTheirType) {
  EXPECT_EQ(refusal(sound()), "");
  EXPECT_EQ(refusal({2, {{"skill", number(5)}}, {}}), "regions must be an array");
  EXPECT_EQ(refusal({2, {{"regions", list({})}}, {}}), "skill must be a number");
  EXPECT_EQ(refusal(with("skill", text("5"))), "skill must be a number");
  EXPECT_EQ(refusal(with("skill", Value{})), "skill must be a number");
  EXPECT_EQ(refusal(with("regions", text("eu"))), "regions must be an array");
}

// 1e999 is one in JSON, and reaches everybody, or nobody.
TEST(WishTest, AnInfiniteNumberIsNone) {
  EXPECT_EQ(refusal(with("skill", number(std::numeric_limits<double>::infinity()))),
            "skill must be a number");
}

TEST(WishTest, ListsHaveABound) {
  Value::List many(65, number(1));
  EXPECT_EQ(refusal(with("regions", list(many))), "regions too long");
  many.pop_back();
  EXPECT_EQ(refusal(with("regions", list(many))), "");
}

TEST(WishTest, FieldsWithoutARuleDecideTheKind) {
  EXPECT_EQ(kind(with("skill", number(7))), kind(sound()));
  EXPECT_NE(kind(with("mode", text("a"))), kind(with("mode", text("b"))));
  EXPECT_NE(kind(with("mode", text("1"))), kind(with("mode", number(1))));
  EXPECT_EQ(kind(with("mode", number(0.0))), kind(with("mode", number(-0.0))));
  EXPECT_NE(kind(with("mode", text("a"))), kind(sound()));
  Ask three = sound();
  three.group_size = 3;
  EXPECT_NE(kind(three), kind(sound()));
}

// A text that looks like the end of another value must not be one.
TEST(WishTest, NoTextPassesForAnotherValue) {
  EXPECT_NE(kind(with("m", list({text("as1:b")}))), kind(with("m", list({text("a"), text("b")}))));
  EXPECT_NE(kind(with("m", object({{"a", text("b1:cs1:d")}}))),
            kind(with("m", object({{"a", text("b")}, {"c", text("d")}}))));
}

TEST(WishTest, PartiesAreChecked) {
  EXPECT_EQ(refusal(sound().party("p", 2)), "");
  EXPECT_EQ(refusal(sound().party("p", 3)), "party larger than the group");
  EXPECT_EQ(refusal(sound().party("", 2)), "party.id must be a string");
  EXPECT_EQ(refusal(sound().party(std::string(129, 'x'), 2)), "party.id too long");
  EXPECT_EQ(refusal(sound().party("p", 0)), "party.size must be an integer of at least 1");
  EXPECT_EQ(refusal(sound().party("p", 1.5)), "party.size must be an integer of at least 1");
  Ask wrong = sound();
  wrong.fields["party"] = text("p");
  EXPECT_EQ(refusal(wrong), "party must be an object");
  wrong.fields["party"] = Value{};
  EXPECT_EQ(refusal(wrong), "");
}

TEST(WishTest, TeamsAreChecked) {
  EXPECT_EQ(refusal(sound().teams(2, 3)), "");
  EXPECT_EQ(refusal(sound().teams(1, 3)), "teams.count must be an integer of at least 2");
  EXPECT_EQ(refusal(sound().teams(2, 0)), "teams.size must be an integer of at least 1");
  EXPECT_EQ(refusal(sound().teams(2, 2).party("p", 3)), "party larger than a team");
  Ask both = sound().teams(2, 2);
  both.fields["group_size"] = number(4);
  EXPECT_EQ(refusal(both), "teams and group_size exclude each other");
  both.fields["group_size"] = Value{};
  EXPECT_EQ(refusal(both), "");
  Options without = skill_and_regions();
  without.ranges.clear();
  EXPECT_EQ(refusal(sound().teams(2, 2), without), "teams need a range rule");
}

TEST(WishTest, TeamsSayHowLargeTheGroupIs) {
  const auto wish = asking(sound().teams(3, 2), [](const auto& request) {
    return read_wish(skill_and_regions(), request);
  });
  EXPECT_EQ(wish.value().group_size, 6U);
}

}  // namespace
}  // namespace peer_skill::test
