// A node that stops hands its resumable sessions to the others (docs/resume.md, "When a node
// stops").
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_client.h"
#include "tests/integration/cluster/session_client.h"
#include "tests/support/admin_client.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class ParkedSessionTest : public ClusterTest {
 protected:
  ServerProcess& start(const std::vector<std::string>& settings = {}) {
    return start_node(kQuick, settings);
  }
  static long long figure(ServerProcess& node, const char* name) {
    return Json::parse(http_get(node.port(), "/stats").body)["sessions"][name].number();
  }
  static void wait_for_figure(ServerProcess& node, const char* name, long long value) {
    const Deadline deadline;
    while (figure(node, name) != value) {
      if (deadline.passed()) throw std::runtime_error(fmt("% is not %", name, value));
    }
  }
  static long long peers_of(ServerProcess& node) {
    return Json::parse(http_get(node.port(), "/health").body)["peers"].number();
  }
  /// As an operator's restart does.
  void stop(ServerProcess& node) { stop_node(node); }
  /// It comes back as soon as a node has its session.
  static Json resume(SessionClient& client, ServerProcess& node) {
    const Deadline deadline;
    while (true) {
      auto next = SessionClient::connect(node);
      const Json answer = SessionClient::ask(*next, client.token(), client.received());
      if (answer["payload"]["code"].text() != "503" || deadline.passed()) {
        EXPECT_EQ(answer["type"].str(), "resumed") << answer.text();
        client.goes_on(std::move(next), answer);
        return answer;
      }
    }
  }
};

TEST_F(ParkedSessionTest, WhoseNodeStopsGoesOnElsewhereAndNobodySeesIt) {
  ServerProcess& first = start();
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  SessionClient alice(first, "alice");
  alice.peer().create_room("den", R"("max_size":3)");
  alice.count(1);
  SessionClient bob(first, "bob");
  bob.join("den");
  static_cast<void>(alice.next("peer_joined"));
  TestPeer carol = peer(second, "carol");
  carol.join("den");
  static_cast<void>(alice.next("peer_joined"));
  static_cast<void>(bob.next("peer_joined"));
  carol.send_to("alice", "1");
  static_cast<void>(alice.next("signal"));
  stop(first);
  alice.peer().ws().expect_close(1001, "server shutting down");
  bob.peer().ws().expect_close(1001, "server shutting down");
  EXPECT_EQ(figure(second, "parked"), 2);
  EXPECT_EQ(figure(second, "away"), 0);
  EXPECT_EQ(peers_of(second), 1);
  carol.send("signal", "2", R"("to":"alice","id":"s")");
  EXPECT_EQ(carol.next("ack")["payload"]["delivered"].number(), 1);
  carol.send("broadcast", R"({"namespace":"den","data":3})");
  carol.expect_silence();

  const Json resumed = alice.resume(second);
  EXPECT_EQ(resumed["payload"]["processed"].number(), 1);
  EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
  EXPECT_EQ(alice.next("signal")["payload"].number(), 2);
  EXPECT_EQ(alice.next("broadcast")["payload"]["data"].number(), 3);
  static_cast<void>(bob.resume(second));
  EXPECT_EQ(bob.next("broadcast")["payload"]["data"].number(), 3);
  EXPECT_EQ(figure(second, "parked"), 0);
  EXPECT_EQ(peers_of(second), 3);
  // The owner is still the owner.
  alice.peer().send("kick", R"({"room_id":"den","fingerprint":"bob"})");
  static_cast<void>(bob.next("kick"));
  carol.next("peer_left");
  static_cast<void>(alice.next("peer_left"));
  expect_whole({{"den", {&alice.peer(), &carol}}, {"", {&bob.peer()}}});
}

TEST_F(ParkedSessionTest, WhoIsAwayWhenTheNodeStopsIsHandedOverToo) {
  ServerProcess& first = start();
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  TestPeer bob = peer_in(second, "game", "bob");
  SessionClient alice(first, "alice");
  alice.join("game");
  bob.next("peer_joined");
  alice.break_off();
  wait_for_figure(first, "away", 1);
  bob.send("signal", "1", R"("to":"alice","id":1)");
  EXPECT_EQ(bob.next("ack")["payload"]["delivered"].number(), 1);
  stop(first);
  bob.send("signal", "2", R"("to":"alice","id":2)");
  EXPECT_EQ(bob.next("ack")["payload"]["delivered"].number(), 1);
  static_cast<void>(alice.resume(second));
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
  EXPECT_EQ(alice.next("signal")["payload"].number(), 2);
  bob.expect_silence();
}

// Whoever has no session leaves, and who is parked hears so.
TEST_F(ParkedSessionTest, WhoHasNoSessionLeavesAndTheOthersHearOfIt) {
  ServerProcess& first = start();
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  SessionClient alice(first, "alice");
  alice.join("game");
  TestPeer bob = peer_in(first, "game", "bob");
  TestPeer carol = peer_in(second, "game", "carol");
  static_cast<void>(alice.next("peer_joined"));
  static_cast<void>(alice.next("peer_joined"));
  bob.next("peer_joined");
  stop(first);
  expect_news(carol, "peer_left", bob);
  static_cast<void>(alice.resume(second));
  EXPECT_EQ(alice.next("peer_left")["from"].str(), bob.fingerprint());
  alice.round_trip();
  carol.expect_silence();
  expect_whole({{"game", {&alice.peer(), &carol}}});
}

TEST_F(ParkedSessionTest, WithoutAnotherNodeItWaitsInTheStoreForTheNextOne) {
  ServerProcess* node = &start();
  SessionClient alice(*node, "alice");
  alice.join("game");
  SessionClient bob(*node, "bob");
  bob.join("game");
  static_cast<void>(alice.next("peer_joined"));
  bob.peer().send_to("alice", "1");
  static_cast<void>(alice.next("signal"));
  stop(*node);
  RedisClient redis_client(redis().port());
  EXPECT_EQ(redis_client.command({"ZCARD", "peer:{0}:parked"}), std::vector<std::string>{"2"});

  node = &start();
  wait_for_figure(*node, "parked", 2);
  EXPECT_EQ(peers_of(*node), 0);
  // As if the last message had not arrived.
  auto again = SessionClient::connect(*node);
  const Json resumed = SessionClient::ask(*again, alice.token(), alice.received() - 1);
  ASSERT_EQ(resumed["type"].str(), "resumed") << resumed.text();
  EXPECT_EQ(resumed["payload"]["alias"].str(), "alice");
  EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
  EXPECT_EQ(again->next("signal")["payload"].number(), 1);
  static_cast<void>(bob.resume(*node));
  bob.peer().send_to("alice", "2");
  EXPECT_EQ(again->next("signal")["payload"].number(), 2);
  again->expect_silence();
  EXPECT_THAT(aliases(discover(*again, "game")), ElementsAre("alice", "bob"));
  EXPECT_EQ(redis_client.command({"EXISTS", "peer:{0}:parked"}), std::vector<std::string>{"0"});
}

// A client may come before its session has been taken out of the store.
TEST_F(ParkedSessionTest, WhoComesAtOnceIsNotTurnedAway) {
  ServerProcess* node = &start();
  SessionClient alice(*node, "alice");
  alice.join("game");
  stop(*node);
  node = &start_node_at(redis().port(), kQuick, {"loops=2"});
  const Json resumed = resume(alice, *node);
  EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
  alice.round_trip();
}

TEST_F(ParkedSessionTest, WhomNobodyResumesLeavesOnce) {
  ServerProcess& first = start({"resume_window=700ms"});
  ServerProcess& second = start();
  ServerProcess& third = start();
  for (ServerProcess* node : {&first, &second, &third}) wait_for_nodes(*node, 3);
  TestPeer bob = peer_in(second, "game", "bob");
  TestPeer carol = peer_in(third, "game", "carol");
  bob.next("peer_joined");
  SessionClient alice(first, "alice");
  alice.join("game");
  expect_news(bob, "peer_joined", alice.peer());
  expect_news(carol, "peer_joined", alice.peer());
  stop(first);
  expect_news(bob, "peer_left", alice.peer());
  expect_news(carol, "peer_left", alice.peer());
  EXPECT_EQ(figure(second, "expired") + figure(third, "expired"), 1);
  TestPeer again(third.port());
  const Json answer = SessionClient::ask(again, alice.token(), alice.received());
  EXPECT_EQ(answer["payload"]["code"].number(), 404) << answer.text();
  expect_silence_of({&bob, &carol});
  expect_whole({{"game", {&bob, &carol}}});
}

// The new data does not know the node, so nobody reaps it: it is waited for, but not for long.
TEST_F(ParkedSessionTest, WhoseNodeHasGoneWhileRedisLostItsDataIsNotFoundInTheEnd) {
  ServerProcess& first = start();
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  const SessionClient alice(first, "alice");
  redis().kill();
  wait_for_state(second, "degraded");
  first.signal(SIGKILL);
  redis().restart();
  wait_for_state(second, "connected");
  const Deadline deadline;
  int waited = 0;
  while (true) {
    TestPeer again(second.port());
    const Json answer = SessionClient::ask(again, alice.token(), alice.received());
    if (answer["payload"]["code"].number() == 404) break;
    ASSERT_EQ(answer["payload"]["code"].number(), 503) << answer.text();
    ASSERT_FALSE(deadline.passed());
    ++waited;
  }
  EXPECT_GT(waited, 0) << "it might have come back";
}

// In the store the first node that looks ends them.
TEST_F(ParkedSessionTest, WhoseTimeIsOverInTheStoreIsGone) {
  ServerProcess* node = &start({"resume_window=300ms"});
  SessionClient alice(*node, "alice");
  alice.join("game");
  stop(*node);
  RedisClient redis_client(redis().port());
  // Its time is over.
  redis_client.command({"ZADD", "peer:{0}:parked", "1", alice.fingerprint()});
  node = &start();
  const Deadline deadline;
  while (redis_client.command({"ZCARD", "peer:{0}:parked"})[0] != "0") {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_EQ(figure(*node, "parked"), 0);
  TestPeer again(node->port());
  const Json answer = SessionClient::ask(again, alice.token(), alice.received());
  EXPECT_EQ(answer["payload"]["code"].number(), 404) << answer.text();
  TestPeer other(node->port());
  EXPECT_EQ(other.register_as("other", R"("alias":"alice")")["payload"]["alias"].str(), "alice");
  expect_whole({{"", {&other}}});
}

TEST_F(ParkedSessionTest, ARecordOfAnotherVersionIsNotFound) {
  ServerProcess* node = &start();
  SessionClient alice(*node, "alice");
  alice.join("game");
  stop(*node);
  RedisClient redis_client(redis().port());
  redis_client.command({"HSET", "peer:{0}:p:" + alice.fingerprint(), "z", "of tomorrow"});
  node = &start();
  const Deadline deadline;
  while (true) {
    TestPeer again(node->port());
    const Json answer = SessionClient::ask(again, alice.token(), alice.received());
    if (answer["payload"]["code"].number() == 404) break;
    ASSERT_EQ(answer["payload"]["code"].number(), 503) << answer.text();
    ASSERT_FALSE(deadline.passed());
  }
  TestPeer other = peer(*node, "other");
  expect_whole({{"", {&other}}});
}

TEST_F(ParkedSessionTest, WhatDoesNotFitLeavesAndIsCounted) {
  // Each loop has its own row of sessions.
  ServerProcess& first = start({"loops=1", "resume_parked_bytes=2000"});
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  TestPeer bob = peer_in(second, "game", "bob");
  // Who was heard last goes first: the one who is silent longest does not fit.
  SessionClient alice(first, "alice");
  alice.join("game");
  SessionClient carol(first, "carol");
  carol.join("game");
  bob.next("peer_joined");
  bob.next("peer_joined");
  for (SessionClient* client : {&alice, &carol}) {
    client->break_off();
    wait_for_figure(first, "away", client == &alice ? 1 : 2);
  }
  stop(first);
  expect_news(bob, "peer_left", alice.peer());
  EXPECT_EQ(figure(second, "parked"), 1);
  static_cast<void>(carol.resume(second));
  first.wait_for_output("sessions that did not fit resume_parked_bytes, and have ended: 1");
  bob.expect_silence();
}

TEST_F(ParkedSessionTest, WithoutRoomForAnythingSessionsEndWithTheirNode) {
  const auto config = [this](const char* bytes) {
    return fmt(
        "resume_parked_bytes: %\nplugins: {broker: {name: redis, options: {addr: "
        "\"127.0.0.1:%\", %}}}\n",
        bytes, redis().port(), kQuick);
  };
  ServerProcess& first = start_node_with(config("1000000"));
  wait_for_state(first, "connected");
  first.dir().write("peer-server.yaml", config("0"));
  first.signal(SIGHUP);
  first.wait_for_output("SIGHUP: changed: resume_parked_bytes");
  ServerProcess& second = start();
  wait_for_nodes(first, 2);
  wait_for_nodes(second, 2);
  TestPeer bob = peer_in(second, "game", "bob");
  SessionClient alice(first, "alice");
  alice.join("game");
  bob.next("peer_joined");
  stop(first);
  expect_news(bob, "peer_left", alice.peer());
  EXPECT_EQ(figure(second, "parked"), 0);
}

// Neither in what is shared, parked sessions included, nor in the log, nor in what the node tells
// of itself.
TEST_F(ParkedSessionTest, TokensStandNowhereInClear) {
  const std::string secret(32, 's');
  const std::uint16_t api_port = free_port();
  ServerProcess& node = start({"log_level=debug", fmt("admin_port=%", static_cast<int>(api_port)),
                               "admin_token=" + secret});
  SessionClient alice(node, "alice");
  alice.join("game");
  const std::string first = alice.token();
  alice.break_off();
  static_cast<void>(resume(alice, node));
  alice.round_trip();
  const std::string second = alice.token();
  alice.break_off();
  wait_for_figure(node, "away", 1);
  std::string told = http_get(node.port(), "/stats").body;
  AdminClient api{api_port, secret};
  told += api.get("/v1/peers/alice").body.text() + api.get("/v1/peers").body.text();
  EXPECT_THAT(told, testing::HasSubstr(alice.fingerprint()));
  for (const std::string& token : {first, second}) {
    EXPECT_THAT(told, testing::Not(testing::HasSubstr(token)));
  }
  const auto expect_nowhere = [&] {
    RedisClient redis_client(redis().port());
    std::string all;
    for (const std::string& key : redis_client.command({"KEYS", "*"})) {
      const std::string type = redis_client.command({"TYPE", key})[0];
      std::vector<std::string> read{"GET", key};
      if (type == "hash") read = {"HGETALL", key};
      if (type == "set") read = {"SMEMBERS", key};
      if (type == "zset") read = {"ZRANGE", key, "0", "-1"};
      all += key + ' ';
      for (const std::string& value : redis_client.command(read)) all += value + ' ';
    }
    EXPECT_THAT(all, testing::HasSubstr(alice.fingerprint()));
    for (const std::string& token : {first, second}) {
      EXPECT_THAT(all, testing::Not(testing::HasSubstr(token)));
      EXPECT_THAT(node.output(), testing::Not(testing::HasSubstr(token)));
    }
  };
  expect_nowhere();
  stop(node);
  expect_nowhere();
}

// Two nodes that stop at the same time do not hand the same sessions to and fro.
TEST_F(ParkedSessionTest, AllNodesStopAtOnceAndTheNextOneHasAllOfThem) {
  ServerProcess* first = &start();
  ServerProcess* second = &start();
  wait_for_nodes(*first, 2);
  wait_for_nodes(*second, 2);
  SessionClient alice(*first, "alice");
  alice.join("game");
  SessionClient bob(*second, "bob");
  bob.join("game");
  static_cast<void>(alice.next("peer_joined"));
  first->signal(SIGTERM);
  second->signal(SIGTERM);
  EXPECT_EQ(first->wait_exit(), std::optional(0));
  EXPECT_EQ(second->wait_exit(), std::optional(0));
  ServerProcess& node = start();
  wait_for_figure(node, "parked", 2);
  static_cast<void>(alice.resume(node));
  static_cast<void>(bob.resume(node));
  alice.peer().send_to("bob", "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  expect_whole({{"game", {&alice.peer(), &bob.peer()}}});
}

}  // namespace
}  // namespace peer::test
