// A session that is resumed at another node than the one that has it (docs/resume.md, "On another
// node").
#include <algorithm>
#include <csignal>
#include <stop_token>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/session_client.h"
#include "tests/integration/cluster/tcp_proxy.h"
#include "tests/support/test_thread.h"

namespace peer::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Not;

class MovedSessionTest : public ClusterTest {
 protected:
  void start(std::vector<std::string> settings = {}) {
    settings.push_back("loops=2");
    first_ = &start_node(kQuick, settings);
    second_ = &start_node(kQuick, settings);
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  static long long figure(ServerProcess& node, const char* name) {
    return Json::parse(http_get(node.port(), "/stats").body)["sessions"][name].number();
  }
  static long long peers_of(ServerProcess& node) {
    return Json::parse(http_get(node.port(), "/health").body)["peers"].number();
  }
  static void wait_for_away(ServerProcess& node, int count) {
    const Deadline deadline;
    while (figure(node, "away") != count) {
      if (deadline.passed()) throw std::runtime_error("not so many are away");
    }
  }
  /// A ticket at `node` whose time is over before its peer comes back at `back`.
  static void expire_while_away(ServerProcess& node, ServerProcess& back) {
    constexpr std::string_view kAsk = R"({"namespace":"game","group_size":5,"timeout_ms":500})";
    SessionClient alice(node, "alice");
    alice.join("game");
    alice.peer().send("match", kAsk);
    EXPECT_EQ(alice.next("match")["payload"]["status"].str(), "waiting");
    alice.break_off();
    wait_for_away(node, 1);
    {
      // A later ticket of the same time is over: so is the first.
      TestPeer bob = peer_in(node, "game", "bob");
      bob.send("match", kAsk);
      EXPECT_EQ(bob.next("match")["payload"]["status"].str(), "waiting");
      bob.next("match_expired");
    }
    static_cast<void>(alice.resume(back));
    while (alice.peer().next()["type"].str() != "match_expired") {
    }
  }

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(MovedSessionTest, WhoIsAwayComesBackAtAnotherNodeAsIfNothingHadHappened) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  TestPeer bob = peer_in(second(), "game", "bob");
  TestPeer carol = peer_in(first(), "game", "carol");
  expect_news(bob, "peer_joined", carol);
  static_cast<void>(alice.next("peer_joined"));
  alice.peer().send_to("bob", "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  bob.send_to("alice", "\"seen\"");
  static_cast<void>(alice.next("peer_joined"));
  const std::string seen = alice.next_text();
  alice.break_off();
  wait_for_away(first(), 1);
  // One behind the other: two senders have no order.
  bob.send("signal", R"({"a" : 1})", R"("to":"alice","id":1)");
  EXPECT_EQ(bob.next("ack")["payload"]["delivered"].number(), 1);
  carol.send("signal", "[ 2 ]", R"("to":"alice","id":2)");
  EXPECT_EQ(carol.next("ack")["payload"]["delivered"].number(), 1);

  // As if the last message had not arrived.
  auto again = SessionClient::connect(second());
  const Json resumed = SessionClient::ask(*again, alice.token(), alice.received() - 1);
  ASSERT_EQ(resumed["type"].str(), "resumed");
  EXPECT_EQ(resumed["from"].str(), alice.fingerprint());
  EXPECT_EQ(resumed["payload"]["alias"].str(), "alice");
  EXPECT_EQ(resumed["payload"]["processed"].number(), 2);
  EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
  EXPECT_EQ(again->next_text(), seen);
  EXPECT_THAT(again->next_text(), testing::HasSubstr(R"("payload":{"a" : 1})"));
  EXPECT_THAT(again->next_text(), testing::HasSubstr(R"("payload":[ 2 ])"));
  again->expect_silence();

  again->send_to("carol", "3");
  again->send_to("bob", "4");
  EXPECT_EQ(carol.next("signal")["payload"].number(), 3);
  EXPECT_EQ(bob.next("signal")["payload"].number(), 4);
  carol.send_to("alice", "5");
  EXPECT_EQ(again->next("signal")["payload"].number(), 5);
  bob.send("broadcast", R"({"namespace":"game","data":6})");
  EXPECT_EQ(again->next("broadcast")["payload"]["data"].number(), 6);
  EXPECT_EQ(carol.next("broadcast")["payload"]["data"].number(), 6);
  carol.send("broadcast", R"({"namespace":"game","data":7})");
  EXPECT_EQ(again->next("broadcast")["payload"]["data"].number(), 7);
  EXPECT_EQ(bob.next("broadcast")["payload"]["data"].number(), 7);
  EXPECT_THAT(aliases(discover(bob, "game")), ElementsAre("alice", "bob", "carol"));
  EXPECT_THAT(aliases(discover(carol, "game")), ElementsAre("alice", "bob", "carol"));
  expect_silence_of({&bob, &carol, again.get()});
  EXPECT_EQ(peers_of(first()), 1);
  EXPECT_EQ(peers_of(second()), 2);
  EXPECT_EQ(figure(first(), "resumable"), 0);
  EXPECT_EQ(figure(second(), "resumable"), 1);
}

TEST_F(MovedSessionTest, NobodyHasChangedItsPlaceAndNothingIsLeftAtTheOldNode) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  alice.break_off();
  wait_for_away(first(), 1);
  static_cast<void>(alice.resume(second()));
  alice.round_trip();
  TestPeer bob = peer_in(first(), "game", "bob");
  static_cast<void>(alice.next("peer_joined"));
  expect_whole({{"game", {&alice.peer(), &bob}}});
}

TEST_F(MovedSessionTest, AConnectionThatStandsIsTakenOver) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game", R"("watch":["presence"])");
  TestPeer bob(first().port());
  bob.register_as("bob", R"("alias":"bob")");
  bob.join("game", R"("watch":["presence"])");
  static_cast<void>(alice.next("peer_joined"));
  const Json resumed = alice.resume(second());
  EXPECT_EQ(resumed["payload"]["processed"].number(), 1);
  alice.older().ws().expect_close(4001, "replaced by a newer connection");
  bob.send_to("alice", "1");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
  // No peer_left, and no peer_away either.
  bob.expect_silence();
  alice.round_trip();
  // And back.
  static_cast<void>(alice.resume(first()));
  alice.older().ws().expect_close(4001, "replaced by a newer connection");
  alice.peer().send_to("bob", "2");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 2);
  bob.expect_silence();
}

TEST_F(MovedSessionTest, ItIsTakenOver20TimesIn10SecondsWhereverItIs) {
  start();
  SessionClient alice(first(), "alice");
  ServerProcess* const nodes[] = {&first(), &first(), &second()};
  for (int i = 0; i < 20; ++i) static_cast<void>(alice.resume(*nodes[i % 3]));
  TestPeer again(second().port());
  again.send("resume", fmt(R"({"token":"%","received":%})", alice.token(), alice.received()));
  again.ws().expect_close(1013, "replaced too often");
  alice.round_trip();
}

TEST_F(MovedSessionTest, ARefusalUsesUpNothing) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  TestPeer stranger(second().port());
  const auto refused = [](const Json& answer) {
    EXPECT_EQ(answer["payload"]["code"].number(), 404) << answer.text();
    EXPECT_EQ(answer["payload"]["message"].str(), "session not found");
  };
  refused(SessionClient::ask(stranger, std::string(32, 'x'), 0));
  refused(SessionClient::ask(stranger, alice.token(), alice.received() + 1));
  alice.round_trip();  // its connection stands
  static_cast<void>(alice.resume(second()));
  alice.round_trip();
  // The third refusal ends the connection.
  stranger.send("resume", R"({"token":"short","received":0})");
  refused(stranger.next());
  stranger.ws().expect_close(1008, "session not found");
}

TEST_F(MovedSessionTest, OnlyTheTokenInUseAndTheOneBeforeLeadToIt) {
  start();
  SessionClient alice(first(), "alice");
  const std::string used = alice.token();
  static_cast<void>(alice.resume(second()));
  const std::string newer = alice.token();
  // Nothing has been heard on the new connection: what was used is good still, and so is this.
  auto by_used = SessionClient::connect(first());
  const Json resumed = SessionClient::ask(*by_used, used, 0);
  ASSERT_EQ(resumed["type"].str(), "resumed");
  auto by_newer = SessionClient::connect(second());
  EXPECT_EQ(SessionClient::ask(*by_newer, newer, 0)["type"].str(), "error");
  by_used->send("ping", "");
  static_cast<void>(by_used->next("pong"));
  auto by_older = SessionClient::connect(second());
  EXPECT_EQ(SessionClient::ask(*by_older, used, 1)["type"].str(), "error");
  auto by_latest = SessionClient::connect(second());
  const Json latest = SessionClient::ask(*by_latest, SessionClient::token_of(resumed), 1);
  EXPECT_EQ(latest["type"].str(), "resumed") << latest.text();
  // Tokens themselves are not in Redis.
  RedisClient redis_client(redis().port());
  for (const std::string& key : redis_client.command({"KEYS", "*"})) {
    EXPECT_THAT(key, Not(testing::HasSubstr(newer)));
  }
}

TEST_F(MovedSessionTest, ARoomAndItsOwnerGoAlong) {
  start();
  SessionClient alice(first(), "alice");
  alice.peer().create_room("den", R"("max_size":3)");
  TestPeer bob = peer(first(), "bob");
  bob.join("den");
  TestPeer carol = peer(second(), "carol");
  carol.join("den");
  bob.next("peer_joined");
  static_cast<void>(alice.peer().next("peer_joined"));
  static_cast<void>(alice.peer().next("peer_joined"));
  alice.break_off();
  wait_for_away(first(), 1);
  auto again = SessionClient::connect(second());
  ASSERT_EQ(SessionClient::ask(*again, alice.token(), 3)["type"].str(), "resumed");
  // Full, as before.
  TestPeer dave = peer(second(), "dave");
  dave.expect_refused(message("join_room", R"({"room_id":"den"})"), 429, "room full");
  again->send("kick", R"({"room_id":"den","fingerprint":"bob"})");
  bob.next("kick");
  again->next("peer_left");
  carol.next("peer_left");
  again->close();
  carol.next("peer_left");
  EXPECT_EQ(carol.next("room_updated")["payload"]["owner"].str(), carol.fingerprint());
}

TEST_F(MovedSessionTest, TheAliasAndTheRateGoAlong) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=6"});
  SessionClient alice(first(), "alice");
  alice.join("game");
  for (int i = 0; i < 4; ++i) alice.round_trip();
  alice.break_off();
  wait_for_away(first(), 1);
  static_cast<void>(alice.resume(second()));
  TestPeer other(first().port());
  EXPECT_EQ(other.register_as("other", R"("alias":"alice")")["payload"]["alias_taken"].text(),
            "true");
  // One token is left, and those of the time that has passed.
  int limited = 0;
  for (int i = 0; i < 6; ++i) {
    alice.peer().send("ping", "");
    if (alice.peer().next()["type"].str() == "error") ++limited;
  }
  EXPECT_GE(limited, 2);
}

TEST_F(MovedSessionTest, ATicketThatIsSetAsideGoesAlong) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  alice.peer().send("match", R"({"namespace":"game","group_size":2})", R"("id":"m")");
  const Json waiting = alice.next("match");
  TestPeer bob = peer_in(first(), "game", "bob");
  static_cast<void>(alice.next("peer_joined"));
  alice.break_off();
  wait_for_away(first(), 1);
  bob.send("match", R"({"namespace":"game","group_size":2})", R"("id":"b")");
  EXPECT_EQ(bob.next("match")["payload"]["status"].str(), "waiting");
  static_cast<void>(alice.resume(second()));
  alice.next("matched");
  // Alice has waited longer.
  const Json matched = bob.next("matched");
  EXPECT_EQ(matched["payload"]["peers"][0]["alias"].str(), "alice");
}

TEST_F(MovedSessionTest, ATicketsTimeRunsOnWhileItIsSetAside) {
  start();
  expire_while_away(first(), first());
}

TEST_F(MovedSessionTest, ATicketsTimeRunsOnWhereverItsPeerComesBack) {
  start();
  expire_while_away(first(), second());
}

TEST_F(MovedSessionTest, RightsAndTheirEndGoAlong) {
  const auto start_auth_node = [this]() -> ServerProcess& {
    ServerProcess& node = start_node_with(fmt(
        R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", %}}, auth: {name: token,
            file: "%/auth_token.so", options: {expiry_ms: 1500}}})",
        redis().port(), kQuick, PEER_TEST_PLUGIN_DIR));
    wait_for_state(node, "connected");
    return node;
  };
  ServerProcess& here = start_auth_node();
  ServerProcess& there = start_auth_node();
  for (ServerProcess* node : {&here, &there}) wait_for_nodes(*node, 2);
  TestPeer alice(here.port());
  const std::string token =
      SessionClient::token_of(alice.register_as("alice", R"("token":"lobby","resume":true)"));
  TestPeer again(there.port());
  EXPECT_EQ(SessionClient::ask(again, token, 0)["type"].str(), "resumed");
  again.expect_refused(message("join", R"({"namespace":"other"})"), 403, "not allowed");
  again.join("lobby one");
  again.expect_error(401, "authentication expired");
  again.ws().expect_close(4003, "authentication expired");
}

TEST_F(MovedSessionTest, TwoWhoComeAtOnceLeaveOneSession) {
  start();
  TestPeer bob = peer_in(first(), "game", "bob");
  SessionClient alice(first(), "alice");
  alice.join("game");
  bob.next("peer_joined");
  alice.break_off();
  wait_for_away(first(), 1);
  TestPeer here(first().port());
  TestPeer there(second().port());
  const std::string payload = fmt(R"({"token":"%","received":%})", alice.token(), alice.received());
  here.send("resume", payload);
  there.send("resume", payload);
  // Both may get it, one after the other.
  const bool here_first = here.next()["type"].str() == "resumed";
  const bool there_too = there.next()["type"].str() == "resumed";
  EXPECT_TRUE(here_first || there_too);
  bob.send_to("alice", "\"who?\"");
  bob.expect_silence();
  int hear_it = 0;
  for (TestPeer* one : {&here, &there}) {
    try {
      if (one->next()["type"].str() == "signal") ++hear_it;
    } catch (const std::runtime_error&) {  // closed, or not resumed, and silent
    }
  }
  EXPECT_EQ(hear_it, 1);
  EXPECT_EQ(peers_of(first()) + peers_of(second()), 2);
}

// What comes to a peer while its session moves comes once and in order, whoever sends it.
TEST_F(MovedSessionTest, NothingIsLostDoubledOrOvertakenWhileItMoves) {
  start({"rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "send_buffer_size=100000",
         "resume_buffer_size=100000", "resume_buffer_bytes=100000000"});
  ServerProcess& third =
      start_node(kQuick, {"rate_limit_per_sec=1000000", "loops=2", "rate_limit_burst=1000000"});
  wait_for_nodes(third, 3);
  constexpr int kMoves = 40;
  SessionClient alice(first(), "alice");
  alice.join("game");
  ServerProcess* const nodes[] = {&first(), &second()};
  struct Sender {
    std::unique_ptr<TestPeer> peer;
    std::unique_ptr<TestPeer> crier;
    std::unique_ptr<TestPeer> visitor;
    int signals = 0;
    int broadcasts = 0;
    int visits = 0;
  };
  std::vector<Sender> senders;
  int names = 0;
  for (ServerProcess* node : {&first(), &second(), &third}) {
    for (int i = 0; i < 2; ++i) {
      Sender sender;
      sender.peer = std::make_unique<TestPeer>(node->port());
      sender.peer->register_as(fmt("sender-%", names++));
      sender.peer->join("game");
      sender.crier = std::make_unique<TestPeer>(node->port());
      sender.crier->register_as(fmt("sender-%", names++));
      sender.crier->join("game");
      sender.visitor = std::make_unique<TestPeer>(node->port());
      sender.visitor->register_as(fmt("sender-%", names++));
      senders.push_back(std::move(sender));
    }
  }
  std::vector<TestThread> threads;
  for (Sender& sender : senders) {
    threads.emplace_back([&](const std::stop_token& stop) {
      // What a sender hears itself is read, so that nothing is dropped for it.
      while (!stop.stop_requested()) {
        sender.peer->send_to("alice", std::to_string(++sender.signals));
        sender.crier->send("broadcast",
                           fmt(R"({"namespace":"game","data":%})", ++sender.broadcasts));
        sender.visitor->send("join", R"({"namespace":"game"})");
        sender.visitor->send("leave", R"({"namespace":"game"})");
        ++sender.visits;
        for (TestPeer* one : {sender.peer.get(), sender.crier.get(), sender.visitor.get()}) {
          one->send("ping", "");
          while (one->next()["type"].str() != "pong") continue;
        }
      }
    });
  }
  std::map<std::string, int> signals;
  std::map<std::string, int> broadcasts;
  std::map<std::string, int> visits;
  std::map<std::string, bool> present;
  std::vector<std::string> wrong;
  const auto take = [&](const std::string& text) {
    const Json got = Json::parse(text);
    const std::string type = got["type"].str();
    const std::string from = got["from"].str();
    if (type == "signal" && got["payload"].number() != ++signals[from]) wrong.push_back(text);
    if (type == "broadcast" && got["payload"]["data"].number() != ++broadcasts[from]) {
      wrong.push_back(text);
    }
    const bool is_visitor = type == "peer_joined" || type == "peer_left";
    if (!is_visitor || from == alice.fingerprint()) {
      if (is_visitor || type == "error") wrong.push_back(text);
      return;
    }
    if (type == "peer_left") {
      // The senders stay.
      if (!std::exchange(present[from], false)) wrong.push_back(text);
      ++visits[from];
    } else if (std::exchange(present[from], true)) {
      wrong.push_back(text);
    }
  };
  for (int move = 1; move <= kMoves; ++move) {
    for (int i = 0; i < 30; ++i) take(alice.next_text());
    if (move % 2 == 0) alice.break_off();
    const Json resumed = alice.resume(*nodes[move % 2]);
    ASSERT_EQ(resumed["type"].str(), "resumed");
    EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
  }
  for (TestThread& thread : threads) thread.stop();
  // Behind all that they have sent.
  for (Sender& sender : senders) sender.peer->send_to("alice", std::to_string(++sender.signals));
  const auto is_complete = [&] {
    for (const Sender& sender : senders) {
      if (signals[sender.peer->fingerprint()] < sender.signals) return false;
      if (broadcasts[sender.crier->fingerprint()] < sender.broadcasts) return false;
      if (visits[sender.visitor->fingerprint()] < sender.visits) return false;
    }
    return true;
  };
  try {
    while (!is_complete() && wrong.empty()) take(alice.next_text());
  } catch (const std::runtime_error& failure) {
    ADD_FAILURE() << failure.what();
  }
  for (const Sender& sender : senders) {
    EXPECT_EQ(signals[sender.peer->fingerprint()], sender.signals);
    EXPECT_EQ(broadcasts[sender.crier->fingerprint()], sender.broadcasts);
    EXPECT_EQ(visits[sender.visitor->fingerprint()], sender.visits);
  }
  EXPECT_THAT(wrong, testing::IsEmpty());
  int messages = 0;
  for (const auto& [from, count] : signals) messages += count;
  EXPECT_GE(messages, 3 * kMoves);
}

TEST_F(MovedSessionTest, ANodeThatCannotKnowSaysSo) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  alice.break_off();
  wait_for_away(first(), 1);
  redis().kill();
  wait_for_state(second(), "degraded");
  TestPeer again(second().port());
  const Json answer = SessionClient::ask(again, alice.token(), alice.received());
  EXPECT_EQ(answer["payload"]["code"].number(), 503) << answer.text();
  EXPECT_EQ(answer["payload"]["message"].str(), "cluster unavailable");
  again.ws().expect_close(1013, "cluster unavailable");
  redis().restart();
  wait_for_state(second(), "connected");
  wait_for_state(first(), "connected");
  static_cast<void>(alice.resume(second()));
  alice.round_trip();
}

TEST_F(MovedSessionTest, ASessionEndsWithANodeThatIsKilled) {
  start();
  SessionClient alice(first(), "alice");
  alice.join("game");
  first().signal(SIGKILL);
  EXPECT_EQ(first().wait_exit(), std::optional(128 + SIGKILL));
  TestPeer again(second().port());
  const Deadline deadline;
  // Until its lease has ended nobody knows whether it is dead.
  while (true) {
    TestPeer one(second().port());
    const long long code =
        SessionClient::ask(one, alice.token(), alice.received())["payload"]["code"].number();
    if (code == 404) break;
    ASSERT_EQ(code, 503);
    ASSERT_FALSE(deadline.passed());
  }
}

}  // namespace
}  // namespace peer::test
