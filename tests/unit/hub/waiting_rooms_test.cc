#include "core/hub/namespace_directory.h"
#include "tests/unit/hub/hub_test.h"

// Rooms that wait without members (Room::keep_empty, NamespaceDirectory::end_empty).
namespace peer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class WaitingRoomsTest : public test::HubTest {
 protected:
  WaitingRoomsTest() { directory_.use_max_empty_rooms(2); }

  static Time at(milliseconds since_start) { return Time(since_start); }
  JoinResult make(std::string_view name, milliseconds keep = 100ms) {
    Room room{fingerprint_of("ann"), 5, "state"};
    room.keep_empty = keep;
    room.listed = true;
    const std::string object = object_of("ann");
    return {JoinStatus::kJoined,
            directory_.create_room(name, joiner("ann", object), {std::move(room), {}}),
            1,
            {}};
  }
  LeaveResult leave_at(const JoinResult& membership, std::optional<Time> now,
                       const std::string& peer = "ann") {
    return directory_.leave(*membership.ns, membership.joined, fingerprint_of(peer),
                            text_frame("-"), false, now);
  }
  bool exists(std::string_view name) { return directory_.room(name).has_value(); }
};

TEST_F(WaitingRoomsTest, ARoomLivesOnWithItsRulesUntilItsTimeIsOver) {
  const LeaveResult left = leave_at(make("den"), at(0ms));
  EXPECT_TRUE(left.waits);
  EXPECT_FALSE(left.room);  // nobody is asked who owns it now
  const RoomSnapshot room = *directory_.room("den");
  EXPECT_EQ(room.room.state, "state");
  EXPECT_EQ(room.room.owner, fingerprint_of("ann"));
  EXPECT_TRUE(room.members.empty());
  EXPECT_EQ(directory_.page_of_rooms(0, 9).rooms.at(0).members, 0U);
  EXPECT_EQ(create_room("den", "bob"), nullptr);
  EXPECT_EQ(directory_.end_empty(at(99ms)), at(100ms));
  EXPECT_TRUE(exists("den"));
  EXPECT_EQ(directory_.end_empty(at(100ms)), std::nullopt);
  EXPECT_FALSE(exists("den"));
  EXPECT_TRUE(directory_.page_of_rooms(0, 9).rooms.empty());
  EXPECT_NE(create_room("den", "bob"), nullptr);
}

TEST_F(WaitingRoomsTest, WhoComesInTimeEndsTheWait) {
  leave_at(make("den"), at(0ms));
  const RoomSnapshot room = *directory_.room("den");
  const JoinResult bob = join_room("den", "bob", room.version, room.room);
  ASSERT_EQ(bob.status, JoinStatus::kJoined);
  EXPECT_EQ(directory_.end_empty(at(1000ms)), std::nullopt);
  EXPECT_TRUE(exists("den"));
  // It begins anew.
  leave_at(bob, at(1000ms), "bob");
  EXPECT_EQ(directory_.end_empty(at(1099ms)), at(1100ms));
  EXPECT_TRUE(exists("den"));
}

TEST_F(WaitingRoomsTest, OthersEndWithTheirLastMember) {
  EXPECT_FALSE(leave_at(make("usual", 0ms), at(0ms)).waits);
  EXPECT_FALSE(exists("usual"));
  // With other nodes the broker knows whether it waits.
  EXPECT_FALSE(leave_at(make("shared"), std::nullopt).waits);
  EXPECT_FALSE(exists("shared"));
  const JoinResult lobby = join("lobby", "ann");
  EXPECT_FALSE(leave_at(lobby, at(0ms)).waits);
  EXPECT_EQ(directory_.find("lobby"), nullptr);
}

TEST_F(WaitingRoomsTest, NoMoreWaitThanAreAllowed) {
  EXPECT_TRUE(leave_at(make("a"), at(0ms)).waits);
  EXPECT_TRUE(leave_at(make("b"), at(0ms)).waits);
  EXPECT_FALSE(leave_at(make("c"), at(0ms)).waits);
  EXPECT_FALSE(exists("c"));
  EXPECT_EQ(directory_.empty_rooms(), 2U);
  ASSERT_TRUE(directory_.close_room("a", std::nullopt, {}));
  EXPECT_TRUE(leave_at(make("c"), at(0ms)).waits);
}

TEST_F(WaitingRoomsTest, ARoomThatIsClosedMeanwhileIsGone) {
  leave_at(make("den"), at(0ms));
  const auto closed = directory_.close_room("den", std::nullopt, {});
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->empty());
  EXPECT_FALSE(exists("den"));
  make("den", 0ms);
  directory_.end_empty(at(1000ms));
  EXPECT_TRUE(exists("den"));
}

TEST_F(WaitingRoomsTest, ManyEndAFewAtATime) {
  directory_.use_max_empty_rooms(1000);
  for (int i = 0; i < 150; ++i) leave_at(make("den " + std::to_string(i)), at(0ms));
  EXPECT_EQ(directory_.end_empty(at(100ms)), at(100ms));
  EXPECT_EQ(directory_.empty_rooms(), 50U);
  EXPECT_EQ(directory_.end_empty(at(100ms)), std::nullopt);
}

}  // namespace
}  // namespace peer
