// docs/protocol.md, "Closing": our close frame, the client's, and only then the end of the stream.
#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

class ClosingTest : public test::LoopTest {
 protected:
  ClosingTest() {
    application_.on_text = [this](Connection& connection, std::string_view text) {
      if (text == "close") connection.close(CloseCode::kReplaced, "replaced");
      closed_at_ = connection.loop().now();
    };
  }
  /// A client that has read our close frame and not answered it.
  test::WsClient closed_by_server() {
    test::WsClient client = connect();
    client.send_text("close");
    EXPECT_EQ(client.read_frame().payload, test::close_payload(4001, "replaced"));
    return client;
  }
  /// Whatever the loop does with what it has got, it has done.
  void finish_rounds() {
    for (int i = 0; i < 3; ++i) on_loop([] {});
  }
  std::uint64_t connections() {
    return on_loop([&] { return loop().stats().connections.load(); });
  }
  void wait_until_none() {
    const test::Deadline deadline;
    while (connections() > 0) ASSERT_FALSE(deadline.passed());
  }

  Time closed_at_{};
};

TEST_F(ClosingTest, TheStreamEndsWhenTheClientHasAnsweredAndNotBefore) {
  start();
  test::WsClient client = closed_by_server();
  finish_rounds();
  EXPECT_FALSE(client.stream().is_readable()) << "neither the end nor anything else";
  client.send_raw(test::encode({.payload = "late"}) + test::encode({.opcode = test::kPing}));
  finish_rounds();
  EXPECT_FALSE(client.stream().is_readable()) << "messages and pings are ignored";
  client.answer_close();
  client.stream().expect_end();
  EXPECT_EQ(loop().stats().received, 1U);
}

TEST_F(ClosingTest, AnAnswerInPiecesEndsItWithItsLastByte) {
  start();
  test::WsClient client = closed_by_server();
  const std::string answer =
      test::encode({.opcode = test::kClose, .payload = test::close_payload(4001)});
  for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
    client.send_raw(answer.substr(i, 1));
    finish_rounds();
    ASSERT_FALSE(client.stream().is_readable()) << i;
  }
  client.send_raw(answer.substr(answer.size() - 1));
  client.stream().expect_end();
}

TEST_F(ClosingTest, AClientThatDoesNotAnswerSeesTheEndAfterASecond) {
  start();
  test::WsClient client = closed_by_server();
  client.stream().expect_end();
  EXPECT_GE(on_loop([&] { return loop().now() - closed_at_; }), 1000ms);
  EXPECT_EQ(connections(), 0U) << "and the server has not waited for the client's";
}

TEST_F(ClosingTest, TheEndOfTheClientsStreamEndsTheWait) {
  start();
  test::WsClient client = closed_by_server();
  client.stream().shutdown_writing();
  wait_until_none();
  client.stream().expect_end();
}

TEST_F(ClosingTest, WhenTheClientBeganItsEndOfTheStreamIsNotWaitedFor) {
  start();
  test::WsClient client = connect();
  client.send_frame({.opcode = test::kClose, .payload = test::close_payload(1000)});
  client.expect_close(1000);
  client.stream().expect_end();
  EXPECT_EQ(connections(), 0U);
}

TEST_F(ClosingTest, MoreThanAMebibyteOfInputEndsTheWait) {
  start();
  test::WsClient client = closed_by_server();
  const std::string mebibyte = test::encode({.payload = std::string(1024 * 1024, 'x')});
  try {
    for (int i = 0; i < 8; ++i) client.stream().write(mebibyte);
  } catch (const std::runtime_error&) {  // it is reset
  }
  wait_until_none();
  constexpr std::uint64_t kBoundAndOneRead = (1024 + 64 + 4) * 1024;
  EXPECT_LE(loop().stats().received_bytes, kBoundAndOneRead);
}

TEST_F(ClosingTest, AnAnswerThatWasThereBeforeCounts) {
  start();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "close"}) +
                  test::encode({.opcode = test::kClose, .payload = test::close_payload(1000)}));
  client.expect_close(4001);
  client.stream().expect_end();
}

TEST_F(ClosingTest, AnAnswerThatWaitedBehindAPauseCounts) {
  application_.on_text = [](Connection& connection, std::string_view) { connection.pause(); };
  start();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "pause"}) + test::encode({.payload = "waits"}) +
                  test::encode({.opcode = test::kClose, .payload = test::close_payload(1000)}));
  finish_rounds();
  on_loop([&] { loop().transport_of(first())->close(CloseCode::kGoingAway, "bye"); });
  EXPECT_EQ(client.read_frame().payload, test::close_payload(1001, "bye"));
  client.stream().expect_end();
}

TEST_F(ClosingTest, AfterAProtocolErrorTheAnswerIsFoundToo) {
  start();
  test::WsClient client = connect();
  client.send_frame({.opcode = 7, .payload = "what is it", .rsv = 7});
  EXPECT_EQ(client.read_frame().payload.substr(0, 2), test::close_payload(1002));
  finish_rounds();
  EXPECT_FALSE(client.stream().is_readable());
  client.answer_close();
  client.stream().expect_end();
}

TEST_F(ClosingTest, TheLoopStopsInTimeThoughNobodyAnswers) {
  start();
  test::WsClient client = connect();
  const Time before = steady_now();
  running_->stop(before + 100ms);
  EXPECT_EQ(client.read_frame().opcode, test::kClose);
  running_->join();
  EXPECT_LT(steady_now() - before, 5s);
  client.stream().expect_end();
}

}  // namespace
}  // namespace peer
