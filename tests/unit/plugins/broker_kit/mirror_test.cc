#include "plugins/broker_kit/mirror.h"

#include <gmock/gmock.h>

namespace peer_broker_kit {
namespace {

Fingerprint peer_number(std::uint8_t number) {
  Fingerprint peer;
  peer.bytes[31] = number;
  return peer;
}

const Registered kAlice{peer_number(1), 7};
const Registered kBob{peer_number(2), 8};

TEST(Mirror, AnAliasLeadsToWhoHadItFirst) {
  Mirror mirror;
  mirror.add_peer(kAlice, "al");
  mirror.add_peer(kBob, "al");
  EXPECT_EQ(mirror.holder_of("al"), kAlice.peer);
  mirror.drop_alias(kBob);
  EXPECT_EQ(mirror.holder_of("al"), kAlice.peer);
  mirror.remove_peer(kAlice);
  EXPECT_EQ(mirror.holder_of("al"), std::nullopt);
}

TEST(Mirror, AnOlderRegistrationChangesNothing) {
  Mirror mirror;
  mirror.add_peer(kAlice, "al");
  mirror.add_member("lobby", kAlice, "{}");
  mirror.add_peer({kAlice.peer, 6}, "older");
  EXPECT_FALSE(mirror.remove_peer({kAlice.peer, 6}));
  EXPECT_FALSE(mirror.remove_member("lobby", {kAlice.peer, 6}));
  EXPECT_EQ(mirror.holder_of("older"), std::nullopt);
  EXPECT_NE(mirror.find("lobby"), nullptr);
}

TEST(Mirror, ANewerRegistrationStartsWithoutMemberships) {
  Mirror mirror;
  mirror.add_peer(kAlice, "al");
  mirror.add_member("lobby", kAlice, "{}");
  mirror.add_peer({kAlice.peer, 9}, "al");
  EXPECT_EQ(mirror.find("lobby"), nullptr);
  EXPECT_TRUE(mirror.is_live({kAlice.peer, 9}));
}

TEST(Mirror, ANamespaceLastsAsLongAsItHasMembersHere) {
  Mirror mirror;
  mirror.add_peer(kAlice, "");
  mirror.add_peer(kBob, "");
  mirror.add_member("lobby", kAlice, "{}");
  mirror.add_member("lobby", kAlice, R"({"again":1})");
  mirror.add_member("lobby", kBob, "{}");
  EXPECT_EQ(mirror.find("lobby")->own, 2U);
  EXPECT_TRUE(mirror.remove_member("lobby", kAlice));
  EXPECT_FALSE(mirror.remove_member("lobby", kAlice));
  mirror.remove_peer(kBob);
  EXPECT_EQ(mirror.find("lobby"), nullptr);
}

TEST(Mirror, APlaceIsKeptUntilAnotherIsTold) {
  Mirror mirror;
  mirror.add_peer(kAlice, "");
  mirror.add_member("lobby", kAlice, "{}");
  mirror.mark_shared("lobby", kAlice, "12");
  mirror.mark_shared("lobby", kAlice, "");
  EXPECT_EQ(mirror.find(kAlice.peer)->members.at("lobby").place, "12");
}

}  // namespace
}  // namespace peer_broker_kit
