// Room policies with words of their own, and such that throw: docs/protocol.md, "C.4 Room options".
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class RoomPolicyTest : public PluginServerTest {
 protected:
  TestPeer owner_of(std::string_view room) {
    TestPeer owner = peer("owner");
    owner.create_room(room);
    return owner;
  }
  static Json info(TestPeer& asker, std::string_view room) {
    asker.send("room_info", fmt(R"({"room_id":"%"})", room));
    return asker.next("room_info")["payload"];
  }
};

// --- a policy with a message type, state and a timer

class RoomVotingTest : public RoomPolicyTest {
 protected:
  void start_voting(int vote_ms = 60'000, int loops = 2) {
    start_plugin("room_policy", "room_voting", fmt("vote_ms: %", vote_ms), {fmt("loops=%", loops)});
  }
  static std::string vote_in(std::string_view room, std::string_view more = {}) {
    return message("vote", fmt(R"({"room_id":"%"})", room), more);
  }
  static void expect_votes(TestPeer& peer, int votes) {
    const Json told = peer.next("votes");
    EXPECT_EQ(told["payload"]["votes"].number(), votes);
    EXPECT_EQ(told["namespace"].str(), "den");
  }
};

TEST_F(RoomVotingTest, AMessageOfThePolicyIsAnsweredToAllMembersAndToOne) {
  start_voting();
  TestPeer owner = owner_of("den");
  TestPeer guest = peer_in("den", "guest");
  TestPeer stranger = peer_in("lobby", "stranger");
  owner.next("peer_joined");
  guest.send(vote_in("den"));
  expect_votes(guest, 1);
  expect_votes(owner, 1);
  EXPECT_EQ(owner.next("voted")["payload"], "{}"_json);
  expect_silence_of({&owner, &guest, &stranger});
}

TEST_F(RoomVotingTest, ItsStateIsKeptFromCallToCall) {
  start_voting();
  TestPeer owner = owner_of("den");
  owner.send(vote_in("den"));
  expect_votes(owner, 1);
  owner.next("voted");
  TestPeer guest = peer_in("den", "guest");
  owner.next("peer_joined");
  guest.send(vote_in("den"));
  expect_votes(guest, 2);
  expect_votes(owner, 2);
}

TEST_F(RoomVotingTest, RoomsHaveAStateOfTheirOwn) {
  start_voting();
  TestPeer owner = owner_of("den");
  owner.create_room("attic");
  owner.send(vote_in("den"));
  expect_votes(owner, 1);
  owner.next("voted");
  owner.send(vote_in("attic"));
  EXPECT_EQ(owner.next("votes")["payload"]["votes"].number(), 1);
}

TEST_F(RoomVotingTest, ARefusalGoesToTheSenderOnlyAndChangesNothing) {
  start_voting();
  TestPeer owner = owner_of("den");
  TestPeer guest = peer_in("den", "guest");
  owner.next("peer_joined");
  guest.send(vote_in("den"));
  expect_votes(guest, 1);
  expect_votes(owner, 1);
  owner.next("voted");
  guest.send(vote_in("den", R"("id":5)"));
  EXPECT_EQ(guest.expect_error(409, "already voted")["id"].number(), 5);
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomVotingTest, ARequestWithAnIdIsAcknowledged) {
  start_voting();
  TestPeer owner = owner_of("den");
  owner.send(vote_in("den", R"("id":"v")"));
  expect_votes(owner, 1);
  owner.next("voted");
  EXPECT_EQ(owner.next("ack")["id"].str(), "v");
}

TEST_F(RoomVotingTest, BadMessagesOfThePolicyAreRefused) {
  start_voting();
  TestPeer owner = owner_of("den");
  TestPeer stranger = peer_in("lobby", "stranger");
  stranger.expect_refused(message("vote"), 400, "room_id required");
  stranger.expect_refused(message("vote", R"({"room_id":5})"), 400, "room_id must be a string");
  stranger.expect_refused(vote_in("nowhere"), 404, "room not found");
  stranger.expect_refused(vote_in("lobby"), 404, "room not found");
  stranger.send(vote_in("den"));
  stranger.expect_error_like(403, "^not in ");
  owner.expect_silence();
}

TEST_F(RoomVotingTest, ATypeOfNoPolicyIsUnknown) {
  TestPeer alice = peer("alice");
  alice.expect_refused(vote_in("den"), 400, "unknown message type");
}

TEST_F(RoomVotingTest, ItsTimerEndsTheVote) {
  start_voting(100);
  TestPeer owner = owner_of("den");
  for (int round = 0; round < 2; ++round) {
    owner.send(vote_in("den"));
    expect_votes(owner, 1);
    owner.next("voted");
    EXPECT_EQ(owner.next("vote_result")["payload"]["votes"].number(), 1);
  }
  owner.expect_silence();
}

TEST_F(RoomVotingTest, ATimerThatALaterDecisionSetAnewFiresOnce) {
  start_voting(600);
  TestPeer owner = owner_of("den");
  owner.send(vote_in("den"));
  expect_votes(owner, 1);
  owner.next("voted");
  TestPeer guest = peer_in("den", "guest");
  owner.next("peer_joined");
  guest.send(vote_in("den"));
  expect_votes(guest, 2);
  EXPECT_EQ(guest.next("vote_result")["payload"]["votes"].number(), 2);
  expect_votes(owner, 2);
  owner.next("voted");
  owner.next("vote_result");
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomVotingTest, ATimerOfARoomThatIsGoneDoesNothing) {
  start_voting(100);
  TestPeer first = owner_of("den");
  first.send(vote_in("den"));
  expect_votes(first, 1);
  first.next("voted");
  first.send("leave", R"({"namespace":"den"})");
  first.create_room("den");
  TestPeer other = peer("other");
  other.create_room("attic");
  other.send(vote_in("attic"));
  other.next("votes");
  other.next("voted");
  other.next("vote_result");
  first.expect_silence();
}

TEST_F(RoomVotingTest, VotesOfManyAtOnceAreCountedAndToldInTheirOrder) {
  start_voting(60'000, 4);
  TestPeer owner = owner_of("den");
  std::vector<TestPeer> guests;
  for (int i = 0; i < 19; ++i) guests.push_back(peer_in("den", fmt("guest-%", i)));
  for (TestPeer& guest : guests) guest.send(vote_in("den"));
  for (int i = 0; i < 19; ++i) owner.next("peer_joined");
  for (int votes = 1; votes <= 19; ++votes) {
    expect_votes(owner, votes);
    owner.next("voted");
  }
}

// --- a policy that throws

class RoomThrowingTest : public RoomPolicyTest {
 protected:
  void SetUp() override { start_plugin("room_policy", "room_throwing", {}, {"loops=2"}); }
};

TEST_F(RoomThrowingTest, AThrowFailsThatRequestAlone) {
  TestPeer alice = peer("alice");
  alice.send("create_room", R"({"room_id":"throw-1"})", R"("id":1)");
  EXPECT_EQ(alice.expect_error(500, "internal error")["id"].number(), 1);
  alice.create_room("den");
  TestPeer bob = peer_in("den", "bob");
  alice.next("peer_joined");
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 1);
  bob.close();
  alice.close();
  EXPECT_THAT(log_at_the_end(),
              HasSubstr("plugin room_policy 'throwing': decide: as the name says"));
}

TEST_F(RoomThrowingTest, AThrowAtAJoinLeavesThePeerOutside) {
  TestPeer owner = owner_of("join-1");
  TestPeer guest = peer("guest");
  for (const char* type : {"join_room", "join"}) {
    guest.expect_refused(message(type, R"({"room_id":"join-1","namespace":"join-1"})"), 500,
                         "internal error");
  }
  guest.expect_refused(message("leave", R"({"namespace":"join-1"})"), 403, "not in namespace");
  EXPECT_EQ(info(owner, "join-1")["peer_count"].number(), 1);
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomThrowingTest, AThrowAtAKickLeavesThePeerInside) {
  TestPeer owner = owner_of("kick-1");
  TestPeer guest = peer_in("kick-1", "guest");
  owner.next("peer_joined");
  owner.expect_refused(message("kick", R"({"room_id":"kick-1","fingerprint":"guest"})"), 500,
                       "internal error");
  EXPECT_EQ(info(owner, "kick-1")["peer_count"].number(), 2);
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomThrowingTest, OwnershipPassesOnThoughThePolicyThrows) {
  TestPeer owner = owner_of("leave-1");
  TestPeer first = peer_in("leave-1", "first");
  TestPeer second = peer_in("leave-1", "second");
  first.next("peer_joined");
  owner.close();
  for (TestPeer* member : {&first, &second}) {
    member->next("peer_left");
    EXPECT_EQ(member->next("room_updated")["payload"]["owner"].str(), first.fingerprint());
  }
  second.send("leave", R"({"namespace":"leave-1"})", R"("id":1)");
  second.next("ack");
  EXPECT_EQ(first.next("peer_left")["payload"]["fingerprint"].str(), second.fingerprint());
  EXPECT_EQ(info(first, "leave-1")["owner"].str(), first.fingerprint());
}

TEST_F(RoomThrowingTest, ADecisionThatMakesNoSenseFailsThatRequestAlone) {
  TestPeer alice = peer("alice");
  alice.expect_refused(message("create_room", R"({"room_id":"nonsense-1"})"), 500,
                       "internal error");
  alice.create_room("den");
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 1);
  EXPECT_THAT(log_at_the_end(),
              HasSubstr("plugin room_policy 'throwing': decide: returned a max_size of 0"));
}

TEST_F(RoomThrowingTest, AMessageThatIsNoJsonIsDroppedAndTheDecisionCounts) {
  TestPeer owner = owner_of("garbled-1");
  EXPECT_EQ(owner.next("clear")["namespace"].str(), "garbled-1");
  TestPeer guest = peer("guest");
  guest.send("join_room", R"({"room_id":"garbled-1"})");
  guest.next("peer_list");
  for (TestPeer* member : {&owner, &guest}) {
    if (member == &owner) member->next("peer_joined");
    EXPECT_EQ(member->next("clear")["payload"], "{}"_json);
  }
  expect_silence_of({&owner, &guest});
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin room_policy 'throwing': decide: dropped a "
                                          "message that is not JSON"));
}

TEST_F(RoomThrowingTest, APolicyThatSleepsIsNamedAndItsDecisionCounts) {
  TestPeer owner = owner_of("sleep-1");
  EXPECT_EQ(info(owner, "sleep-1")["peer_count"].number(), 1);
  EXPECT_THAT(log_at_the_end(), testing::ContainsRegex("plugin room_policy 'throwing': decide: "
                                                       "took [0-9]+ ms, budget 100 ms"));
}

}  // namespace
}  // namespace peer::test
