#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace peer {
namespace {

using namespace std::string_literals;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_valid_in_two_pieces(std::string_view text, std::size_t cut) {
  Utf8Checker checker;
  const bool first = checker.feed(bytes_of(text.substr(0, cut)));
  const bool second = checker.feed(bytes_of(text.substr(cut)));
  return first && second && checker.complete();
}

/// An encoder of its own, without any check.
std::string encode(std::uint32_t code_point) {
  const auto tail = [code_point](unsigned shift) {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return {static_cast<char>(0xE0 | code_point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

const std::vector<std::string> kValid = {
    ""s,
    "\0"s,
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBD",
    "\xEF\xBF\xBE",
    "\xEF\xBF\xBF",
    "\xEF\xBB\xBF",
    "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5",
    "seven77\xC3\xA9",
    "eight888\xC3\xA9",
    "nine99999\xE2\x82\xAC and then plain again, long enough for the fast path",
    std::string(31, 'a') + "\xF0\x9F\x8E\xAE" + std::string(33, 'b') + "\xC3\xA9",
};

const std::vector<std::string> kInvalid = {
    // lone continuation bytes
    "\x80", "\xBF", "\x80\xBF", "a\x80",
    // lone first bytes, and characters cut short
    "\xC2", "\xC2 ", "\xE0\xA0", "\xE1\x80 ", "\xF0\x90\x80", "\xF4\x8F\xBF ", "\xC3\xC3\xA9",
    // bytes that never occur
    "\xC0", "\xC1", "\xF5", "\xF8", "\xFC", "\xFE", "\xFF", "\xFE\xFE\xFF\xFF",
    // overlong forms, least and most
    "\xC0\xAF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF",
    "\xF0\x8F\xBF\xBF", "\xF8\x80\x80\x80\xAF", "\xFC\x80\x80\x80\x80\xAF",
    // surrogates, alone and paired
    "\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xBF\xBF", "\xED\xA0\x80\xED\xB0\x80",
    // above U+10FFFF
    "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF7\xBF\xBF\xBF", "\xF8\x88\x80\x80\x80",
    // at each place of the fast path's blocks
    "seven77\xFF", "eight888\xFF", std::string(31, 'a') + "\xC0", std::string(32, 'a') + "\xC0",
    std::string(64, 'a') + "\xE2\x82"};

TEST(Utf8Test, ValidTextPassesHoweverItIsCut) {
  for (const std::string& text : kValid) {
    EXPECT_TRUE(is_valid_utf8(text)) << testing::PrintToString(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      EXPECT_TRUE(is_valid_in_two_pieces(text, cut)) << testing::PrintToString(text) << cut;
    }
  }
}

TEST(Utf8Test, InvalidTextIsFoundHoweverItIsCut) {
  for (const std::string& text : kInvalid) {
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      EXPECT_FALSE(is_valid_in_two_pieces(text, cut)) << testing::PrintToString(text) << cut;
    }
  }
}

TEST(Utf8Test, EveryCodePointIsValidExceptSurrogatesAndThoseAbove10FFFF) {
  for (std::uint32_t code_point = 0; code_point < 0x120000; ++code_point) {
    const bool valid = code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
    ASSERT_EQ(is_valid_utf8(bytes_of(encode(code_point))), valid) << std::hex << code_point;
  }
}

// The checker looks at 64 bytes at a time, and at the last ones together with some before them; of
// a short text at 8.
TEST(Utf8Test, EveryByteOfATextOfAnyLengthIsLookedAt) {
  for (std::size_t size = 1; size <= 150; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(is_valid_utf8(text)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\xff';
      EXPECT_FALSE(is_valid_utf8(text)) << size << " " << at;
      text[at] = 'a';
    }
  }
}

TEST(Utf8Test, ACharacterMayStandAtAnyPlaceAndIsCheckedThere) {
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xae"}) {
    for (std::size_t size = 0; size <= 150; ++size) {
      const std::string text(size, 'a');
      for (const std::string& behind : {std::string(), text, character, character + text}) {
        const std::string before = text + character;
        EXPECT_TRUE(is_valid_utf8(before + behind)) << size << before + behind;
        EXPECT_FALSE(is_valid_utf8(before + "\xa9" + behind)) << size << before + behind;
        for (std::size_t kept = 1; kept < character.size(); ++kept) {
          EXPECT_FALSE(is_valid_utf8(text + character.substr(0, kept) + behind))
              << size << before + behind;
        }
      }
    }
  }
}

TEST(Utf8Test, ErrorsAreSeenAtTheFirstImpossibleByte) {
  for (const std::string_view text :
       {"\xC0", "\xE0\x9F", "\xED\xA0", "\xF0\x8F", "\xF4\x90", "\xE2\x82\x41"}) {
    Utf8Checker checker;
    EXPECT_TRUE(checker.feed(bytes_of(text.substr(0, text.size() - 1))));
    EXPECT_FALSE(checker.feed(bytes_of(text.substr(text.size() - 1))));
  }
}

TEST(Utf8Test, AnErrorStaysUntilReset) {
  Utf8Checker checker;
  EXPECT_FALSE(checker.feed(bytes_of("\xFF")));
  EXPECT_FALSE(checker.feed(bytes_of("fine")));
  EXPECT_FALSE(checker.feed({}));
  EXPECT_FALSE(checker.complete());
  checker.reset();
  EXPECT_TRUE(checker.feed(bytes_of("fine")));
  EXPECT_TRUE(checker.complete());
}

TEST(Utf8Test, TextIsNotCompleteWithinACharacter) {
  Utf8Checker checker;
  EXPECT_TRUE(checker.complete());
  EXPECT_TRUE(checker.feed(bytes_of("\xE2\x82")));
  EXPECT_FALSE(checker.complete());
  EXPECT_TRUE(checker.feed(bytes_of("\xAC")));
  EXPECT_TRUE(checker.complete());
}

}  // namespace
}  // namespace peer
