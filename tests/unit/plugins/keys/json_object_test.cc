#include "json_object.h"

#include <gtest/gtest.h>

namespace peer_keys {
namespace {

TEST(ObjectParserTest, OnlyAnObjectIsTaken) {
  ObjectParser parser;
  EXPECT_TRUE(parser.parse("{}"));
  for (const char* text : {"", "[]", "1", "\"a\"", "null", "{", "{}x", "{\"a\":}", "{'a':1}"}) {
    EXPECT_FALSE(parser.parse(text)) << text;
  }
}

TEST(ObjectParserTest, ANameStandsOnce) {
  ObjectParser parser;
  EXPECT_TRUE(parser.parse(R"({"a":1,"A":2})"));
  EXPECT_FALSE(parser.parse(R"({"a":1,"b":2,"a":1})"));
  EXPECT_FALSE(parser.parse(R"({"a":1,"\u0061":2})"));
  // Of many, too: these are found in another way.
  std::string many = "{\"n\":0";
  for (int i = 0; i < 40; ++i) many += ",\"n" + std::to_string(i) + "\":0";
  EXPECT_TRUE(parser.parse(many + "}"));
  EXPECT_FALSE(parser.parse(many + ",\"n\":1}"));
  EXPECT_FALSE(parser.parse(many + ",\"n39\":1}"));
}

TEST(ObjectParserTest, HalfASurrogatePairIsNoText) {
  ObjectParser parser;
  for (const char* text :
       {R"({"\udc00":1})", R"({"a":"\udfff"})", R"({"a":"\ud83d"})", R"({"a":["\ud83d\u0041"]})"}) {
    EXPECT_FALSE(parser.parse(text)) << text;
  }
  const auto object = parser.parse(R"({"pair":"\ud83d\ude00","last":"\ud7ff"})");
  ASSERT_TRUE(object);
  EXPECT_EQ(text_member(*object, "pair"), "\U0001F600");
  EXPECT_EQ(text_member(*object, "last"), "\uD7FF");
}

TEST(ObjectParserTest, ALongTextAfterAShortOneIsReadWhole) {
  ObjectParser parser;
  ASSERT_TRUE(parser.parse("{}"));
  const std::string long_text(100'000, 'x');
  const auto object = parser.parse("{\"a\":\"" + long_text + "\"}");
  ASSERT_TRUE(object);
  EXPECT_EQ(text_member(*object, "a"), long_text);
}

}  // namespace
}  // namespace peer_keys
