// Who watches a namespace hears of its members on other nodes, too (docs/protocol.md, "C.7
// Presence").
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster/network_test.h"
#include "tests/integration/cluster/session_client.h"

namespace peer::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kBoth = R"("watch":["meta","presence"])";
constexpr const char* kPresence = R"("watch":["presence"])";
constexpr const char* kMeta = R"("watch":["meta"])";
constexpr const char* kInterval = "presence_interval=300ms";

void set_meta(TestPeer& peer, std::string_view meta) {
  peer.send("metadata", fmt(R"({"meta":%})", meta));
}

void expect_update(TestPeer& watcher, const std::string& of, std::string_view meta) {
  const Json news = watcher.next("peer_updated");
  EXPECT_EQ(news["from"].str(), of);
  EXPECT_EQ(news["namespace"].str(), "game");
  EXPECT_EQ(news["payload"]["fingerprint"].str(), of);
  EXPECT_EQ(news["payload"]["meta"].text(), meta);
}

void expect_presence(TestPeer& watcher, const char* type, const std::string& of) {
  const Json news = watcher.next(type);
  EXPECT_EQ(news["from"].str(), of);
  EXPECT_EQ(news["namespace"].str(), "game");
  EXPECT_EQ(news["payload"]["fingerprint"].str(), of);
}

/// What is marked in Redis of who watches "game": of each node what its members watch.
std::string marked(RedisClient& redis) {
  const auto found = redis.command({"HGET", "peer:{0}:s:game", "w"});
  return found.empty() ? std::string() : found[0];
}

std::string id_of(const ServerProcess& node) {
  return Json::parse(http_get(node.port(), "/stats").body)["node_id"].str();
}

long long away_at(const ServerProcess& node) {
  return Json::parse(http_get(node.port(), "/stats").body)["sessions"]["away"].number();
}

void wait_for_away(const ServerProcess& node, int count) {
  const Deadline deadline;
  while (away_at(node) != count) {
    if (deadline.passed()) throw std::runtime_error("not so many are away");
  }
}

class WatchersTest : public ClusterTest {
 protected:
  ServerProcess& start(std::vector<std::string> settings = {}) {
    settings.push_back("loops=2");
    return start_node(kQuick, settings);
  }
  void start_two(const std::vector<std::string>& settings = {}) {
    first_ = &start(settings);
    second_ = &start(settings);
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
  }
  static TestPeer watcher(ServerProcess& node, std::string_view name, std::string_view watch) {
    TestPeer peer(node.port());
    peer.register_as(name, fmt(R"("alias":"%")", name));
    peer.join("game", watch);
    return peer;
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  void wait_for_marks(RedisClient& client, const std::string& expected) {
    const Deadline deadline;
    while (marked(client) != expected) ASSERT_FALSE(deadline.passed()) << marked(client);
  }

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(WatchersTest, WhoWatchesMetaHearsTheChangedKeysOfMembersElsewhere) {
  start_two({"presence_interval=1ms"});
  TestPeer alice = watcher(first(), "alice", kMeta);
  TestPeer carol = peer_in(first(), "game", "carol");
  alice.next("peer_joined");
  TestPeer bob(second().port());
  bob.register_as("bob", R"("alias":"bob","meta":{"level":1,"hidden":1})");
  bob.join("game", R"("meta":{"hidden":0})");
  alice.next("peer_joined");
  carol.next("peer_joined");
  set_meta(bob, R"({"level":2,"color":"red"})");
  expect_update(alice, bob.fingerprint(), R"({"color":"red","level":2})");
  set_meta(bob, R"({"level":null})");
  expect_update(alice, bob.fingerprint(), R"({"level":null})");
  // As before, or hidden by the join's.
  set_meta(bob, R"({"color":"red"})");
  set_meta(bob, R"({"hidden":7})");
  bob.join("game", R"("meta":{"hidden":0,"seen":1})");
  expect_update(alice, bob.fingerprint(), R"({"seen":1})");
  expect_silence_of({&alice, &bob, &carol});
}

TEST_F(WatchersTest, MoreWithinTheIntervalIsToldAsOneAndInItsPlace) {
  start_two({kInterval});
  TestPeer alice = watcher(first(), "alice", kMeta);
  TestPeer dave = watcher(second(), "dave", kMeta);
  alice.next("peer_joined");
  TestPeer bob = peer_in(second(), "game", "bob");
  for (TestPeer* peer : {&alice, &dave}) peer->next("peer_joined");
  for (const char* meta :
       {R"({"a":1,"b":1})", R"({"a":2})", R"({"b":null,"c":1})", R"({"a":3})", R"({"c":null})"}) {
    set_meta(bob, meta);
  }
  for (TestPeer* peer : {&alice, &dave}) {
    expect_update(*peer, bob.fingerprint(), R"({"a":1,"b":1})");
  }
  expect_update(dave, bob.fingerprint(), R"({"a":3,"b":null})");
  // Elsewhere somebody may have been shown the "c", if the broker had it at all.
  EXPECT_THAT(alice.next("peer_updated")["payload"]["meta"].text(),
              AnyOf(R"({"a":3,"b":null})", R"({"a":3,"b":null,"c":null})"));
  // Behind its end nothing is told of it.
  set_meta(bob, R"({"a":4})");
  set_meta(bob, R"({"a":5})");
  bob.send("leave", R"({"namespace":"game"})");
  for (TestPeer* peer : {&alice, &dave}) {
    const Json news = peer->next();
    if (news["type"].str() == "peer_updated") peer->next("peer_left");
  }
  expect_silence_of({&alice, &dave});
}

TEST_F(WatchersTest, WhoWatchesPresenceHearsOfGoingAndComingElsewhere) {
  start_two();
  TestPeer alice = watcher(first(), "alice", kPresence);
  TestPeer carol = peer_in(first(), "game", "carol");
  alice.next("peer_joined");
  SessionClient bob(second(), "bob");
  bob.join("game");
  for (TestPeer* peer : {&alice, &carol}) peer->next("peer_joined");
  bob.break_off();
  expect_presence(alice, "peer_away", bob.fingerprint());
  static_cast<void>(bob.resume(second()));
  expect_presence(alice, "peer_back", bob.fingerprint());
  bob.break_off();
  expect_presence(alice, "peer_away", bob.fingerprint());
  // Who registers anew replaces it: it ends while it is away.
  TestPeer again = peer(second(), "bob");
  alice.next("peer_left");
  carol.next("peer_left");
  expect_silence_of({&alice, &carol});
}

TEST_F(WatchersTest, WhoComesHearsWhoIsAwayOnAnyNode) {
  start_two();
  SessionClient bob(first(), "bob");
  SessionClient dave(second(), "dave");
  bob.join("game");
  dave.join("game");
  bob.break_off();
  wait_for_away(first(), 1);
  // At both nodes it is known: the one that has it says so at once.
  TestPeer alice = watcher(second(), "alice", kPresence);
  expect_presence(alice, "peer_away", bob.fingerprint());
  TestPeer carol = peer_in(second(), "game", "carol");
  alice.next("peer_joined");
  carol.expect_silence();
  // A join again, with presence new in its set, too.
  carol.join("game", kPresence);
  expect_presence(carol, "peer_away", bob.fingerprint());
  carol.join("game", kPresence);
  carol.expect_silence();
  const auto marks = [](TestPeer& asker) {
    std::vector<std::string> found;
    const Json list = discover(asker, "game");
    const Json peers = list["payload"]["peers"];
    for (std::size_t i = 0; i < peers.size(); ++i) {
      found.push_back(peers[i]["alias"].str() + (peers[i]["away"].exists() ? " away" : ""));
    }
    return found;
  };
  EXPECT_THAT(marks(carol), ElementsAre("bob away", "dave", "alice", "carol"));
  TestPeer eve = peer_in(second(), "game", "eve");
  EXPECT_THAT(marks(eve), ElementsAre("bob", "dave", "alice", "carol", "eve"));
  static_cast<void>(bob.resume(first()));
  for (TestPeer* peer : {&alice, &carol}) {
    peer->next("peer_joined");
    if (peer == &alice) continue;
  }
  for (TestPeer* peer : {&alice, &carol}) {
    expect_presence(*peer, "peer_back", bob.fingerprint());
  }
}

TEST_F(WatchersTest, WhoComesBackAtAnotherNodeIsBackOnce) {
  ServerProcess& first = start();
  ServerProcess& second = start();
  ServerProcess& third = start();
  for (ServerProcess* node : {&first, &second, &third}) wait_for_nodes(*node, 3);
  std::vector<TestPeer> watchers;
  for (ServerProcess* node : {&first, &second, &third}) {
    watchers.push_back(watcher(*node, fmt("watcher-%", watchers.size()), kBoth));
    for (std::size_t i = 0; i + 1 < watchers.size(); ++i) watchers[i].next("peer_joined");
  }
  SessionClient bob(first, "bob");
  bob.join("game");
  for (TestPeer& watcher : watchers) watcher.next("peer_joined");
  bob.break_off();
  for (TestPeer& watcher : watchers) expect_presence(watcher, "peer_away", bob.fingerprint());
  static_cast<void>(bob.resume(second));
  for (TestPeer& watcher : watchers) expect_presence(watcher, "peer_back", bob.fingerprint());
  set_meta(bob.peer(), R"({"level":1})");
  for (TestPeer& watcher : watchers) {
    expect_update(watcher, bob.fingerprint(), R"({"level":1})");
  }
  // Away again, and its node stops: a third one keeps it, and whoever comes is told.
  bob.break_off();
  for (TestPeer& watcher : watchers) expect_presence(watcher, "peer_away", bob.fingerprint());
  expect_silence_of({&watchers[0], &watchers[1], &watchers[2]});
  stop_node(second);
  for (std::size_t i : {0U, 2U}) {
    watchers[i].next("peer_left");  // the watcher of the node that has stopped
  }
  TestPeer late = watcher(third, "late", kPresence);
  expect_presence(late, "peer_away", bob.fingerprint());
  for (std::size_t i : {0U, 2U}) watchers[i].next("peer_joined");
  static_cast<void>(bob.resume(third));
  for (std::size_t i : {0U, 2U}) expect_presence(watchers[i], "peer_back", bob.fingerprint());
  expect_presence(late, "peer_back", bob.fingerprint());
  expect_silence_of({&watchers[0], &watchers[2], &late});
}

TEST_F(WatchersTest, WhoMovesWatchesOnAndNothingIsMarkedWhereItWas) {
  start_two();
  RedisClient client(redis().port());
  SessionClient alice(first(), "alice");
  alice.join("game", kBoth);
  TestPeer carol = peer_in(first(), "game", "carol");
  static_cast<void>(alice.next("peer_joined"));
  wait_for_marks(client, id_of(first()) + "=mp;");
  static_cast<void>(alice.resume(second()));
  wait_for_marks(client, id_of(second()) + "=mp;");
  set_meta(carol, R"({"a":1})");
  expect_update(alice.peer(), carol.fingerprint(), R"({"a":1})");
  // It no longer wants to hear of it.
  alice.peer().join("game");
  wait_for_marks(client, "");
  set_meta(carol, R"({"a":2})");
  carol.round_trip();
  alice.peer().expect_silence();
}

TEST_F(WatchersTest, ChangesThatWaitForTheIntervalGoAheadOfAMove) {
  start_two({"presence_interval=30s"});
  TestPeer alice = watcher(first(), "alice", kMeta);
  TestPeer carol = watcher(second(), "carol", kMeta);
  alice.next("peer_joined");
  SessionClient bob(first(), "bob");
  bob.join("game");
  for (TestPeer* peer : {&alice, &carol}) peer->next("peer_joined");
  set_meta(bob.peer(), R"({"a":1})");
  for (TestPeer* peer : {&alice, &carol}) expect_update(*peer, bob.fingerprint(), R"({"a":1})");
  set_meta(bob.peer(), R"({"a":2})");
  bob.round_trip();
  static_cast<void>(bob.resume(second()));
  for (TestPeer* peer : {&alice, &carol}) expect_update(*peer, bob.fingerprint(), R"({"a":2})");
}

TEST_F(WatchersTest, WhereNobodyWatchesNothingIsTold) {
  start_two();
  RedisClient client(redis().port());
  TestPeer alice = peer_in(first(), "game", "alice");
  SessionClient bob(second(), "bob");
  bob.join("game");
  alice.next("peer_joined");
  RedisSubscriber ear(redis().port(), {"peer:n:" + id_of(first())});
  set_meta(bob.peer(), R"({"a":1})");
  bob.break_off();
  wait_for_away(second(), 1);
  static_cast<void>(bob.resume(second()));
  bob.peer().send("broadcast", R"({"namespace":"game","data":1})");
  alice.next("broadcast");
  EXPECT_EQ(marked(client), "");
  for (;;) {
    const std::string envelope = ear.next().text;
    EXPECT_FALSE(envelope.starts_with("2:O1") || envelope.starts_with("2:G1")) << envelope;
    if (envelope.starts_with("2:E1")) break;
  }
}

TEST_F(WatchersTest, ANodeThatDiesWatchesNothingAnyMore) {
  start_two();
  RedisClient client(redis().port());
  TestPeer alice = watcher(first(), "alice", kBoth);
  TestPeer bob = watcher(second(), "bob", kMeta);
  alice.next("peer_joined");
  wait_for_marks(client, id_of(first()) + "=mp;" + id_of(second()) + "=m;");
  const std::string gone = id_of(first());
  first().signal(SIGKILL);
  first().wait_exit();
  bob.next("peer_left");
  wait_for_marks(client, id_of(second()) + "=m;");
}

// A session that a node keeps for another one is away there, too, whatever Redis forgets.
TEST_F(WatchersTest, WhoIsKeptByAnotherNodeIsStillAwayWhenRedisHasForgottenIt) {
  start_two();
  TestPeer alice = watcher(first(), "alice", kPresence);
  SessionClient bob(second(), "bob");
  bob.join("game");
  alice.next("peer_joined");
  bob.break_off();
  expect_presence(alice, "peer_away", bob.fingerprint());
  stop_node(second());
  ServerProcess& third = start();
  wait_for_nodes(third, 2);
  // What the stopped node has said last has come to the first before this.
  TestPeer eve = peer_in(third, "game", "eve");
  alice.next("peer_joined");
  eve.send_to("alice", "1");
  alice.next("signal");
  redis().kill();
  for (ServerProcess* node : {&first(), &third}) wait_for_state(*node, "degraded");
  redis().restart();
  for (ServerProcess* node : {&first(), &third}) wait_for_state(*node, "connected");
  wait_for_nodes(third, 2);
  TestPeer late = watcher(third, "late", kPresence);
  expect_presence(late, "peer_away", bob.fingerprint());
}

/// Redis is taken for away after 200 ms, but no node is taken for dead.
constexpr const char* kPatientLease = "beat_ms: 100, lease_ms: 20000, timeout_ms: 200";

class WatchersOutageTest : public NetworkTest {};

TEST_F(WatchersOutageTest, WhatHasHappenedMeanwhileIsToldWhenItIsOver) {
  start_behind_proxy(kPatientLease);
  alice().join("game", kBoth);
  bob().join("game", kBoth);
  SessionClient carol(first(), "carol");
  SessionClient dave(second(), "dave");
  carol.join("game");
  dave.join("game");
  for (TestPeer* peer : {&alice(), &bob()}) {
    peer->next("peer_joined");
    peer->next("peer_joined");
  }
  cut_off();
  carol.break_off();
  dave.break_off();
  set_meta(alice(), R"({"a":1})");
  expect_presence(alice(), "peer_away", carol.fingerprint());
  expect_presence(bob(), "peer_away", dave.fingerprint());
  heal();
  expect_presence(alice(), "peer_away", dave.fingerprint());
  std::vector<std::string> heard{bob().next()["type"].str(), bob().next()["type"].str()};
  EXPECT_THAT(heard, testing::UnorderedElementsAre("peer_away", "peer_updated"));
  expect_silence_of({&alice(), &bob()});
  // And back while nodes cannot know of each other.
  cut_off();
  SessionClient& away = dave;
  static_cast<void>(away.resume(second()));
  expect_presence(bob(), "peer_back", dave.fingerprint());
  heal();
  expect_presence(alice(), "peer_back", dave.fingerprint());
  expect_silence_of({&alice(), &bob()});
}

// What a list has said of members elsewhere is known, too.
TEST_F(WatchersOutageTest, WhoHasComeLaterHearsWhoIsBackAsWell) {
  start_behind_proxy(kPatientLease);
  SessionClient dave(second(), "dave");
  dave.join("game");
  dave.break_off();
  wait_for_away(second(), 1);
  TestPeer erica = peer(first(), "erica");
  erica.join("game", kPresence);
  expect_presence(erica, "peer_away", dave.fingerprint());
  cut_off();
  static_cast<void>(dave.resume(second()));
  heal();
  expect_presence(erica, "peer_back", dave.fingerprint());
  expect_silence_of({&erica});
}

TEST_F(WatchersOutageTest, ARedisThatComesBackEmptyIsToldWhoWatches) {
  start_behind_proxy(kPatientLease);
  alice().join("game", kBoth);
  SessionClient carol(second(), "carol");
  carol.join("game");
  for (TestPeer* peer : {&alice(), &bob()}) peer->next("peer_joined");
  carol.break_off();
  expect_presence(alice(), "peer_away", carol.fingerprint());
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  redis().restart();
  for (ServerProcess* node : {&first(), &second()}) {
    wait_for_state(*node, "connected");
    wait_for_nodes(*node, 2);
  }
  set_meta(bob(), R"({"b":1})");
  expect_update(alice(), bob().fingerprint(), R"({"b":1})");
  static_cast<void>(carol.resume(second()));
  expect_presence(alice(), "peer_back", carol.fingerprint());
  expect_silence_of({&alice(), &bob()});
}

}  // namespace
}  // namespace peer::test
