#include "core/wire/ice_servers.h"

#include <gtest/gtest.h>

#include "core/base/turn_credential.h"

namespace peer {
namespace {

using std::chrono::seconds;

constexpr seconds kNow{1'796'000'000};

class IceServersTest : public testing::Test {
 protected:
  std::string told(const std::vector<IceServer>& servers) const {
    return ice_servers_members(servers, alice_, kNow);
  }
  /// As expected of a peer that gets credentials until `end`.
  std::string credentials(const std::string& secret, const std::string& end) const {
    const std::string user = end + ":" + to_hex(alice_);
    return R"("username":")" + user + R"(","credential":")" + turn_credential(secret, user) + '"';
  }
  const Fingerprint alice_ = fingerprint_of("alice");
};

TEST_F(IceServersTest, NothingConfiguredIsAnEmptyListForEver) {
  EXPECT_EQ(told({}), R"("ice_servers":[],"ttl_ms":0)");
}

TEST_F(IceServersTest, AStunServerHasNoCredentials) {
  EXPECT_EQ(told({{.urls = {"stun:a", "stun:b"}, .secrets = {"s"}}}),
            R"("ice_servers":[{"urls":["stun:a","stun:b"]}],"ttl_ms":0)");
}

TEST_F(IceServersTest, ATurnServersCredentialsEndWithItsTtl) {
  EXPECT_EQ(told({{.urls = {"turn:a"}, .secrets = {"s"}, .ttl = seconds(60)}}),
            R"("ice_servers":[{"urls":["turn:a"],)" + credentials("s", "1796000060") +
                R"(}],"ttl_ms":60000)");
}

TEST_F(IceServersTest, TheFirstOfSeveralSecretsSigns) {
  EXPECT_EQ(told({{.urls = {"turn:a"}, .secrets = {"new", "old"}, .ttl = seconds(60)}}),
            R"("ice_servers":[{"urls":["turn:a"],)" + credentials("new", "1796000060") +
                R"(}],"ttl_ms":60000)");
}

TEST_F(IceServersTest, AnEntryOfBothKindsIsSplitTheStunHalfFirst) {
  EXPECT_EQ(told({{.urls = {"turn:a", "stun:a", "turns:a"}, .username = "u", .credential = "c"}}),
            R"("ice_servers":[{"urls":["stun:a"]},)"
            R"({"urls":["turn:a","turns:a"],"username":"u","credential":"c"}],"ttl_ms":0)");
}

TEST_F(IceServersTest, TheShortestTtlIsTold) {
  const IceServer day{.urls = {"turn:a"}, .secrets = {"s"}, .ttl = std::chrono::hours(24)};
  const IceServer hour{.urls = {"turn:b"}, .secrets = {"s"}, .ttl = std::chrono::hours(1)};
  const IceServer for_ever{.urls = {"turn:c"}, .username = "u", .credential = "c"};
  for (const auto& servers : {std::vector{day, hour, for_ever}, std::vector{hour, day}}) {
    EXPECT_TRUE(told(servers).ends_with(R"(],"ttl_ms":3600000)")) << told(servers);
  }
}

TEST_F(IceServersTest, WhatIsWrittenInTheConfigurationIsJsonText) {
  EXPECT_EQ(
      told({{.urls = {"turn:a"}, .username = "a\"b", .credential = "\\"}}),
      R"("ice_servers":[{"urls":["turn:a"],"username":"a\"b","credential":"\\"}],"ttl_ms":0)");
}

}  // namespace
}  // namespace peer
