// The server's pings: docs/protocol.md, "Keepalive".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class KeepaliveTest : public ServerTest {
 protected:
  /// Reads until the server's next ping.
  static Frame next_ping(TestPeer& peer) {
    Frame frame = peer.ws().read_frame();
    while (frame.opcode != kPing) frame = peer.ws().read_frame();
    return frame;
  }
};

TEST_F(KeepaliveTest, TheServerPingsEveryPingInterval) {
  start({"ping_interval=100ms", "pong_wait=2s"});
  TestPeer alice = peer("alice");
  for (int i = 0; i < 3; ++i) {
    alice.ws().send_frame({.opcode = kPong, .payload = next_ping(alice).payload});
  }
}

TEST_F(KeepaliveTest, APeerThatAnswersStays) {
  start({"ping_interval=100ms", "pong_wait=300ms"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  bob.ws().answer_pings(false);
  // Bob answers nothing and goes; Alice answers while she waits for that, and stays.
  alice.next("peer_joined");
  EXPECT_EQ(alice.next("peer_left")["from"].str(), bob.fingerprint());
  alice.round_trip();
}

TEST_F(KeepaliveTest, APeerThatDoesNotAnswerIsClosedWith4002) {
  start({"ping_interval=100ms", "pong_wait=300ms"});
  TestPeer alice = peer("alice");
  alice.ws().expect_close(4002, "ping timeout");
}

TEST_F(KeepaliveTest, TheDefaultsDoNotPingAtOnce) {
  TestPeer alice = peer("alice");
  alice.send(message("ping"));
  EXPECT_EQ(alice.ws().read_frame().opcode, kText);
}

}  // namespace
}  // namespace peer::test
