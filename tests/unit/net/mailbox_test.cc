#include <algorithm>
#include <memory>
#include <numeric>
#include <thread>

#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using testing::ElementsAre;

class MailboxTest : public test::LoopTest {
 protected:
  MailboxTest() {
    options_.send_buffer_size = 1'000'000;
    options_.send_buffer_bytes = 1'000'000'000;
  }
};

TEST_F(MailboxTest, DeliveriesOfOneThreadArriveInOrder) {
  start();
  test::WsClient client = connect();
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) expected.push_back(std::to_string(i));
  for (const std::string& text : expected) post(first(), text);
  EXPECT_EQ(read_texts(client, expected.size()), expected);
}

TEST_F(MailboxTest, DeliveriesOfManyThreadsAllArriveAndEachThreadsInOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  start();
  test::WsClient client = connect();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < kEach; ++i) post(first(), std::to_string(thread * kEach + i));
    });
  }
  std::vector<int> seen;
  for (const std::string& text : read_texts(client, kThreads * kEach))
    seen.push_back(std::stoi(text));
  for (std::thread& thread : threads) thread.join();
  // Sorted by thread, with the order within each kept, it is everything in order.
  std::stable_sort(seen.begin(), seen.end(), [](int a, int b) { return a / kEach < b / kEach; });
  std::vector<int> expected(kThreads * kEach);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST_F(MailboxTest, TasksOfManyThreadsAllRunAndEachThreadsInOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  start();
  std::vector<std::vector<int>> ran(kThreads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, &mine = ran[static_cast<std::size_t>(thread)]] {
      for (int i = 0; i < kEach; ++i) loop().post([&mine, i] { mine.push_back(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  on_loop([] {});
  std::vector<int> expected(kEach);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(ran, std::vector(kThreads, expected));
}

TEST_F(MailboxTest, ATaskRunsBehindTheDeliveriesThatWerePostedBeforeIt) {
  start();
  test::WsClient client = connect();
  // At the end of a delivery the round has taken its mail, and not yet its tasks.
  const auto report = std::make_shared<DeliveryReport>();
  report->pending = 1;
  report->done = [this](const DeliveryReport&) {
    post(first(), "posted first");
    loop().post([this] { loop().send(first(), text_frame("by the task")); });
  };
  loop().post(Delivery{text_frame("before"), first(), {}, report});
  EXPECT_THAT(read_texts(client, 3), ElementsAre("before", "posted first", "by the task"));
}

TEST_F(MailboxTest, ADeliveryToManyReachesEachOfThem) {
  start();
  test::WsClient one = connect();
  test::WsClient two = connect();
  SessionRef second;
  second.slot = 1;
  loop().post(Delivery{text_frame("both"), {}, {first(), second}, nullptr});
  EXPECT_EQ(one.read_text(), "both");
  EXPECT_EQ(two.read_text(), "both");
}

TEST_F(MailboxTest, ADeliveryToMoreThanARoundFlushesReachesEachOfThemToo) {
  constexpr std::size_t kMany = 400;
  start();
  std::vector<std::unique_ptr<test::WsClient>> clients;
  std::vector<SessionRef> all;
  for (std::size_t i = 0; i < kMany; ++i) {
    clients.push_back(std::make_unique<test::WsClient>(running_->port()));
    all.push_back(first());
    all.back().slot = i & 0xffffff;
  }
  loop().post(Delivery{text_frame("to all"), {}, all, nullptr});
  post(all.back(), "and to the last");
  for (const auto& client : clients) EXPECT_EQ(client->read_text(), "to all");
  EXPECT_EQ(clients.back()->read_text(), "and to the last");
}

TEST_F(MailboxTest, TasksPostedBeforeTheLoopRunsAreNotLost) {
  running_.emplace(application_, options_);
  test::EventLog log;
  loop().post([&] { log.add("early"); });
  running_->start();
  EXPECT_THAT(log.wait_for(1), ElementsAre("early"));
}

TEST_F(MailboxTest, ATaskMayPostToItsOwnLoop) {
  start();
  test::EventLog log;
  loop().post([&] {
    loop().post([&] { log.add("inner"); });
    log.add("outer");
  });
  EXPECT_THAT(log.wait_for(2), ElementsAre("outer", "inner"));
}

TEST_F(MailboxTest, WhatALoopPostsToItselfIsInOrderWithThePostsOfOthers) {
  start();
  test::WsClient client = connect();
  const auto post_from_elsewhere = [&](const char* text) {
    std::thread([&] { post(first(), text); }).join();
  };
  on_loop([&] {
    post(first(), "1 own");
    post_from_elsewhere("2 theirs");
    post(first(), "3 own");
    post_from_elsewhere("4 theirs");
  });
  EXPECT_THAT(read_texts(client, 4), ElementsAre("1 own", "2 theirs", "3 own", "4 theirs"));
}

TEST_F(MailboxTest, WhatALoopPostsToItselfHasABound) {
  start();
  const FrameRef large = text_frame(std::string(40 << 20, 'x'));
  SessionRef nobody;
  nobody.slot = 7;
  on_loop([&] {
    for (int i = 0; i < 4; ++i) loop().post(Delivery{large, nobody, {}, nullptr});
  });
  EXPECT_EQ(loop().stats().mail_dropped, 2U);
}

TEST_F(MailboxTest, LoopsWakeEachOther) {
  start();
  test::RunningLoop other(application_, options_, 1);
  other.start();
  std::promise<void> done;
  int hops = 0;  // one task at a time: no loop touches it beside the other
  std::function<void()> hop = [&] {
    if (++hops == 1000) return done.set_value();
    EventLoop& next = EventLoop::current() == &loop() ? other.loop() : loop();
    next.post(hop);
  };
  loop().post(hop);
  done.get_future().get();
  EXPECT_EQ(hops, 1000);
}

TEST_F(MailboxTest, OneWhoHearsOfADeliveryFromAnotherLoopIsNotAheadOfIt) {
  start();
  test::RunningLoop other(application_, options_, 1);
  other.start();
  test::WsClient client = connect();
  for (int i = 0; i < 200; ++i) {
    other.on_loop([&] { post(first(), "from the other loop"); });
    client.send_text("asks now");
    EXPECT_THAT(read_texts(client, 2), ElementsAre("from the other loop", "asks now"));
  }
}

TEST_F(MailboxTest, AReportCountsTheDeliveredAndTheDroppedOfAllItsDeliveries) {
  start();
  test::WsClient client = connect();
  SessionRef gone;
  gone.slot = 7;
  std::promise<std::pair<std::uint32_t, std::uint32_t>> counts;
  const auto report = std::make_shared<DeliveryReport>();
  report->pending = 2;
  report->done = [&](const DeliveryReport& done) {
    counts.set_value({done.delivered, done.dropped});
  };
  loop().post(Delivery{text_frame("x"), {}, {first(), gone, gone}, report});
  loop().post(Delivery{text_frame("x"), first(), {}, report});
  EXPECT_EQ(counts.get_future().get(), std::pair(2U, 2U));
}

// A loop that does not run: its mail piles up.
TEST(FullMailboxTest, DeliveriesBeyond64MiBAreDroppedCountedAndReported) {
  test::TestApplication application;
  EventLoop loop(0, {}, application);
  const FrameRef megabyte = text_frame(std::string(1 << 20, 'x'));
  const auto report = std::make_shared<DeliveryReport>();
  report->pending = 70;
  for (int i = 0; i < 70; ++i) loop.post(Delivery{megabyte, {}, {}, report});
  EXPECT_EQ(loop.stats().mail_dropped, 7U);
  EXPECT_EQ(report->dropped, 7U);
  EXPECT_EQ(report->pending, 63U);
}

TEST(FullMailboxTest, EachReceiverOfADroppedDeliveryCounts) {
  test::TestApplication application;
  EventLoop loop(0, {}, application);
  const FrameRef large = text_frame(std::string(64 << 20, 'x'));
  loop.post(Delivery{large, {}, std::vector<SessionRef>(5), nullptr});
  EXPECT_EQ(loop.stats().mail_dropped, 5U);
}

// Counts what it has not been sent.
class CountingSession final : public ApplicationSession {
 public:
  explicit CountingSession(int& dropped) : dropped_(dropped) {}
  void on_dropped() override { ++dropped_; }

 private:
  int& dropped_;
};

TEST_F(MailboxTest, SessionsHearOfWhatTheMailboxHasDropped) {
  int dropped = 0;
  application_.make_context = [&](Connection&) {
    return std::make_unique<CountingSession>(dropped);
  };
  start();
  test::WsClient client = connect();
  std::promise<void> held;
  std::promise<void> release;
  loop().post([&] {
    held.set_value();
    release.get_future().wait();
  });
  held.get_future().wait();
  const FrameRef large = text_frame(std::string(60 << 20, 'x'));
  SessionRef nobody;
  nobody.slot = 7;
  loop().post(Delivery{large, nobody, {}, nullptr});
  loop().post(Delivery{large, first(), {}, nullptr});
  loop().post(Delivery{large, {}, {first(), nobody, first()}, nullptr});
  release.set_value();
  on_loop([] {});
  EXPECT_EQ(on_loop([&] { return dropped; }), 3);
}

}  // namespace
}  // namespace peer
