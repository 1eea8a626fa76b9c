// Public rooms in lists, and rooms that wait for their members, through a real server
// (plugins/room_managed/README.md).
#include <string>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

constexpr std::string_view kHall = R"({"room_id":"hall"})";

class PublicRoomsTest : public ServerTest {
 protected:
  void start(std::string_view options) {
    start_with(
        {.settings = {"loops=2"},
         .config = fmt("plugins:\n  room_policy: {name: managed, options: {%}}\n", options)});
  }
  static Json list(TestPeer& peer, std::string_view payload = "{}") {
    peer.send("list_rooms", payload, R"("id":5)");
    const Json answer = peer.next("room_list");
    EXPECT_EQ(answer["id"].number(), 5);
    return answer["payload"];
  }
  static void leave(TestPeer& peer) { peer.send("leave", R"({"namespace":"hall"})", R"("id":6)"); }
};

TEST_F(PublicRoomsTest, ThoseThatArePublicAreListedInTheOrderOfTheirCreation) {
  start("list_rooms: true");
  TestPeer ann = peer("ann");
  TestPeer bob = peer("bob");
  ann.create_room("zoo", R"("public":true,"info":{"map":"dust"},"max_size":4)");
  bob.create_room("attic", R"("public":true,"password":"x","locked":true)");
  ann.create_room("cellar");
  EXPECT_EQ(list(bob), Json::parse(fmt(R"({"rooms":[
      {"room_id":"zoo","owner":"%","max_size":4,"peer_count":1,"has_password":false,
       "locked":false,"info":{"map":"dust"}},
      {"room_id":"attic","owner":"%","max_size":20,"peer_count":1,"has_password":true,
       "locked":true}]})",
                                       ann.fingerprint(), bob.fingerprint())));
  ann.send("room_update", R"({"room_id":"zoo","public":false})");
  ann.next("room_updated");
  ann.send("room_update", R"({"room_id":"cellar","public":true})");
  ann.next("room_updated");
  const Json rooms = list(bob)["rooms"];
  ASSERT_EQ(rooms.size(), 2U);
  EXPECT_EQ(rooms[0]["room_id"].str(), "attic");
  EXPECT_EQ(rooms[1]["room_id"].str(), "cellar");
}

TEST_F(PublicRoomsTest, WhoIsBannedDoesNotSeeTheRoom) {
  start("list_rooms: true");
  TestPeer ann = peer("ann");
  TestPeer bob = peer("bob");
  ann.create_room("hall", R"("public":true)");
  ann.send("room_ban", fmt(R"({"room_id":"hall","fingerprint":"%"})", bob.fingerprint()),
           R"("id":1)");
  ann.next("ack");
  EXPECT_EQ(list(bob)["rooms"].size(), 0U);
  EXPECT_EQ(list(ann)["rooms"].size(), 1U);
}

TEST_F(PublicRoomsTest, PagesFollowEachOther) {
  start("list_rooms: true");
  TestPeer ann = peer("ann");
  for (int i = 0; i < 5; ++i) ann.create_room(fmt("room-%", i), R"("public":true)");
  std::string after;
  std::string seen;
  for (int pages = 0; pages < 3; ++pages) {
    const Json page =
        list(ann, after.empty() ? R"({"limit":2})" : fmt(R"({"limit":2,"after":"%"})", after));
    for (std::size_t i = 0; i < page["rooms"].size(); ++i) {
      seen += page["rooms"][i]["room_id"].str() + " ";
    }
    EXPECT_EQ(page["next"].exists(), pages < 2);
    if (page["next"].exists()) after = page["next"].str();
  }
  EXPECT_EQ(seen, "room-0 room-1 room-2 room-3 room-4 ");
}

TEST_F(PublicRoomsTest, WithoutTheOptionNobodyLists) {
  start("max_size: 30");
  TestPeer ann = peer("ann");
  ann.create_room("hall", R"("public":true)");
  ann.expect_refused(message("list_rooms"), 400, "unknown message type");
}

TEST_F(PublicRoomsTest, ARoomWaitsForItsMembersWithItsRules) {
  start("list_rooms: true, empty_timeout: 1h");
  TestPeer ann = peer("ann");
  TestPeer bob = peer("bob");
  ann.create_room("hall", R"("public":true,"password":"x")");
  leave(ann);
  ann.next("ack");
  EXPECT_EQ(list(bob)["rooms"][0]["peer_count"].number(), 0);
  bob.expect_refused(message("create_room", kHall), 409, "room already exists");
  bob.expect_refused(message("join_room", kHall), 403, "wrong password");
  // Its owner may still change it.
  ann.send("room_lock", kHall, R"("id":7)");
  ann.next("ack");
  bob.expect_refused(message("join_room", R"({"room_id":"hall","password":"x"})"), 403,
                     "room locked");
  ann.send("join_room", kHall);
  ann.next("peer_list");
  ann.send("room_unlock", kHall);
  EXPECT_EQ(ann.next("room_updated")["payload"]["owner"].str(), ann.fingerprint());
}

TEST_F(PublicRoomsTest, WhoComesFirstIntoAWaitingRoomOwnsIt) {
  start("empty_timeout: 1h");
  TestPeer ann = peer("ann");
  TestPeer bob = peer("bob");
  ann.create_room("hall");
  ann.close();
  for (const Deadline deadline;;) {  // until her end has been seen
    bob.send("room_info", kHall);
    if (bob.next("room_info")["payload"]["peer_count"].number() == 0) break;
    ASSERT_FALSE(deadline.passed());
  }
  bob.send("join_room", kHall);
  bob.next("peer_list");
  EXPECT_EQ(bob.next("room_updated")["payload"]["owner"].str(), bob.fingerprint());
}

TEST_F(PublicRoomsTest, AWaitingRoomEndsInTime) {
  start("list_rooms: true, empty_timeout: 50ms");
  TestPeer ann = peer("ann");
  ann.create_room("hall", R"("public":true)");
  leave(ann);
  ann.next("ack");
  for (const Deadline deadline;;) {
    ann.send("room_info", kHall);
    if (ann.next()["type"].str() == "error") break;
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_EQ(list(ann)["rooms"].size(), 0U);
  ann.create_room("hall");
}

}  // namespace
}  // namespace peer::test
