#include <stdexcept>
#include <utility>

#include "tests/unit/dispatch/node_test.h"

// list_rooms: public rooms in pages (docs/protocol.md, "C.8 Managed rooms").
namespace peer::test {
namespace {

using sdk::RoomEntry;
using sdk::RoomView;
using sdk::RoomViewer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string entry(std::string_view room, std::string_view owner, int count = 1,
                  std::string_view more = {}) {
  return R"({"room_id":")" + std::string(room) + R"(","owner":"<)" + std::string(owner) +
         R"(>","max_size":2,"peer_count":)" + std::to_string(count) + std::string(more) + "}";
}
std::string room_list(std::initializer_list<std::string> entries) {
  std::string text = R"({"type":"room_list","payload":{"rooms":[)";
  for (const std::string& each : entries) text += each + ",";
  if (entries.size() > 0) text.pop_back();
  return text + "]}}";
}

template <typename Base>
class RoomListOf : public Base {
 protected:
  RoomListOf() { this->rooms_.lists_rooms = true; }

  void make(Client& owner, std::string_view room, std::string_view more = R"(,"public":true)") {
    EXPECT_THAT(owner.ask("create_room",
                          R"({"room_id":")" + std::string(room) + '"' + std::string(more) + "}"),
                HasSubstr("room_created"));
  }
  /// Ids of the rooms of one page; `next` is where the next begins.
  std::vector<std::string> page(Client& client, std::string* next, int limit) {
    std::string payload = R"({"limit":)" + std::to_string(limit);
    if (!next->empty()) payload += R"(,"after":")" + *next + '"';
    const std::string text = client.ask("list_rooms", payload + "}");
    std::vector<std::string> ids;
    constexpr std::string_view kId = R"("room_id":")";
    for (std::size_t at = text.find(kId); at != text.npos; at = text.find(kId, at + 1)) {
      ids.push_back(
          text.substr(at + kId.size(), text.find('"', at + kId.size()) - at - kId.size()));
    }
    constexpr std::string_view kNext = R"("next":")";
    const std::size_t at = text.find(kNext);
    *next = at == text.npos ? "" : text.substr(at + kNext.size(), text.find('"', at + 8) - at - 8);
    return ids;
  }
};

class RoomListTest : public RoomListOf<NodeTest> {};
class SharedRoomListTest : public RoomListOf<ClusterTest> {};

TEST_F(RoomListTest, PublicRoomsAreToldToAnybodyInTheOrderOfTheirCreation) {
  loops_ = 2;
  Client alice = peer("alice");
  make(alice, "zoo");
  make(alice, "secret", "");
  make(alice, "attic");
  Client bob = peer_in("attic", "bob", 1);
  EXPECT_EQ(peer("carol", 1).ask("list_rooms", "{}"),
            room_list({entry("zoo", "alice"), entry("attic", "alice", 2)}));
}

TEST_F(RoomListTest, WithoutAPayloadTheListBeginsAtItsBeginning) {
  Client alice = peer("alice");
  make(alice, "zoo");
  EXPECT_EQ(alice.ask(R"({"type":"list_rooms","id":"a"})"),
            R"({"type":"room_list","id":"a","payload":{"rooms":[)" + entry("zoo", "alice") + "]}}");
}

TEST_F(RoomListTest, WhereNoPolicyListsRoomsTheTypeIsUnknown) {
  rooms_.lists_rooms = false;
  Client alice = peer("alice");
  make(alice, "zoo");
  EXPECT_EQ(alice.ask("list_rooms", R"({"limit":"x"})"), error(400, "unknown message type"));
}

TEST_F(RoomListTest, MistakesAreNamed) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("list_rooms", R"({"limit":"x"})"), error(400, "limit must be an integer"));
  EXPECT_EQ(alice.ask("list_rooms", R"({"after":1})"), error(400, "after must be a string"));
  for (const char* after : {"", "x", "-1", "1 ", "18446744073709551616"}) {
    EXPECT_EQ(alice.ask("list_rooms", R"({"after":")" + std::string(after) + "\"}"),
              error(400, "after must be of an earlier page"));
  }
}

TEST_F(RoomListTest, PagesFollowEachOtherWithoutGapsWhileRoomsComeAndGo) {
  config_.discover_limit_max = 3;
  Client alice = peer("alice");
  for (const char* room : {"a", "b", "c", "d", "e"}) make(alice, room);
  std::string next;
  EXPECT_THAT(page(alice, &next, 2), ElementsAre("a", "b"));
  alice.send("leave", R"({"namespace":"b"})");
  make(alice, "f");
  EXPECT_THAT(page(alice, &next, 99), ElementsAre("c", "d", "e"));  // discover_limit_max
  EXPECT_THAT(page(alice, &next, 2), ElementsAre("f"));
  EXPECT_EQ(next, "");
}

TEST_F(RoomListTest, ThePolicySaysWhatIsSeenByWhom) {
  rooms_.entries = [](const RoomView& room, const RoomViewer& viewer, RoomEntry& shown) {
    shown.shown = room.room_id != "zoo" || viewer.peer == peer_named("alice");
    shown.members = R"({"locked":false})";
  };
  Client alice = peer("alice");
  make(alice, "zoo");
  make(alice, "attic");
  const std::string attic = entry("attic", "alice", 1, R"(,"locked":false)");
  EXPECT_EQ(peer("bob").ask("list_rooms", "{}"), room_list({attic}));
  EXPECT_EQ(alice.ask("list_rooms", "{}"),
            room_list({entry("zoo", "alice", 1, R"(,"locked":false)"), attic}));
}

TEST_F(RoomListTest, ARoomOfWhichThePolicyThrowsIsLeftOut) {
  rooms_.entries = [](const RoomView& room, const RoomViewer&, RoomEntry& shown) {
    shown.shown = true;
    if (room.room_id == "zoo") throw std::runtime_error("no");
  };
  Client alice = peer("alice");
  make(alice, "zoo");
  make(alice, "attic");
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({entry("attic", "alice")}));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("list: no")));
}

TEST_F(RoomListTest, WhatIsNoObjectIsNotTold) {
  rooms_.entries = [](const RoomView&, const RoomViewer&, RoomEntry& shown) {
    shown.shown = true;
    shown.members = "[]";
  };
  Client alice = peer("alice");
  make(alice, "attic");
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({entry("attic", "alice")}));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("described a room by what is no JSON object")));
}

TEST_F(RoomListTest, RoomsThatAPeersRightsDoNotCoverAreLeftOutEvenOfNext) {
  Client alice = peer("alice");
  for (const char* room : {"x1", "mine1", "x2", "mine2", "x3"}) make(alice, room);
  auth_.verdicts.always(grant_for({"mine*"}));
  Client bob = peer("bob");
  std::string next;
  EXPECT_THAT(page(bob, &next, 1), ElementsAre("mine1"));
  EXPECT_THAT(page(bob, &next, 1), ElementsAre("mine2"));
  if (!next.empty()) {
    EXPECT_THAT(page(bob, &next, 1), ElementsAre());
  }
  EXPECT_EQ(next, "");
}

TEST_F(RoomListTest, ABoundedNumberOfRoomsIsLookedAtForOnePage) {
  rooms_.entries = [](const RoomView& room, const RoomViewer&, RoomEntry& shown) {
    shown.shown = room.room_id == "r24";
  };
  config_.max_namespaces_per_peer = 0;
  Client alice = peer("alice");
  for (int i = 0; i < 25; ++i) make(alice, "r" + std::to_string(i));
  std::string next;
  EXPECT_THAT(page(alice, &next, 2), ElementsAre());  // ten times two
  ASSERT_NE(next, "");
  EXPECT_THAT(page(alice, &next, 2), ElementsAre("r24"));
  EXPECT_EQ(next, "");
}

TEST_F(RoomListTest, APageIsNoLongerThanAListOfPeersMayBe) {
  config_.max_peer_list_size = 550;
  Client alice = peer("alice");
  rooms_.entries = [](const RoomView& room, const RoomViewer&, RoomEntry& shown) {
    shown.shown = true;
    if (room.room_id == "long") shown.members = R"({"info":")" + std::string(900, 'x') + "\"}";
  };
  for (const char* room : {"a", "b", "c", "d", "long", "e"}) make(alice, room);
  std::string next;
  EXPECT_THAT(page(alice, &next, 9), ElementsAre("a", "b", "c"));
  EXPECT_THAT(page(alice, &next, 9), ElementsAre("d"));
  EXPECT_THAT(page(alice, &next, 9), ElementsAre("long"));  // it stands there in any case
  EXPECT_THAT(page(alice, &next, 9), ElementsAre("e"));
}

// --- With other nodes

TEST_F(SharedRoomListTest, RoomsOfAllNodesAreListed) {
  Client alice = peer("alice");
  make(alice, "zoo");
  make(alice, "secret", "");
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({entry("zoo", "alice")}));
  sdk::RoomPage far;
  far.rooms.push_back({"far", {peer_named("bob"), 2, "public"}, 7, 5});
  broker_.room_lists.always(far);
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({entry("far", "bob", 5)}));
}

TEST_F(SharedRoomListTest, WhatIsAskedBehindAListWaitsForIt) {
  broker_.room_lists.hold();
  Client alice = peer("alice");
  make(alice, "zoo");
  alice.send("list_rooms", "{}");
  alice.send("ping", "{}");
  broker_.room_lists.wait();
  EXPECT_TRUE(alice.waits());
  broker_.room_lists.release();
  EXPECT_EQ(alice.read(), room_list({entry("zoo", "alice")}));
  EXPECT_THAT(alice.read(), HasSubstr("pong"));
}

TEST_F(SharedRoomListTest, WhoHasGoneMeanwhileIsToldNothing) {
  broker_.room_lists.hold();
  Client alice = peer("alice");
  alice.send("list_rooms", "{}");
  broker_.room_lists.wait();
  leave(alice);
  broker_.room_lists.release();
  settle();
}

TEST_F(SharedRoomListTest, WhereTheBrokerCannotKnowThisNodesRoomsAreListed) {
  Client alice = peer("alice");
  make(alice, "zoo");
  elsewhere("own far 1 2");
  broker_.room_lists.always(std::nullopt);
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({entry("zoo", "alice")}));
  // As the news of other nodes have it.
  host().room_changed({"zoo", {peer_named("alice"), 2, "hidden"}, {}, false});
  settle();
  EXPECT_EQ(alice.ask("list_rooms", "{}"), room_list({}));
}

TEST_F(SharedRoomListTest, ABrokerThatListsInNoOrderDoesNotHoldUpTheClient) {
  sdk::RoomPage far;
  far.more = true;
  far.rooms.push_back({"second", {peer_named("bob"), 2, "public"}, 8, 1});
  far.rooms.push_back({"first", {peer_named("bob"), 2, "public"}, 7, 1});
  broker_.room_lists.always(far);
  EXPECT_EQ(peer("alice").ask("list_rooms", "{}"), room_list({entry("second", "bob")}));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("listed rooms out of their order")));
}

}  // namespace
}  // namespace peer::test
