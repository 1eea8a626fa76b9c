#include "tests/unit/dispatch/node_test.h"

#include "core/server/node.h"

// Namespaces in which nobody is told who comes and goes (docs/protocol.md, "Quiet namespaces").
namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kCrowd = R"({"namespace":"crowd-1"})";

// What is shown to a member that joins.
std::string alone(std::string_view name, int total) {
  return R"({"type":"peer_list","payload":{"namespace":"crowd-1","peers":[)" + object(name) +
         R"(],"total":)" + std::to_string(total) + "}}";
}

class QuietTest : public NodeTest {
 protected:
  QuietTest() { config_.quiet_namespaces = {"hall", "crowd*"}; }
};

TEST_F(QuietTest, WhoJoinsIsShownItselfAndHowManyAreThere) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", kCrowd), alone("alice", 1));
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join", kCrowd), alone("bob", 2));
  EXPECT_EQ(alice.ask("join", kCrowd), alone("alice", 2));
}

TEST_F(QuietTest, NobodyIsToldWhoComesAndGoes) {
  loops_ = 2;
  Client alice = peer_in("crowd-1", "alice", 0);
  Client bob = peer_in("crowd-1", "bob", 1);
  Client carol = peer_in("crowd-1", "carol", 0);
  EXPECT_EQ(bob.ask("leave", kCrowd, R"("id":1)"), ack("1", 0));
  leave(carol);
  EXPECT_THAT(alice.heard(), IsEmpty());
  EXPECT_EQ(alice.ask("join", kCrowd), alone("alice", 1));
}

TEST_F(QuietTest, AnObjectThatIsTooLargeStandsWithoutItsMeta) {
  config_.max_peer_list_size = 1024;
  Client alice = peer("alice");
  const std::string meta = R"({"a":")" + std::string(2000, 'x') + "\"}";
  const std::string list = alice.ask("join", R"({"namespace":"crowd-1","meta":)" + meta + "}");
  EXPECT_THAT(list, HasSubstr(R"("alias":"alice"}],"total":1)"));
}

TEST_F(QuietTest, MembersReachEachOther) {
  Client alice = peer_in("crowd-1", "alice");
  Client bob = peer_in("crowd-1", "bob");
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"bob","id":1})"), ack("1", 1));
  EXPECT_EQ(alice.ask("broadcast", R"({"namespace":"crowd-1"})", R"("id":2)"), ack("2", 1));
  EXPECT_THAT(bob.heard(), ElementsAre(HasSubstr("signal"), HasSubstr("broadcast")));
}

TEST_F(QuietTest, WhoIsThereIsNotToldToAnybodyWhoAsks) {
  Client alice = peer_in("crowd-1", "alice");
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"crowd-1","limit":"x"})"),
            error(400, "limit must be an integer"));
  EXPECT_EQ(alice.ask("discover", kCrowd), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"crowd none"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {}));
}

TEST_F(QuietTest, NobodyWatchesThere) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", R"({"namespace":"hall","watch":["meta"]})"),
            error(403, "not allowed"));
  EXPECT_EQ(alice.ask("join_room", R"({"room_id":"hall","watch":["presence"]})"),
            error(403, "not allowed"));
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"hall","watch":["meta"]})"),
            error(403, "not allowed"));
  EXPECT_EQ(alice.ask("leave", R"({"namespace":"hall"})"), error(403, "not in namespace"));
  EXPECT_THAT(alice.ask("join", R"({"namespace":"hall","watch":[]})"), HasSubstr("peer_list"));
}

TEST_F(QuietTest, WithDiscoverQuietMembersAreListedAndWatched) {
  config_.discover_quiet = true;
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask("join", R"({"namespace":"hall","watch":["meta"]})"),
              HasSubstr("peer_list"));
  Client bob = peer_in("hall", "bob");
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"hall"})"), peer_list("hall", {"alice", "bob"}));
  bob.ask("metadata", R"({"meta":{"a":1}})", R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(HasSubstr("peer_updated")));
}

TEST_F(QuietTest, AQuietRoomTellsOfItsOwnerOnly) {
  Client owner = owner_of("hall", "owner", 9);
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join_room", R"({"room_id":"hall"})"),
            R"({"type":"peer_list","payload":{"namespace":"hall","peers":[)" + object("bob") +
                R"(],"total":2}})");
  EXPECT_THAT(owner.heard(), IsEmpty());
  leave(owner);
  EXPECT_THAT(bob.heard(), Not(Contains(HasSubstr("peer_left"))));
}

TEST_F(QuietTest, WhatAReloadChangesCountsFromThenOn) {
  Client alice = peer_in("lobby", "alice");
  Config quieter = config_;
  quieter.quiet_namespaces = {"lobby"};
  node().use_config(quieter);
  Client bob = peer_in("lobby", "bob");
  EXPECT_THAT(alice.heard(), IsEmpty());
  node().use_config(config_);
  leave(bob);
  EXPECT_THAT(alice.heard(), ElementsAre(peer_left("lobby", "bob")));
}

class QuietClusterTest : public ClusterTest {
 protected:
  QuietClusterTest() { config_.quiet_namespaces = {"crowd*"}; }
};

TEST_F(QuietClusterTest, WhatABrokerTellsIsNotToldOn) {
  Client alice = peer_in("crowd-1", "alice");
  elsewhere("join crowd-1 far-1");
  host().member_joined("crowd-1", peer_named("far-2"), object("far-2"));
  host().member_left("crowd-1", peer_named("far-2"));
  const sdk::Fingerprint told = peer_named("nobody");
  host().member_left_told("crowd-1", peer_named("far-1"), {&told, 1});
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(QuietClusterTest, WhoRegistersElsewhereLeavesSilently) {
  Client alice = peer_in("crowd-1", "alice");
  Client bob = peer_in("crowd-1", "bob");
  host().replaced({peer_named("bob"), 2});
  EXPECT_THAT(bob.end(), Contains("4001 replaced by a newer connection"));
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(QuietClusterTest, TheBrokerHearsThatNobodyIsToBeTold) {
  const Client alice = peer_in("crowd-1", "alice");
  const Client bob = peer_in("lobby", "bob");
  EXPECT_THAT(broker_.told(), ElementsAre("quiet crowd-1 alice"));
}

TEST_F(QuietClusterTest, WhatBecomesKnownLaterIsNotShown) {
  broker_.joins.always(join_outcome(sdk::JoinStatus::kUnavailable));
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", kCrowd), alone("alice", 1));
  const sdk::MemberEntry far{peer_named("far-1"), false, false, object("far-1")};
  host().members_known("crowd-1", {&far, 1});
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(QuietClusterTest, TheTotalIsThatOfAllNodes) {
  const Client alice = peer_in("crowd-1", "alice");
  elsewhere("join crowd-1 far-1");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join", kCrowd), alone("bob", 3));
  EXPECT_EQ(bob.ask("join", kCrowd), alone("bob", 3));
}

}  // namespace
}  // namespace peer::test
