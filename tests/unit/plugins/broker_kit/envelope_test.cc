#include "plugins/broker_kit/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace peer_broker_kit {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

TEST(Envelope, FieldsOfAnyBytesComeBackAsTheyWere) {
  const std::string binary = "3:a,|\0\xff{}"s;
  const std::string bytes = pack({"S", "", binary});
  const auto fields = unpack(bytes);
  ASSERT_TRUE(fields);
  EXPECT_THAT(*fields, ElementsAre("S", "", binary));
}

TEST(Envelope, WhatIsNoSequenceOfNetstringsIsNone) {
  for (const std::string& bytes :
       {"3"s, ":"s, ":,"s, "1:a"s, "1:a;"s, "2:a,"s, "1:ab,"s, "-1:a,"s, "+1:a,"s, " 1:a,"s,
        "0x1:a,"s, "1 :a,"s, "4294967295:a,"s, "4294967296:a,"s, "18446744073709551617:a,"s,
        "0000000000000000000000001:a,"s, "1:a,x"s, "{\"type\":\"signal\"}"s, "\0\0\0"s}) {
    EXPECT_FALSE(unpack(bytes)) << bytes;
  }
}

TEST(Envelope, MoreFieldsThanAnyEnvelopeHasAreRefused) {
  std::string most;
  for (std::size_t i = 0; i < kMaxFields; ++i) most += "0:,";
  EXPECT_TRUE(unpack(most));
  EXPECT_FALSE(unpack(most + "0:,"));
}

TEST(Envelope, EveryCutOffEnvelopeIsRefusedOrHasFewerFields) {
  const std::string whole = pack({"L", "lobby", std::string(64, 'a'), "0123456789abcdef"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto fields = unpack(std::string_view(whole).substr(0, size));
    EXPECT_TRUE(!fields || fields->size() < 4) << size;
  }
}

TEST(Envelope, BeginsWithItsKindAndTheMajorVersion) {
  const std::string bytes = envelope('L', {"lobby", ""});
  const auto fields = unpack(bytes);
  ASSERT_TRUE(fields);
  EXPECT_THAT(*fields, ElementsAre(std::string("L") + kMajorVersion, "lobby", ""));
  const auto head = read_head(*fields);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->kind, 'L');
  EXPECT_EQ(head->major, kMajorVersion);
}

TEST(Envelope, AHeadWithoutAVersionIsOfVersionZero) {
  const auto head = read_head({"L", "lobby"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->major, '0');
}

TEST(Envelope, WhatIsNoHeadOfAnyVersionIsNone) {
  for (const char* text : {"", "l", "1", "L0", "La", "L1x", "1L", "{}"}) {
    EXPECT_FALSE(read_head({text})) << text;
  }
  EXPECT_FALSE(read_head({}));
}

TEST(Envelope, AProbeIsKnownWithoutReadingItsFields) {
  EXPECT_TRUE(is_probe(envelope('P', {"7"})));
  EXPECT_FALSE(is_probe(envelope('L', {"7"})));
  EXPECT_FALSE(is_probe(pack({"P", "7"})));
}

TEST(Envelope, AFingerprintIs64LowerCaseHexDigits) {
  const std::string hex = "00ff" + std::string(60, 'a');
  const auto fingerprint = from_hex(hex);
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(to_hex(*fingerprint), hex);
  for (const std::string& text :
       {""s, std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'),
        std::string(63, 'a') + "g", std::string(63, 'a') + "\0"s}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
}

TEST(Envelope, EachDigitOfAFingerprintIsRead) {
  const std::string digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const auto fingerprint = from_hex(digits);
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(to_hex(*fingerprint), digits);
  EXPECT_EQ(fingerprint->bytes[5], 0xab);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    for (const char beside : {'/', ':', '`', 'g', 'F', '\x80'}) {
      std::string text = digits;
      text[i] = beside;
      EXPECT_FALSE(from_hex(text)) << text;
    }
  }
}

TEST(Envelope, ANumberIsDecimalAndFits) {
  EXPECT_EQ(to_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(to_number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "4294967296"}) {
    EXPECT_FALSE(to_number<std::uint32_t>(text)) << text;
  }
}

}  // namespace
}  // namespace peer_broker_kit
