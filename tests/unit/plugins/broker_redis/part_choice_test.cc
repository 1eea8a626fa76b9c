#include "part_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace peer_redis {
namespace {

// Nodes of different builds share what is in the parts: these may never change.
TEST(PartChoiceTest, ANameIsInTheSamePartForEver) {
  EXPECT_EQ(part_of_name("", 64), 27U);
  EXPECT_EQ(part_of_name("lobby", 64), 61U);
  EXPECT_EQ(part_of_name("game", 64), 5U);
  EXPECT_EQ(part_of_name(std::string_view("a\0b", 3), 64), 62U);
  EXPECT_EQ(part_of_name("lobby", 3), 1U);
}

TEST(PartChoiceTest, APeerIsWhereItsFirstEightBytesSay) {
  Fingerprint peer;
  peer.bytes = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff};
  EXPECT_EQ(part_of_peer(peer, 64), 0x0123456789abcdefU % 64);
  EXPECT_EQ(part_of_peer(peer, 3), 0x0123456789abcdefU % 3);
}

TEST(PartChoiceTest, OfOnePartAllIsThere) {
  Fingerprint peer;
  peer.bytes.fill(0xff);
  EXPECT_EQ(part_of_peer(peer, 1), 0U);
  EXPECT_EQ(part_of_name("lobby", 1), 0U);
}

TEST(PartChoiceTest, NamesThatCountUpAreSpreadEvenly) {
  std::vector<int> found(64);
  for (int i = 0; i < 64'000; ++i) ++found[part_of_name("room-" + std::to_string(i), 64)];
  const auto [least, most] = std::minmax_element(found.begin(), found.end());
  EXPECT_GT(*least, 850);
  EXPECT_LT(*most, 1150);
}

}  // namespace
}  // namespace peer_redis
