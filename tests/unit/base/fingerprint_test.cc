#include "core/base/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace peer {
namespace {

constexpr std::string_view kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string with(std::string_view text, std::size_t at, char c) {
  std::string result(text);
  result[at] = c;
  return result;
}

TEST(FingerprintTest, IsTheSha256OfTheKeysBytes) {
  EXPECT_EQ(to_hex(fingerprint_of("")), kOfNothing);
  EXPECT_EQ(to_hex(fingerprint_of("abc")), kOfAbc);
  EXPECT_EQ(to_hex(fingerprint_of(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(FingerprintTest, TheKeysBytesCountBeyondANul) {
  EXPECT_NE(fingerprint_of(std::string_view("a\0b", 3)), fingerprint_of("a"));
  EXPECT_NE(fingerprint_of(std::string_view("a\0", 2)), fingerprint_of("a"));
}

TEST(FingerprintTest, WriteHexWritesExactly64LowerCaseDigits) {
  std::string out(66, '#');
  write_hex(fingerprint_of("abc"), out.data() + 1);
  EXPECT_EQ(out, "#" + std::string(kOfAbc) + "#");
}

TEST(FingerprintTest, EveryByteSurvivesPrintingAndParsing) {
  Fingerprint fingerprint;
  for (unsigned first = 0; first < 256; first += 32) {
    for (unsigned i = 0; i < 32; ++i) fingerprint.bytes[i] = static_cast<std::uint8_t>(first + i);
    EXPECT_EQ(parse_fingerprint(to_hex(fingerprint)), fingerprint);
  }
}

TEST(FingerprintTest, ParsesEitherCase) {
  EXPECT_EQ(parse_fingerprint(kOfAbc), fingerprint_of("abc"));
  EXPECT_EQ(parse_fingerprint(upper(kOfAbc)), fingerprint_of("abc"));
  EXPECT_EQ(parse_fingerprint(upper(kOfAbc.substr(0, 32)) + std::string(kOfAbc.substr(32))),
            fingerprint_of("abc"));
}

TEST(FingerprintTest, AnyOtherLengthIsNoFingerprint) {
  const std::string hex(kOfAbc);
  for (const std::string& text : {std::string(), hex.substr(1), hex + "0", hex + hex}) {
    EXPECT_EQ(parse_fingerprint(text), std::nullopt) << text;
  }
}

TEST(FingerprintTest, NeighboursOfTheDigitsAreNoDigitsAtAnyPlace) {
  for (std::size_t at = 0; at < kOfAbc.size(); ++at) {
    for (const char c : {'/', ':', '@', 'G', '`', 'g', ' ', '\0', '\x80', '\xff'}) {
      EXPECT_EQ(parse_fingerprint(with(kOfAbc, at, c)), std::nullopt) << at << " " << int{c};
    }
  }
}

}  // namespace
}  // namespace peer
