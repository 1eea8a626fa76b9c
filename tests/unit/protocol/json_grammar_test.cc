#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "core/protocol/json_text.h"
#include "tests/unit/protocol/client_message.h"
#include "tests/unit/protocol/random_json.h"

namespace peer {
namespace {

std::string nested(std::size_t depth, const std::string& innermost) {
  return std::string(depth, '[') + innermost + std::string(depth, ']');
}

TEST(JsonGrammarTest, AcceptsAllOfRfc8259) {
  for (const char* text : {"0",
                           "-0",
                           "1",
                           "-1.5",
                           "1e5",
                           "1E+5",
                           "1e-05",
                           "0.0",
                           "10",
                           "1180591620717411303424",
                           "1e999",
                           "-1e-999",
                           "true",
                           "false",
                           "null",
                           "\"\"",
                           "\"\\ud800\"",
                           "\"\\u00Ff\"",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\x7f\"",
                           "\"\xf4\x8f\xbf\xbf\"",
                           "[]",
                           "{}",
                           " [ ] ",
                           "\t{\r\n} ",
                           "[1,2]",
                           "[[],{}]",
                           "{\"a\":1}",
                           "{ \"a\" : { \"b\" : [ null ] } , \"a\":2 }",
                           "{\"\":\"\"}"}) {
    EXPECT_TRUE(is_valid_json(text)) << text;
  }
}

TEST(JsonGrammarTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "1.e5",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "tru",
                           "truee",
                           "True",
                           "nul",
                           "'a'",
                           "\"",
                           "\"\\",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u123\"",
                           "\"\n\"",
                           "\"\x1f\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[,]",
                           "[1,]",
                           "[1 2]",
                           "{",
                           "}",
                           "{]",
                           "[}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{,}",
                           "{\"a\":1 \"b\":2}",
                           "1 2",
                           "[]]",
                           "{}{}",
                           "[]x",
                           "// c\n1",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"",
                           "\f1",
                           "\xa0"}) {
    EXPECT_FALSE(is_valid_json(text)) << text;
  }
  EXPECT_FALSE(is_valid_json(std::string_view("1\0", 2)));
}

TEST(JsonGrammarTest, AllowsADepthOf1024) {
  for (const char* innermost : {"", "1", "\"\""}) {
    EXPECT_TRUE(is_valid_json(nested(1024, innermost)));
    EXPECT_FALSE(is_valid_json(nested(1025, innermost)));
  }
}

TEST(JsonGrammarTest, CountsObjectsAsDepthToo) {
  std::string text = "1";
  for (int i = 0; i < 1024; ++i) text = "{\"a\":" + text + "}";
  EXPECT_TRUE(is_valid_json(text));
  EXPECT_FALSE(is_valid_json("[" + text + "]"));
}

TEST(JsonGrammarTest, CountsOnlyOpenContainers) {
  std::string text = "[[]";
  for (int i = 0; i < 5000; ++i) text += ",[{}]";
  EXPECT_TRUE(is_valid_json(text + "]"));
}

TEST(JsonGrammarTest, AcceptsRandomJson) {
  RandomJson random(1);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random.space() + random.value(6) + random.space();
    EXPECT_TRUE(is_valid_json(text)) << text;
  }
}

TEST(JsonGrammarTest, AgreesWithSimdjsonOnMutations) {
  constexpr std::string_view kBytes = "{}[],:\"\\ux0123456789.eE+-truefalsn \n\t\x01\x80\xff";
  RandomJson random(2);
  simdjson::dom::parser dom;
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = random.value(5);
    for (std::size_t n = random.below(3); n > 0; --n) {
      text[random.below(text.size())] = kBytes[random.below(kBytes.size())];
    }
    const PaddedText padded(text);
    const auto error = dom.parse(padded.view().data(), padded.view().size(), false).error();
    const bool has_no_opinion = error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR;
    const bool valid = is_valid_json(text);
    accepted += valid && !has_no_opinion;
    EXPECT_TRUE(has_no_opinion || valid == (error == simdjson::SUCCESS)) << text;
  }
  EXPECT_GT(accepted, 4000);
  EXPECT_LT(accepted, 16000);
}

}  // namespace
}  // namespace peer
