#include "tests/unit/dispatch/node_test.h"

// join, leave, discover, metadata (docs/protocol.md, "join").
namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NamespacesTest : public NodeTest {};

TEST_F(NamespacesTest, AJoinListsAllAndIsToldToTheOthers) {
  Client alice = peer_in("lobby", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join", kLobby, R"("id":1)"), peer_list("lobby", {"alice", "bob"}, "1"));
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(NamespacesTest, LoopsTellEachOther) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  EXPECT_EQ(bob.ask("leave", kLobby, R"("id":1)"), ack("1", 0));
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
}

TEST_F(NamespacesTest, AJoinWithAWrongFieldIs400ThoughTheNameIsNotAllowed) {
  auth_.verdicts.always(grant_for({"other"}));
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", R"({"namespace":"lobby","app_type":1})"),
            error(400, "app_type must be a string"));
  EXPECT_EQ(alice.ask("join", kLobby), error(403, "not allowed"));
}

TEST_F(NamespacesTest, WhatAGrantLeavesOutIsNotToldOfEither) {
  Client owner = owner_of("room", "owner");
  auth_.verdicts.always(grant_for({"other"}));
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("discover", kLobby), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"room"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":"room"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":"none"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"other"})"), peer_list("other", {}));
}

TEST_F(NamespacesTest, A403ComesBeforeEach429OfAJoin) {
  auth_.verdicts.always(grant_for({"other*"}));
  config_.max_namespaces_per_peer = 1;
  config_.max_peer_state = 1;
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", kLobby), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("join", R"({"namespace":"other 1"})"), error(429, "too much state"));
}

TEST_F(NamespacesTest, NamespacesOfAPeerAreBounded) {
  config_.max_namespaces_per_peer = 1;
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("join", R"({"namespace":"other"})"), error(429, "too many namespaces"));
  EXPECT_EQ(alice.ask("join", kLobby), peer_list("lobby", {"alice"}));
}

TEST_F(NamespacesTest, AFullNamespaceLetsItsMembersJoinAgain) {
  config_.max_namespace_size = 1;
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(peer("bob").ask("join", kLobby), error(429, "namespace full"));
  EXPECT_EQ(alice.ask("join", kLobby), peer_list("lobby", {"alice"}));
}

TEST_F(NamespacesTest, JoiningAgainRefreshesAndTellsNobody) {
  Client alice = peer_in("lobby", "alice");
  Client bob = peer_in("lobby", "bob");
  EXPECT_THAT(alice.ask("ping", ""), peer_joined("lobby", "bob"));
  EXPECT_EQ(alice.read(), R"({"type":"pong"})");
  const std::string fresh =
      alice.ask("join", R"({"namespace":"lobby","app_type":"game","meta":{"a":1}})");
  EXPECT_THAT(fresh, HasSubstr(R"("alias":"alice","app_type":"game","meta":{"a":1}})"));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(NamespacesTest, LeavingIs400Then403) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("leave", "{}"), error(400, "namespace required"));
  EXPECT_EQ(alice.ask("leave", kLobby), error(403, "not in namespace"));
}

TEST_F(NamespacesTest, ALeaveWithoutAnIdIsSilent) {
  Client alice = peer_in("lobby", "alice");
  alice.send("leave", kLobby);
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(NamespacesTest, WhoGoesHasLeft) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  leave(bob);
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("lobby", "bob"), peer_left("lobby", "bob")));
}

TEST_F(NamespacesTest, DiscoverPagesThroughMembersInJoinOrder) {
  Client alice = peer_in("lobby", "alice");
  const Client bob = peer_in("lobby", "bob");
  const Client carol = peer_in("lobby", "carol");
  EXPECT_THAT(alice.heard(), testing::SizeIs(2));
  const std::string page =
      alice.ask("discover", R"({"namespace":"lobby","limit":1,"after":"<alice>"})");
  EXPECT_EQ(page, R"({"type":"peer_list","payload":{"namespace":"lobby","peers":[)" +
                      object("bob") + R"(],"total":3}})");
}

TEST_F(NamespacesTest, DiscoverIs400Then403AndEmptyForWhatIsNot) {
  const Client owner = owner_of("room", "owner");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"room","after":"x"})"),
            error(400, "after must be a fingerprint"));
  EXPECT_EQ(alice.ask("discover", R"({"namespace":"room"})"),
            error(403, "cannot discover room peers"));
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {}));
}

TEST_F(NamespacesTest, MetadataIs400ThenBounded) {
  config_.max_meta_size = 20;
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("metadata", "{}"), error(400, "meta required"));
  EXPECT_EQ(alice.ask("metadata", R"({"meta":{"a":"0123456789012345"}})"),
            error(400, "meta too large"));
  EXPECT_EQ(alice.ask("metadata", R"({"meta":{"a":"0123456789"}})", R"("id":1)"), ack("1", 0));
  EXPECT_EQ(alice.ask("metadata", R"({"meta":{"b":"0123456789"}})"), error(400, "meta too large"));
}

TEST_F(NamespacesTest, MetadataThatEveryMembershipWouldCopyIsBounded) {
  config_.max_peer_state = 1000;
  Client alice = peer_in("lobby", "alice");
  const std::string meta = R"({"meta":{"a":")" + std::string(400, 'x') + "\"}}";
  EXPECT_EQ(alice.ask("metadata", meta), error(429, "too much state"));
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {"alice"}));
}

// --- With other nodes

class SharedNamespacesTest : public ClusterTest {
 protected:
  // A client whose join the broker has not answered.
  Client joining(std::string_view name, std::size_t loop = 0) {
    Client client = peer(name, loop);
    broker_.joins.hold();
    client.send("join", kLobby, R"("id":1)");
    broker_.joins.wait();
    return client;
  }
};

TEST_F(SharedNamespacesTest, AJoinListsTheMembersOfAllNodes) {
  elsewhere("join lobby 1");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", kLobby), peer_list("lobby", {"far-1", "alice"}));
}

TEST_F(SharedNamespacesTest, FurtherMessagesWaitForTheAnswer) {
  Client alice = joining("alice");
  alice.send(R"({"type":"ping"})");
  EXPECT_TRUE(alice.waits());
  broker_.joins.release();
  EXPECT_EQ(alice.read(), peer_list("lobby", {"alice"}, "1"));
  EXPECT_EQ(alice.read(), R"({"type":"pong"})");
}

TEST_F(SharedNamespacesTest, OthersDoNotWait) {
  Client alice = joining("alice");
  broker_.joins.usual();
  Client bob = peer_in("lobby", "bob");
  EXPECT_THAT(bob.heard(), IsEmpty());
  broker_.joins.release();
  EXPECT_THAT(bob.heard(), ElementsAre(peer_joined("lobby", "alice")));
}

TEST_F(SharedNamespacesTest, AnAnswerForWhoHasGoneIsUndone) {
  Client bob = peer_in("lobby", "bob");
  Client alice = joining("alice");
  leave(alice);
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice"));
  broker_.joins.release();
  EXPECT_THAT(bob.heard(), IsEmpty());
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice", "leave lobby alice"));
}

TEST_F(SharedNamespacesTest, AnAnswerForWhoHasBeenReplacedIsUndone) {
  loops_ = 2;
  Client old = joining("alice", 0);
  broker_.joins.usual();
  Client alice = peer("alice", 1);
  broker_.joins.release();
  settle();
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice", "leave lobby alice"));
  EXPECT_EQ(alice.ask("join", kLobby), peer_list("lobby", {"alice"}));
}

TEST_F(SharedNamespacesTest, ANamespaceThatIsFullElsewhereIs429) {
  broker_.joins.always(join_outcome(sdk::JoinStatus::kFull));
  EXPECT_EQ(peer("alice").ask("join", kLobby), error(429, "namespace full"));
}

TEST_F(SharedNamespacesTest, AClusterWithoutRoomForAMemberIs503) {
  broker_.joins.always(join_outcome(sdk::JoinStatus::kClusterFull));
  EXPECT_EQ(peer("alice").ask("join", kLobby), error(503, "cluster full"));
}

TEST_F(SharedNamespacesTest, WhereTheBrokerCannotKnowTheNodesOwnTruthCounts) {
  config_.max_namespace_size = 1;
  broker_.joins.always({});
  EXPECT_EQ(peer("alice").ask("join", kLobby), peer_list("lobby", {"alice"}));
  broker_.joins.fail();
  EXPECT_EQ(peer("bob").ask("join", kLobby), peer_list("lobby", {"bob"}));
}

TEST_F(SharedNamespacesTest, AFullNamespaceOfTheNodesOwnIsToldToTheBroker) {
  config_.max_namespace_size = 1;
  broker_.joins.always({});
  const Client alice = peer_in("lobby", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join", kLobby), error(429, "namespace full"));
  EXPECT_THAT(broker_.told(), ElementsAre("leave lobby bob"));
}

TEST_F(SharedNamespacesTest, WhoJoinedAloneIsShownTheOthersWhenTheyAreKnown) {
  broker_.joins.always({});
  Client alice = peer_in("lobby", "alice");
  host().member_joined("lobby", peer_named("far-1"), object("far-1"));
  EXPECT_THAT(alice.heard(), IsEmpty());
  const sdk::MemberEntry far{peer_named("far-1"), false, false, with_fingerprints(object("far-1"))};
  host().members_known("lobby", {&far, 1});
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("lobby", "far-1")));
}

TEST_F(SharedNamespacesTest, AnAnswerOfAnotherKindIsTheBrokersFault) {
  broker_.joins.always(join_outcome(sdk::JoinStatus::kGone));
  EXPECT_EQ(peer("alice").ask("join", kLobby), peer_list("lobby", {"alice"}));
  EXPECT_THAT(log(), ElementsAre("plugin broker 'test': join: answered a join of a namespace as "
                                 "one of a room"));
}

TEST_F(SharedNamespacesTest, ANamespaceThatIsARoomElsewhereIsJoinedAsOne) {
  elsewhere("own lobby 1 1");
  EXPECT_EQ(peer("alice").ask("join", kLobby), error(429, "room full"));
  elsewhere("own hall 1 2");
  EXPECT_EQ(peer("bob").ask("join", R"({"namespace":"hall"})"),
            peer_list("hall", {"far-1", "bob"}));
}

TEST_F(SharedNamespacesTest, DiscoverAsksTheBroker) {
  elsewhere("join lobby 1");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {"far-1"}));
  broker_.lists.always(std::nullopt);
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {}));
  broker_.lists.fail();
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {}));
}

TEST_F(SharedNamespacesTest, ARoomElsewhereCannotBeDiscovered) {
  elsewhere("own room 1 2");
  EXPECT_EQ(peer("alice").ask("discover", R"({"namespace":"room"})", R"("id":1)"),
            error(403, "cannot discover room peers", "1"));
}

TEST_F(SharedNamespacesTest, AListForWhoHasGoneIsNothing) {
  Client alice = peer_in("lobby", "alice");
  broker_.lists.hold();
  alice.send("discover", kLobby);
  broker_.lists.wait();
  leave(alice);
  broker_.lists.release();
  settle();
  EXPECT_THAT(broker_.told(), Contains("unregister alice"));
}

TEST_F(SharedNamespacesTest, AnUpdateAndALeaveAreToldToTheBroker) {
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("metadata", R"({"meta":{"a":1}})", R"("id":1)"), ack("1", 0));
  EXPECT_EQ(alice.ask("leave", kLobby, R"("id":2)"), ack("2", 0));
  EXPECT_THAT(broker_.told(), ElementsAre("update lobby alice", "leave lobby alice"));
}

}  // namespace
}  // namespace peer::test
