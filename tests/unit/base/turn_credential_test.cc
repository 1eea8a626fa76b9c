#include "core/base/turn_credential.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

// printf 1796000000:abc | openssl dgst -sha1 -hmac secret -binary | base64
TEST(TurnCredentialTest, IsWhatOpensslSays) {
  EXPECT_EQ(turn_credential("secret", "1796000000:abc"), "xMgYouoBZrXUjRvykdeyfQDtBL0=");
}

TEST(TurnCredentialTest, DependsOnTheSecret) {
  EXPECT_NE(turn_credential("secret", "1:a"), turn_credential("secret2", "1:a"));
}

}  // namespace
}  // namespace peer
