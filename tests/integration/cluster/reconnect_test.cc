// A subscription that is cut while signals go on at 500 a second, with 50 ms of delay. PEER_CUTS is
// how often; a night runs 100.
#include <cstdlib>
#include <set>

#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/network_test.h"

namespace peer::test {
namespace {

class ReconnectTest : public NetworkTest {
 protected:
  static int cuts() {
    const char* given = std::getenv("PEER_CUTS");
    return given == nullptr ? 3 : std::stoi(given);
  }
  void start() {
    start_behind_proxy("beat_ms: 200, lease_ms: 20000, timeout_ms: 1500");
    proxy().delay(50ms);
  }
  void cut() { proxy().cut(TcpProxy::Cut::kReset, TcpProxy::Which::kSubscription); }
  /// Nodes that Redis believes to listen.
  std::string listeners() { return redis().command({"PUBSUB", "NUMSUB", "peer:signal"}).at(1); }
  /// From bob to alice, who is behind the slow network, in the time that a reconnect takes.
  void send_500_a_second(int count) {
    const Metronome metronome(2ms);
    for (int i = 0; i < count; ++i) {
      ++last_;
      bob().send("signal", std::to_string(last_),
                 fmt(R"("to":"%","id":%)", alice().fingerprint(), last_));
      metronome.next();
    }
  }
  void wait_for_reconnects(int count) {
    wait_for_output(first(), "Redis is back", count);
    wait_for_state(first(), "connected");
  }
  /// Until the answer to the last one; those to others may be missing yet.
  void read_answers() {
    while (answered_.empty() || *answered_.rbegin() < last_) read_answer();
  }
  void read_answer() {
    const Json answer = bob().next();
    const int id = static_cast<int>(answer["id"].number());
    EXPECT_TRUE(answered_.insert(id).second) << "a second answer: " << bob().last_text();
    if (answer["type"].str() == "ack") acknowledged_.insert(id);
  }

  int last_ = 0;
  std::set<int> answered_;
  std::set<int> acknowledged_;
};

TEST_F(ReconnectTest, WhatComesWhileTheNewSubscriptionIsProvedIsKept) {
  start();
  for (int round = 1; round <= cuts(); ++round) {
    const int before = last_;
    cut();  // nothing is on its way, nor will be to the subscription that was cut
    while (listeners() != "1") continue;
    send_500_a_second(200);
    EXPECT_EQ(read_numbers(alice(), last_).size(), static_cast<std::size_t>(last_ - before));
    read_answers();
    EXPECT_EQ(acknowledged_.size(), static_cast<std::size_t>(last_));
    wait_for_reconnects(round);
  }
  EXPECT_EQ(broker_stats(first())["dropped"].number(), 0);
  EXPECT_EQ(broker_stats(second())["dropped"].number(), 0);
}

// What the network had taken over when it was cut is lost, and not acknowledged.
TEST_F(ReconnectTest, NoneThatIsAcknowledgedIsLostByACutInTheMiddle) {
  start();
  std::set<int> received;
  for (int round = 1; round <= cuts(); ++round) {
    send_500_a_second(100);
    cut();
    send_500_a_second(150);
    wait_for_reconnects(round);
    send_500_a_second(1);
    for (const int number : read_numbers(alice(), last_)) {
      EXPECT_TRUE(received.insert(number).second) << number << " came twice";
    }
    read_answers();
  }
  while (answered_.size() < static_cast<std::size_t>(last_)) read_answer();
  for (const int number : acknowledged_) EXPECT_TRUE(received.contains(number)) << number;
  std::cout << cuts() << " cuts: " << last_ << " sent, " << acknowledged_.size()
            << " acknowledged, " << received.size() << " received\n";
}

TEST_F(ReconnectTest, WhatIsBeyondTheBoundWhileTheSubscriptionIsProvedIsCounted) {
  start();
  proxy().delay(200ms);
  cut();
  const std::string message =
      fmt(R"({"type":"signal","node_id":"go","from":"%","to":"%","payload":"%"})",
          fingerprint_of("stranger"), alice().fingerprint(), std::string(600'000, 'x'));
  RedisClient client = redis().client();
  while (listeners() != "1") continue;
  while (listeners() != "2") continue;
  client.command(
      {"EVAL", "for i = 1, 8 do redis.call('PUBLISH', 'peer:signal', ARGV[1]) end", "0", message});
  wait_for_reconnects(1);
  EXPECT_EQ(broker_stats(first())["dropped"].number(), 2);
  alice().send("ping", "");
  int received = 0;
  while (alice().next()["type"].str() != "pong") ++received;
  EXPECT_GT(received, 0);  // the rest is for the bound of what waits for a client
}

}  // namespace
}  // namespace peer::test
