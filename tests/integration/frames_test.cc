// RFC 6455 framing, its close codes, and closing: docs/protocol.md, "Frames", "Closing".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

constexpr std::string_view kPingMessage = R"({"type":"ping"})";

class FramesTest : public ServerTest {
 protected:
  /// A registered peer sends this one frame and must be closed with `code`.
  void expect_closed(const Frame& frame, std::uint16_t code) {
    SCOPED_TRACE("opcode " + std::to_string(frame.opcode) + ", rsv " + std::to_string(frame.rsv));
    TestPeer alice = registered();
    alice.ws().send_frame(frame);
    alice.ws().expect_close(code);
    alice.ws().stream().expect_end();
  }
  void expect_closed(std::initializer_list<Frame> frames, std::uint16_t code) {
    TestPeer alice = registered();
    std::string bytes;
    for (const Frame& frame : frames) bytes += encode(frame);
    alice.ws().send_raw(bytes);
    alice.ws().expect_close(code);
    alice.ws().stream().expect_end();
  }
  TestPeer registered() {
    TestPeer result = connect();
    result.register_as("key " + std::to_string(++keys_));
    return result;
  }

 private:
  int keys_ = 0;
};

Frame text(std::string payload, bool fin = true) {
  return {.payload = std::move(payload), .fin = fin};
}

Frame continuation(std::string payload, bool fin = true) {
  return {.opcode = kContinuation, .payload = std::move(payload), .fin = fin};
}

TEST_F(FramesTest, ABinaryMessageCloses1003) {
  expect_closed({.opcode = kBinary, .payload = std::string(kPingMessage)}, 1003);
  expect_closed({.opcode = kBinary, .payload = "x", .fin = false}, 1003);
}

TEST_F(FramesTest, ABinaryMessageIsNotProcessed) {
  TestPeer alice = registered();
  alice.ws().send_frame({.opcode = kBinary, .payload = std::string(kPingMessage)});
  EXPECT_EQ(alice.ws().read_frame().opcode, kClose);
}

TEST_F(FramesTest, ABinaryFirstMessageCloses1003) {
  TestPeer stranger = connect();
  stranger.ws().send_frame({.opcode = kBinary, .payload = "x"});
  stranger.ws().expect_close(1003);
}

TEST_F(FramesTest, AnUnmaskedFrameCloses1002) {
  expect_closed({.payload = std::string(kPingMessage), .masked = false}, 1002);
}

TEST_F(FramesTest, AReservedBitCloses1002) {
  for (const auto rsv : std::initializer_list<std::uint8_t>{1, 2, 4}) {
    expect_closed({.payload = std::string(kPingMessage), .rsv = rsv}, 1002);
  }
}

TEST_F(FramesTest, AReservedBitInAControlFrameCloses1002) {
  expect_closed({.opcode = kPing, .rsv = 4}, 1002);
}

TEST_F(FramesTest, AReservedOpcodeCloses1002) {
  for (const auto opcode : std::initializer_list<std::uint8_t>{3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    expect_closed({.opcode = opcode, .payload = "x"}, 1002);
  }
}

TEST_F(FramesTest, AFragmentedControlFrameCloses1002) {
  for (const auto opcode : std::initializer_list<std::uint8_t>{kClose, kPing, kPong}) {
    expect_closed({.opcode = opcode, .fin = false}, 1002);
  }
}

TEST_F(FramesTest, AControlFrameOver125BytesCloses1002) {
  expect_closed({.opcode = kPing, .payload = std::string(126, 'x')}, 1002);
}

TEST_F(FramesTest, AControlFrameOf125BytesIsLegal) {
  TestPeer alice = registered();
  alice.ws().send_frame({.opcode = kPing, .payload = std::string(125, 'x')});
  EXPECT_EQ(alice.ws().read_frame().payload, std::string(125, 'x'));
}

TEST_F(FramesTest, AContinuationWithoutAStartCloses1002) {
  expect_closed(continuation(std::string(kPingMessage)), 1002);
}

TEST_F(FramesTest, ANewMessageInsideAFragmentedOneCloses1002) {
  expect_closed({text(R"({"type":)", false), text(std::string(kPingMessage))}, 1002);
}

TEST_F(FramesTest, ALengthNotInItsShortestFormCloses1002) {
  expect_closed({.payload = std::string(kPingMessage), .length_bytes = 2}, 1002);
  expect_closed({.payload = std::string(kPingMessage), .length_bytes = 8}, 1002);
}

TEST_F(FramesTest, ALengthWithTheTopBitCloses1002) {
  expect_closed({.announced = std::uint64_t{1} << 63}, 1002);
}

TEST_F(FramesTest, ACloseFrameWithOneByteCloses1002) {
  expect_closed({.opcode = kClose, .payload = "\x03"}, 1002);
}

TEST_F(FramesTest, AnInvalidCloseCodeCloses1002) {
  for (const auto code : std::initializer_list<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 1016,
                                                              2999, 5000, 65535}) {
    expect_closed({.opcode = kClose, .payload = close_payload(code)}, 1002);
  }
}

TEST_F(FramesTest, ACloseReasonThatIsNotUtf8Closes1007) {
  expect_closed({.opcode = kClose, .payload = close_payload(1000, "\xff")}, 1007);
}

TEST_F(FramesTest, InvalidUtf8Closes1007) {
  const std::string_view wrong[] = {"\x80",         "\xc0\xaf",         "\xe0\x80\xaf",
                                    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
                                    "\xff",         "\xc3\x28",         "\xe2\x28\xa1"};
  for (const auto bytes : wrong) {
    expect_closed(text(R"({"type":"ping","x":")" + std::string(bytes) + "\"}"), 1007);
  }
}

TEST_F(FramesTest, AMessageThatEndsInsideACharacterCloses1007) {
  expect_closed(text(R"({"type":"ping"} )"
                     "\xe2\x82"),
                1007);
  expect_closed({text("\xe2", false), continuation("\x82")}, 1007);
}

TEST_F(FramesTest, InvalidUtf8InAFragmentCloses1007BeforeTheMessageEnds) {
  expect_closed(text("{\"x\":\"\xff", false), 1007);
}

TEST_F(FramesTest, InvalidUtf8Closes1007BeforeTheFrameEnds) {
  TestPeer alice = registered();
  alice.ws().send_frame({.payload = "{\"x\":\"\xff abc", .announced = 1000});
  alice.ws().expect_close(1007);
}

TEST_F(FramesTest, ACharacterMayBeSplitOverFragments) {
  TestPeer alice = registered();
  alice.ws().send_frame(text("{\"type\":\"ping\",\"x\":\"\xe2", false));
  alice.ws().send_frame(continuation("\x82", false));
  alice.ws().send_frame(continuation("\xac\"}"));
  alice.next("pong");
}

TEST_F(FramesTest, AFragmentedMessageIsOneMessage) {
  TestPeer alice = registered();
  alice.ws().send_frame(text(R"({"type")", false));
  alice.ws().send_frame(continuation(":", false));
  alice.ws().send_frame(continuation("", false));
  alice.ws().send_frame(continuation(R"("ping"})"));
  alice.next("pong");
}

TEST_F(FramesTest, APingInsideAFragmentedMessageIsAnsweredAtOnce) {
  TestPeer alice = registered();
  alice.ws().send_frame(text(R"({"type")", false));
  alice.ws().send_frame({.opcode = kPing, .payload = "between"});
  const Frame pong = alice.ws().read_frame();
  EXPECT_EQ(pong.opcode, kPong);
  EXPECT_EQ(pong.payload, "between");
  alice.ws().send_frame(continuation(R"(:"ping"})"));
  alice.next("pong");
}

TEST_F(FramesTest, ACloseInsideAFragmentedMessageIsAnswered) {
  TestPeer alice = registered();
  alice.ws().send_frame(text(R"({"type")", false));
  alice.close();
}

TEST_F(FramesTest, APingIsAnsweredWithItsPayload) {
  TestPeer stranger = connect();
  stranger.ws().send_frame({.opcode = kPing, .payload = std::string("a\0\xff", 3)});
  const Frame pong = stranger.ws().read_frame();
  EXPECT_EQ(pong.opcode, kPong);
  EXPECT_EQ(pong.payload, std::string("a\0\xff", 3));
}

TEST_F(FramesTest, AnUnsolicitedPongIsIgnored) {
  TestPeer alice = registered();
  alice.ws().send_frame({.opcode = kPong, .payload = "hello"});
  alice.expect_silence();
}

TEST_F(FramesTest, SingleBytesMakeMessages) {
  TestPeer alice = connect();
  alice.ws().send_byte_by_byte(encode(text(message("register", R"({"public_key":"alice"})"))) +
                               encode({.opcode = kPing, .payload = "p"}) +
                               encode(text(std::string(300, ' ') + "1")));
  alice.next("registered");
  EXPECT_EQ(alice.ws().read_frame().payload, "p");
  alice.expect_error(400, "invalid message");
}

TEST_F(FramesTest, ManyFramesInOneWriteAreAnsweredInOrder) {
  TestPeer alice = registered();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += encode(text(message("discover", fmt(R"({"namespace":"ns %"})", i))));
  }
  alice.ws().send_raw(bytes);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(alice.next("peer_list")["payload"]["namespace"].str(), fmt("ns %", i));
  }
}

TEST_F(FramesTest, AnEmptyMessageIsInvalidAndDoesNotClose) {
  TestPeer alice = registered();
  alice.expect_refused("", 400, "invalid message");
  alice.expect_silence();
}

// --- sizes

std::string ping_of_size(std::size_t size) {
  const std::string_view front = R"({"type":"ping","x":")";
  const std::string_view back = R"("})";
  return std::string(front) + std::string(size - front.size() - back.size(), 'x') +
         std::string(back);
}

TEST_F(FramesTest, MaxMessageSizeIsInclusive) {
  start({"max_message_size=1024"});
  TestPeer alice = registered();
  alice.send(ping_of_size(1024));
  alice.next("pong");
  expect_closed(text(ping_of_size(1025)), 1009);
}

TEST_F(FramesTest, TheDefaultMaxMessageSizeIs65536) {
  TestPeer alice = registered();
  alice.send(ping_of_size(65536));
  alice.next("pong");
  expect_closed(text(ping_of_size(65537)), 1009);
}

TEST_F(FramesTest, MaxMessageSizeCountsOverFragments) {
  start({"max_message_size=1024"});
  TestPeer alice = registered();
  const std::string whole = ping_of_size(1024);
  alice.ws().send_frame(text(whole.substr(0, 600), false));
  alice.ws().send_frame(continuation(whole.substr(600)));
  alice.next("pong");
  expect_closed({text(std::string(600, ' '), false), continuation(std::string(425, ' '))}, 1009);
}

TEST_F(FramesTest, ATooLongMessageIsRefusedFromItsHeader) {
  expect_closed({.announced = 65537}, 1009);
  expect_closed({.announced = std::uint64_t{1} << 40}, 1009);
}

TEST_F(FramesTest, ATooLongFragmentIsRefusedFromItsHeader) {
  start({"max_message_size=1024"});
  expect_closed({text(std::string(1000, ' '), false),
                 {.opcode = kContinuation, .fin = false, .announced = 25}},
                1009);
}

// --- closing

TEST_F(FramesTest, ACloseIsAnsweredWithTheSameCodeAndTheServerEndsTheConnection) {
  for (const auto code : std::initializer_list<std::uint16_t>{1000, 1001, 1011, 3000, 4000, 4999})
    registered().ws().close(code);
}

TEST_F(FramesTest, ACloseWithoutACodeIsAnswered) {
  TestPeer alice = registered();
  alice.ws().send_frame({.opcode = kClose});
  EXPECT_EQ(alice.ws().read_frame().opcode, kClose);
  alice.ws().stream().expect_end();
}

TEST_F(FramesTest, ACloseBeforeRegistrationIsAnswered) { connect().close(); }

TEST_F(FramesTest, WhatFollowsACloseIsNotProcessed) {
  TestPeer alice = registered();
  alice.ws().send_raw(encode({.opcode = kClose, .payload = close_payload(1000)}) +
                      encode(text(std::string(kPingMessage))));
  EXPECT_EQ(alice.ws().read_frame().opcode, kClose);
  alice.ws().stream().expect_end();
}

TEST_F(FramesTest, ACloseCodeSurvivesAClientThatIsStillSending) {
  TestPeer alice = registered();
  alice.ws().send_frame({.payload = std::string(512 * 1024, ' '), .announced = 1 << 30});
  alice.ws().expect_close(1009);
  alice.ws().stream().expect_end();
}

TEST_F(FramesTest, AClientThatNeverStopsSendingIsCutOff) {
  TestPeer alice = registered();
  const std::string chunk(64 * 1024, ' ');
  alice.ws().send_frame({.announced = 1 << 30});
  const Deadline deadline;
  while (alice.ws().stream().write_some(chunk) >= 0) {
    ASSERT_FALSE(deadline.passed());
    alice.ws().stream().wait_writable();
  }
}

TEST_F(FramesTest, AConnectionThatVanishesIsAPeerThatLeft) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  bob.ws().send_raw(encode(text("{}")).substr(0, 4));
  bob.ws().stream().reset();
  EXPECT_EQ(alice.next("peer_left")["from"].str(), bob.fingerprint());
}

TEST_F(FramesTest, AConnectionThatEndsInMidFrameIsAPeerThatLeft) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  bob.ws().send_raw(encode(text(ping_of_size(200))).substr(0, 100));
  bob.ws().stream().shutdown_writing();
  EXPECT_EQ(alice.next("peer_left")["from"].str(), bob.fingerprint());
}

}  // namespace
}  // namespace peer::test
