// A Redis that answers with errors: what it did not do is done later, and nothing twice.
#include "tests/integration/cluster/network_test.h"
#include "tests/support/test_thread.h"

namespace peer::test {
namespace {

/// A script that never ends keeps Redis busy: it refuses all but SCRIPT KILL. `busy` runs then.
template <typename Function>
void while_busy(RedisProcess& redis, Function busy) {
  redis.command({"CONFIG", "SET", "lua-time-limit", "1"});
  TestThread script([&redis] {
    try {
      redis.command({"EVAL", "while true do end", "0"});
    } catch (const std::runtime_error&) {  // it is killed
    }
  });
  const auto is_busy = [&redis] {
    try {
      redis.command({"PING"});
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  };
  while (!is_busy()) continue;
  const auto end = [&] {
    redis.command({"SCRIPT", "KILL"});
    script.join();
  };
  try {
    busy();
  } catch (const std::exception&) {
    end();
    throw;
  }
  end();
}

class RefusalTest : public NetworkTest {
 protected:
  void start() { start_pair("beat_ms: 60000, lease_ms: 120000, timeout_ms: 1500"); }
  /// Signals from alice to bob, and back: from then on each node knows the way.
  void know_routes() {
    exchange(0);
    bob().next("signal");
    alice().next("signal");
  }
  void expect_exchanged(int first, int last) {
    for (TestPeer* peer : {&alice(), &bob()}) {
      for (int number = first; number <= last; ++number) {
        EXPECT_EQ(peer->next("signal")["payload"].number(), number) << peer->last_text();
      }
    }
  }
  void expect_that_what_is_sent_while_it_is_busy_arrives() {
    while_busy(redis(), [this] {
      for (int number = 1; number <= 20; ++number) exchange(number);
      wait_for_state(first(), "degraded");
      wait_for_state(second(), "degraded");
    });
    expect_exchanged(1, 20);
    expect_silence_of({&alice(), &bob()});
  }
};

TEST_F(RefusalTest, WhatABusyRedisRefusesToSendIsSentWhenItIsNot) {
  start();
  know_routes();
  expect_that_what_is_sent_while_it_is_busy_arrives();
}

TEST_F(RefusalTest, ARouteThatABusyRedisRefusesToSeekIsSoughtWhenItIsNot) {
  start();
  expect_that_what_is_sent_while_it_is_busy_arrives();
}

TEST_F(RefusalTest, WhatAUserMayNotPublishForAMomentIsSentAfterIt) {
  start();
  know_routes();
  redis().command({"ACL", "SETUSER", "default", "-publish"});
  exchange(1);
  wait_for_state(first(), "degraded");
  exchange(2);
  redis().command({"ACL", "SETUSER", "default", "+publish"});
  expect_exchanged(1, 2);
  expect_silence_of({&alice(), &bob()});
}

TEST_F(RefusalTest, ABroadcastThatIsRefusedIsCounted) {
  start();
  while_busy(redis(), [this] {
    alice().send("broadcast", R"({"namespace":"game","data":1})", R"("id":1)");
    alice().next("ack");
    const Deadline deadline;
    while (broker_stats(first())["dropped"].number() < 1) ASSERT_FALSE(deadline.passed());
  });
  wait_for_state(first(), "connected");
  alice().send("broadcast", R"({"namespace":"game","data":2})");
  EXPECT_EQ(bob().next("broadcast")["payload"]["data"].number(), 2);
}

// What a script has done before it fails is unknown: the message is not sent again.
TEST_F(RefusalTest, WhatFailsInsideAScriptIsCountedAndNotSentAgain) {
  start();
  redis().command({"ACL", "SETUSER", "default", "-publish"});
  alice().send("signal", "1", fmt(R"("to":"%","id":1)", bob().fingerprint()));
  alice().expect_error(503, "cluster unavailable");
  EXPECT_EQ(broker_stats(first())["dropped"].number(), 1);
  EXPECT_EQ(broker_stats(first())["state"].str(), "connected");
  redis().command({"ACL", "SETUSER", "default", "+publish"});
  alice().send_to(bob().fingerprint(), "2");
  EXPECT_EQ(bob().next("signal")["payload"].number(), 2);
}

}  // namespace
}  // namespace peer::test
