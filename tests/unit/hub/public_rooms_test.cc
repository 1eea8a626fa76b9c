#include "core/hub/namespace_directory.h"
#include "tests/unit/hub/hub_test.h"

// Rooms that are public, in the order of their creation (NamespaceDirectory::page_of_rooms).
namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PublicRoomsTest : public test::HubTest {
 protected:
  JoinResult make(std::string_view name, bool listed = true) {
    Room room{fingerprint_of("ann"), 5, std::string(name)};
    room.listed = listed;
    const std::string object = object_of("ann");
    return {JoinStatus::kJoined,
            directory_.create_room(name, joiner("ann", object), {std::move(room), {}}),
            1,
            {}};
  }
  void show(std::string_view name, bool listed) {
    const RoomSnapshot room = *directory_.room(name);
    Room changed = room.room;
    changed.listed = listed;
    ASSERT_TRUE(commit(name, room.version, changed));
  }
  std::vector<std::string> listed(std::uint64_t after = 0, std::size_t limit = 10) {
    std::vector<std::string> names;
    for (const ListedRoom& room : directory_.page_of_rooms(after, limit).rooms) {
      names.push_back(room.name);
    }
    return names;
  }
};

TEST_F(PublicRoomsTest, StandInTheOrderOfTheirCreation) {
  for (const char* name : {"zoo", "attic", "hall"}) make(name);
  make("secret", false);
  join("lobby", "ann");
  EXPECT_THAT(listed(), ElementsAre("zoo", "attic", "hall"));
  const RoomPage page = directory_.page_of_rooms(0, 1);
  ASSERT_EQ(page.rooms.size(), 1U);
  EXPECT_EQ(page.rooms[0].room.state, "zoo");
  EXPECT_EQ(page.rooms[0].members, 1U);
}

TEST_F(PublicRoomsTest, KeepTheirPlaceWhenTheyAreHiddenForAWhile) {
  for (const char* name : {"zoo", "attic"}) make(name);
  show("zoo", false);
  EXPECT_THAT(listed(), ElementsAre("attic"));
  show("zoo", true);
  EXPECT_THAT(listed(), ElementsAre("zoo", "attic"));
}

TEST_F(PublicRoomsTest, ComeInPagesThatSayWhetherThereAreMore) {
  for (const char* name : {"a", "b", "c"}) make(name);
  const RoomPage first = directory_.page_of_rooms(0, 2);
  EXPECT_TRUE(first.more);
  EXPECT_THAT(listed(first.rooms.back().place, 2), ElementsAre("c"));
  EXPECT_FALSE(directory_.page_of_rooms(first.rooms.back().place, 2).more);
  EXPECT_FALSE(directory_.page_of_rooms(0, 3).more);
}

TEST_F(PublicRoomsTest, AreNotThereAnyMoreWhenTheyHaveEnded) {
  const JoinResult left = make("left");
  make("closed");
  make("stays");
  leave(left, "ann");
  ASSERT_TRUE(directory_.close_room("closed", std::nullopt, {}));
  EXPECT_THAT(listed(), ElementsAre("stays"));
  // Another room of that name is another room, at a place of its own.
  make("closed");
  EXPECT_THAT(listed(), ElementsAre("stays", "closed"));
}

TEST_F(PublicRoomsTest, AreThoseThatABrokerTellsOf) {
  const std::string object = object_of("ann");
  RoomChange room{{fingerprint_of("bob"), 5, "far"}, {}};
  room.room.listed = true;
  directory_.enter("far", joiner("ann", object), &room, {}, {});
  EXPECT_THAT(listed(), ElementsAre("far"));
  room.room.listed = false;
  directory_.apply_to_room("far", room);
  EXPECT_THAT(listed(), IsEmpty());
}

}  // namespace
}  // namespace peer
