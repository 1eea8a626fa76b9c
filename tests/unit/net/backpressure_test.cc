#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

constexpr int kSmallBuffer = 4096;

class BackpressureTest : public test::LoopTest {
 protected:
  // On the loop: sends numbered messages of `size` bytes until one is dropped; returns how many
  // were queued.
  std::size_t send_until_dropped(std::size_t size) {
    return on_loop([this, size] {
      Connection& connection = *loop().transport_of(first());
      std::size_t queued = 0;
      while (connection.send(text_frame(numbered(queued, size))) == SendResult::kQueued) ++queued;
      return queued;
    });
  }
  static std::string numbered(std::size_t number, std::size_t size) {
    std::string text = std::to_string(number) + " ";
    text.resize(std::max(size, text.size()), 'x');
    return text;
  }
};

TEST_F(BackpressureTest, BeyondTheCountMessagesAreDroppedAndWhatWasQueuedArrives) {
  options_.send_buffer_size = 4;
  options_.send_buffer_bytes = 1'000'000'000;
  start();
  test::WsClient client = connect(kSmallBuffer);
  const std::size_t queued = send_until_dropped(100'000);
  EXPECT_GE(queued, 4U);
  EXPECT_EQ(loop().stats().dropped, 1U);
  EXPECT_EQ(loop().stats().sent, queued);
  for (std::size_t i = 0; i < queued; ++i) EXPECT_TRUE(client.read_text() == numbered(i, 100'000));
}

TEST_F(BackpressureTest, BeyondTheBytesALargeMessageIsDroppedAndASmallOneStillFits) {
  options_.send_buffer_size = 1'000'000;
  options_.send_buffer_bytes = 1'000'000;
  start();
  test::WsClient client = connect(kSmallBuffer);
  const std::size_t queued = send_until_dropped(500'000);
  EXPECT_EQ(on_loop([&] { return loop().transport_of(first())->send(text_frame("small")); }),
            SendResult::kQueued);
  for (std::size_t i = 0; i < queued; ++i) EXPECT_TRUE(client.read_text() == numbered(i, 500'000));
  EXPECT_EQ(client.read_text(), "small");
}

TEST_F(BackpressureTest, AnEmptyQueueTakesAnyOneMessage) {
  options_.send_buffer_size = 1;
  options_.send_buffer_bytes = 1;
  start();
  test::WsClient client = connect();
  const std::string large(5'000'000, 'x');
  post(first(), large);
  EXPECT_TRUE(client.read_text() == large);
}

TEST_F(BackpressureTest, OnlyWhatTheSocketRefusesCounts) {
  options_.send_buffer_size = 1;
  start();
  test::WsClient client = connect();
  EXPECT_EQ(on_loop([&] {
              int dropped = 0;
              for (int i = 0; i < 100; ++i) {
                const SendResult result = loop().transport_of(first())->send(text_frame("x"));
                dropped += result == SendResult::kDropped ? 1 : 0;
              }
              return dropped;
            }),
            0);
}

TEST_F(BackpressureTest, WhatWasDroppedOnceIsForgottenAndLaterMessagesArrive) {
  options_.send_buffer_size = 2;
  start();
  test::WsClient client = connect(kSmallBuffer);
  const std::size_t queued = send_until_dropped(200'000);
  for (std::size_t i = 0; i < queued; ++i) client.read_text();
  post(first(), "later");
  EXPECT_EQ(client.read_text(), "later");
}

TEST_F(BackpressureTest, AnswersAreNeverDroppedAndRequestsWaitUntilTheyAreRead) {
  constexpr int kRequests = 1000;
  options_.send_buffer_size = 4;
  std::atomic<int> handled{0};
  application_.on_text = [&](Connection& connection, std::string_view text) {
    ++handled;
    connection.reply(text_frame(std::string(text) + std::string(20'000, ' ')));
  };
  start();
  test::WsClient client = connect(kSmallBuffer);
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += test::encode({.payload = std::to_string(i)});
  client.send_raw(requests);
  EXPECT_EQ(std::stoi(client.read_text()), 0);
  EXPECT_LT(handled, kRequests);
  for (int i = 1; i < kRequests; ++i) ASSERT_EQ(std::stoi(client.read_text()), i);
  EXPECT_EQ(handled, kRequests);
  EXPECT_EQ(loop().stats().dropped, 0U);
}

TEST_F(BackpressureTest, APeerWhoseSocketTakesNothingForTheWriteTimeoutIsClosed) {
  options_.write_timeout = 50ms;
  start();
  test::WsClient client = connect(kSmallBuffer);
  post(first(), std::string(20'000'000, 'x'));
  EXPECT_EQ(application_.closed.wait_for(1).size(), 1U);
}

TEST_F(BackpressureTest, NothingIsSentBehindACloseFrame) {
  start();
  test::WsClient client = connect();
  EXPECT_EQ(on_loop([&] {
              Connection& connection = *loop().transport_of(first());
              connection.send(text_frame("before"));
              connection.close(CloseCode::kNormal, "done");
              connection.close(CloseCode::kPolicyViolation, "too late");
              connection.reply(text_frame("answer"));
              return connection.send(text_frame("after"));
            }),
            SendResult::kDropped);
  EXPECT_EQ(client.read_text(), "before");
  client.expect_close(1000, "done");
}

}  // namespace
}  // namespace peer
