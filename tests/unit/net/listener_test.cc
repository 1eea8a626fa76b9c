#include "core/net/listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/tcp_stream.h"

namespace peer {
namespace {

using testing::HasSubstr;

class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override {
    for (const int fd : fds_) ::close(fd);
  }
  sdk::Result<Listeners> listen(const std::string& host, std::uint16_t port, std::size_t count) {
    sdk::Result<Listeners> listeners = listen_on(host, port, count);
    if (listeners) fds_.insert(fds_.end(), listeners->fds.begin(), listeners->fds.end());
    return listeners;
  }

 private:
  std::vector<int> fds_;
};

TEST_F(ListenerTest, PortZeroIsAnyFreePort) {
  const auto listeners = listen("127.0.0.1", 0, 1);
  ASSERT_TRUE(listeners);
  EXPECT_NE(listeners->port, 0);
  EXPECT_NO_THROW(test::TcpStream(listeners->port));
}

TEST_F(ListenerTest, TheSocketsOfOneServerShareTheirPort) {
  const auto listeners = listen("127.0.0.1", 0, 4);
  ASSERT_TRUE(listeners);
  EXPECT_EQ(listeners->fds.size(), 4U);
}

TEST_F(ListenerTest, TheSocketsDoNotBlockAndAreNotInherited) {
  const auto listeners = listen("127.0.0.1", 0, 2);
  ASSERT_TRUE(listeners);
  for (const int fd : listeners->fds) {
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(::accept(fd, nullptr, nullptr), -1);
  }
}

TEST_F(ListenerTest, AnotherServersPortIsRefusedAndTheErrorSaysWhatToDo) {
  const auto first = listen("127.0.0.1", 0, 2);
  ASSERT_TRUE(first);
  const auto second = listen("127.0.0.1", first->port, 2);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1:" + std::to_string(first->port) +
                                        ": Address already in use; choose another host or port");
}

TEST_F(ListenerTest, AHostThatIsNotOursIsRefused) {
  EXPECT_FALSE(listen("192.0.2.1", 0, 1));  // RFC 5737: nobody's
  EXPECT_FALSE(listen("no such host", 0, 1));
}

}  // namespace
}  // namespace peer
