#include "core/protocol/json_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/protocol/json_number.h"

namespace peer {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

std::string canonical_number(std::string_view raw) {
  std::string out;
  append_canonical_number(out, raw);
  return out;
}

TEST(IntegerValueTest, TakesEveryIntegralNumber) {
  EXPECT_EQ(integer_value("50"), 50);
  EXPECT_EQ(integer_value("-7"), -7);
  EXPECT_EQ(integer_value("2.0"), 2);
  EXPECT_EQ(integer_value("2e0"), 2);
  EXPECT_EQ(integer_value("20e-1"), 2);
  EXPECT_EQ(integer_value("0.02e2"), 2);
  EXPECT_EQ(integer_value("1.5e3"), 1500);
  EXPECT_EQ(integer_value("-0"), 0);
  EXPECT_EQ(integer_value("0e999999999999999999999"), 0);
  EXPECT_EQ(integer_value("999999999999999999"), 999999999999999999);
}

TEST(IntegerValueTest, RefusesFractions) {
  EXPECT_EQ(integer_value("2.5"), std::nullopt);
  EXPECT_EQ(integer_value("25e-1"), std::nullopt);
  EXPECT_EQ(integer_value("1e-999999999999999999999"), std::nullopt);
}

TEST(IntegerValueTest, SaturatesBeyondTheRange) {
  EXPECT_EQ(integer_value("1180591620717411303424"), kMax);
  EXPECT_EQ(integer_value("-1180591620717411303424"), kMin);
  EXPECT_EQ(integer_value("1e999"), kMax);
  EXPECT_EQ(integer_value("-1e999999999999999999999999"), kMin);
}

TEST(DoubleValueTest, IsTheNearestAndInfiniteOrZeroBeyondTheRange) {
  EXPECT_EQ(double_value("1.5"), 1.5);
  EXPECT_EQ(double_value("0"), 0.0);
  EXPECT_EQ(double_value("64"), 64.0);
  EXPECT_EQ(double_value("-64"), -64.0);
  EXPECT_TRUE(std::signbit(double_value("-0")));
  EXPECT_EQ(double_value("999999999999999"), 999999999999999.0);
  EXPECT_EQ(double_value("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(double_value("1180591620717411303424"), std::pow(2, 70));
  EXPECT_EQ(double_value("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(double_value("-1e999999999999999999999"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(double_value("1e-999"), 0.0);
  EXPECT_EQ(double_value("1e-999999999999999999999"), 0.0);
  EXPECT_EQ(double_value("1" + std::string(400, '0')), std::numeric_limits<double>::infinity());
  EXPECT_EQ(double_value("0." + std::string(400, '0') + "1"), 0.0);
}

TEST(CanonicalNumberTest, IsTheSameForEqualValues) {
  const std::vector<std::vector<std::string>> equal = {
      {"1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000", "1e-0", "0.001e3"},
      {"0", "-0", "0.0", "0e5", "-0.0e-7", "0e99999999999999999999999"},
      {"-12.5", "-125e-1", "-1.25e1", "-12.50"},
      {"1e1000000000000000000", "10e999999999999999999", "0.1e1000000000000000001"},
      {"1e-1000000000000000000", "0.1e-999999999999999999", "10e-1000000000000000001"},
      {"1e100000000000000000000000", "100e99999999999999999999998"},
      {"1e5", "1e+5", "1e0000000000000000000000005", "100000"},
  };
  std::vector<std::string> texts;
  for (const auto& group : equal) {
    for (const std::string& raw : group) {
      EXPECT_EQ(canonical_number(raw), canonical_number(group.front())) << raw;
    }
    texts.push_back(canonical_number(group.front()));
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

TEST(CanonicalNumberTest, TellsApartWhatDoublesCannot) {
  EXPECT_NE(canonical_number("1e999"), canonical_number("1e998"));
  EXPECT_NE(canonical_number("9007199254740993"), canonical_number("9007199254740992"));
  EXPECT_NE(canonical_number("1e-999"), canonical_number("0"));
  EXPECT_NE(canonical_number("1"), canonical_number("-1"));
  EXPECT_NE(canonical_number("1e1000000000000000000"), canonical_number("1e-1000000000000000000"));
}

TEST(CanonicalNumberTest, StaysAsShortAsTheNumber) {
  EXPECT_EQ(canonical_number("1e999999999999"), "1e999999999999");
  EXPECT_EQ(canonical_number("120"), "12e1");
}

TEST(CanonicalJsonTest, IgnoresKeyOrderWhiteSpaceAndSpelling) {
  const std::string expected = canonical_json(R"({"a":[1,"x/y"],"b":{"c":null,"d":true}})");
  EXPECT_EQ(expected, R"({"a":[1e0,"x/y"],"b":{"c":null,"d":true}})");
  EXPECT_EQ(canonical_json(R"({ "b" : {"d":true, "c":null}, "\u0061" : [ 1.0, "x\/\u0079" ] })"),
            expected);
}

TEST(CanonicalJsonTest, KeepsTypesAndOrderOfListsApart) {
  const std::vector<std::string> values = {
      "1",     "\"1\"",     "true",          "\"true\"",     "null",        "\"null\"", "[]",
      "{}",    "[[]]",      "[{}]",          "[1,2]",        "[2,1]",       "[12]",     "[\"1,2\"]",
      "\"\"",  "{\"a\":1}", "{\"a\":\"1\"}", "{\"a\":null}", "{\"a,b\":1}", R"("\"")",  R"("\\\"")",
      "false", "0"};
  std::vector<std::string> texts;
  for (const std::string& value : values) texts.push_back(canonical_json(value));
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

TEST(ParseJsonValueTest, GivesEveryKindOfValue) {
  sdk::Value value;
  ASSERT_EQ(parse_json_value(R"({ "n" : null, "t":true,"f":false ,"d":-1.5, "s":"\u0061\"",
                                 "l":[ 1 , [ ] , { } ], "o":{"x":1e999}})",
                             8, value),
            ValueFault::kNone);
  EXPECT_TRUE(value.find("n")->is_null());
  EXPECT_EQ(*value.find("t")->as_bool(), true);
  EXPECT_EQ(*value.find("f")->as_bool(), false);
  EXPECT_EQ(*value.find("d")->as_number(), -1.5);
  EXPECT_EQ(*value.find("s")->as_string(), "a\"");
  ASSERT_EQ(value.find("l")->as_list()->size(), 3U);
  EXPECT_TRUE(value.find("l")->as_list()->at(1).as_list()->empty());
  EXPECT_TRUE(value.find("l")->as_list()->at(2).as_object()->empty());
  EXPECT_TRUE(std::isinf(*value.find("o")->find("x")->as_number()));
  EXPECT_EQ(value.as_object()->size(), 7U);
}

TEST(ParseJsonValueTest, SaysWhatIsWrong) {
  sdk::Value value;
  EXPECT_EQ(parse_json_value(R"({"a":{"b":1,"\u0062":2}})", 8, value), ValueFault::kDuplicateKey);
  EXPECT_EQ(parse_json_value(R"(["\ud800"])", 8, value), ValueFault::kUnpairedSurrogate);
  EXPECT_EQ(parse_json_value(R"({"\ud800":1})", 8, value), ValueFault::kUnpairedSurrogate);
  EXPECT_EQ(parse_json_value("[[]]", 1, value), ValueFault::kTooDeep);
  EXPECT_EQ(parse_json_value("[[]]", 2, value), ValueFault::kNone);
}

}  // namespace
}  // namespace peer
