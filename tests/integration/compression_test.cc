// permessage-deflate between the server and its peers: RFC 7692, docs/protocol.md, "Frames".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

const std::string kOffer = "Sec-WebSocket-Extensions: permessage-deflate";

class CompressionTest : public ServerTest {
 protected:
  TestPeer member(const std::string& name, const std::string& headers) {
    TestPeer result = connect(Dial{.headers = headers});
    result.register_as(name, fmt(R"("alias":"%")", name));
    result.join("lobby");
    return result;
  }
  static std::string offer(const std::string& parameters = {}) {
    return kOffer + parameters + "\r\n";
  }
  /// The next frame that is no announcement of a join.
  static Frame next_broadcast(TestPeer& peer) {
    Frame frame = peer.ws().read_frame();
    while (text_of(frame).find("peer_joined") != std::string::npos) frame = peer.ws().read_frame();
    return frame;
  }
  static std::string text_of(const Frame& frame) {
    return frame.rsv == 0 ? frame.payload : inflate_message(frame.payload);
  }
  static std::string broadcast_of(std::size_t size) {
    return message("broadcast", fmt(R"({"namespace":"lobby","data":"%"})", std::string(size, 'd')));
  }
};

TEST_F(CompressionTest, IsNeverNegotiatedUnlessSwitchedOn) {
  TestPeer alice = connect(Dial{.headers = offer()});
  EXPECT_EQ(alice.ws().extensions(), "");
  alice.ws().send_frame({.payload = "x", .rsv = 4});
  alice.ws().expect_close(1002);
}

TEST_F(CompressionTest, IsNegotiatedWithWhoOffersIt) {
  start({"compression_enabled=true"});
  EXPECT_EQ(connect().ws().extensions(), "");
  EXPECT_EQ(connect(Dial{.headers = offer("; server_max_window_bits=8")}).ws().extensions(), "");
  EXPECT_EQ(connect(Dial{.headers = offer("; server_max_window_bits=10")}).ws().extensions(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=10");
}

TEST_F(CompressionTest, CompressedAndPlainMembersOfANamespaceReceiveEverything) {
  start({"compression_enabled=true", "loops=2"});
  std::vector<TestPeer> members;
  members.push_back(member("plain1", ""));
  members.push_back(member("plain2", ""));
  members.push_back(member("fifteen1", offer()));
  members.push_back(member("fifteen2", offer("; client_max_window_bits")));
  members.push_back(member("nine1", offer("; server_max_window_bits=9")));
  members.push_back(member("nine2", offer("; server_max_window_bits=9")));
  TestPeer sender = member("sender", offer());
  sender.send(broadcast_of(20'000));
  std::vector<Frame> frames;
  for (TestPeer& peer : members) frames.push_back(next_broadcast(peer));
  const std::string text = frames[0].payload;
  EXPECT_EQ(Json::parse(text)["payload"]["data"].str(), std::string(20'000, 'd'));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].rsv, i < 2 ? 0 : 4) << i;
    EXPECT_EQ(text_of(frames[i]), text) << i;
    EXPECT_TRUE(i < 2 || frames[i].payload.size() < 1000) << i;
  }
}

TEST_F(CompressionTest, MessagesBelowTheThresholdAreSentAsTheyAre) {
  start({"compression_enabled=true", "compression_threshold=5000"});
  TestPeer reader = member("reader", offer());
  TestPeer sender = member("sender", "");
  sender.send(broadcast_of(4000));
  sender.send(broadcast_of(5000));
  EXPECT_EQ(next_broadcast(reader).rsv, 0);
  EXPECT_EQ(next_broadcast(reader).rsv, 4);
}

TEST_F(CompressionTest, CompressedRequestsAreUnderstood) {
  start({"compression_enabled=true"});
  TestPeer alice = member("alice", offer());
  // {"type":"ping"} in a stored block.
  const std::string stored = std::string("\x00\x0f\x00\xf0\xff", 5) + message("ping") + '\0';
  alice.ws().send_frame({.payload = stored.substr(0, 7), .fin = false, .rsv = 4});
  alice.ws().send_frame({.opcode = kContinuation, .payload = stored.substr(7)});
  alice.next("pong");
}

TEST_F(CompressionTest, TheBoundOfMessagesCountsAfterInflating) {
  start({"compression_enabled=true", "max_message_size=1000"});
  TestPeer alice = member("alice", offer());
  const std::string stored = std::string("\x00\xe9\x03\x16\xfc", 5) + std::string(1001, ' ') + '\0';
  alice.ws().send_frame({.payload = stored, .rsv = 4});
  alice.ws().expect_close(1009);
}

TEST_F(CompressionTest, CorruptDataCloses1007) {
  start({"compression_enabled=true"});
  TestPeer alice = member("alice", offer());
  alice.ws().send_frame({.payload = "\xff\xff", .rsv = 4});
  alice.ws().expect_close(1007);
}

// Tornado 6.2 and Mojolicious 9.31 do so.
TEST_F(CompressionTest, AClientThatKeepsItsWindowIsToldWhy) {
  start({"compression_enabled=true"});
  TestPeer alice = member("alice", offer("; client_no_context_takeover"));
  // {"type":"ping"} in a stored block; then 15 bytes from 15 bytes ago.
  alice.ws().send_frame(
      {.payload = std::string("\x00\x0f\x00\xf0\xff", 5) + message("ping") + '\0', .rsv = 4});
  alice.next("pong");
  alice.ws().send_frame({.payload = std::string("\x02\x13\x00\x00", 4), .rsv = 4});
  alice.ws().expect_close(
      1007,
      "compressed message refers to an earlier one although client_no_context_takeover was agreed");
  server().wait_for_output("client_no_context_takeover was agreed; the client's WebSocket library");
  EXPECT_THAT(server().output(), testing::HasSubstr("address=127.0.0.1"));
}

}  // namespace
}  // namespace peer::test
