#include <future>
#include <stdexcept>
#include <utility>

#include "core/net/event_loop.h"
#include "tests/unit/dispatch/node_test.h"

// create_room, join_room, room_info, kick, and what a room policy adds (docs/protocol.md, "Rooms").
namespace peer::test {
namespace {

using sdk::CommitStatus;
using sdk::JoinStatus;
using sdk::RoomAction;
using sdk::RoomRequest;
using sdk::RoomView;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kRoom = R"({"room_id":"room"})";

std::string kick_of(std::string_view name) {
  return R"({"room_id":"room","fingerprint":")" + std::string(name) + "\"}";
}
std::string kicked(std::string_view by, std::string_view target) {
  return R"({"type":"kick","from":"<)" + std::string(by) +
         R"(>","namespace":"room","payload":{"room_id":"room","fingerprint":"<)" +
         std::string(target) + R"(>"},"ts":0})";
}
std::string room_updated(std::string_view owner, int size = 2) {
  return R"({"type":"room_updated","namespace":"room","payload":{"room_id":"room","owner":"<)" +
         std::string(owner) + R"(>","max_size":)" + std::to_string(size) + R"(},"ts":0})";
}
sdk::RoomDecision throws(const RoomView&, const RoomRequest&) { throw std::runtime_error("no"); }

sdk::RoomDecision grown(const RoomView& room, const RoomRequest&) {
  sdk::RoomDecision decision = TestRooms::unchanged(room);
  decision.max_size = 9;
  return decision;
}

template <typename Base>
class RoomsOf : public Base {
 protected:
  // A room is created, and its policy wants to be woken; before it is, a message to the policy
  // changes the room, and has it woken later. What the owner has heard when both times are over.
  std::vector<std::string> heard_of_two_timers() {
    this->rooms_.types = {"vote"};
    this->rooms_.on(RoomAction::kCreate, [](const RoomView& room, const RoomRequest& request) {
      sdk::RoomDecision decision = TestRooms::by_the_guide(room, request);
      decision.wake_after = milliseconds(1);
      return decision;
    });
    this->rooms_.on(RoomAction::kMessage, [](const RoomView& room, const RoomRequest&) {
      sdk::RoomDecision decision = TestRooms::unchanged(room);
      decision.wake_after = milliseconds(2);
      return decision;
    });
    this->rooms_.on(RoomAction::kTimer, [](const RoomView& room, const RoomRequest&) {
      sdk::RoomDecision decision = TestRooms::unchanged(room);
      decision.messages = {{std::nullopt, "tick", "1"}};
      return decision;
    });
    Client alice = this->peer("alice");
    this->on_loop(0, [&] {  // which reads both at once when this is over
      alice.send("create_room", kRoom);
      alice.send("vote", kRoom, R"("id":1)");
    });
    EXPECT_THAT(alice.read(), HasSubstr("room_created"));
    EXPECT_EQ(alice.read(), ack("1", 0));
    std::promise<void> over;
    this->on_loop(0, [&] {
      EventLoop& loop = *EventLoop::current();
      loop.schedule(loop.now() + milliseconds(2), [&] { over.set_value(); });
    });
    over.get_future().get();
    return alice.heard();
  }
};
const std::string kTick = R"({"type":"tick","namespace":"room","payload":1,"ts":0})";

class RoomsTest : public RoomsOf<NodeTest> {};

TEST_F(RoomsTest, AMemberGetsAllOthersAndIsAnnounced) {
  Client alice = owner_of("room", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join_room", kRoom), peer_list("room", {"alice", "bob"}));
  EXPECT_EQ(alice.read(), peer_joined("room", "bob"));
  EXPECT_EQ(bob.ask("room_info", kRoom), room_info("room", "alice", 2, 2));
}

TEST_F(RoomsTest, CreatingIs400Then403Then409Then429) {
  config_.reserved_namespaces = {"system*"};
  config_.max_namespaces_per_peer = 1;
  const Client owner = owner_of("room", "owner");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"system","max_size":"2"})"),
            error(400, "max_size must be an integer"));
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"system"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("create_room", kRoom), error(409, "room already exists"));
  Client bob = peer_in("lobby", "bob");
  EXPECT_EQ(bob.ask("create_room", kRoom), error(409, "room already exists"));
  EXPECT_EQ(bob.ask("create_room", R"({"room_id":"new"})"), error(429, "too many namespaces"));
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"lobby"})"), error(409, "room already exists"));
}

TEST_F(RoomsTest, WithoutTheRightNobodyCreatesARoom) {
  sdk::AuthGrant grant;
  grant.may_create_rooms = false;
  auth_.verdicts.always(grant);
  EXPECT_EQ(peer("alice").ask("create_room", kRoom), error(403, "not allowed"));
}

TEST_F(RoomsTest, JoiningIs400Then404Then429) {
  const Client owner = owner_of("room", "owner", 1);
  const Client member = peer_in("lobby", "member");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join_room", "{}"), error(400, "room_id required"));
  EXPECT_EQ(alice.ask("join_room", R"({"room_id":"nothing"})"), error(404, "room not found"));
  EXPECT_EQ(alice.ask("join_room", R"({"room_id":"lobby"})"), error(404, "room not found"));
  EXPECT_EQ(alice.ask("join_room", kRoom), error(429, "room full"));
  EXPECT_EQ(alice.ask("join", R"({"namespace":"room"})"), error(429, "room full"));
}

TEST_F(RoomsTest, InfoIs400Then404) {
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":7})"), error(400, "room_id must be a string"));
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":"lobby"})"), error(404, "room not found"));
}

TEST_F(RoomsTest, KickingIs400Then404Then403) {
  const Client owner = owner_of("room", "owner");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"nothing"})"), error(400, "fingerprint required"));
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"nothing","fingerprint":"owner"})"),
            error(404, "room not found"));
  EXPECT_EQ(alice.ask("kick", kick_of("alice")), error(404, "peer not in room"));
  EXPECT_EQ(alice.ask("kick", kick_of("nobody")), error(404, "peer not in room"));
  EXPECT_EQ(alice.ask("kick", kick_of("owner")), error(403, "only room owner can kick"));
}

TEST_F(RoomsTest, AKickReachesAnotherLoop) {
  loops_ = 2;
  Client alice = owner_of("room", "alice", 2, 0);
  Client bob = peer_in("room", "bob", 1);
  EXPECT_EQ(alice.read(), peer_joined("room", "bob"));
  alice.send("kick", kick_of("bob"), R"("id":1)");
  alice.send(R"({"type":"ping"})");
  EXPECT_EQ(alice.read(), peer_left("room", "bob"));
  EXPECT_EQ(alice.read(), ack("1", 1));
  EXPECT_EQ(alice.read(), R"({"type":"pong"})");
  EXPECT_EQ(bob.read(), kicked("alice", "bob"));
  EXPECT_EQ(bob.ask("leave", R"({"namespace":"room"})"), error(403, "not in namespace"));
}

TEST_F(RoomsTest, WhoKicksItselfLeaves) {
  Client alice = owner_of("room", "alice");
  EXPECT_EQ(alice.ask("kick", kick_of("alice"), R"("id":1)"), ack("1", 0));
  EXPECT_EQ(alice.ask("room_info", kRoom), error(404, "room not found"));
}

TEST_F(RoomsTest, TheOwnersGoingPassesTheRoomOn) {
  loops_ = 2;
  Client alice = owner_of("room", "alice", 2, 0);
  Client bob = peer_in("room", "bob", 1);
  leave(alice);
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("room", "alice"), room_updated("bob")));
}

// --- What the policy decides

TEST_F(RoomsTest, APolicyThatThrowsFailsTheRequestAtHand) {
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  static_cast<void>(alice.heard());
  for (const RoomAction action : {RoomAction::kCreate, RoomAction::kJoin, RoomAction::kKick}) {
    rooms_.on(action, throws);
  }
  Client carol = peer("carol");
  EXPECT_EQ(carol.ask("create_room", R"({"room_id":"new"})"), error(500, "internal error"));
  EXPECT_EQ(carol.ask("join_room", kRoom), error(500, "internal error"));
  EXPECT_EQ(alice.ask("kick", kick_of("bob")), error(500, "internal error"));
  EXPECT_EQ(alice.ask("room_info", kRoom), room_info("room", "alice", 3, 2));
  EXPECT_THAT(bob.heard(), IsEmpty());
  EXPECT_THAT(log(), ElementsAre("plugin room_policy 'test': decide: no"));
}

TEST_F(RoomsTest, ARoomIsNotLeftToAnOwnerWhoIsGone) {
  rooms_.on(RoomAction::kLeave, throws);
  Client alice = owner_of("room", "alice");
  Client bob = peer_in("room", "bob");
  leave(alice);
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("room", "alice"), room_updated("bob")));
}

TEST_F(RoomsTest, ADecisionThatMakesNoSenseIsThePolicysFault) {
  Client alice = owner_of("room", "alice");
  rooms_.on(RoomAction::kJoin, [](const RoomView& room, const RoomRequest&) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    decision.owner = {};
    return decision;
  });
  EXPECT_EQ(peer("bob").ask("join_room", kRoom), error(500, "internal error"));
  EXPECT_THAT(log(),
              ElementsAre("plugin room_policy 'test': decide: returned an owner who is no member"));
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(RoomsTest, MessagesOfThePolicyFollowTheChange) {
  rooms_.on(RoomAction::kJoin, [](const RoomView& room, const RoomRequest& request) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    decision.messages = {{std::nullopt, "score", "1"}, {request.actor, "hand", "[2]"}};
    return decision;
  });
  Client alice = owner_of("room", "alice");
  Client bob = peer_in("room", "bob");
  const std::string score = R"({"type":"score","namespace":"room","payload":1,"ts":0})";
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("room", "bob"), score));
  EXPECT_THAT(bob.heard(),
              ElementsAre(score, R"({"type":"hand","namespace":"room","payload":[2],"ts":0})"));
}

TEST_F(RoomsTest, ARefusalWithACodeOfItsOwnIsThePolicysFault) {
  const Client alice = owner_of("room", "alice");
  rooms_.on(RoomAction::kJoin,
            [](const RoomView&, const RoomRequest&) { return refusal(999, "go away"); });
  EXPECT_EQ(peer("bob").ask("join_room", kRoom), error(500, "internal error"));
  EXPECT_THAT(log(), ElementsAre("plugin room_policy 'test': decide: refused with code 999, which "
                                 "is none of 400, 403, 404, 409, 429"));
}

TEST_F(RoomsTest, ARefusalMayHaveEachCodeOfTheGuide) {
  const Client alice = owner_of("room", "alice");
  Client bob = peer("bob");
  for (const int code : {400, 403, 404, 409, 429}) {
    rooms_.on(RoomAction::kJoin,
              [code](const RoomView&, const RoomRequest&) { return refusal(code, "no"); });
    EXPECT_EQ(bob.ask("join_room", kRoom), error(code, "no"));
  }
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(RoomsTest, WordsOfARefusalThatAreNotUtf8AreNotSaid) {
  const Client alice = owner_of("room", "alice");
  rooms_.on(RoomAction::kJoin,
            [](const RoomView&, const RoomRequest&) { return refusal(403, "no\xff"); });
  EXPECT_EQ(peer("bob").ask("join_room", kRoom), error(403, "refused"));
  EXPECT_THAT(log(), ElementsAre("plugin room_policy 'test': decide: refused in words that are not "
                                 "UTF-8"));
}

TEST_F(RoomsTest, ThePolicyDoesNotSpeakAsTheServer) {
  rooms_.on(RoomAction::kJoin, [](const RoomView& room, const RoomRequest&) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    for (const char* type : {"registered",
                             "auth_challenge",
                             "peer_list",
                             "peer_joined",
                             "peer_left",
                             "matched",
                             "match_cancelled",
                             "match_expired",
                             "room_created",
                             "room_updated",
                             "room_closed",
                             "ack",
                             "pong",
                             "error",
                             "kick",
                             "room_info",
                             "signal",
                             "match",
                             "broadcast",
                             ""}) {
      decision.messages.push_back({std::nullopt, type, "{}"});
    }
    return decision;
  });
  Client alice = owner_of("room", "alice");
  Client bob = peer_in("room", "bob");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("room", "bob")));
  EXPECT_THAT(bob.heard(), IsEmpty());
  EXPECT_THAT(log(), ElementsAre("plugin room_policy 'test': decide: dropped a message of a type "
                                 "that is the protocol's own"));
}

TEST_F(RoomsTest, MessagesToThePolicyAre400Then404Then403) {
  rooms_.types = {"vote"};
  Client alice = owner_of("room", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("vote", "{}"), error(400, "room_id required"));
  EXPECT_EQ(bob.ask("vote", R"({"room_id":"nothing"})"), error(404, "room not found"));
  EXPECT_EQ(bob.ask("vote", kRoom), error(403, "not in room"));
  EXPECT_EQ(bob.ask("veto", kRoom), error(400, "unknown message type"));
  EXPECT_EQ(alice.ask("vote", kRoom, R"("id":1)"), ack("1", 0));
}

TEST_F(RoomsTest, ThePolicysTimerChangesTheRoom) {
  rooms_.on(RoomAction::kJoin, [](const RoomView& room, const RoomRequest&) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    decision.wake_after = milliseconds(1);
    return decision;
  });
  rooms_.on(RoomAction::kTimer, [](const RoomView& room, const RoomRequest&) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    decision.max_size = 9;
    return decision;
  });
  const Client alice = owner_of("room", "alice");
  EXPECT_EQ(peer_in("room", "bob").read(), room_updated("alice", 9));
}

TEST_F(RoomsTest, WhoCreatesARoomHearsOfItBeforeItsPolicySpeaks) {
  rooms_.on(RoomAction::kCreate, [](const RoomView& room, const RoomRequest& request) {
    sdk::RoomDecision decision = TestRooms::by_the_guide(room, request);
    decision.messages = {{std::nullopt, "score", "1"}};
    return decision;
  });
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask("create_room", kRoom), HasSubstr("room_created"));
  EXPECT_EQ(alice.read(), R"({"type":"score","namespace":"room","payload":1,"ts":0})");
}

TEST_F(RoomsTest, WhoChangesARoomHearsOfTheChangeBeforeTheAnswer) {
  rooms_.types = {"grow"};
  rooms_.on(RoomAction::kMessage, grown);
  Client alice = owner_of("room", "alice");
  EXPECT_EQ(alice.ask("grow", kRoom, R"("id":1)"), room_updated("alice", 9));
  EXPECT_EQ(alice.read(), ack("1", 0));
}

TEST_F(RoomsTest, ATimerIsOverWhenALaterDecisionTookOver) {
  EXPECT_THAT(heard_of_two_timers(), ElementsAre(kTick));
}

// --- With other nodes

class SharedRoomsTest : public RoomsOf<ClusterTest> {
 protected:
  // A client that has asked, and waits for what the broker reads of the room.
  Client asking(std::string_view name, std::string_view type, std::string_view payload) {
    Client client = peer(name);
    broker_.readings.hold();
    client.send(type, payload);
    broker_.readings.wait();
    return client;
  }
};

TEST_F(SharedRoomsTest, ARoomIsSharedWithOtherNodes) {
  elsewhere("own room 1 3");
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("create_room", kRoom), error(409, "room already exists"));
  EXPECT_EQ(alice.ask("join_room", kRoom), peer_list("room", {"far-1", "alice"}));
  EXPECT_EQ(alice.ask("room_info", kRoom), room_info("room", "far-1", 3, 2));
  EXPECT_EQ(alice.ask("kick", kick_of("far-1")), error(403, "only room owner can kick"));
}

TEST_F(SharedRoomsTest, ACreationMayBeAnsweredLater) {
  broker_.joins.hold();
  Client alice = peer("alice");
  alice.send("create_room", kRoom);
  broker_.joins.wait();
  EXPECT_TRUE(alice.waits());
  broker_.joins.release();
  EXPECT_THAT(alice.read(), HasSubstr("room_created"));
}

TEST_F(SharedRoomsTest, ACreationForWhoHasGoneIsUndone) {
  broker_.joins.hold();
  Client alice = peer("alice");
  alice.send("create_room", kRoom);
  broker_.joins.wait();
  leave(alice);
  broker_.joins.release();
  settle();
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice", "leave room alice"));
  broker_.joins.usual();
  EXPECT_THAT(peer("bob").ask("create_room", kRoom), HasSubstr("room_created"));
}

TEST_F(SharedRoomsTest, WhereTheBrokerCannotKnowARoomIsThisNodes) {
  elsewhere("cut");
  Client alice = owner_of("room", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join_room", kRoom), peer_list("room", {"alice", "bob"}));
  EXPECT_EQ(bob.ask("room_info", kRoom), room_info("room", "alice", 2, 2));
  EXPECT_EQ(peer("carol").ask("join_room", kRoom), error(429, "room full"));
  EXPECT_EQ(alice.read(), peer_joined("room", "bob"));
  alice.send("kick", kick_of("bob"), R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_left("room", "bob"), ack("1", 1)));
  EXPECT_EQ(bob.read(), kicked("alice", "bob"));
}

TEST_F(SharedRoomsTest, ABrokerThatThrowsCannotKnow) {
  broker_.joins.fail();
  broker_.readings.fail();
  broker_.commits.fail();
  Client alice = owner_of("room", "alice");
  Client bob = peer("bob");
  EXPECT_EQ(bob.ask("join_room", kRoom), peer_list("room", {"alice", "bob"}));
  EXPECT_EQ(bob.ask("room_info", kRoom), room_info("room", "alice", 2, 2));
  leave(alice);
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("room", "alice"), room_updated("bob")));
}

TEST_F(SharedRoomsTest, AJoinThatIsRefusedAfterAllIsToldToTheBroker) {
  broker_.joins.always({});
  broker_.readings.always({});
  const Client alice = owner_of("room", "alice");
  bool asked = false;
  rooms_.on(RoomAction::kJoin, [&asked](const RoomView& room, const RoomRequest&) {
    return std::exchange(asked, true) ? refusal(429, "room full") : TestRooms::unchanged(room);
  });
  EXPECT_EQ(peer("bob").ask("join_room", kRoom), error(429, "room full"));
  EXPECT_THAT(broker_.told(), Contains("leave room bob"));
}

TEST_F(SharedRoomsTest, AConflictIsJudgedAgain) {
  elsewhere("own room 1 3");
  elsewhere("disturb 5");
  EXPECT_EQ(peer("alice").ask("join_room", kRoom), peer_list("room", {"far-1", "alice"}));
}

TEST_F(SharedRoomsTest, AConflictOfAChangeIsJudgedAgain) {
  rooms_.types = {"grow"};
  rooms_.on(RoomAction::kMessage, grown);
  Client alice = owner_of("room", "alice");
  elsewhere("disturb 63");
  alice.send("grow", kRoom, R"("id":1)");
  EXPECT_THAT(alice.heard(), testing::UnorderedElementsAre(room_updated("alice", 9), ack("1", 0)));
  elsewhere("disturb 64");
  EXPECT_EQ(alice.ask("grow", kRoom), error(429, "room busy"));
}

TEST_F(SharedRoomsTest, ATimerIsOverWhenALaterDecisionTookOver) {
  EXPECT_THAT(heard_of_two_timers(), ElementsAre(kTick));
}

// After its request there is time for another answer of the policy, which would be another room.
TEST_F(SharedRoomsTest, ACreationIsJudgedOnceThoughTheBrokerCannotKnow) {
  elsewhere("cut");
  int asked = 0;
  rooms_.on(RoomAction::kCreate, [&asked](const RoomView& room, const RoomRequest& request) {
    ++asked;
    return TestRooms::by_the_guide(room, request);
  });
  const Client alice = owner_of("room", "alice");
  EXPECT_EQ(asked, 1);
}

TEST_F(SharedRoomsTest, ARoomThatOthersChangeAllTheTimeIsBusy) {
  elsewhere("own room 1 3");
  broker_.joins.always(join_outcome(JoinStatus::kConflict));
  EXPECT_EQ(peer("alice").ask("join_room", kRoom), error(429, "room busy"));
}

TEST_F(SharedRoomsTest, AClusterWithoutRoomForAMemberOrARoomIs503) {
  elsewhere("own room 1 3");
  broker_.joins.always(join_outcome(JoinStatus::kClusterFull));
  EXPECT_EQ(peer("alice").ask("join_room", kRoom), error(503, "cluster full"));
  EXPECT_EQ(peer("bob").ask("create_room", kRoom), error(503, "cluster full"));
}

TEST_F(SharedRoomsTest, ARoomThatHasGoneMeanwhileIsNotFound) {
  elsewhere("own room 1 3");
  broker_.joins.always(join_outcome(JoinStatus::kGone));
  EXPECT_EQ(peer("alice").ask("join_room", kRoom), error(404, "room not found"));
}

TEST_F(SharedRoomsTest, EachOutcomeOfACommit) {
  Client alice = owner_of("room", "alice", 4);
  Client bob = peer_in("room", "bob");
  EXPECT_EQ(alice.read(), peer_joined("room", "bob"));
  broker_.commits.always({CommitStatus::kGone, 0});
  EXPECT_EQ(alice.ask("kick", kick_of("bob")), error(404, "room not found"));
  broker_.commits.always({CommitStatus::kNotMember, 0});
  EXPECT_EQ(alice.ask("kick", kick_of("bob")), error(404, "peer not in room"));
  broker_.commits.always({CommitStatus::kConflict, 0});
  EXPECT_EQ(alice.ask("kick", kick_of("bob")), error(429, "room busy"));
  broker_.commits.usual();
  alice.send("kick", kick_of("bob"), R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(ack("1", 1), peer_left("room", "bob")));
  EXPECT_EQ(bob.read(), kicked("alice", "bob"));
}

TEST_F(SharedRoomsTest, AReadingForWhoHasGoneIsNothing) {
  for (const std::string_view type : {"join_room", "room_info"}) {
    Client alice = asking("alice", type, kRoom);
    leave(alice);
    broker_.readings.release();
    settle();
  }
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice", "unregister alice"));
}

TEST_F(SharedRoomsTest, AKickOfWhoHasGoneMeanwhileIsCommittedAllTheSame) {
  Client alice = owner_of("room", "alice");
  Client bob = peer_in("room", "bob");
  broker_.commits.hold();
  alice.send("kick", kick_of("bob"));
  broker_.commits.wait();
  leave(alice);
  broker_.commits.usual();
  broker_.commits.release();
  EXPECT_THAT(bob.heard(), Contains(kicked("alice", "bob")));
}

TEST_F(SharedRoomsTest, AnAliasToBeKickedMayBeHeldElsewhere) {
  Client alice = owner_of("room", "alice");
  elsewhere("join room 1");
  EXPECT_EQ(alice.read(), peer_joined("room", "far-1"));
  alice.send("kick", kick_of("far-1"), R"("id":1)");
  EXPECT_THAT(alice.heard(),
              testing::UnorderedElementsAre(ack("1", 1), peer_left("room", "far-1")));
  EXPECT_EQ(alice.ask("kick", kick_of("nobody")), error(404, "peer not in room"));
}

TEST_F(SharedRoomsTest, AMemberThatWasReapedIsSucceeded) {
  elsewhere("own room 1 3");
  Client alice = peer_in("room", "alice");
  elsewhere("reap room 1");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_left("room", "far-1"), room_updated("alice", 3)));
}

}  // namespace
}  // namespace peer::test
