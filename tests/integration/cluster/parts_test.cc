// What the nodes share in several parts, on one Redis.
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/tcp_proxy.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kNoEnd = "99999999999999";  // of a lease

class PartsTest : public ClusterTest {
 protected:
  PartsTest() { in_parts() = true; }

  void SetUp() override {
    const std::vector<std::string> unlimited{"rate_limit_per_sec=1000000",
                                             "rate_limit_burst=1000000"};
    first_ = &start_node(kQuick, unlimited);
    second_ = &start_node(kQuick, unlimited);
    for (ServerProcess* node : {first_, second_}) wait_for_nodes(*node, 2);
    // Where each name is, the keys of who has joined it say.
    TestPeer scout = peer(first(), "scout");
    for (int i = 0; spaces_.size() < 3; ++i) {
      const std::string ns = fmt("space-%", i);
      scout.join(ns);
      for (std::size_t part = 0; part < 3; ++part) {
        if (redis().command({"EXISTS", fmt("peer:{%}:sm:%", part, ns)}).at(0) == "1") {
          spaces_.emplace(part, ns);
        }
      }
    }
    scout.close();
    expect_whole({});
  }
  /// A namespace of that part.
  const std::string& space(std::size_t part) { return spaces_.at(part); }
  /// The part where its registration is no copy.
  std::size_t home_of(const TestPeer& peer) {
    for (std::size_t part = 0; part < 3; ++part) {
      const std::string key = fmt("peer:{%}:p:%", part, peer.fingerprint());
      const auto found = redis().command({"HMGET", key, "n", "o"});
      if (!found.at(0).empty() && found.at(1).empty()) return part;
    }
    throw std::runtime_error("nowhere at home");
  }
  /// A peer that is in a namespace of each.
  TestPeer peer_in_all(ServerProcess& node, std::string_view name) {
    TestPeer result = peer(node, name);
    for (const auto& [part, ns] : spaces_) result.join(ns);
    return result;
  }
  /// They are in a namespace of each part, and nobody else is anywhere.
  void expect_all_in_all(const std::vector<const TestPeer*>& peers) {
    expect_whole({{space(0), peers}, {space(1), peers}, {space(2), peers}});
  }
  static void expect_news_of_each_part(TestPeer& witness, std::string_view type,
                                       const TestPeer& peer) {
    for (std::size_t i = 0; i < 3; ++i) expect_news(witness, type, peer);
  }
  /// From now on Redis notes all commands.
  void note_commands() {
    redis().command({"CONFIG", "SET", "slowlog-max-len", "100000"});
    redis().command({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
    redis().command({"SLOWLOG", "RESET"});
  }
  /// The parts, in order, in which a script was called for the peer.
  std::vector<std::string> calls_for(const TestPeer& peer) {
    // EVALSHA hash 1 part channel node link lease fingerprint; the latest command is the first.
    constexpr std::size_t kPart = 3;
    constexpr std::size_t kFingerprint = 8;
    std::vector<std::string> found;
    const auto noted = redis().command({"SLOWLOG", "GET", "100000"});
    for (std::size_t i = 0; i + kFingerprint < noted.size(); ++i) {
      if (noted[i] != "EVALSHA" || noted[i + kFingerprint] != peer.fingerprint()) continue;
      found.insert(found.begin(), noted[i + kPart]);
    }
    return found;
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  static int count(const std::string& text, std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
  std::map<std::size_t, std::string> spaces_;
};

TEST_F(PartsTest, APeerHasItsRegistrationInItsOwnPartAndCopiesWhereItIsAMember) {
  TestPeer alice = peer_in_all(first(), "alice");
  int copies = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    const std::string key = fmt("peer:{%}:p:%", part, alice.fingerprint());
    EXPECT_EQ(redis().command({"EXISTS", key}).at(0), "1") << part;
    copies += std::stoi(redis().command({"HEXISTS", key, "o"}).at(0));
  }
  EXPECT_EQ(copies, 2);
  expect_all_in_all({&alice});
}

// Its alias is made of its fingerprint, and in the same part as its registration.
TEST_F(PartsTest, WhoBringsNoAliasComesAndGoesByOneScriptEachInOnePart) {
  note_commands();
  for (int i = 0; i < 10; ++i) {
    TestPeer alice(first().port());
    alice.register_as(fmt("alice-%", i));
    const std::string home = fmt("peer:{%}", home_of(alice));
    const auto alias = redis().command({"HGET", home + ":p:" + alice.fingerprint(), "a"}).at(0);
    EXPECT_EQ(redis().command({"GET", home + ":a:" + alias}).at(0), alice.fingerprint());
    EXPECT_THAT(calls_for(alice), ElementsAre(home));
    alice.close();
    expect_whole({});
    peer(first(), "bob");  // behind whatever its end has called
    EXPECT_THAT(calls_for(alice), ElementsAre(home, home));
    for (const std::string& name : {alice.fingerprint(), alias}) {
      EXPECT_THAT(redis().command({"KEYS", "*" + name + "*"}), IsEmpty());
    }
  }
}

TEST_F(PartsTest, OfOneRedisANodeHasTwoConnectionsWhateverThePartsAre) {
  for (const char* type : {"normal", "pubsub"}) {
    const std::string list = redis().command({"CLIENT", "LIST", "TYPE", type}).at(0);
    EXPECT_EQ(count(list, " cmd=") - count(list, " cmd=client"), 2) << list;
  }
}

TEST_F(PartsTest, WhoRegistersElsewhereHasNothingLeftInAnyPart) {
  TestPeer before = peer_in_all(first(), "alice");
  TestPeer after = peer(second(), "alice");
  before.ws().expect_close(4001);
  expect_whole({{"", {&after}}});
}

TEST_F(PartsTest, WhatANodeThatDiesHasInEachPartIsRemoved) {
  TestPeer alice = peer_in_all(first(), "alice");
  TestPeer bob = peer_in_all(second(), "bob");
  expect_news_of_each_part(alice, "peer_joined", bob);
  second().signal(SIGKILL);
  second().wait_exit();
  expect_news_of_each_part(alice, "peer_left", bob);
  expect_all_in_all({&alice});
}

TEST_F(PartsTest, AfterALossOfDataEachPartIsPutBackSilentlyAndThatIsToldOnce) {
  TestPeer alice = peer_in_all(first(), "alice");
  TestPeer bob = peer_in_all(second(), "bob");
  expect_news_of_each_part(alice, "peer_joined", bob);
  redis().command({"FLUSHALL"});
  wait_for_output(first(), "Redis has lost its data");
  expect_all_in_all({&alice, &bob});
  wait_for_state(first(), "connected");
  EXPECT_EQ(count(first().output(), "Redis has lost its data"), 1) << first().output();
  bob.send_to(alice.fingerprint(), "1");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);  // and nothing before it
}

TEST_F(PartsTest, AnOutageOfAllPartsIsToldOnce) {
  redis().kill();
  wait_for_state(first(), "degraded");
  redis().restart();
  wait_for_output(first(), "Redis is back");
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  // At most once for each way in which it is: who looks again may find nobody who listens.
  EXPECT_GE(count(first().output(), "out of reach"), 1) << first().output();
  EXPECT_LE(count(first().output(), "out of reach"), 3) << first().output();
  EXPECT_EQ(count(first().output(), "Redis is back"), 1) << first().output();
}

// Its alias is in another part, to which nothing is said before the peer's own part has answered.
TEST_F(PartsTest, WhoIsAboutToRegisterLacksNothingInThePartOfItsAlias) {
  TcpProxy proxy(redis().port());
  ServerProcess& far = start_node_at(proxy.port(), "beat_ms: 20, lease_ms: 600");
  wait_for_state(far, "connected");
  proxy.delay(100ms);
  for (int i = 0; i < 5; ++i) peer(far, fmt("peer-%", i)).close();
  EXPECT_EQ(far.output().find("were missing"), std::string::npos) << far.output();
}

// As by a registration on another node, which has ended while this one was cut off.
TEST_F(PartsTest, WhatIsNewerButHasEndedKeepsNobodyOut) {
  TestPeer alice = peer_in_all(first(), "alice");
  const std::size_t home = home_of(alice);
  const std::size_t other = (home + 1) % 3;
  const std::string time = fmt("peer:{%}:p:%", home, alice.fingerprint());
  const std::int64_t newer = std::stoll(redis().command({"HGET", time, "t"}).at(0)) + 5'000'000;
  redis().command({"EVAL", R"(for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
                                redis.call('DEL', key)
                              end
                              redis.call('SET', ARGV[1] .. 'e:' .. ARGV[2], ARGV[3], 'PX', 60000))",
                   "0", fmt("peer:{%}:", other), alice.fingerprint(), std::to_string(newer)});
  expect_all_in_all({&alice});
  EXPECT_GT(std::stoll(redis().command({"HGET", time, "t"}).at(0)), newer);
}

TEST_F(PartsTest, ACopyOfAnEarlierRegistrationIsPutRightWhereThePeerHasNothingElse) {
  TestPeer alice(first().port());  // an alias would be something
  alice.register_as("alice");
  const std::size_t other = (home_of(alice) + 1) % 3;
  alice.join(space(other));
  alice.send("leave", fmt(R"({"namespace":"%"})", space(other)));
  redis().command({"HSET", fmt("peer:{%}:p:%", other, alice.fingerprint()), "r", "1"});
  redis().command({"CLIENT", "KILL", "TYPE", "normal"});
  expect_whole({{"", {&alice}}});
}

// The receiver's part has the one, and those of the namespaces the others.
TEST_F(PartsTest, WhatOneSaysToAnotherComesInItsOrderByWhateverParts) {
  TestPeer alice = peer_in_all(first(), "alice");
  TestPeer bob = peer_in_all(second(), "bob");
  constexpr int kRounds = 100;
  for (int i = 0; i < kRounds; ++i) {
    bob.send_to(alice.fingerprint(), std::to_string(4 * i));
    for (int part = 0; part < 3; ++part) {
      bob.send("broadcast", fmt(R"({"namespace":"%","data":%})", space(part), 4 * i + part + 1));
    }
  }
  expect_news_of_each_part(alice, "peer_joined", bob);
  for (int i = 0; i < 4 * kRounds; ++i) {
    const Json payload = alice.next(i % 4 == 0 ? "signal" : "broadcast")["payload"];
    ASSERT_EQ((i % 4 == 0 ? payload : payload["data"]).number(), i) << alice.last_text();
  }
}

// Nodes of another version have it, so that these stay away from it.
TEST_F(PartsTest, APartOutOfReachCostsWhatIsInItAlone) {
  TestPeer alice = peer_in_all(first(), "alice");
  redis().command({"ZADD", "peer:{1}:nodes", kNoEnd, "stranger"});
  redis().command({"HSET", "peer:{1}:born", "v", "2"});
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  TestPeer bob = peer(second(), "bob");
  for (const std::size_t part : {0, 2}) {
    bob.join(space(part));
    expect_news(alice, "peer_joined", bob);
  }
  bob.join(space(1));  // by its node alone
  // Who hears a broadcast is counted where that is known.
  bob.send("broadcast", fmt(R"({"namespace":"%","data":1})", space(0)), R"("id":7)");
  EXPECT_EQ(bob.next("ack")["payload"]["delivered"].number(), 1) << bob.last_text();
  EXPECT_EQ(alice.next("broadcast")["payload"]["data"].number(), 1);
  redis().command({"ZREM", "peer:{1}:nodes", "stranger"});
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  expect_news(alice, "peer_joined", bob);
  expect_all_in_all({&alice, &bob});
}

}  // namespace
}  // namespace peer::test
