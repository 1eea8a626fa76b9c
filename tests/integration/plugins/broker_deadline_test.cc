// A broker that does not answer: the core goes on by its own truth after 2 s.
#include "tests/integration/plugins/gate_test.h"
#include "tests/integration/plugins/shared_state_test.h"

namespace peer::test {
namespace {

class BrokerDeadlineTest : public GateTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Loops, BrokerDeadlineTest, testing::Values(1, 4));

TEST_P(BrokerDeadlineTest, OperationsGoOnWithoutTheBrokerAndIgnoreItsLateAnswer) {
  start_gate({fmt("loops=%", GetParam())});
  TestPeer joining = peer("joining");
  TestPeer asking = peer_in("lobby", "asking");
  TestPeer creating = peer("creating");
  TestPeer registering = connect();
  close_gate();
  joining.ws().send_raw(pipelined({join_message("hall"), message("ping")}));
  asking.ws().send_raw(
      pipelined({message("discover", R"({"namespace":"lobby"})"), message("ping")}));
  creating.ws().send_raw(
      pipelined({message("create_room", R"({"room_id":"den"})"), message("ping")}));
  registering.ws().send_raw(pipelined({register_message("registering"), message("ping")}));
  wait_for_books(5, 4, 4);

  EXPECT_EQ(joining.next("peer_list")["payload"]["total"].number(), 1);
  EXPECT_EQ(asking.next("peer_list")["payload"]["total"].number(), 1);
  EXPECT_EQ(creating.next("room_created")["payload"]["room_id"].str(), "den");
  EXPECT_EQ(registering.next("registered")["payload"]["alias"].str(), "registering");
  for (TestPeer* peer : {&joining, &asking, &creating, &registering}) peer->next("pong");

  open_gate();
  wait_for_books(5, 4, 0);
  expect_silence_of({&joining, &asking, &creating, &registering});
  EXPECT_EQ(joining.join("hall")["payload"]["total"].number(), 1);
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 1);
  EXPECT_THAT(log_at_the_end(),
              testing::ContainsRegex("plugin broker 'gate': [a-z_]+: did not answer in time"));
}

TEST_P(BrokerDeadlineTest, AConnectionThatEndedMeanwhileLeavesNoTrace) {
  start_gate({fmt("loops=%", GetParam())});
  TestPeer alice = peer("alice");
  close_gate();
  alice.send(join_message("lobby"));
  wait_for_books(2, 2, 1);
  alice.ws().stream().shutdown_writing();
  wait_for_peers(1);
  wait_for_books(1, 1, 1);
}

class MatchDeadlineTest : public SharedStateTest {};

INSTANTIATE_TEST_SUITE_P(Loops, MatchDeadlineTest, testing::Values(1, 4));

TEST_P(MatchDeadlineTest, WhoseTicketNobodyLooksAtHearsOnceThatItWaits) {
  TestPeer alice = peer_in("lobby", "alice");
  command("move_matching lobby");
  alice.send("match", R"({"namespace":"lobby"})");
  EXPECT_EQ(alice.next("match")["payload"]["status"].str(), "waiting");
  command("look lobby 1");
  alice.expect_silence();
}

}  // namespace
}  // namespace peer::test
