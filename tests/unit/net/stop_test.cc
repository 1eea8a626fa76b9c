#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

class StopTest : public test::LoopTest {
 protected:
  StopTest() { start(); }
  void stop(milliseconds within) { running_->stop(steady_now() + within); }
};

TEST_F(StopTest, EveryPeerGetsWhatWasQueuedAndThenTheCloseFrame) {
  test::WsClient one = connect();
  test::WsClient two = connect();
  post(first(), "last words");
  stop(10s);
  EXPECT_EQ(one.read_text(), "last words");
  one.expect_close(1001, "bye");
  two.expect_close(1001, "bye");
}

TEST_F(StopTest, TheLoopEndsWhenTheLastHasGone) {
  {
    test::WsClient client = connect();
    stop(1h);
    client.expect_close(1001);
  }
  running_->join();
  EXPECT_EQ(loop().stats().connections, 0U);
  EXPECT_EQ(application_.closed.so_far().size(), 1U);
}

// As one that is on its way to a session of another loop.
TEST_F(StopTest, AConnectionThatIsOnItsWayMeanwhileIsClosedWhenItHasCome) {
  test::WsClient stays = connect();
  test::WsClient moves = connect();
  on_loop([&] {
    Connection* connection = loop().transport_of({1, 0, 0});
    std::unique_ptr<Connection> taken = loop().take_out(*connection);
    loop().stop(CloseCode::kGoingAway, "bye", 0ms, steady_now() + 1h);
    Connection* placed = loop().place(std::move(taken));
    placed->reply(text_frame("last words"));
  });
  EXPECT_EQ(moves.read_text(), "last words");
  moves.expect_close(1001, "bye");
}

TEST_F(StopTest, ALoopWithoutConnectionsEndsAtOnce) {
  stop(1h);
  running_->join();
  EXPECT_EQ(loop().stats().connections, 0U);
}

TEST_F(StopTest, TheLoopEndsAtTheDeadlineDespiteAPeerThatNeverReads) {
  test::WsClient client = connect(4096);
  post(first(), std::string(50'000'000, 'x'));
  on_loop([] {});
  const Time before = steady_now();
  stop(200ms);
  running_->join();
  EXPECT_GE(steady_now() - before, 199ms);
  EXPECT_LT(steady_now() - before, 5s);
  EXPECT_EQ(application_.closed.so_far().size(), 1U);
}

TEST_F(StopTest, APeerThatGoesOnSendingIsClosedAllTheSame) {
  test::WsClient client = connect();
  const std::string message = test::encode({.payload = std::string(60'000, 'x')});
  client.send_raw(message);
  stop(10s);
  client.stream().write_some(message);
  client.expect_close(1001);
}

TEST_F(StopTest, AConnectionThatIsNoWebSocketIsClosedWithoutAWord) {
  test::TcpStream idle(running_->port());
  test::WsClient client = connect();  // the loop has accepted both
  stop(10s);
  std::string nothing;
  EXPECT_EQ(idle.read_some(nothing), 0U);
}

TEST_F(StopTest, NobodyIsAcceptedAnyMore) {
  test::WsClient client = connect();
  stop(1h);
  client.expect_close(1001);
  EXPECT_THROW(test::TcpStream(running_->port()), std::runtime_error);
}

TEST_F(StopTest, StopListeningLeavesThePresentOnesAlone) {
  test::WsClient client = connect();
  on_loop([&] { loop().stop_listening(); });
  EXPECT_THROW(test::TcpStream(running_->port()), std::runtime_error);
  client.send_text("still there");
  EXPECT_EQ(client.read_text(), "still there");
}

}  // namespace
}  // namespace peer
