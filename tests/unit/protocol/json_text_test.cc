#include "core/protocol/json_text.h"

#include <gtest/gtest.h>

#include "core/protocol/json_scan.h"

namespace peer {
namespace {

TEST(JsonStringTest, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(json_string(std::string_view("a\"b\\c\n\t\r\b\f\x01\x1f\0", 13)),
            R"("a\"b\\c\n\t\r\b\f\u0001\u001f\u0000")");
}

TEST(JsonStringTest, LeavesEverythingElseAlone) {
  EXPECT_EQ(json_string("/<>\x7f\xc3\xa9\xf0\x9f\x98\x80"), "\"/<>\x7f\xc3\xa9\xf0\x9f\x98\x80\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

TEST(JsonStringTest, AppendsToWhatIsThere) {
  std::string out = "x:";
  append_json_string(out, "y");
  EXPECT_EQ(out, "x:\"y\"");
}

TEST(JsonStringTest, EscapesAtEveryPositionOfALongText) {
  for (std::size_t i = 0; i < 40; ++i) {
    std::string text(40, 'x');
    text[i] = '"';
    EXPECT_EQ(json_string(text), '"' + text.substr(0, i) + "\\\"" + text.substr(i + 1) + '"');
  }
}

TEST(JsonStringTest, DecodingGivesBackWhatWasWritten) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  std::string decoded;
  ASSERT_TRUE(append_decoded(decoded, json_string(all)));
  EXPECT_EQ(decoded, all);
}

TEST(DecodeTest, KnowsEveryEscape) {
  std::string decoded;
  ASSERT_TRUE(append_decoded(decoded, R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83D\uDE00")"));
  EXPECT_EQ(decoded, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(DecodeTest, RefusesUnpairedSurrogates) {
  for (const char* raw : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")",
                          R"("\ud800\ud800")", R"("\ud800\u0041")", R"("\ude00\ud83d")"}) {
    std::string decoded;
    EXPECT_FALSE(append_decoded(decoded, raw)) << raw;
  }
}

TEST(TextArenaTest, CopiesOnlyWhatIsEscaped) {
  TextArena arena;
  const std::string_view plain = "\"plain\"";
  EXPECT_EQ(arena.decode(plain)->data(), plain.data() + 1);
  const auto first = arena.decode(R"("\u0061 first text that is long")");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(arena.decode(R"("\u0062")"), "b");
  EXPECT_EQ(first, "a first text that is long");
}

}  // namespace
}  // namespace peer
