#include "core/net/send_ring.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer {
namespace {

using testing::ElementsAre;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_.data()), 0); }
  ~Pair() {
    for (const int fd : fds_) ::close(fd);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  [[nodiscard]] int sender() const { return fds_[0]; }
  std::string read() {
    std::string text(64, '\0');
    const ssize_t got = ::read(fds_[1], text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  void end_receiver() { ::shutdown(fds_[1], SHUT_RDWR); }

 private:
  std::array<int, 2> fds_{};
};

class SendRingTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ring = SendRing::make();
    if (!ring) GTEST_SKIP() << ring.error().message;
    ring_ = std::move(*ring);
  }
  std::unique_ptr<SendRing> ring_;
};

TEST_F(SendRingTest, EachSocketGetsItsBytesAndResultsHaveTheOrderOfTheSends) {
  Pair one;
  Pair other;
  const std::string hello = "hello";
  const std::string all = "to all";
  ring_->add(one.sender(), bytes_of(hello));
  ring_->add(other.sender(), bytes_of(all));
  EXPECT_THAT(ring_->send_all(), ElementsAre(5, 6));
  EXPECT_EQ(one.read(), "hello");
  EXPECT_EQ(other.read(), "to all");
  // The next call knows nothing of the last one.
  ring_->add(other.sender(), bytes_of(hello));
  EXPECT_THAT(ring_->send_all(), ElementsAre(5));
  EXPECT_EQ(one.read(), "");
  EXPECT_FALSE(ring_->is_broken());
}

TEST_F(SendRingTest, ASocketThatIsFullTakesAPartAndThenNothingAndNobodyWaitsForIt) {
  Pair full;
  Pair other;
  const std::string much(8 << 20, 'x');
  const std::string hello = "hello";
  ring_->add(full.sender(), bytes_of(much));
  ring_->add(other.sender(), bytes_of(hello));
  const std::span<const int> first = ring_->send_all();
  EXPECT_GT(first[0], 0);
  EXPECT_LT(first[0], static_cast<int>(much.size()));
  EXPECT_EQ(first[1], 5);
  ring_->add(full.sender(), bytes_of(much));
  EXPECT_THAT(ring_->send_all(), ElementsAre(-EAGAIN));
}

TEST_F(SendRingTest, AnEndedSocketIsAnErrorOfItsOwnAndNoSignal) {
  Pair ended;
  Pair other;
  const std::string hello = "hello";
  ended.end_receiver();
  ring_->add(ended.sender(), bytes_of(hello));
  ring_->add(-1, bytes_of(hello));
  ring_->add(other.sender(), bytes_of(hello));
  EXPECT_THAT(ring_->send_all(), ElementsAre(-EPIPE, -EBADF, 5));
  EXPECT_FALSE(ring_->is_broken());
}

TEST_F(SendRingTest, AsManyAsThereIsRoomForGoAtOnce) {
  std::vector<Pair> pairs(SendRing::kMost);
  const std::string hello = "hello";
  for (int round = 0; round < 3; ++round) {
    for (const Pair& pair : pairs) ring_->add(pair.sender(), bytes_of(hello));
    EXPECT_THAT(ring_->send_all(), testing::Each(5));
    for (Pair& pair : pairs) EXPECT_EQ(pair.read(), "hello");
  }
}

}  // namespace
}  // namespace peer
