#include "core/base/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace peer {
namespace {

// The examples of FIPS 180-2, appendices A and B.
constexpr std::string_view kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

template <typename Digest>
std::string hex(const Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(DigestTest, Sha1IsTheStandards) {
  EXPECT_EQ(hex(sha1_of("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1_of("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1_of(kTwoBlocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(DigestTest, Sha256IsTheStandards) {
  EXPECT_EQ(hex(sha256_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256_of(kTwoBlocks)),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(DigestTest, OneHashLeavesNothingForTheNext) {
  const auto first = sha256_of("a");
  static_cast<void>(sha256_of(std::string(1000, 'x')));
  static_cast<void>(sha1_of("y"));
  EXPECT_EQ(sha256_of("a"), first);
}

TEST(DigestTest, EachThreadHashesForItself) {
  std::string theirs;
  std::thread([&] { theirs = hex(sha1_of("abc")); }).join();
  EXPECT_EQ(theirs, hex(sha1_of("abc")));
}

}  // namespace
}  // namespace peer
