#include "core/admin/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>

#include "tests/support/deadline.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/json.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using test::Deadline;
using test::http_answer;
using test::HttpEndpoint;
using test::Json;
using testing::HasSubstr;

TEST(WebhookSignatureTest, IsTheHmacOfTimeAndBodyUnderEachSecret) {
  // printf '1750000000.{"a":1}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(webhook_signature({"key"}, 1'750'000'000, R"({"a":1})"),
            "t=1750000000,v1=ebb8fe969e416c9decb514c04edc1dc70702ed20038fc1f62f9f3f88a79566d0");
  const std::string two = webhook_signature({"key", "old"}, 1'750'000'000, R"({"a":1})");
  EXPECT_THAT(
      two, HasSubstr(",v1=ebb8fe969e416c9decb514c04edc1dc70702ed20038fc1f62f9f3f88a79566d0,v1="));
  EXPECT_EQ(two.size(), std::string("t=1750000000,v1=,v1=").size() + 128);
}

TEST(WebhookPauseTest, DoublesUpToFiveMinutes) {
  EXPECT_EQ(webhook_pause(1, 0), 1s);
  EXPECT_EQ(webhook_pause(2, 0), 2s);
  EXPECT_EQ(webhook_pause(5, 0), 16s);
  EXPECT_EQ(webhook_pause(9, 0), 256s);
  EXPECT_EQ(webhook_pause(10, 0), 300s);
  EXPECT_EQ(webhook_pause(4'000'000'000, 0), 300s);
  EXPECT_EQ(webhook_pause(10, 1), 225s);
}

class WebhookSenderTest : public testing::Test {
 protected:
  static Event event(int number, EventKind kind = EventKind::kRegister) {
    return {kind, 1'750'000'000'000, "\"n\":" + std::to_string(number)};
  }
  std::unique_ptr<WebhookSender> sender(const HttpEndpoint& endpoint,
                                        std::vector<std::string> events = {"register"}) {
    return std::make_unique<WebhookSender>(
        Webhook{endpoint.url("/hook"), std::move(events), {"secret"}}, "0123456789abcdef", counts_);
  }
  void wait_for(const std::atomic<std::uint64_t>& count, std::uint64_t wanted) {
    const Deadline deadline(20s);
    while (count < wanted) {
      if (deadline.passed()) throw std::runtime_error("the count stays " + std::to_string(count));
      std::this_thread::yield();
    }
  }

  const std::shared_ptr<ApiCounts> counts_ = std::make_shared<ApiCounts>();
};

TEST_F(WebhookSenderTest, WantsItsKindsAndNoLeavesOfNamespacesUnlessOfJoinsToo) {
  HttpEndpoint endpoint(http_answer("204 No Content", ""));
  const auto pairs = sender(endpoint, {"register", "leave"});
  const auto joins = sender(endpoint, {"leave", "join"});
  const Event gone{EventKind::kLeave, 1, R"("fingerprint":"ab")"};
  const Event left{EventKind::kLeave, 1, R"("fingerprint":"ab","namespace":"x")"};
  EXPECT_TRUE(pairs->wants(event(1)));
  EXPECT_FALSE(pairs->wants(event(1, EventKind::kJoin)));
  EXPECT_TRUE(pairs->wants(gone));
  EXPECT_FALSE(pairs->wants(left));
  EXPECT_TRUE(joins->wants(left));
  EXPECT_EQ(pairs->kinds(), set_of(EventKind::kRegister) | set_of(EventKind::kLeave));
}

TEST_F(WebhookSenderTest, ABatchHasAHundredEventsAtMostInTheirOrder) {
  std::mutex mutex;
  std::vector<Json> bodies;
  HttpEndpoint endpoint([&](const HttpEndpoint::Request& request) {
    const std::lock_guard lock(mutex);
    bodies.push_back(Json::parse(request.body));
    return http_answer("204 No Content", "");
  });
  const auto hook = sender(endpoint);
  for (int i = 0; i < 250; ++i) hook->push(event(i));
  wait_for(counts_->webhook_delivered, 250);
  const std::lock_guard lock(mutex);
  int next = 0;
  std::set<std::string> ids;
  for (const Json& body : bodies) {
    EXPECT_EQ(body["node"].str(), "0123456789abcdef");
    EXPECT_TRUE(ids.insert(body["id"].str()).second);
    EXPECT_LE(body["events"].size(), 100U);
    for (std::size_t i = 0; i < body["events"].size(); ++i) {
      const Json one = body["events"][i];
      EXPECT_EQ(one["n"].number(), next++);
      EXPECT_EQ(one["event"].str(), "register");
      EXPECT_EQ(one["ts"].number(), 1'750'000'000'000);
      EXPECT_TRUE(ids.insert(one["id"].str()).second);
    }
  }
  EXPECT_EQ(next, 250);
  EXPECT_EQ(counts_->webhook_waiting, 0U);
}

TEST_F(WebhookSenderTest, WhatIsNotTakenComesAgainWithTheSameIds) {
  std::mutex mutex;
  std::vector<std::string> bodies;
  HttpEndpoint endpoint([&](const HttpEndpoint::Request& request) {
    const std::lock_guard lock(mutex);
    bodies.push_back(request.body);
    return http_answer(request.number == 1 ? "500 Oops" : "200 OK", "");
  });
  const auto hook = sender(endpoint);
  hook->push(event(1));
  wait_for(counts_->webhook_delivered, 1);
  EXPECT_EQ(counts_->webhook_failed, 1U);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(bodies.size(), 2U);
  EXPECT_EQ(bodies[0], bodies[1]);
}

TEST_F(WebhookSenderTest, WhatDoesNotFitIsDroppedAndCountedAndPushNeverWaits) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  HttpEndpoint endpoint([ended](const HttpEndpoint::Request&) {
    ended.wait();
    return http_answer("204 No Content", "");
  });
  const auto hook = sender(endpoint);
  for (std::size_t i = 0; i < WebhookSender::kMostAtOnce; ++i) hook->push(event(0));
  endpoint.wait_for_requests(1);  // a batch is on its way, and hangs
  for (std::size_t i = 0; i < WebhookSender::kMostWaiting + 7; ++i) hook->push(event(1));
  EXPECT_EQ(counts_->webhook_dropped, 7U);
  EXPECT_EQ(counts_->webhook_waiting, WebhookSender::kMostWaiting + WebhookSender::kMostAtOnce);
  end.set_value();
  wait_for(counts_->webhook_delivered, WebhookSender::kMostWaiting + WebhookSender::kMostAtOnce);
}

TEST_F(WebhookSenderTest, TheLastEventsAreSentAtTheEnd) {
  HttpEndpoint endpoint(http_answer("204 No Content", ""));
  const auto hook = sender(endpoint);
  hook->push(event(1));  // which would wait a second for more
  const auto began = std::chrono::steady_clock::now();
  hook->stop(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 9s);
  EXPECT_EQ(counts_->webhook_delivered, 1U);
  EXPECT_EQ(counts_->webhook_dropped, 0U);
}

TEST_F(WebhookSenderTest, AReceiverThatHangsDoesNotHoldTheEnd) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  HttpEndpoint endpoint([ended](const HttpEndpoint::Request&) {
    ended.wait();
    return std::string();
  });
  auto hook = sender(endpoint);
  for (std::size_t i = 0; i < WebhookSender::kMostAtOnce; ++i) hook->push(event(1));
  endpoint.wait_for_requests(1);
  const auto began = std::chrono::steady_clock::now();
  hook->stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_EQ(counts_->webhook_dropped, WebhookSender::kMostAtOnce);
  EXPECT_EQ(counts_->webhook_waiting, 0U);
  end.set_value();
}

}  // namespace
}  // namespace peer
