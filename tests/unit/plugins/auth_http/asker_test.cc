#include "asker.h"

#include <dlfcn.h>
#include <netdb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "core/plugin/core_host.h"
#include "tests/support/deadline.h"
#include "tests/support/http_endpoint.h"

namespace {

/// Names that begin with "hanging" are looked up for as long as this is true; those that begin with
/// "public" lead to an address that is not private.
std::atomic<bool> lookups_hang{true};
std::atomic<int> hanging_lookups{0};

}  // namespace

// Instead of the C library's: a name server that does not answer.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** result) {
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::string_view(node).starts_with("hanging")) {
    ++hanging_lookups;
    lookups_hang.wait(true);
    return EAI_AGAIN;
  }
  const bool is_public = node != nullptr && std::string_view(node).starts_with("public");
  return real(is_public ? "192.0.2.1" : node, service, hints, result);
}

namespace peer_http_auth {
namespace {

using peer::test::http_answer;
using peer::test::HttpEndpoint;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// A test's end of a question.
class Asked {
 public:
  Asked() : answer_(promise_->get_future().share()) {}

  Asker::Question question(std::string body = "{}") {
    return {std::move(body), peer_,
            [promise = promise_](Answer answer) { promise->set_value(std::move(answer)); }};
  }
  /// Nobody needs the answer any more.
  void leave() { peer_.reset(); }
  Answer answer() const { return answer_.get(); }
  bool is_answered() const { return answer_.wait_for(0s) == std::future_status::ready; }

 private:
  std::shared_ptr<const void> peer_ = std::make_shared<int>();
  std::shared_ptr<std::promise<Answer>> promise_ = std::make_shared<std::promise<Answer>>();
  std::shared_future<Answer> answer_;
};

class AskerTest : public testing::Test {
 protected:
  Asker& start(const std::string& url) {
    settings_.transfer.url = *peer_http::parse_http_url(url);
    settings_.transfer.max_body = 1000;
    asker_ = std::make_unique<Asker>(settings_, host_);
    EXPECT_TRUE(asker_->start());
    return *asker_;
  }
  std::uint64_t count(const char* name) { return host_.counter(name, "").value(); }

  Asker::Settings settings_;

 private:
  peer::PluginCalls calls_{"auth", "http"};
  peer::CoreHost host_{calls_};
  std::unique_ptr<Asker> asker_;
};

TEST_F(AskerTest, AConnectionThatIsIdleForLongIsEnded) {
  const HttpEndpoint endpoint(http_answer("200 OK", "yes"));
  settings_.transfer.idle = 100ms;
  Asker& asker = start(endpoint.url());
  for (int i = 1; i <= 2; ++i) {
    Asked asked;
    ASSERT_TRUE(asker.ask(asked.question()));
    EXPECT_EQ(asked.answer().text, "yes");
    endpoint.wait_for_ended_connections(i);
  }
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST_F(AskerTest, ANameServerThatDoesNotAnswerDelaysNobodyButItsQuestion) {
  settings_.timeout = 200ms;
  settings_.max_concurrent = 2;
  Asker& asker = start("http://hanging.example/");
  std::vector<Asked> asked(5);
  const auto begin = std::chrono::steady_clock::now();
  for (Asked& one : asked) ASSERT_TRUE(asker.ask(one.question()));
  for (const Asked& one : asked) EXPECT_EQ(one.answer().text, "it takes too long");
  // The threads that still look the name up were not waited for.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s * peer::test::timeout_factor());
  EXPECT_GE(hanging_lookups.load(), 1);
  lookups_hang = false;
  lookups_hang.notify_all();
}

TEST_F(AskerTest, TheAddressThatANameLeadsToIsJudged) {
  Asker& asker = start("http://public.example/");
  Asked asked;
  ASSERT_TRUE(asker.ask(asked.question()));
  EXPECT_EQ(asked.answer().kind, Answer::Kind::kUnusable);
  EXPECT_EQ(asked.answer().text,
            "http to an address that is not private; use https, or allow_http: true");
}

TEST_F(AskerTest, WhatWaitsIsBoundedInNumberAndSize) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return http_answer("200 OK", "yes");
  });
  settings_.max_concurrent = 1;
  settings_.max_waiting = 3;
  settings_.max_waiting_bytes = 1000;
  Asker& asker = start(endpoint.url());
  Asked first;
  ASSERT_TRUE(asker.ask(first.question()));
  endpoint.wait_for_requests(1);
  std::vector<Asked> waiting(3);
  ASSERT_TRUE(asker.ask(waiting[0].question(std::string(900, ' '))));
  EXPECT_FALSE(asker.ask(Asked().question(std::string(101, ' '))));
  ASSERT_TRUE(asker.ask(waiting[1].question()));
  ASSERT_TRUE(asker.ask(waiting[2].question()));
  EXPECT_FALSE(asker.ask(Asked().question()));
  release.set_value();
  for (const Asked& one : waiting) EXPECT_EQ(one.answer().text, "yes");
}

TEST_F(AskerTest, WhoHasGoneMakesRoomForOthersAndIsNotAskedAbout) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return http_answer("200 OK", "yes");
  });
  settings_.max_concurrent = 1;
  settings_.max_waiting = 2;
  Asker& asker = start(endpoint.url());
  Asked first;
  ASSERT_TRUE(asker.ask(first.question()));
  endpoint.wait_for_requests(1);
  std::vector<Asked> waiting(3);
  ASSERT_TRUE(asker.ask(waiting[0].question()));
  ASSERT_TRUE(asker.ask(waiting[1].question()));
  waiting[0].leave();
  EXPECT_TRUE(asker.ask(waiting[2].question()));
  EXPECT_EQ(waiting[0].answer().kind, Answer::Kind::kDropped);
  waiting[1].leave();
  release.set_value();
  EXPECT_EQ(waiting[1].answer().kind, Answer::Kind::kDropped);
  EXPECT_EQ(waiting[2].answer().text, "yes");
  EXPECT_EQ(endpoint.requests(), 2);
  EXPECT_EQ(count("gone"), 2U);
  EXPECT_EQ(count("questions"), 2U);
}

TEST_F(AskerTest, AnEndIsAtOnceAndDropsWhoWaits) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return std::string();
  });
  settings_.max_concurrent = 1;
  settings_.timeout = 1h;
  Asker& asker = start(endpoint.url());
  std::vector<Asked> asked(3);
  for (Asked& one : asked) ASSERT_TRUE(asker.ask(one.question()));
  endpoint.wait_for_requests(1);
  asker.stop();
  for (const Asked& one : asked) EXPECT_EQ(one.answer().kind, Answer::Kind::kDropped);
  EXPECT_FALSE(asker.ask(Asked().question()));
  release.set_value();
}

}  // namespace
}  // namespace peer_http_auth
