#include "core/limit/bans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace peer {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

constexpr std::int64_t kNow = 1'000'000;

std::string shortest(std::string_view text) {
  const auto target = parse_ban_target(text);
  return target ? to_text(*target) : "none";
}

Ban ban(const std::string& target, std::int64_t changed_at = kNow,
        std::int64_t ends_at = kNow + 1000) {
  return {target, changed_at, ends_at, {}};
}

Address address(const char* text) { return *parse_address(text); }

TEST(BanTargetTest, AllSpellingsHaveOneText) {
  EXPECT_EQ(shortest("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(shortest("10.0.0.1/32"), "10.0.0.1");
  EXPECT_EQ(shortest("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(shortest("2001:DB8::0/32"), "2001:db8::/32");
  EXPECT_EQ(shortest("2001:db8::1/128"), "2001:db8::1");
  EXPECT_EQ(shortest(std::string(64, 'A')), std::string(64, 'a'));
  for (const char* text : {"", "alice", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "2001:db8::/129"}) {
    EXPECT_EQ(shortest(text), "none") << text;
  }
}

TEST(BansTest, ARangeCoversItsAddresses) {
  Bans bans;
  EXPECT_FALSE(bans.covers(address("10.1.2.3"), kNow));
  EXPECT_EQ(bans.put(ban("10.0.0.0/8"), kNow), Bans::Change::kTaken);
  EXPECT_EQ(bans.put(ban("2001:db8::/33"), kNow), Bans::Change::kTaken);
  EXPECT_TRUE(bans.covers(address("10.255.255.255"), kNow));
  EXPECT_FALSE(bans.covers(address("11.0.0.0"), kNow));
  EXPECT_TRUE(bans.covers(address("2001:db8:7fff::1"), kNow));
  EXPECT_FALSE(bans.covers(address("2001:db8:8000::1"), kNow));
}

TEST(BansTest, ItEndsInItsMillisecond) {
  Bans bans;
  const Fingerprint alice = fingerprint_of("alice");
  bans.put(ban(to_hex(alice)), kNow);
  EXPECT_TRUE(bans.covers(alice, kNow + 999));
  EXPECT_FALSE(bans.covers(alice, kNow + 1000));
  EXPECT_THAT(bans.list("", 10, kNow + 1000), IsEmpty());
}

TEST(BansTest, TheLaterChangeCountsInWhateverOrderTheyCome) {
  const Ban put = ban("10.0.0.1", kNow);
  const Ban lifted = ban("10.0.0.1", kNow + 1, 0);
  Bans one;
  EXPECT_EQ(one.put(put, kNow), Bans::Change::kTaken);
  EXPECT_EQ(one.put(lifted, kNow), Bans::Change::kTaken);
  Bans other;
  EXPECT_EQ(other.put(lifted, kNow), Bans::Change::kTaken);
  EXPECT_EQ(other.put(put, kNow), Bans::Change::kKnown);
  for (const Bans* bans : {&one, &other}) {
    EXPECT_FALSE(bans->covers(address("10.0.0.1"), kNow));
    EXPECT_THAT(bans->all(kNow), ElementsAre(lifted));
  }
}

TEST(BansTest, AFullListTakesNoMoreUntilOneEnds) {
  Bans bans;
  bans.use_most(1);
  EXPECT_EQ(bans.put(ban("10.0.0.1"), kNow), Bans::Change::kTaken);
  EXPECT_EQ(bans.put(ban("10.0.0.2"), kNow), Bans::Change::kFull);
  EXPECT_EQ(bans.put(ban("10.0.0.1", kNow + 1, kNow + 500), kNow), Bans::Change::kTaken);
  EXPECT_EQ(bans.put(ban("10.0.0.2"), kNow + 500), Bans::Change::kTaken);
  EXPECT_THAT(bans.list("", 10, kNow + 500), ElementsAre(Field(&Ban::target, "10.0.0.2")));
}

}  // namespace
}  // namespace peer
