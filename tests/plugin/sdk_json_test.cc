#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <string>

#include <peer/sdk/json.h>

#include "core/protocol/json_text.h"
#include "core/protocol/json_value.h"

namespace peer::sdk {
namespace {

std::string written(const JsonItem& item) {
  const Result<std::string> text = JsonArray().add(item).text();
  return text ? text->substr(1, text->size() - 2) : "error: " + text.error().message;
}

TEST(JsonWriterTest, ValuesAreWrittenAsJsonHasThem) {
  EXPECT_EQ(written(true), "true");
  EXPECT_EQ(written(nullptr), "null");
  EXPECT_EQ(written(-5), "-5");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(3.0), "3");
  EXPECT_EQ(written("text"), "\"text\"");
}

TEST(JsonWriterTest, StringsAreEscaped) {
  EXPECT_EQ(written(std::string_view("a\"\\\n\0z\x7f", 7)), "\"a\\\"\\\\\\u000a\\u0000z\x7f\"");
  EXPECT_EQ(written("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

TEST(JsonWriterTest, WhatIsNotUtf8IsRefused) {
  for (const char* bad : {"\xff", "a\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xe2\x82"}) {
    EXPECT_EQ(written(bad), "error: [0]: a string that is not UTF-8") << bad;
    EXPECT_FALSE(JsonObject().add(bad, 1).text()) << bad;
  }
}

TEST(JsonWriterTest, AStringByItselfIsEscapedAndAlwaysValid) {
  EXPECT_EQ(json_string("a\"\n\xc3\xa9"), "\"a\\\"\\u000a\xc3\xa9\"");
  EXPECT_EQ(json_string(""), "\"\"");
  EXPECT_EQ(json_string("a\xc3"), "\"\"");
}

TEST(JsonWriterTest, ANumberThatIsNotFiniteIsRefused) {
  EXPECT_EQ(written(std::nan("")), "error: [0]: a number that is not finite");
  EXPECT_EQ(written(HUGE_VAL), "error: [0]: a number that is not finite");
}

TEST(JsonWriterTest, ContainersStandInContainers) {
  EXPECT_EQ(*JsonObject().text(), "{}");
  EXPECT_EQ(*JsonObject()
                 .add("a", JsonArray().add(1).add(JsonObject().add("b", "c")))
                 .add("d", JsonArray())
                 .text(),
            R"({"a":[1,{"b":"c"}],"d":[]})");
}

TEST(JsonWriterTest, AnErrorInsideIsTheErrorOfTheWholeWithItsPlace) {
  const auto text = JsonObject().add("a", JsonArray().add(1).add("\xff")).add("b", 1).text();
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "\"a\": [1]: a string that is not UTF-8");
  EXPECT_EQ(JsonObject().add("a", 1).add("a", 2).text().error().message, "\"a\" stands twice");
}

TEST(JsonWriterTest, AValueIsWrittenAsItWasRead) {
  const std::string text = R"({"a":[1,2.5,true,null,"x\u0001"],"b":{"c":{}}})";
  Value value;
  ASSERT_EQ(parse_json_value(text, 64, value), ValueFault::kNone);
  EXPECT_EQ(written(value), text);
}

/// Whatever bytes come in, what goes out is JSON or an error.
TEST(JsonWriterTest, EveryTextThatIsWrittenIsValid) {
  std::string bytes;
  for (unsigned i = 0; i < 4096; ++i) {
    bytes.assign({static_cast<char>(i * 7), static_cast<char>(i >> 4U), static_cast<char>(i)});
    const auto text = JsonObject().add(bytes, JsonArray().add(bytes)).text();
    if (text) {
      EXPECT_TRUE(is_valid_json(*text)) << *text;
    }
  }
}

}  // namespace
}  // namespace peer::sdk
