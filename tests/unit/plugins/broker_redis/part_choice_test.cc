#include "part_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <peer/sdk/automatic_alias.h>

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

TEST(PartChoiceTest, APeerIsInTheSamePartForEver) {
  constexpr struct {
    std::array<std::uint8_t, 4> begin;
    std::size_t of_64;
    std::size_t of_3;
  } kPeers[] = {
      {{0x00, 0x00, 0x00, 0x00}, 33, 1},  // active-aardvark-00
      {{0x01, 0x23, 0x45, 0x67}, 44, 2},  // agile-cassowary-67
      {{0x2b, 0xd8, 0x06, 0xc9}, 52, 2},  // crafty-seal-37
      {{0xff, 0xff, 0xff, 0xff}, 56, 1},  // zippy-zebra-35
  };
  for (const auto& [begin, of_64, of_3] : kPeers) {
    Fingerprint peer;
    std::copy(begin.begin(), begin.end(), peer.bytes.begin());
    EXPECT_EQ(part_of_peer(peer, 64), of_64);
    EXPECT_EQ(part_of_peer(peer, 3), of_3);
  }
}

// Each word of an automatic alias once: a change of any is a change of the choice.
TEST(PartChoiceTest, NoWordOfAnAutomaticAliasChanges) {
  std::string parts;
  for (int i = 0; i < 256; ++i) {
    const auto byte = static_cast<std::uint8_t>(i);
    Fingerprint peer;
    peer.bytes = {byte, static_cast<std::uint8_t>(255 - byte), byte,
                  static_cast<std::uint8_t>(byte ^ 0x5a)};
    parts += static_cast<char>('0' + part_of_peer(peer, 64));
  }
  EXPECT_EQ(peer_broker_kit::StableHash().add(parts).value(), 4095157492820008143U);
}

TEST(PartChoiceTest, APeerIsWhereItsAutomaticAliasIs) {
  for (int i = 0; i < 256; ++i) {
    Fingerprint peer;
    peer.bytes.fill(static_cast<std::uint8_t>(i));
    const std::string alias = automatic_alias(peer);
    for (const std::size_t parts : {1U, 3U, 64U}) {
      const PartIndex home{part_of_peer(peer, parts), parts};
      EXPECT_TRUE(home.has(alias)) << alias;
      EXPECT_TRUE(home.is_home_of(peer)) << alias;
    }
  }
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

// As the fingerprints of any keys: their bytes are those of a hash.
TEST(PartChoiceTest, PeersAreSpreadEvenly) {
  std::vector<int> found(64);
  std::mt19937_64 random(1);
  for (int i = 0; i < 64'000; ++i) {
    Fingerprint peer;
    for (std::uint8_t& byte : peer.bytes) byte = static_cast<std::uint8_t>(random());
    ++found[part_of_peer(peer, 64)];
  }
  const auto [least, most] = std::minmax_element(found.begin(), found.end());
  EXPECT_GT(*least, 850);
  EXPECT_LT(*most, 1150);
}

}  // namespace
}  // namespace peer_redis
