#include <chrono>

#include "core/server/node.h"
#include "tests/unit/dispatch/node_test.h"

// Rooms that wait for their members (docs/protocol.md, "C.8 Managed rooms").
namespace peer::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr std::string_view kWaitingRoom = R"({"room_id":"room"})";
constexpr std::string_view kLeaveRoom = R"({"namespace":"room"})";

template <typename Base>
class WaitingRoomsOf : public Base {
 protected:
  WaitingRoomsOf() {
    this->rooms_.keep_empty = 1h;
    this->rooms_.types = {"act"};
  }
};

class RoomWaitsTest : public WaitingRoomsOf<NodeTest> {};
class SharedRoomWaitsTest : public WaitingRoomsOf<ClusterTest> {};

TEST_F(RoomWaitsTest, ARoomIsThereStillForWhoComesBack) {
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("room_info", kWaitingRoom), room_info("room", "alice", 3, 0));
  EXPECT_EQ(peer("bob").ask("create_room", kWaitingRoom), error(409, "room already exists"));
  Client carol = peer("carol");
  EXPECT_EQ(carol.ask("join_room", kWaitingRoom), peer_list("room", {"carol"}));
  EXPECT_EQ(alice.ask("room_info", kWaitingRoom), room_info("room", "alice", 3, 1));
}

TEST_F(RoomWaitsTest, ItsTimeEndsIt) {
  rooms_.keep_empty = 1ms;
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  for (const Deadline deadline; node().namespaces.find("room") != nullptr;) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_EQ(alice.ask("join_room", kWaitingRoom), error(404, "room not found"));
  EXPECT_EQ(node().namespaces.empty_rooms(), 0U);
}

TEST_F(RoomWaitsTest, EachOfThemEndsThoughOneTimerServesAll) {
  loops_ = 2;
  rooms_.keep_empty = 1ms;
  config_.max_namespaces_per_peer = 0;
  Client alice = peer("alice", 0);
  Client bob = peer("bob", 1);
  for (int i = 0; i < 20; ++i) {
    for (Client* owner : {&alice, &bob}) {
      const std::string name = (owner == &alice ? "a" : "b") + std::to_string(i);
      owner->send("create_room", R"({"room_id":")" + name + "\"}");
      owner->send("leave", R"({"namespace":")" + name + "\"}");
    }
  }
  alice.heard();
  bob.heard();
  for (const Deadline deadline; node().namespaces.empty_rooms() > 0;) {
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(RoomWaitsTest, NoMoreThanMaxEmptyRoomsWait) {
  config_.max_empty_rooms = 0;
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("room_info", kWaitingRoom), error(404, "room not found"));
}

TEST_F(RoomWaitsTest, ItsOwnerIsHeardWhereThePolicyHearsStrangers) {
  rooms_.hears_strangers = true;
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("act", kWaitingRoom, R"("id":1)"), ack("1", 0));
}

TEST_F(RoomWaitsTest, NobodyElseIsAMemberOfIt) {
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("act", kWaitingRoom), error(404, "room not found"));
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"room","fingerprint":"alice"})"),
            error(404, "room not found"));
}

// --- With other nodes

TEST_F(SharedRoomWaitsTest, TheBrokerKeepsTheRoom) {
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("room_info", kWaitingRoom), room_info("room", "alice", 3, 0));
  EXPECT_EQ(node().namespaces.find("room"), nullptr);
  EXPECT_EQ(alice.ask("join_room", kWaitingRoom), peer_list("room", {"alice"}));
}

TEST_F(SharedRoomWaitsTest, TheBrokerIsToldHowMany) {
  config_.max_empty_rooms = 0;
  Client alice = owner_of("room", "alice", 3);
  alice.send("leave", kLeaveRoom);
  EXPECT_EQ(alice.ask("room_info", kWaitingRoom), error(404, "room not found"));
}

}  // namespace
}  // namespace peer::test
