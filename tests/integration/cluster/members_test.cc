// A cluster behaves like one server: docs/protocol.md, "C.5 Cluster".
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;

class MembersClusterTest : public ClusterTest {
 protected:
  void SetUp() override {
    first_ = &start_node();
    second_ = &start_node();
    wait_for_nodes(*first_, 2);
  }

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(MembersClusterTest, APageHasTheMembersOfAllNodesInTheOrderOfTheirJoins) {
  TestPeer alice = peer_in(*first_, "game", "alice");
  TestPeer bob = peer_in(*second_, "game", "bob");
  TestPeer carol = peer_in(*first_, "game", "carol");
  TestPeer dave = peer(*second_, "dave");
  const Json list = dave.join("game");
  EXPECT_THAT(aliases(list), ElementsAre("alice", "bob", "carol", "dave"));
  EXPECT_EQ(list["payload"]["total"].number(), 4);
  const Json page = discover(dave, "game", R"("limit":2)");
  EXPECT_THAT(aliases(page), ElementsAre("alice", "bob"));
  EXPECT_EQ(page["payload"]["total"].number(), 4);
  EXPECT_THAT(aliases(discover(dave, "game", fmt(R"("limit":2,"after":"%")", bob.fingerprint()))),
              ElementsAre("carol", "dave"));
}

TEST_F(MembersClusterTest, AnAliasHasOneHolderInTheCluster) {
  TestPeer alice = peer(*first_, "alice");
  TestPeer other(second_->port());
  const Json reply = other.register_as("other", R"("alias":"alice")");
  EXPECT_EQ(reply["payload"]["alias_taken"].text(), "true");
  other.join("game");
  const Json list = alice.join("game");
  EXPECT_EQ(list["payload"]["peers"][0]["alias_taken"].text(), "true");
  EXPECT_FALSE(list["payload"]["peers"][1]["alias_taken"].exists());
  TestPeer bob = peer_in(*second_, "game", "bob");
  expect_news(other, "peer_joined", alice);
  expect_news(other, "peer_joined", bob);
  expect_news(alice, "peer_joined", bob);
  bob.send_to("alice", "1");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
  other.expect_silence();
}

TEST_F(MembersClusterTest, WhoseAliasIsTakenIsSeenOnAllNodes) {
  TestPeer alice = peer_in(*first_, "game", "alice");
  TestPeer other(second_->port());
  other.register_as("other", R"("alias":"alice")");
  other.join("game");
  const Json joined = alice.next("peer_joined");
  EXPECT_EQ(joined["from"].str(), other.fingerprint());
  EXPECT_EQ(joined["payload"]["alias_taken"].text(), "true");
  const Json list = discover(alice, "game");
  EXPECT_FALSE(list["payload"]["peers"][0]["alias_taken"].exists());
  EXPECT_EQ(list["payload"]["peers"][1]["alias_taken"].text(), "true");
}

TEST_F(MembersClusterTest, WhoRegistersWithAnotherNodeIsReplacedThere) {
  TestPeer witness = peer_in(*first_, "game", "witness");
  TestPeer old = peer_in(*first_, "game", "alice");
  expect_news(witness, "peer_joined", old);
  TestPeer fresh = peer(*second_, "alice");
  old.ws().expect_close(4001);
  expect_news(witness, "peer_left", fresh);
  fresh.join("game");
  expect_news(witness, "peer_joined", fresh);
  witness.send_to(fresh.fingerprint(), "1");
  EXPECT_EQ(fresh.next("signal")["payload"].number(), 1);
  EXPECT_THAT(aliases(discover(witness, "game")), ElementsAre("witness", "alice"));
}

// A known route is wrong with each move, and messages are on their way to where it led.
TEST_F(MembersClusterTest, WhatFollowsAPeerFromNodeToNodeComesInTheOrderInWhichItWasSent) {
  ServerProcess& third = start_node();
  ServerProcess& fourth = start_node(kQuick, {"rate_limit_per_sec=1000000"});
  ServerProcess* const homes[] = {first_, second_, &third};
  TestPeer alice(fourth.port());
  alice.register_as("alice");
  alice.join("game");
  std::optional<TestPeer> bob;
  int sent = 0;
  int last = 0;
  for (int move = 0; move < 20; ++move) {
    TestPeer fresh = peer(*homes[move % 3], "bob");
    fresh.join("game");
    for (int i = 0; i < 40; ++i) alice.send_to(fresh.fingerprint(), std::to_string(++sent));
    bob.emplace(std::move(fresh));
    // Half of them are still under way when bob moves on.
    for (int number = 0; number < sent - 20;) {
      const Json message = bob->next();
      if (message["type"].str() != "signal") continue;
      number = static_cast<int>(message["payload"].number());
      EXPECT_GT(number, last);
      last = number;
    }
  }
}

TEST_F(MembersClusterTest, WhoJoinsWhileAPeerMovesAwayHearsOfNobodyLeavingWhoWasNotThere) {
  TestPeer witness = peer_in(*first_, "game", "witness");
  for (int round = 0; round < 20; ++round) {
    const std::string mover = fmt("mover %", round);
    TestPeer old = peer_in(*first_, "game", mover);
    TestPeer joining = peer(*first_, fmt("joining %", round));
    TestPeer fresh(second_->port());
    fresh.send("register", fmt(R"({"public_key":"%"})", mover));
    joining.send("join", R"({"namespace":"game"})");
    const Json list = joining.next("peer_list");
    old.ws().expect_close(4001);
    bool is_listed = false;
    for (std::size_t i = 0; i < list["payload"]["peers"].size(); ++i) {
      is_listed |= list["payload"]["peers"][i]["fingerprint"].str() == old.fingerprint();
    }
    if (is_listed) expect_news(joining, "peer_left", old);
    joining.expect_silence();
  }
}

TEST_F(MembersClusterTest, TwoConnectionsThatReplaceEachOtherOnTwoNodesAreStopped) {
  std::optional<TestPeer> latest;
  for (int turn = 0; turn <= 20; ++turn) {
    TestPeer fresh(turn % 2 == 0 ? first_->port() : second_->port());
    fresh.register_as("twins");
    latest.emplace(std::move(fresh));
  }
  TestPeer newcomer(second_->port());
  newcomer.send("register", R"({"public_key":"twins"})");
  newcomer.ws().expect_close(1013);
  latest->round_trip();
}

TEST_F(MembersClusterTest, AnAckCountsNobodyWhoIsExcludedOnAnotherNode) {
  TestPeer alice = peer_in(*first_, "game", "alice");
  TestPeer bob = peer_in(*second_, "game", "bob");
  TestPeer carol = peer_in(*second_, "game", "carol");
  for (int i = 0; i < 2; ++i) alice.next("peer_joined");
  alice.send("broadcast", R"({"namespace":"game","data":1,"exclude":["bob"]})", R"("id":1)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  carol.next("broadcast");
}

TEST_F(MembersClusterTest, ManyWhoJoinOneRoomAtOnceAllGetIn) {
  TestPeer owner = peer(*first_, "owner");
  owner.create_room("den", R"("max_size":30)");
  std::vector<TestPeer> guests;
  for (int i = 0; i < 29; ++i) {
    guests.push_back(peer(i % 2 == 0 ? *first_ : *second_, fmt("guest %", i)));
  }
  for (TestPeer& guest : guests) guest.send("join_room", R"({"room_id":"den"})");
  for (TestPeer& guest : guests) {
    Json message = guest.next();
    while (message["type"].str() == "peer_joined") message = guest.next();
    EXPECT_EQ(message["type"].str(), "peer_list") << guest.last_text();
  }
}

TEST_F(MembersClusterTest, APeerThatMovesToAndFroTroublesNobodyElse) {
  TestPeer bystander = peer(*first_, "bystander");
  bystander.create_room("den");
  for (int move = 0; move < 16; ++move) {
    TestPeer restless(move % 2 == 0 ? first_->port() : second_->port());
    restless.register_as("restless");
    for (int i = 0; i < 5; ++i) {
      restless.send("join", fmt(R"({"namespace":"%"})", i));
      bystander.send("room_info", R"({"room_id":"den"})");
      EXPECT_EQ(bystander.next("room_info")["payload"]["peer_count"].number(), 1);
    }
  }
}

TEST_F(MembersClusterTest, TheOwnerOnANodeThatIsStoppedIsSucceeded) {
  TestPeer owner = peer(*first_, "owner");
  owner.create_room("den");
  TestPeer guest = peer_in(*second_, "den", "guest");
  expect_news(owner, "peer_joined", guest);
  stop_node(*first_);
  expect_news(guest, "peer_left", owner);
  EXPECT_EQ(guest.next("room_updated")["payload"]["owner"].str(), guest.fingerprint());
  expect_whole({{"den", {&guest}}});
}

TEST_F(MembersClusterTest, ANamespaceIsFullForAllNodes) {
  ServerProcess& small = start_node(kQuick, {"max_namespace_size=2"});
  TestPeer alice = peer_in(*first_, "game", "alice");
  TestPeer bob = peer_in(*second_, "game", "bob");
  TestPeer carol = peer(small, "carol");
  carol.send("join", R"({"namespace":"game"})");
  carol.expect_error(429, "namespace full");
}

TEST_F(MembersClusterTest, ARoomIsOneForAllNodes) {
  TestPeer owner = peer(*first_, "owner");
  owner.create_room("den", R"("max_size":2)");
  TestPeer guest = peer(*second_, "guest");
  guest.send("create_room", R"({"room_id":"den"})");
  guest.expect_error_like(409, "exists");
  guest.join("den");
  expect_news(owner, "peer_joined", guest);
  TestPeer third = peer(*second_, "third");
  third.send("join_room", R"({"room_id":"den"})");
  third.expect_error_like(429, "full");
  guest.send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", owner.fingerprint()));
  guest.expect_error_like(403, "owner");
}

TEST_F(MembersClusterTest, TheOwnerKicksAMemberOnAnotherNode) {
  TestPeer owner = peer(*first_, "owner");
  owner.create_room("den");
  TestPeer guest = peer(*second_, "guest");
  guest.join("den");
  expect_news(owner, "peer_joined", guest);
  owner.send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", guest.fingerprint()));
  guest.next("kick");
  expect_news(owner, "peer_left", guest);
  guest.send_to(owner.fingerprint(), "1");
  guest.expect_error(403, "no shared namespace");
}

TEST_F(MembersClusterTest, PeersOfDifferentNodesAreMatchedWhicheverNodeMakesTheMatches) {
  TestPeer alice = peer(*first_, "alice");
  TestPeer bob = peer(*second_, "bob");
  for (const char* ns : {"a", "b", "c", "d", "e", "f"}) {
    alice.join(ns);
    bob.join(ns);
    expect_news(alice, "peer_joined", bob);
    alice.send("match", fmt(R"({"namespace":"%"})", ns), R"("id":1)");
    EXPECT_EQ(alice.next("match")["payload"]["status"].str(), "waiting");
    bob.send("match", fmt(R"({"namespace":"%"})", ns), R"("id":2)");
    const Json completed = bob.next("matched");
    EXPECT_EQ(completed["id"].number(), 2);
    const Json told = alice.next("matched");
    EXPECT_FALSE(told["id"].exists());
    EXPECT_EQ(told["payload"], completed["payload"]);
    EXPECT_EQ(told["payload"]["session_id"].str().size(), 32U);
  }
  expect_silence_of({&alice, &bob});
}

TEST_F(MembersClusterTest, NamesWithSeparatorsAndNulAreNamespacesOfTheirOwn) {
  const char* names[] = {"a", "a:m", "a|b", "m:a", "a\\u0000b", "{0}"};
  TestPeer alice = peer(*first_, "alice");
  TestPeer bob = peer(*second_, "bob");
  for (const char* name : names) alice.join(name);
  for (const char* name : names) {
    const Json list = bob.join(name);
    EXPECT_THAT(aliases(list), ElementsAre("alice", "bob")) << name;
    expect_news(alice, "peer_joined", bob);
    bob.send("leave", fmt(R"({"namespace":"%"})", name));
    expect_news(alice, "peer_left", bob);
  }
}

TEST_F(MembersClusterTest, WhatIsSharedIsGoneWithTheLastPeer) {
  {
    TestPeer alice = peer_in(*first_, "game", "alice");
    TestPeer bob = peer(*second_, "bob");
    bob.create_room("den");
    alice.join("den");
    alice.close();
    bob.next("peer_joined");
    bob.next("peer_left");
    bob.close();
  }
  stop_node(*first_);
  stop_node(*second_);
  EXPECT_THAT(redis().command({"KEYS", "*"}), ElementsAre("peer:{0}:born"));
}

}  // namespace
}  // namespace peer::test
