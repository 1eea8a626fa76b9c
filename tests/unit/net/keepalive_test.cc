// docs/protocol.md, "Keepalive": what counts as life beside a pong.
#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

class LoopKeepaliveTest : public test::LoopTest {
 protected:
  LoopKeepaliveTest() {
    options_.ping_interval = 50ms;
    options_.pong_wait = 100ms;
  }
  /// A client that has sent the first kilobyte of a frame, and answers no ping.
  test::WsClient in_the_middle() {
    test::WsClient client = connect();
    client.answer_pings(false);
    client.send_raw(frame_.substr(0, 1000));
    sent_ = 1000;
    return client;
  }
  void send_more(test::WsClient& client, std::size_t size) {
    client.stream().write_some(frame_.substr(sent_, size));
    sent_ += size;
  }
  /// Reads pings, several pong_waits long; a close frame fails the test.
  void read_pings(test::WsClient& client, int count) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(client.read_frame().opcode, test::kPing);
  }

  const std::string text_ = std::string(60'000, 'x');
  const std::string frame_ = test::encode({.payload = text_});
  std::size_t sent_ = 0;
};

TEST_F(LoopKeepaliveTest, AFrameInProgressIsLifeThoughItsPongIsOverdue) {
  start();
  test::WsClient client = in_the_middle();
  read_pings(client, 8);
  client.send_raw(frame_.substr(sent_) + test::encode({.opcode = test::kPong}));
  client.answer_pings(true);
  EXPECT_EQ(client.read_text(), text_);
}

TEST_F(LoopKeepaliveTest, AFrameThatStandsStillIsNoLife) {
  start();
  in_the_middle().expect_close(4002, "ping timeout");
}

TEST_F(LoopKeepaliveTest, AFrameIsLifeForReadTimeoutAtMost) {
  options_.read_timeout = 300ms;
  start();
  test::WsClient client = in_the_middle();
  test::Frame frame = client.read_frame();
  for (; frame.opcode == test::kPing && sent_ < 50'000; frame = client.read_frame()) {
    send_more(client, 1000);
  }
  EXPECT_EQ(frame.payload, test::close_payload(4002, "ping timeout"));
}

TEST_F(LoopKeepaliveTest, TheNextFrameIsNone) {
  start();
  test::WsClient client = in_the_middle();
  read_pings(client, 4);  // the pong is overdue now
  client.send_raw(frame_.substr(sent_) + frame_.substr(0, 5000));
  client.expect_close(4002, "ping timeout");
}

TEST_F(LoopKeepaliveTest, AShorterPingIntervalHoldsForThoseWhoWaitForALongOne) {
  options_.ping_interval = 1h;
  start();
  test::WsClient client = connect();
  NetOptions sooner = options_;
  sooner.ping_interval = 50ms;
  on_loop([&] { loop().use_options(sooner); });
  read_pings(client, 1);
}

}  // namespace
}  // namespace peer
