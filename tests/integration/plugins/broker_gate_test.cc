// State operations that a broker answers later: ARCHITECTURE.md, "Operations that may answer
// later".
#include "tests/integration/plugins/gate_test.h"

namespace peer::test {
namespace {

/// With one loop, and with several: then a continuation may find its parties on other loops.
class BrokerGateTest : public GateTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override { start_gate({fmt("loops=%", GetParam())}); }

  /// The end of a connection while an operation of it is under way.
  using Ending = void (TcpStream::*)();
  static constexpr Ending kEndings[] = {&TcpStream::reset, &TcpStream::shutdown_writing};
};

INSTANTIATE_TEST_SUITE_P(Loops, BrokerGateTest, testing::Values(1, 4));

// --- order

TEST_P(BrokerGateTest, APeersMessagesWaitForItsOperation) {
  TestPeer alice = peer("alice");
  close_gate();
  alice.ws().send_raw(pipelined({join_message("lobby"), message("ping"),
                                 message("discover", R"({"namespace":"lobby"})"), message("ping"),
                                 message("create_room", R"({"room_id":"den"})"), message("ping")}));
  wait_for_books(2, 2, 1);
  open_gate();
  for (const char* type : {"peer_list", "pong", "peer_list", "pong", "room_created", "pong"}) {
    alice.next(type);
  }
}

TEST_P(BrokerGateTest, OwnPeersMatchThoughTheBrokerSharesNoTickets) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  alice.send("match", R"({"namespace":"lobby"})");
  EXPECT_EQ(alice.next("match")["payload"]["status"].str(), "waiting");
  bob.send("match", R"({"namespace":"lobby"})", R"("id":1)");
  const Json matched = bob.next("matched");
  EXPECT_EQ(matched["id"].number(), 1);
  EXPECT_EQ(alice.next("matched")["payload"], matched["payload"]);
}

TEST_P(BrokerGateTest, OtherPeersAreNotHeldUp) {
  TestPeer alice = peer("alice");
  TestPeer bob = peer_in("lobby", "bob");
  close_gate();
  alice.send(join_message("lobby"));
  wait_for_books(3, 3, 1);
  bob.round_trip();
  bob.send_to("bob", "1");
  bob.next("signal");
  open_gate();
  alice.next("peer_list");
  bob.next("peer_joined");
}

TEST_P(BrokerGateTest, AnAliasThatIsLostWhileAJoinWaitsIsSeenAsTakenByTheOthers) {
  TestPeer alice = peer_in("attic", "alice");
  close_gate();
  alice.send(join_message("lobby"));
  wait_for_books(2, 3, 1);
  take_aliases();
  open_gate();
  alice.next("peer_list");
  for (const char* ns : {"attic", "lobby"}) {
    keeper().send("discover", fmt(R"({"namespace":"%"})", ns));
    EXPECT_EQ(keeper().next("peer_list")["payload"]["peers"][0]["alias_taken"].text(), "true")
        << ns;
  }
  EXPECT_TRUE(alias_is_free("alice"));
}

TEST_P(BrokerGateTest, AnAliasThatIsLostBeforeItIsGivenIsTaken) {
  close_gate();
  TestPeer alice = connect();
  alice.send("register", R"({"public_key":"alice","alias":"alice"})");
  wait_for_books(2, 1, 1);
  take_aliases();
  open_gate();
  EXPECT_EQ(alice.next("registered")["payload"]["alias_taken"].text(), "true");
  EXPECT_TRUE(alias_is_free("alice"));
}

TEST_P(BrokerGateTest, AWaitingPeerStillReceives) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  close_gate();
  alice.send(join_message("attic"));
  wait_for_books(3, 4, 1);
  bob.send_to("alice", "1");
  alice.next("signal");
  open_gate();
  alice.next("peer_list");
}

TEST_P(BrokerGateTest, AJoinThatIsWaitingIsNoMembershipYet) {
  TestPeer alice = peer("alice");
  TestPeer bob = peer_in("lobby", "bob");
  close_gate();
  alice.send(join_message("lobby"));
  wait_for_books(3, 3, 1);
  bob.expect_refused(message("signal", "1", R"("to":"alice")"), 403, "no shared namespace");
  bob.send("broadcast", R"({"namespace":"lobby","data":1})", R"("id":1)");
  EXPECT_EQ(bob.next("ack")["payload"]["delivered"].number(), 0);
  open_gate();
  EXPECT_EQ(alice.next("peer_list")["payload"]["total"].number(), 2);
  alice.expect_silence();
}

// --- connections that go

TEST_P(BrokerGateTest, AConnectionThatEndsDuringItsJoinLeavesNoTrace) {
  for (const Ending ending : kEndings) {
    TestPeer alice = peer("alice");
    close_gate();
    alice.send(join_message("lobby"));
    wait_for_books(2, 2, 1);
    (alice.ws().stream().*ending)();
    open_gate();
    wait_for_peers(1);
    wait_for_books(1, 1, 0);
    EXPECT_FALSE(http_json("/stats")["namespaces"]["lobby"].exists());
    EXPECT_TRUE(alias_is_free("alice"));
  }
}

TEST_P(BrokerGateTest, AConnectionThatEndsDuringItsRegistrationLeavesNoTrace) {
  for (const Ending ending : kEndings) {
    TestPeer alice = connect();
    close_gate();
    alice.send(register_message("alice"));
    wait_for_books(2, 1, 1);
    (alice.ws().stream().*ending)();
    open_gate();
    wait_for_books(1, 1, 0);
    wait_for_peers(1);
    EXPECT_TRUE(alias_is_free("alice"));
  }
}

TEST_P(BrokerGateTest, AConnectionThatEndsDuringItsCreationLeavesNoRoom) {
  TestPeer alice = peer("alice");
  close_gate();
  alice.send("create_room", R"({"room_id":"den"})");
  wait_for_books(2, 2, 1);
  alice.ws().stream().reset();
  open_gate();
  wait_for_peers(1);
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 0);
}

// --- replacement

TEST_P(BrokerGateTest, TheOldConnectionEndsBeforeTheBrokerHearsOfTheNewOne) {
  TestPeer old = peer_in("lobby", "alice");
  TestPeer fresh = connect();
  close_gate();
  fresh.send(register_message("alice"));
  old.ws().expect_close(4001);
  wait_for_books(2, 1, 1);
  open_gate();
  fresh.next("registered");
  fresh.join("lobby");
  wait_for_peers(2);
  wait_for_books(2, 2, 0);
}

TEST_P(BrokerGateTest, OfTwoRegistrationsUnderWayTheLaterStays) {
  TestPeer first = connect();
  TestPeer second = connect();
  close_gate();
  first.send(register_message("alice"));
  wait_for_books(2, 1, 1);
  second.send(register_message("alice"));
  first.ws().expect_close(4001);
  wait_for_books(2, 1, 2);
  open_gate();
  second.next("registered");
  wait_for_peers(2);
  wait_for_books(2, 1, 0);
  EXPECT_FALSE(alias_is_free("alice"));
}

TEST_P(BrokerGateTest, OfTwoRegistrationsUnderWayOneMayEnd) {
  TestPeer first = connect();
  TestPeer second = connect();
  close_gate();
  first.send(register_message("alice"));
  wait_for_books(2, 1, 1);
  first.ws().stream().reset();
  wait_for_peers(1);
  second.send(register_message("alice"));
  wait_for_books(2, 1, 2);
  open_gate();
  second.next("registered");
  second.join("lobby");
  wait_for_books(2, 2, 0);
}

TEST_P(BrokerGateTest, AJoinOfAReplacedConnectionDoesNotEndThatOfTheNewOne) {
  TestPeer old = peer("alice");
  hold_joins();
  old.send(join_message("lobby"));
  wait_for_books(2, 2, 1);
  TestPeer fresh = peer("alice");
  old.ws().expect_close(4001);
  fresh.send(join_message("lobby"));
  wait_for_books(2, 2, 2);
  open_gate();
  EXPECT_EQ(fresh.next("peer_list")["payload"]["total"].number(), 1);
  wait_for_books(2, 2, 0);
}

TEST_P(BrokerGateTest, AJoinOfAReplacedConnectionLeavesNoTrace) {
  TestPeer old = peer("alice");
  hold_joins();
  old.send(join_message("lobby"));
  wait_for_books(2, 2, 1);
  TestPeer fresh = peer("alice");
  open_gate();
  old.ws().expect_close(4001);
  wait_for_books(2, 1, 0);
  EXPECT_FALSE(http_json("/stats")["namespaces"]["lobby"].exists());
}

// --- rooms

TEST_P(BrokerGateTest, WhoseJoinIsUnderWayCannotBeKicked) {
  TestPeer owner = peer("owner");
  owner.create_room("den");
  TestPeer guest = peer("guest");
  hold_joins();
  guest.send("join_room", R"({"room_id":"den"})");
  wait_for_books(3, 3, 1);
  const std::string kick = message("kick", R"({"room_id":"den","fingerprint":"guest"})");
  owner.expect_refused(kick, 404, "peer not in room");
  open_gate();
  guest.next("peer_list");
  owner.next("peer_joined");
  owner.send(kick);
  guest.next("kick");
}

TEST_P(BrokerGateTest, ARoomThatVanishesDuringAJoinIsNotFound) {
  TestPeer owner = peer("owner");
  owner.create_room("den");
  TestPeer guest = peer("guest");
  hold_joins();
  guest.send("join_room", R"({"room_id":"den"})");
  wait_for_books(3, 3, 1);
  owner.send("leave", R"({"namespace":"den"})");
  owner.round_trip();
  open_gate();
  guest.expect_error(404, "room not found");
  EXPECT_FALSE(http_json("/stats")["namespaces"]["den"].exists());
  wait_for_books(3, 1, 0);
}

TEST_P(BrokerGateTest, OfTwoCreationsUnderWayOneMakesTheRoom) {
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  close_gate();
  alice.send("create_room", R"({"room_id":"den"})");
  bob.send("create_room", R"({"room_id":"den"})");
  wait_for_books(3, 3, 2);
  open_gate();
  EXPECT_THAT((std::vector{alice.next()["type"].str(), bob.next()["type"].str()}),
              testing::UnorderedElementsAre("room_created", "error"));
  wait_for_books(3, 2, 0);
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 1);
}

TEST_P(BrokerGateTest, ANamespaceThatBecomesARoomDuringAJoinIsJoinedAsARoom) {
  TestPeer guest = peer("guest");
  TestPeer owner = peer("owner");
  hold_joins();
  guest.send(join_message("den"));
  wait_for_books(3, 2, 1);
  owner.create_room("den", R"("max_size":2)");
  open_gate();
  EXPECT_EQ(guest.next("peer_list")["payload"]["total"].number(), 2);
  owner.next("peer_joined");
  TestPeer late = peer("late");
  late.expect_refused(join_message("den"), 429, "room full");
}

// --- a full server

class FullServerTest : public GateTest {};

TEST_F(FullServerTest, RegistrationsUnderWayDoNotExceedMaxPeers) {
  start_gate({"max_peers=2"});
  TestPeer alice = connect();
  TestPeer bob = connect();
  close_gate();
  alice.send(register_message("alice"));
  bob.send(register_message("bob"));
  wait_for_books(2, 1, 1);
  open_gate();
  const std::string first = alice.next()["type"].str();
  const std::string second = bob.next()["type"].str();
  EXPECT_THAT((std::vector{first, second}), testing::UnorderedElementsAre("registered", "error"));
  (first == "error" ? alice : bob).ws().expect_close(1013);
  EXPECT_EQ(http_json("/health")["peers"].number(), 2);
  wait_for_books(2, 1, 0);
}

// --- shutdown

TEST_P(BrokerGateTest, ShutdownDoesNotWaitForOperations) {
  TestPeer joining = peer("joining");
  TestPeer creating = peer("creating");
  TestPeer asking = peer("asking");
  TestPeer registering = connect();
  close_gate();
  joining.send(join_message("lobby"));
  creating.send("create_room", R"({"room_id":"den"})");
  asking.send("discover", R"({"namespace":"lobby"})");
  registering.send(register_message("registering"));
  wait_for_books(5, 3, 4);
  server().signal(SIGTERM);
  for (TestPeer* peer : {&joining, &creating, &asking, &registering}) {
    peer->ws().expect_close(1001, "server shutting down");
  }
  keeper().ws().expect_close(1001);
  expect_exit(0);
}

}  // namespace
}  // namespace peer::test
