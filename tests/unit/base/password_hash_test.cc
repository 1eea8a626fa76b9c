#include "core/base/password_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PasswordHashTest, APasswordMatchesItsOwnHashAlone) {
  const std::string hash = password_hash("open sesame").value();
  EXPECT_THAT(hash, Not(HasSubstr("sesame")));
  EXPECT_EQ(password_matches("open sesame", hash), true);
  EXPECT_EQ(password_matches("open sesamE", hash), false);
  EXPECT_EQ(password_matches("open sesame ", hash), false);
}

TEST(PasswordHashTest, EachHashHasASaltOfItsOwn) {
  EXPECT_NE(password_hash("a"), password_hash("a"));
}

TEST(PasswordHashTest, IsScrypt) {
  // Made with Python's hashlib.scrypt(b"pw", salt=b"0123456789abcdef0123456789abcdef", n=16384,
  // r=8, p=1, dklen=32).
  EXPECT_EQ(password_matches("pw",
                             "scrypt-14-8-1:0123456789abcdef0123456789abcdef:"
                             "7bfc48a4cced53f68fa83399a3c95b1abf427fdcc4427ef4c910afc0b32b9955"),
            true);
}

TEST(PasswordHashTest, AnotherTextIsNoHash) {
  const std::string hash = password_hash("a").value();
  for (const std::string& text : {std::string(), std::string("a"), hash.substr(1), hash + "0",
                                  "scrypt-15-8-1:" + hash.substr(14)}) {
    EXPECT_EQ(password_matches("a", text), std::nullopt) << text;
  }
}

TEST(SecretTest, ItMovesAndKeepsItsText) {
  Secret secret("short");
  const Secret moved = std::move(secret);
  EXPECT_EQ(moved.text(), "short");
}

}  // namespace
}  // namespace peer
