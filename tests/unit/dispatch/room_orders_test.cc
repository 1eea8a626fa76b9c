#include <utility>

#include "tests/unit/dispatch/node_test.h"

// What a room policy orders beside its decisions, and what the core makes of it: members that are
// put out, rooms that end (sdk/include/peer/sdk/room_policy.h).
namespace peer::test {
namespace {

using sdk::RoomAction;
using sdk::RoomOrders;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kRoomId = R"({"room_id":"room"})";
const std::string kEnded =
    R"({"type":"room_closed","namespace":"room","payload":{"room_id":"room","reason":"over"},"ts":0})";

// The policy's one message is "act".
template <typename Base>
class OrdersOf : public Base {
 protected:
  OrdersOf() { this->rooms_.types = {"act"}; }
  void order(RoomAction action, std::function<void(const sdk::RoomRequest&, RoomOrders&)> orders) {
    this->rooms_.orders = [action, orders = std::move(orders)](const sdk::RoomRequest& request,
                                                               RoomOrders& given) {
      if (request.action == action) orders(request, given);
    };
  }
  void close_at(RoomAction action) {
    order(action, [](const auto&, RoomOrders& orders) { orders.close = "over"; });
  }
};

class RoomOrdersTest : public OrdersOf<NodeTest> {};
class SharedRoomOrdersTest : public OrdersOf<ClusterTest> {};

TEST_F(RoomOrdersTest, ARoomThatEndsIsGoneForMembersOfAllLoops) {
  loops_ = 2;
  close_at(RoomAction::kMessage);
  Client alice = owner_of("room", "alice", 3, 0);
  Client bob = peer_in("room", "bob", 1);
  Client carol = peer_in("room", "carol", 0);
  alice.heard();
  bob.heard();
  alice.send("act", kRoomId, R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(kEnded, ack("1", 0)));
  EXPECT_THAT(bob.heard(), ElementsAre(kEnded));
  EXPECT_THAT(carol.heard(), ElementsAre(kEnded));
  settle();
  for (Client* client : {&alice, &bob, &carol}) {
    EXPECT_EQ(client->ask("leave", R"({"namespace":"room"})"), error(403, "not in namespace"));
  }
  leave(bob);
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(RoomOrdersTest, TheNameOfARoomThatHasEndedIsFreeAtOnce) {
  loops_ = 2;
  close_at(RoomAction::kMessage);
  Client alice = owner_of("room", "alice", 3, 0);
  Client bob = peer_in("room", "bob", 1);
  Client carol = peer("carol", 1);
  alice.heard();
  alice.send("act", kRoomId);
  alice.heard();
  EXPECT_THAT(carol.ask("create_room", kRoomId), HasSubstr("room_created"));
  EXPECT_EQ(alice.ask("join_room", kRoomId), peer_list("room", {"carol", "alice"}));
  EXPECT_THAT(bob.heard(), ElementsAre(kEnded));
  EXPECT_THAT(carol.heard(), ElementsAre(peer_joined("room", "alice")));
}

TEST_F(RoomOrdersTest, WhoIsInAnEndedRoomNoMoreSignalsNobodyOfIt) {
  close_at(RoomAction::kMessage);
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  alice.send("act", kRoomId);
  EXPECT_THAT(bob.read(), HasSubstr("room_closed"));
  EXPECT_EQ(bob.ask("signal", "1", R"("to":"alice")"), error(403, "no shared namespace"));
}

TEST_F(RoomOrdersTest, ARoomMayEndWhenAMemberGoes) {
  close_at(RoomAction::kLeave);
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  leave(alice);
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("room", "alice"), kEnded));
  EXPECT_EQ(bob.ask("room_info", kRoomId), error(404, "room not found"));
}

TEST_F(RoomOrdersTest, TheEndOfASessionInARoomThatEndsLetsGoOfIt) {
  loops_ = 2;
  close_at(RoomAction::kMessage);
  Client alice = owner_of("room", "alice", 3, 0);
  Client bob = peer_in("room", "bob", 1);
  alice.heard();
  // Bob's loop is busy while the room ends and his connection breaks: both come at once.
  on_loop(1, [&] {
    EXPECT_EQ(alice.ask("act", kRoomId), kEnded);
    bob.drop();
  });
  settle();
  EXPECT_THAT(peer("carol").ask("create_room", kRoomId), HasSubstr("room_created"));
}

TEST_F(RoomOrdersTest, WhoIsPutOutHearsItAsAKick) {
  order(RoomAction::kMessage, [](const sdk::RoomRequest& request, RoomOrders& orders) {
    if (request.fields.find("out") != nullptr) orders.remove = peer_named("bob");
  });
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  alice.heard();
  alice.send("act", R"({"room_id":"room","out":true})", R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_left("room", "bob"), ack("1", 1)));
  EXPECT_THAT(bob.read(), HasSubstr(R"({"type":"kick","from":"<alice>","namespace":"room")"));
}

TEST_F(RoomOrdersTest, WhoIsNoMemberIsPutOutByNobody) {
  order(RoomAction::kMessage,
        [](const auto&, RoomOrders& orders) { orders.remove = peer_named("nobody"); });
  Client alice = owner_of("room", "alice", 3);
  EXPECT_EQ(alice.ask("act", kRoomId), error(500, "internal error"));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("removed a peer that may not be removed")));
}

TEST_F(RoomOrdersTest, NobodyIsLetIntoARoomThatEnds) {
  close_at(RoomAction::kJoin);
  const Client alice = owner_of("room", "alice", 3);
  EXPECT_EQ(peer("bob").ask("join_room", kRoomId), error(500, "internal error"));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("closed a room that somebody comes into")));
}

TEST_F(RoomOrdersTest, AnOwnerThatHasGoneMayStayTheOwner) {
  order(RoomAction::kLeave, [](const auto&, RoomOrders& orders) { orders.keeps_owner = true; });
  rooms_.on(RoomAction::kLeave, [](const sdk::RoomView& room, const sdk::RoomRequest&) {
    return TestRooms::unchanged(room);
  });
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  leave(alice);
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("room", "alice")));
  EXPECT_EQ(bob.ask("room_info", kRoomId), room_info("room", "alice", 3, 1));
}

TEST_F(RoomOrdersTest, StrangersAreHeardWhereThePolicySaysSo) {
  rooms_.hears_strangers = true;
  const Client alice = owner_of("room", "alice", 3);
  Client bob = peer("bob");
  bob.send("act", kRoomId, R"("id":1)");
  EXPECT_EQ(bob.read(), ack("1", 0));
}

TEST_F(RoomOrdersTest, FieldsAreCheckedBeforeTheRoomIsLookedFor) {
  rooms_.checks = [](const sdk::RoomRequest& request) -> std::optional<sdk::RoomRefusal> {
    if (request.fields.find("bad") == nullptr) return std::nullopt;
    return sdk::RoomRefusal{400, "bad"};
  };
  Client alice = peer("alice");
  for (const char* type : {"create_room", "join_room", "act"}) {
    EXPECT_EQ(alice.ask(type, R"({"room_id":"no","bad":1})"), error(400, "bad"));
  }
  EXPECT_EQ(alice.ask("act", R"({"room_id":"no"})"), error(404, "room not found"));
}

TEST_F(RoomOrdersTest, MembersHearWhatThePolicyTellsOfTheRoom) {
  rooms_.describes = [](const sdk::RoomView& room) {
    return "{\"state\":\"" + std::string(room.state) + "\"}";
  };
  std::string next = "a";
  rooms_.on(RoomAction::kMessage, [&](const sdk::RoomView& room, const sdk::RoomRequest&) {
    sdk::RoomDecision decision = TestRooms::unchanged(room);
    decision.state = next;
    return decision;
  });
  Client alice = owner_of("room", "alice", 3);
  EXPECT_THAT(alice.ask("act", kRoomId), HasSubstr(R"("max_size":3,"state":"a"},)"));
  alice.send("act", kRoomId, R"("id":1)");  // as it is
  EXPECT_THAT(alice.heard(), ElementsAre(ack("1", 0)));
  next = "\"";  // no JSON with it
  alice.send("act", kRoomId, R"("id":2)");
  EXPECT_THAT(alice.heard(), ElementsAre(HasSubstr(R"("max_size":3},)"), ack("2", 0)));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("described a room by what is no JSON object")));
}

// --- With other nodes

TEST_F(SharedRoomOrdersTest, ARoomEndsByWhatTheBrokerTells) {
  close_at(RoomAction::kMessage);
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  alice.heard();
  alice.send("act", kRoomId, R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(kEnded, ack("1", 0)));
  EXPECT_THAT(bob.heard(), ElementsAre(kEnded));
  settle();
  // Each node tells of its own members, whose broker knows it already.
  EXPECT_THAT(broker_.told(), UnorderedElementsAre("leave room alice", "leave room bob"));
  EXPECT_EQ(bob.ask("room_info", kRoomId), error(404, "room not found"));
}

TEST_F(SharedRoomOrdersTest, WhereTheBrokerCannotKnowARoomEndsHere) {
  close_at(RoomAction::kMessage);
  elsewhere("cut");
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  alice.heard();
  alice.send("act", kRoomId, R"("id":1)");
  EXPECT_THAT(alice.heard(), ElementsAre(kEnded, ack("1", 0)));
  EXPECT_THAT(bob.heard(), ElementsAre(kEnded));
  settle();
  EXPECT_THAT(broker_.told(), UnorderedElementsAre("leave room alice", "leave room bob"));
}

TEST_F(SharedRoomOrdersTest, WhoIsPutOutIsToldByTheBroker) {
  order(RoomAction::kMessage,
        [](const auto&, RoomOrders& orders) { orders.remove = peer_named("bob"); });
  Client alice = owner_of("room", "alice", 3);
  Client bob = peer_in("room", "bob");
  alice.heard();
  alice.send("act", kRoomId, R"("id":1)");
  EXPECT_THAT(bob.read(), HasSubstr(R"({"type":"kick","from":"<alice>","namespace":"room")"));
  EXPECT_THAT(alice.heard(), UnorderedElementsAre(peer_left("room", "bob"), ack("1", 1)));
}

}  // namespace
}  // namespace peer::test
