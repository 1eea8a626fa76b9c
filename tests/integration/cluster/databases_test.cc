// Clusters of one prefix in several databases of one Redis, which share its channels.
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

class DatabasesTest : public ClusterTest {
 protected:
  void start_both() {
    alice_ = std::make_unique<TestPeer>(peer_in(start_node(), "game", "alice"));
    bob_ = std::make_unique<TestPeer>(peer_in(start_node(fmt("db: 1, %", kQuick)), "game", "bob"));
    wait_for_beats("0");
    wait_for_beats("1");
  }
  /// Who else listens is seen by the beats that begin from now on.
  void wait_for_beats(const std::string& db) {
    RedisClient client = redis().client();
    client.command({"SELECT", db});
    const auto beats = [&] {
      return std::stoi(client.command({"HGET", "peer:{0}:born", "b"}).at(0));
    };
    const int enough = beats() + 3;
    const Deadline deadline;
    while (beats() < enough) ASSERT_FALSE(deadline.passed());
  }
  TestPeer& alice() { return *alice_; }
  TestPeer& bob() { return *bob_; }
  void TearDown() override {
    alice_.reset();
    bob_.reset();
    ClusterTest::TearDown();
  }

 private:
  std::unique_ptr<TestPeer> alice_;
  std::unique_ptr<TestPeer> bob_;
};

TEST_F(DatabasesTest, WhoIsInAnotherOneIsNotFound) {
  start_both();
  for (const std::string& to : {bob().fingerprint(), std::string("bob")}) {
    alice().send("signal", "1", fmt(R"("to":"%","id":1)", to));
    alice().expect_error(404, "peer not found");
  }
  for (const std::string& to : {alice().fingerprint(), std::string("alice")}) {
    bob().send("relay", "1", fmt(R"("to":"%","id":1)", to));
    bob().expect_error(404, "peer not found");
  }
  alice().send("broadcast", R"({"namespace":"game","data":1})");
  alice().round_trip();
  expect_silence_of({&alice(), &bob()});
}

TEST_F(DatabasesTest, WhatIsSaidToANodeOfTheOriginalIsNotHeardInAnotherOne) {
  RedisSubscriber original(redis().port(), {"peer:signal", "peer:relay", "peer:broadcast"});
  start_both();
  alice().send_to(bob().fingerprint(), "1");
  alice().send_to("bob", "2");
  EXPECT_EQ(Json::parse(original.next().text)["payload"].number(), 1);
  EXPECT_EQ(Json::parse(original.next().text)["payload"].number(), 2);
  alice().send("broadcast", R"({"namespace":"game","data":3})");
  EXPECT_EQ(original.next().channel, "peer:broadcast");
  const auto publish = [this](const TestPeer& to) {
    redis().command({"PUBLISH", "peer:signal",
                     fmt(R"({"type":"signal","from":"%","to":"%","payload":4,"node_id":"go"})",
                         fingerprint_of("stranger"), to.fingerprint())});
  };
  for (TestPeer* peer : {&alice(), &bob()}) {  // the original knows no databases
    publish(*peer);
    EXPECT_EQ(peer->next("signal")["payload"].number(), 4);
  }
  expect_silence_of({&alice(), &bob()});
}

}  // namespace
}  // namespace peer::test
