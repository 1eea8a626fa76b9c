// A master, its replica, and a Sentinel that says which is which.
#include <algorithm>
#include <functional>

#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/redis_setup_test.h"
#include "tests/support/test_thread.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

constexpr const char* kSentinelPassword = "sentinel-secret";

class SentinelTest : public RedisSetupTest {
 protected:
  void start() {
    master_ = std::make_unique<RedisProcess>(
        std::vector<std::string>{"--save", "", "--repl-diskless-sync-delay", "0"});
    replica_ = std::make_unique<RedisProcess>(std::vector<std::string>{
        "--save", "", "--replicaof", "127.0.0.1", std::to_string(master_->port())});
    RedisClient replica = replica_->client();
    const Deadline deadline;
    while (replica.command({"INFO", "replication"}).at(0).find("master_link_status:up") ==
           std::string::npos) {
      ASSERT_FALSE(deadline.passed());
    }
    const std::string file =
        dir_.write("sentinel.conf", fmt("sentinel monitor mine 127.0.0.1 % 1\n"
                                        "sentinel down-after-milliseconds mine "
                                        "300\nsentinel failover-timeout mine "
                                        "3000\n",
                                        master_->port()));
    sentinel_ = std::make_unique<RedisProcess>(
        std::vector<std::string>{file, "--sentinel", "--requirepass", kSentinelPassword});
    RedisClient sentinel = sentinel_->client();
    const auto knows_replica = [&] {
      const auto words = sentinel.command({"SENTINEL", "REPLICAS", "mine"});
      const auto at = std::find(words.begin(), words.end(), "master-link-status");
      return at != words.end() && *(at + 1) == "ok";
    };
    while (!knows_replica()) ASSERT_FALSE(deadline.passed());
    // The first of the Sentinels is away.
    const std::string options =
        fmt(R"(sentinels: ["127.0.0.1:1", "127.0.0.1:%"], master: mine, sentinel_password: %)",
            sentinel_->port(), kSentinelPassword);
    start_pair_with(options, options);
  }
  /// Traffic goes on until Sentinel says that another one is the master.
  void exchange_until_verdict(const std::function<void()>& fail) {
    RedisSubscriber listener(sentinel_->port(), {"+switch-master"}, kSentinelPassword);
    const TestThread thread([&] { listener.next(Deadline(20s)); });
    fail();
    const Metronome metronome(2ms);
    while (!thread.has_ended()) {
      exchange();
      metronome.next();
    }
  }
  RedisProcess& master() { return *master_; }
  RedisProcess& replica() { return *replica_; }
  RedisProcess& sentinel() { return *sentinel_; }

 private:
  TempDir dir_;
  std::unique_ptr<RedisProcess> master_;
  std::unique_ptr<RedisProcess> replica_;
  std::unique_ptr<RedisProcess> sentinel_;
};

TEST_F(SentinelTest, APoliteFailoverIsFollowedWithinASecond) {
  start();
  exchange_until_verdict([this] { sentinel().command({"SENTINEL", "FAILOVER", "mine"}); });
  wait_until_served_by(replica(), Deadline(1000ms));
  lost_of_all();  // some may be: nothing twice, nothing out of order
  expect_sound(replica(), 2);
}

TEST_F(SentinelTest, AfterAKillOfTheMasterTheOtherOneGetsWhatItLacks) {
  start();
  // Nothing reaches the replica from here on: carol is known to the master alone.
  replica().command({"REPLICAOF", "127.0.0.1", "1"});
  TestPeer carol = peer_in(first(), "game", "carol");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", carol);
  exchange_until_verdict([this] { master().kill(); });
  wait_until_served_by(replica(), Deadline(1000ms));
  lost_of_all();  // some may be: nothing twice, nothing out of order
  expect_sound(replica(), 3);
  carol.send_to(bob().fingerprint(), "1");
  EXPECT_EQ(bob().next("signal")["from"].str(), carol.fingerprint());
  expect_silence_of({&alice(), &bob(), &carol});
}

TEST_F(SentinelTest, AMasterThatNobodyKnowsIsToldOf) {
  const TempDir dir;
  const std::string file = dir.write("sentinel.conf", "sentinel monitor mine 127.0.0.1 1 1\n");
  const RedisProcess alone(std::vector<std::string>{file, "--sentinel"});
  ServerProcess& node =
      start_with_options(fmt(R"(sentinels: ["127.0.0.1:%"], master: yours)", alone.port()));
  wait_for_output(node, "it knows no master of the name 'yours'");
  EXPECT_THAT(node.output(), HasSubstr("no Sentinel knows the master"));
}

}  // namespace
}  // namespace peer::test
