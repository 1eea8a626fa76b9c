// Managed rooms with members on two nodes: every node decides by the same state, and what one
// decides holds on all (plugins/room_managed/README.md).
#include <string>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_client.h"

namespace peer::test {
namespace {

constexpr std::string_view kDen = R"({"room_id":"den"})";

class SharedRoomsTest : public ClusterTest {
 protected:
  ServerProcess& managed_node(std::string_view options = {}) {
    return start_node_with(
        fmt("plugins:\n  broker: {name: redis, options: {addr: '127.0.0.1:%', %}}\n"
            "  room_policy: {name: managed, options: {%}}\n",
            redis().port(), kQuick, options));
  }
  void start(std::string_view options = {}) {
    first_ = &managed_node(options);
    second_ = &managed_node(options);
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
    ann_ = std::make_unique<TestPeer>(peer(*first_, "ann"));
    bob_ = std::make_unique<TestPeer>(peer(*second_, "bob"));
    ann().create_room("den");
    enter(bob());
    EXPECT_EQ(ann().next("peer_joined")["from"].str(), bob().fingerprint());
  }
  void TearDown() override {
    ann_.reset();
    bob_.reset();
    ClusterTest::TearDown();
  }
  static void enter(TestPeer& peer) {
    peer.send("join_room", kDen);
    peer.next("peer_list");
  }
  static void expect_out(TestPeer& peer, std::string_view words) {
    peer.expect_refused(message("join_room", kDen), 403, words);
  }
  static std::string target(const TestPeer& peer) {
    return fmt(R"({"room_id":"den","fingerprint":"%"})", peer.fingerprint());
  }
  TestPeer& ann() { return *ann_; }  // owns the room, on the first node
  TestPeer& bob() { return *bob_; }  // is in it, on the second node

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;

 private:
  std::unique_ptr<TestPeer> ann_;
  std::unique_ptr<TestPeer> bob_;
};

TEST_F(SharedRoomsTest, ALockHoldsOnAllNodes) {
  start();
  TestPeer cat = peer(*second_, "cat");
  ann().send("room_lock", kDen, R"("id":1)");
  ann().next("room_updated");
  ann().next("ack");
  EXPECT_EQ(bob().next("room_updated")["payload"]["locked"].text(), "true");
  expect_out(cat, "room locked");
  bob().expect_refused(message("room_unlock", kDen), 403, "only room owner can do that");
}

TEST_F(SharedRoomsTest, ABanPutsOutOnTheOtherNodeAndHoldsOnAll) {
  start();
  ann().send("room_ban", target(bob()), R"("id":1)");
  EXPECT_EQ(ann().next("peer_left")["from"].str(), bob().fingerprint());
  EXPECT_EQ(ann().next("ack")["payload"]["delivered"].number(), 1);
  EXPECT_EQ(bob().next("kick")["from"].str(), ann().fingerprint());
  expect_out(bob(), "banned");
  TestPeer back = peer(*first_, "bob");
  expect_out(back, "banned");
}

TEST_F(SharedRoomsTest, OwnershipPassesToAMemberOfTheOtherNode) {
  start();
  ann().send("room_transfer", target(bob()), R"("id":1)");
  EXPECT_EQ(ann().next("room_updated")["payload"]["owner"].str(), bob().fingerprint());
  ann().next("ack");
  bob().next("room_updated");
  ann().expect_refused(message("room_lock", kDen), 403, "only room owner can do that");
  bob().send("kick", target(ann()));
  bob().next("peer_left");
  ann().next("kick");
}

TEST_F(SharedRoomsTest, AClosedRoomIsGoneOnAllNodesAndItsNameIsFree) {
  start();
  ann().send("room_close", kDen, R"("id":1)");
  for (TestPeer* member : {&ann(), &bob()}) {
    EXPECT_EQ(member->next("room_closed")["payload"],
              R"({"room_id":"den","reason":"closed"})"_json);
  }
  ann().next("ack");
  bob().create_room("den");
  expect_whole({{"den", {&bob()}}, {"", {&ann()}}});
  ann().expect_refused(message("leave", R"({"namespace":"den"})"), 403, "not in namespace");
  enter(ann());
  EXPECT_EQ(bob().next("peer_joined")["from"].str(), ann().fingerprint());
  expect_silence_of({&ann(), &bob()});
  expect_whole({{"den", {&ann(), &bob()}}});
}

TEST_F(SharedRoomsTest, TheMemberThatClosesMayBeOnAnotherNodeThanTheCreator) {
  start();
  ann().send("room_transfer", target(bob()));
  ann().next("room_updated");
  bob().next("room_updated");
  bob().send("room_close", kDen);
  bob().next("room_closed");
  ann().next("room_closed");
  expect_silence_of({&ann(), &bob()});
  expect_whole({{"", {&ann(), &bob()}}});
}

TEST_F(SharedRoomsTest, ARoomEndsWithItsOwnerOnAllNodes) {
  start("succession: close");
  ann().close();
  EXPECT_EQ(bob().next("peer_left")["from"].str(), ann().fingerprint());
  EXPECT_EQ(bob().next("room_closed")["payload"]["reason"].str(), "owner left");
  bob().expect_silence();
  expect_whole({{"", {&bob()}}});
}

TEST_F(SharedRoomsTest, ARoomEndsWhenTheNodeOfItsOwnerDies) {
  start("succession: close");
  first_->signal(SIGKILL);
  first_->wait_exit();
  EXPECT_EQ(bob().next("peer_left")["from"].str(), ann().fingerprint());
  EXPECT_EQ(bob().next("room_closed")["payload"]["reason"].str(), "owner left");
  expect_whole({{"", {&bob()}}});
}

TEST_F(SharedRoomsTest, AnOwnerMayReturnThroughAnotherNode) {
  start("succession: none");
  ann().send("room_lock", kDen);
  bob().next("room_updated");
  ann().close();
  bob().next("peer_left");
  bob().expect_silence();
  TestPeer back = peer(*second_, "ann");
  enter(back);
  bob().next("peer_joined");
  back.send("room_unlock", kDen);
  EXPECT_EQ(bob().next("room_updated")["payload"]["locked"].text(), "false");
}

// Commits of two nodes meet: each is decided on what the other has made.
TEST_F(SharedRoomsTest, BansOfManyMembersAtOnceAllHold) {
  start();
  std::vector<TestPeer> guests;
  for (int i = 0; i < 8; ++i) guests.push_back(peer(i % 2 == 0 ? *first_ : *second_, fmt("g%", i)));
  TestPeer cat = peer(*second_, "cat");
  for (TestPeer& guest : guests) ann().send("room_ban", target(guest), R"("id":1)");
  for (int i = 0; i < 8; ++i) {
    cat.send("join_room", kDen);
    cat.next("peer_list");
    cat.send("leave", R"({"namespace":"den"})");
  }
  for (int acks = 0; acks < 8;) acks += ann().next()["type"].str() == "ack" ? 1 : 0;
  for (TestPeer& guest : guests) expect_out(guest, "banned");
}

TEST_F(SharedRoomsTest, APasswordOpensOnAllNodesAndIsNotInRedis) {
  start();
  ann().send("room_update", R"({"room_id":"den","password":"xyzzy-1"})", R"("id":1)");
  ann().next("ack");
  TestPeer cat = peer(*second_, "cat");
  expect_out(cat, "wrong password");
  cat.expect_refused(message("join_room", R"({"room_id":"den","password":"xyzzy-2"})"), 403,
                     "wrong password");
  cat.send("join_room", R"({"room_id":"den","password":"xyzzy-1"})");
  cat.next("peer_list");
  const std::string state =
      RedisClient(redis().port()).command({"HGET", "peer:{0}:s:den", "p"}).at(0);
  EXPECT_NE(state.find("scrypt-"), std::string::npos);
  EXPECT_EQ(state.find("xyzzy"), std::string::npos);
}

TEST_F(SharedRoomsTest, WithoutRedisARoomEndsForTheMembersOfItsNode) {
  start();
  TestPeer dan = peer(*first_, "dan");
  enter(dan);
  ann().next("peer_joined");
  bob().next("peer_joined");
  redis().kill();
  wait_for_state(*first_, "degraded");
  ann().send("room_close", kDen);
  ann().next("room_closed");
  dan.next("room_closed");
  ann().create_room("other");
  bob().expect_silence();
}

}  // namespace
}  // namespace peer::test
