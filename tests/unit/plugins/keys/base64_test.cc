#include "base64.h"

#include <gtest/gtest.h>

#include "tests/support/token_signer.h"

namespace peer_keys {
namespace {

TEST(Base64Test, EachLengthIsReadAsItIsWritten) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(encode_base64url(bytes), peer::test::base64url(bytes)) << i;
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes) << i;
    EXPECT_EQ(decode_base64(peer::test::base64(bytes)), bytes) << i;
    EXPECT_EQ(decode_any_base64(peer::test::base64(bytes)), bytes) << i;
    EXPECT_EQ(decode_any_base64(encode_base64url(bytes)), bytes) << i;
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64Test, BitsBehindTheLastByteAreZero) {
  EXPECT_EQ(decode_base64url("QQ"), "A");
  EXPECT_FALSE(decode_base64url("QR"));
  EXPECT_EQ(decode_base64url("QUE"), "AA");
  EXPECT_FALSE(decode_base64url("QUF"));
  EXPECT_FALSE(decode_base64("QR=="));
}

TEST(Base64Test, UrlTextsHaveNoPaddingAndNoForeignCharacter) {
  for (const char* text : {"QQ==", "QUE=", "Q", "QQ Q", "QQ\n", "Q+Q/", "QQQ%"}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
}

TEST(Base64Test, PaddingIsWhatTheLengthAsksFor) {
  for (const char* text : {"QQ", "QQ=", "QQ===", "Q===", "====", "QUFB====", "QUFB=", "QQ-_"}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
}

TEST(Base64Test, TheAlphabetsAreNotMixed) {
  EXPECT_TRUE(decode_any_base64("-_-_"));
  EXPECT_TRUE(decode_any_base64("+/+/"));
  EXPECT_FALSE(decode_any_base64("-_+/"));
}

}  // namespace
}  // namespace peer_keys
