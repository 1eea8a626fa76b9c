#include "digest.h"

#include <gtest/gtest.h>

namespace peer_keys {
namespace {

// printf abc | sha256sum
TEST(DigestTest, IsWhatSha256sumSays) {
  EXPECT_EQ(hex_sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace peer_keys
