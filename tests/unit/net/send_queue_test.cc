#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "core/net/connection.h"

namespace peer {
namespace {

// A queue that flushes into a socket, whose other end is read when the test says so.
class SendQueueTest : public testing::Test {
 protected:
  SendQueueTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_.data()), 0);
  }
  ~SendQueueTest() override {
    ::close(fds_[0]);
    close_reader();
  }

  void push(const std::string& text) { queue_.push(FrameBuilder(0).append(text).finish_raw()); }
  bool flush() { return queue_.flush(fds_[0]); }
  std::string read_all() {
    std::string all;
    std::array<char, 65536> buffer;
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fds_[1], buffer.data(), buffer.size(), 0);
      all.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return all;
  }
  void close_reader() {
    if (fds_[1] >= 0) ::close(std::exchange(fds_[1], -1));
  }

  SendQueue queue_;
  std::array<int, 2> fds_{-1, -1};
};

TEST_F(SendQueueTest, StartsEmptyAndFlushesNothing) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(flush());
  EXPECT_EQ(read_all(), "");
}

TEST_F(SendQueueTest, CountsWhatWaits) {
  push("abc");
  push("de");
  EXPECT_FALSE(queue_.empty());
  EXPECT_EQ(queue_.count(), 2U);
  EXPECT_EQ(queue_.bytes(), 5U);
}

TEST_F(SendQueueTest, WhatIsExemptIsNoLoad) {
  const auto load = [&] { return std::pair(queue_.load().count, queue_.load().bytes); };
  using Load = std::pair<std::size_t, std::size_t>;
  queue_.exempt_all();
  push("abcd");
  EXPECT_EQ(load(), Load(1, 4));
  queue_.took(1);
  queue_.exempt_all();
  EXPECT_EQ(load(), Load(0, 0));
  push("ef");
  queue_.exempt_all();
  push("ghi");
  EXPECT_EQ(load(), Load(1, 3));
  EXPECT_EQ(queue_.count(), 3U);
  queue_.took(4);  // the first, and one byte of the second
  EXPECT_EQ(load(), Load(1, 3));
  queue_.took(1);
  EXPECT_EQ(load(), Load(1, 3));
  queue_.took(1);
  EXPECT_EQ(load(), Load(1, 2));
  push("jk");
  EXPECT_EQ(load(), Load(2, 4));
  EXPECT_TRUE(flush());
  EXPECT_EQ(read_all(), "hijk");
  EXPECT_EQ(load(), Load(0, 0));
}

TEST_F(SendQueueTest, TheLastExemptOneLeavesAnEmptyQueue) {
  push("abc");
  queue_.exempt_all();
  EXPECT_TRUE(flush());
  EXPECT_TRUE(queue_.empty());
  push("de");
  EXPECT_EQ(queue_.load().count, 1U);
  EXPECT_TRUE(flush());
  EXPECT_EQ(read_all(), "abcde");
}

TEST_F(SendQueueTest, CountsTextsOfWhatWaits) {
  EXPECT_EQ(queue_.count_texts(), 0U);
  queue_.push(text_frame("a"));
  queue_.push(control_frame(Opcode::kPing, {}));
  queue_.push(text_frame("b"));
  EXPECT_EQ(queue_.count_texts(), 2U);
  queue_.took(1);
  EXPECT_EQ(queue_.count_texts(), 2U);
  queue_.took(2);
  EXPECT_EQ(queue_.count_texts(), 1U);
}

TEST_F(SendQueueTest, FlushesInOrder) {
  push("abc");
  push("de");
  EXPECT_TRUE(flush());
  EXPECT_EQ(read_all(), "abcde");
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.count(), 0U);
  EXPECT_EQ(queue_.bytes(), 0U);
}

// What a queue has for several frames is kept when it has drained, for the next one that needs it.
TEST_F(SendQueueTest, AQueueThatIsUsedAgainBeginsAnew) {
  for (int round = 0; round < 3; ++round) {
    for (const char* text : {"a", "b", "c"}) push(text);
    queue_.exempt_all();
    EXPECT_TRUE(flush());
    EXPECT_EQ(queue_.count(), 0U);
    for (const char* text : {"d", "e"}) push(text);
    EXPECT_EQ(queue_.count(), 2U);
    EXPECT_EQ(queue_.load().count, 2U);
    EXPECT_EQ(queue_.load().bytes, 2U);
    EXPECT_TRUE(flush());
    EXPECT_EQ(read_all(), "abcde");
  }
}

TEST_F(SendQueueTest, FlushesMoreFramesThanOneSystemCallTakes) {
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    push(std::to_string(i) + ",");
    expected.append(std::to_string(i)).append(",");
  }
  EXPECT_TRUE(flush());
  EXPECT_EQ(read_all(), expected);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(SendQueueTest, CanBeFilledAgainAfterItRanEmpty) {
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j <= i; ++j) push("x");
    EXPECT_TRUE(flush());
    EXPECT_EQ(read_all(), std::string(static_cast<std::size_t>(i) + 1, 'x'));
  }
}

TEST_F(SendQueueTest, KeepsWhatAFullSocketDoesNotTakeAndGoesOnAtThatByte) {
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string text(100'000, static_cast<char>('a' + i % 26));
    push(text);
    expected.append(text);
  }
  std::string received;
  int flushes = 0;
  for (; !queue_.empty(); ++flushes) {
    EXPECT_TRUE(flush());
    received.append(read_all());
    EXPECT_EQ(received.size() + queue_.bytes(), expected.size());
  }
  EXPECT_TRUE(received == expected);
  EXPECT_GT(flushes, 1) << "the socket took all at once: this tested nothing";
}

TEST_F(SendQueueTest, AFullSocketIsNoFailure) {
  push(std::string(10'000'000, 'x'));
  EXPECT_TRUE(flush());
  EXPECT_TRUE(flush());
  EXPECT_EQ(queue_.count(), 1U);
}

TEST_F(SendQueueTest, ABrokenConnectionIsAFailure) {
  close_reader();
  push("x");
  EXPECT_FALSE(flush());
}

}  // namespace
}  // namespace peer
