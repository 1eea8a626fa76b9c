// Public rooms and rooms that wait for their members, on two nodes: both are the same on all nodes
// (plugins/room_managed/README.md).
#include <string>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_client.h"

namespace peer::test {
namespace {

constexpr std::string_view kHall = R"({"room_id":"hall"})";

class SharedPublicRoomsTest : public ClusterTest {
 protected:
  ServerProcess& managed_node(std::string_view options, std::vector<std::string> settings = {}) {
    settings.insert(settings.end(), {"loops=2", "rate_limit_burst=100000"});  // tests ask often
    return start_node_with(
        fmt("plugins:\n  broker: {name: redis, options: {addr: '127.0.0.1:%', %}}\n"
            "  room_policy: {name: managed, options: {%}}\n",
            redis().port(), kQuick, options),
        std::move(settings));
  }
  void start(std::string_view options) {
    first_ = &managed_node(options);
    second_ = &managed_node(options);
    for (ServerProcess* node : {first_, second_}) wait_for_nodes(*node, 2);
  }
  static std::string list(TestPeer& peer, std::string_view payload = "{}") {
    peer.send("list_rooms", payload);
    next_page_ = peer.next("room_list")["payload"];
    std::string rooms;
    for (std::size_t i = 0; i < next_page_["rooms"].size(); ++i) {
      const Json& room = next_page_["rooms"][i];
      rooms += fmt("% %,", room["room_id"].str(), std::to_string(room["peer_count"].number()));
    }
    return rooms;
  }
  /// Waits for what a node is not told, but finds.
  static void await_list(TestPeer& peer, std::string_view rooms) {
    std::string last;
    for (const Deadline deadline(10s); (last = list(peer)) != rooms;) {
      ASSERT_FALSE(deadline.passed()) << last;
    }
  }
  /// Who asks for the room is told that it has no members; or, if there is none, 404.
  static void await_room(TestPeer& peer, bool is_there) {
    for (const Deadline deadline(10s);;) {
      peer.send("room_info", kHall);
      const Json answer = peer.next();
      const bool found = answer["type"].str() == "room_info";
      if (found == is_there && (!found || answer["payload"]["peer_count"].number() == 0)) return;
      ASSERT_FALSE(deadline.passed()) << peer.last_text();
    }
  }
  static void enter(TestPeer& peer) {
    peer.send("join_room", kHall);
    peer.next("peer_list");
  }
  static void leave(TestPeer& peer) {
    peer.send("leave", R"({"namespace":"hall"})", R"("id":6)");
    peer.next("ack");
  }
  std::vector<std::string> names_of(const std::string& key) {
    return redis().command({"ZRANGE", "peer:{0}:" + key, "0", "-1"});
  }

  static inline Json next_page_;
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(SharedPublicRoomsTest, RoomsOfAllNodesAreListedInPages) {
  start("list_rooms: true");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  for (int i = 0; i < 3; ++i) {
    ann.create_room(fmt("a%", i), R"("public":true)");
    bob.create_room(fmt("b%", i), R"("public":true)");
  }
  ann.create_room("hidden");
  for (TestPeer* each : {&ann, &bob}) {
    EXPECT_EQ(list(*each, R"({"limit":4})"), "a0 1,b0 1,a1 1,b1 1,");
    EXPECT_EQ(list(*each, fmt(R"({"limit":4,"after":"%"})", next_page_["next"].str())),
              "a2 1,b2 1,");
    EXPECT_FALSE(next_page_["next"].exists());
  }
  // What one node changes the other one lists.
  ann.send("room_update", R"({"room_id":"hidden","public":true})");
  ann.next("room_updated");
  ann.send("leave", R"({"namespace":"a0"})", R"("id":1)");
  ann.next("ack");
  await_list(bob, "b0 1,a1 1,b1 1,a2 1,b2 1,hidden 1,");
}

TEST_F(SharedPublicRoomsTest, ABanHidesTheRoomOnAllNodes) {
  start("list_rooms: true");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  ann.create_room("hall", R"("public":true)");
  ann.send("room_ban", fmt(R"({"room_id":"hall","fingerprint":"%"})", bob.fingerprint()),
           R"("id":1)");
  ann.next("ack");
  EXPECT_EQ(list(bob), "");
  TestPeer cat = peer(*second_, "cat");
  EXPECT_EQ(list(cat), "hall 1,");
}

TEST_F(SharedPublicRoomsTest, WithoutRedisEachNodeListsItsOwn) {
  start("list_rooms: true");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  ann.create_room("zoo", R"("public":true)");
  bob.create_room("far", R"("public":true)");
  ann.create_room("hidden");
  redis().kill();
  wait_for_state(*first_, "degraded");
  EXPECT_EQ(list(ann), "zoo 1,");
}

TEST_F(SharedPublicRoomsTest, AfterALossOfDataTheListIsAsBefore) {
  start("list_rooms: true");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  ann.create_room("zoo", R"("public":true)");
  bob.create_room("attic", R"("public":true)");
  ann.create_room("hall", R"("public":true)");
  ann.create_room("hidden");
  enter(bob);  // the room that bob's node has from a join, and from news
  ann.next("peer_joined");
  bob.send("join_room", R"({"room_id":"zoo"})");
  bob.next("peer_list");
  ann.next("peer_joined");
  const std::string before = list(bob);
  EXPECT_EQ(before, "zoo 2,attic 1,hall 2,");
  redis().command({"FLUSHALL"});
  await_list(bob, before);
  expect_whole(
      {{"zoo", {&ann, &bob}}, {"attic", {&bob}}, {"hall", {&ann, &bob}}, {"hidden", {&ann}}});
}

TEST_F(SharedPublicRoomsTest, AWaitingRoomIsThereOnAllNodesUntilItsTimeIsOver) {
  start("list_rooms: true, empty_timeout: 1h");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  ann.create_room("hall", R"("public":true)");
  leave(ann);
  await_room(bob, true);
  EXPECT_EQ(list(bob), "hall 0,");
  bob.expect_refused(message("create_room", kHall), 409, "room already exists");
  // Redis ends it, and nobody else needs to.
  EXPECT_GT(std::stoll(redis().command({"PTTL", "peer:{0}:s:hall"}).at(0)), 3'500'000);
  redis().command({"PEXPIRE", "peer:{0}:s:hall", "1"});
  await_room(bob, false);
  EXPECT_EQ(list(ann), "");
  bob.create_room("hall", R"("public":true)");
  EXPECT_EQ(list(ann), "hall 1,");
}

TEST_F(SharedPublicRoomsTest, WhoComesToAWaitingRoomOfTheOtherNodeOwnsItAndItStays) {
  start("empty_timeout: 200ms");
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  ann.create_room("hall");
  leave(ann);
  enter(bob);
  EXPECT_EQ(bob.next("room_updated")["payload"]["owner"].str(), bob.fingerprint());
  EXPECT_EQ(redis().command({"PTTL", "peer:{0}:s:hall"}).at(0), "-1");  // no end is set
  EXPECT_EQ(names_of("re"), std::vector<std::string>());
  enter(ann);
  bob.next("peer_joined");
  expect_whole({{"hall", {&ann, &bob}}});
  leave(ann);
  bob.next("peer_left");
  leave(bob);
  await_room(bob, true);
  await_room(bob, false);
  for (const Deadline deadline(10s); names_of("re") != std::vector<std::string>();) {
    ASSERT_FALSE(deadline.passed());  // a beat forgets it
  }
}

TEST_F(SharedPublicRoomsTest, ARoomWaitsWhoseLastMembersNodeHasDied) {
  start("empty_timeout: 1h");
  TestPeer ann = peer(*first_, "ann");
  ann.create_room("hall");
  first_->signal(SIGKILL);
  first_->wait_exit();
  TestPeer bob = peer(*second_, "bob");
  await_room(bob, true);
  enter(bob);
  EXPECT_EQ(bob.next("room_updated")["payload"]["owner"].str(), bob.fingerprint());
}

TEST_F(SharedPublicRoomsTest, TheNumberOfWaitingRoomsIsThatOfAllNodes) {
  first_ = &managed_node("empty_timeout: 1h", {"max_empty_rooms=1"});
  second_ = &managed_node("empty_timeout: 1h", {"max_empty_rooms=1"});
  for (ServerProcess* node : {first_, second_}) wait_for_nodes(*node, 2);
  TestPeer ann = peer(*first_, "ann");
  TestPeer bob = peer(*second_, "bob");
  bob.create_room("other");
  bob.send("leave", R"({"namespace":"other"})", R"("id":1)");
  bob.next("ack");
  for (const Deadline deadline(10s); names_of("re") != std::vector<std::string>{"other"};) {
    ASSERT_FALSE(deadline.passed());
  }
  ann.create_room("hall");
  leave(ann);
  await_room(bob, false);
  EXPECT_EQ(names_of("re"), std::vector<std::string>{"other"});
}

}  // namespace
}  // namespace peer::test
