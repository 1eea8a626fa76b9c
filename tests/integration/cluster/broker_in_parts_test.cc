// What the nodes share in several parts, seen by the brokers of two nodes, without a core, on one
// Redis: sessions between the parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/contract/test_host.h>

#include "redis_broker.h"
#include "redis_url.h"
#include "tests/integration/cluster/redis_process.h"
#include "tests/integration/cluster/tcp_proxy.h"
#include "tests/plugin/null_host.h"
#include "tests/support/deadline.h"
#include "tests/support/json.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kParts = 3;

class NamedHost final : public NullHost {
 public:
  explicit NamedHost(std::string id) : id_(std::move(id)) {}
  [[nodiscard]] std::string_view node_id() const override { return id_; }
  void log_warning(std::string_view text) noexcept override {
    const std::lock_guard lock(mutex_);
    warnings_.emplace_back(text);
  }
  std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  const std::string id_;
  std::mutex mutex_;
  std::vector<std::string> warnings_;
};

/// A node's broker, which is connected.
class Node {
 public:
  Node(std::string id, std::uint16_t redis_port)
      : host_(std::move(id)), broker_(options_of(redis_port), plugin_host_) {
    broker_.start(host_);
    const Deadline deadline;
    while (broker_.status().state != sdk::BrokerStatus::State::kConnected) {
      if (deadline.passed()) throw std::runtime_error("not connected");
    }
  }
  ~Node() { broker_.stop(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  sdk::Broker& broker() { return broker_; }
  [[nodiscard]] std::string_view id() const { return host_.node_id(); }
  std::vector<std::string> warnings() { return host_.warnings(); }
  /// Asks. The answer may come when nobody waits for it any more.
  template <typename Outcome, typename Ask>
  static std::future<Outcome> ask(Ask question) {
    const auto promise = std::make_shared<std::promise<Outcome>>();
    question([promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    return promise->get_future();
  }
  /// Waits for an answer; none: it does not come.
  template <typename Outcome>
  static std::optional<Outcome> wait_for(std::future<Outcome> answer) {
    const milliseconds left(Deadline().milliseconds_left());
    if (answer.wait_for(left) != std::future_status::ready) return std::nullopt;
    return answer.get();
  }
  template <typename Outcome, typename Ask>
  static std::optional<Outcome> answer(Ask question) {
    return wait_for(ask<Outcome>(std::move(question)));
  }

 private:
  // It beats once, and looks no further whether its subscription is silent.
  static peer_redis::Options options_of(std::uint16_t port) {
    peer_redis::Options options;
    options.endpoints = {{"127.0.0.1", std::to_string(port), {}}};
    options.parts = kParts;
    options.legacy_channels = false;
    options.beat = std::chrono::minutes(1);
    options.lease = std::chrono::minutes(10);
    options.operation_timeout = std::chrono::minutes(1);
    return options;
  }

  NamedHost host_;
  sdk::contract::TestHost plugin_host_;
  peer_redis::RedisBroker broker_;
};

sdk::Registered registered(std::uint8_t name, std::uint64_t number) {
  sdk::Registered peer;
  peer.peer.bytes.fill(name);
  peer.registration = number;
  return peer;
}

/// How many parts have the peer, with that in its record.
int parts_with(RedisClient& redis, const sdk::Registered& peer, const std::string& field,
               const std::string& value) {
  int count = 0;
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::string key = fmt("peer:{%}:p:%", part, peer_redis::to_hex(peer.peer));
    if (redis.command({"HGET", key, field}).at(0) == value) ++count;
  }
  return count;
}

/// Its own part knows of the others then.
void join_all_parts(Node& node, RedisClient& redis, const sdk::Registered& peer) {
  const std::string registration = std::to_string(peer.registration);
  ASSERT_TRUE(node.answer<sdk::RegisterOutcome>(
      [&](auto reply) { node.broker().register_peer(peer, "alice", std::move(reply)); }));
  for (int i = 0; parts_with(redis, peer, "r", registration) < static_cast<int>(kParts); ++i) {
    const std::string ns = fmt("space-%", i);
    ASSERT_TRUE(node.answer<sdk::JoinOutcome>([&](auto reply) {
      node.broker().join({.ns = ns, .peer = peer, .object = "{}"}, std::move(reply));
    }));
  }
  const auto sent =
      node.answer<bool>([&](auto reply) { node.broker().await_sent(peer.peer, std::move(reply)); });
  ASSERT_EQ(sent, true);
}

// The core has given it up by then: who was told later would have a registration of nobody, which
// no node could take any more.
TEST(TakeBoundTest, WhoseNewNodeHearsNoNewsInTimeEndsForAll) {
  RedisProcess redis;
  RedisClient client = redis.client();
  TcpProxy proxy(redis.port());
  Node here("here", redis.port());
  Node there("there", proxy.port());
  const sdk::Registered alice = registered(1, 1);
  join_all_parts(here, client, alice);
  proxy.hold(TcpProxy::Which::kSubscription);
  sdk::PeerTake take;
  take.peer = alice;
  take.node = here.id();
  take.number = 2;
  const auto taken = there.answer<sdk::TakeOutcome>(
      [&](auto reply) { there.broker().take_peer(take, std::move(reply)); });
  ASSERT_TRUE(taken) << "no answer";
  EXPECT_EQ(taken->status, sdk::TakeStatus::kUnavailable);
  const Deadline deadline;
  while (parts_with(client, alice, "r", "1") + parts_with(client, alice, "r", "2") > 0)
    ASSERT_FALSE(deadline.passed());
  // What comes late changes nothing.
  proxy.release();
  const sdk::Registered bob = registered(2, 3);
  ASSERT_TRUE(there.answer<sdk::RegisterOutcome>(
      [&](auto reply) { there.broker().register_peer(bob, "bob", std::move(reply)); }));
  ASSERT_TRUE(there.answer<sdk::JoinOutcome>([&](auto reply) {
    there.broker().join({.ns = "space-0", .peer = bob, .object = "{}"}, std::move(reply));
  }));
  EXPECT_EQ(parts_with(client, alice, "r", "1") + parts_with(client, alice, "r", "2"), 0);
}

// Its own part has been asked to park it, and the others are asked when that has answered: which it
// cannot before the answers are released. In between it registers anew at another node, which ends
// what is parked of it.
TEST(ParkTest, WhoIsReplacedWhileItIsBeingParkedLeavesNothingBehind) {
  RedisProcess redis;
  RedisClient client = redis.client();
  TcpProxy proxy(redis.port());
  Node here("here", proxy.port());
  Node there("there", redis.port());
  const sdk::Registered alice = registered(1, 1);
  join_all_parts(here, client, alice);
  proxy.hold_answers();
  auto parked = Node::ask<sdk::ParkOutcome>(
      [&](auto reply) { here.broker().park_peer(alice, std::move(reply)); });
  const Deadline deadline;
  while (parts_with(client, alice, "n", "parked") == 0) ASSERT_FALSE(deadline.passed());
  ASSERT_EQ(parts_with(client, alice, "n", "here"), static_cast<int>(kParts) - 1);
  sdk::Registered anew = alice;
  anew.registration = 2;
  ASSERT_TRUE(there.answer<sdk::RegisterOutcome>(
      [&](auto reply) { there.broker().register_peer(anew, "alice", std::move(reply)); }));
  // What ends a parked registration has found no copy parked. One has its alias, and is replaced.
  ASSERT_EQ(parts_with(client, alice, "n", "parked"), 0);
  ASSERT_EQ(parts_with(client, alice, "n", "here"), static_cast<int>(kParts) - 2);
  proxy.release();
  auto outcome = Node::wait_for(std::move(parked));
  ASSERT_TRUE(outcome) << "no answer";
  outcome->hold.reset();
  const auto kept = here.answer<bool>([&](auto reply) {
    here.broker().keep_parked(alice, "record", std::chrono::minutes(1), std::move(reply));
  });
  EXPECT_EQ(kept, false);
  while (parts_with(client, alice, "r", "1") > 0) ASSERT_FALSE(deadline.passed());
  EXPECT_GE(parts_with(client, alice, "r", "2"), 1);
}

// Its thread is held up by an answer.
TEST(TellNodeTest, WhatDoesNotFitIsCountedAndToldOnce) {
  RedisProcess redis;
  Node here("here", redis.port());
  const auto held = std::make_shared<std::promise<void>>();
  auto is_held = held->get_future();
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  const std::string_view aliases[] = {"alice"};
  here.broker().resolve(aliases, [held, released](const sdk::ResolveOutcome&) {
    held->set_value();
    released.wait();
  });
  ASSERT_EQ(is_held.wait_for(milliseconds(Deadline().milliseconds_left())),
            std::future_status::ready);
  const std::string text(std::size_t{16} << 20, 'x');
  here.broker().tell_node("there", text);
  EXPECT_EQ(here.broker().status().dropped, 0U);
  here.broker().tell_node("there", "more");
  here.broker().tell_node("there", "and more");
  EXPECT_EQ(here.broker().status().dropped, 2U);
  EXPECT_THAT(here.warnings(), ElementsAre(HasSubstr("messages for other nodes are dropped")));
  release.set_value();
}

TEST(TellNodeTest, WhatIsSaidWhileRedisIsAwayIsCounted) {
  RedisProcess redis;
  Node here("here", redis.port());
  redis.kill();
  const Deadline deadline;
  while (here.broker().status().state != sdk::BrokerStatus::State::kDegraded) {
    ASSERT_FALSE(deadline.passed());
  }
  const std::uint64_t before = here.broker().status().dropped;
  here.broker().tell_node("there", "lost");
  while (here.broker().status().dropped == before) ASSERT_FALSE(deadline.passed());
  EXPECT_EQ(here.broker().status().dropped, before + 1);
}

}  // namespace
}  // namespace peer::test
