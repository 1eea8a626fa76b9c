// Framing, pings, reserved bits, opcodes, fragmentation: RFC 6455 5.
#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

class FramingTest : public EchoTest {
 protected:
  /// Messages are echoed first, then `bad` fails the connection, however the bytes arrive.
  void expect_refused(const Frame& bad, std::uint16_t code = 1002) {
    SCOPED_TRACE("opcode " + std::to_string(bad.opcode) + ", rsv " + std::to_string(bad.rsv));
    const std::string bytes = encode_all({{.payload = "first"}, bad, {.opcode = kPing}});
    const std::size_t judged = encode({.payload = "first"}).size() + 2;
    for (const std::size_t at_first : {bytes.size(), judged}) {
      WsClient client = connect();
      if (at_first == bytes.size()) {
        client.send_raw(bytes);
      } else {
        client.send_byte_by_byte(bytes.substr(0, at_first));
      }
      expect_echo(client, kText, "first");
      expect_failed(client, code, bytes.substr(at_first));
    }
  }
  void expect_all_refused(const std::vector<Frame>& frames) {
    WsClient client = connect();
    client.send_raw(encode_all(frames));
    expect_failed(client, 1002);
  }
};

TEST_F(FramingTest, EveryLengthClassIsEchoedInEveryChopSize) {
  for (const std::size_t size :
       {0U, 1U, 125U, 126U, 127U, 128U, 65535U, 65536U, 65537U, 200'000U}) {
    for (const std::uint8_t opcode : {kText, kBinary}) {
      for (const std::size_t chop : {std::size_t{1}, std::size_t{997}, std::size_t{1} << 20}) {
        if (chop == 1 && size > 200) continue;
        WsClient client = connect();
        const std::string payload(size, opcode == kText ? '*' : '\xFE');
        const std::string bytes = encode({.opcode = opcode, .payload = payload});
        for (std::size_t at = 0; at < bytes.size(); at += chop) {
          client.send_raw(std::string_view(bytes).substr(at, chop));
        }
        expect_echo(client, opcode, payload);
      }
    }
  }
}

TEST_F(FramingTest, APingIsAnsweredWithItsPayload) {
  for (const std::size_t size : {0U, 1U, 5U, 125U}) {
    WsClient client = connect();
    const std::string payload(size, '\xFE');
    client.send_frame({.opcode = kPing, .payload = payload});
    expect_echo(client, kPong, payload);
  }
}

TEST_F(FramingTest, TenPingsGetTenPongsInOrder) {
  WsClient client = connect();
  std::string bytes;
  for (int i = 0; i < 10; ++i) {
    bytes += encode({.opcode = kPing, .payload = "payload " + std::to_string(i)});
  }
  client.send_byte_by_byte(bytes);
  for (int i = 0; i < 10; ++i) expect_echo(client, kPong, "payload " + std::to_string(i));
}

TEST_F(FramingTest, ThereIsNoLimitOfPings) {
  WsClient client = connect();
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += encode({.opcode = kPing});
  client.send_raw(bytes);
  for (int i = 0; i < 1000; ++i) expect_echo(client, kPong, "");
}

TEST_F(FramingTest, UnaskedPongsAreIgnored) {
  WsClient client = connect();
  client.send_raw(encode_all({{.opcode = kPong},
                              {.opcode = kPong, .payload = "unasked"},
                              {.opcode = kPing, .payload = "asked"}}));
  expect_echo(client, kPong, "asked");
}

TEST_F(FramingTest, ReservedBitsFailTheConnectionOnEveryOpcode) {
  for (std::uint8_t rsv = 1; rsv <= 7; ++rsv) {
    for (const std::uint8_t opcode : {kText, kBinary, kPing, kPong, kClose}) {
      expect_refused({.opcode = opcode, .payload = "ab", .rsv = rsv});
    }
  }
}

TEST_F(FramingTest, ReservedOpcodesFailTheConnection) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    expect_refused({.opcode = static_cast<std::uint8_t>(opcode), .payload = "x"});
    expect_refused({.opcode = static_cast<std::uint8_t>(opcode)});
  }
}

TEST_F(FramingTest, BadHeadersFailTheConnection) {
  expect_refused({.payload = "x", .masked = false});
  expect_refused({.opcode = kPing, .payload = std::string(126, 'x')});
  expect_refused({.opcode = kClose, .payload = std::string(126, 'x')});
  expect_refused({.opcode = kPing, .fin = false});
  expect_refused({.opcode = kPong, .fin = false});
  expect_refused({.opcode = kContinuation, .payload = "x"});
  expect_refused({.opcode = kContinuation, .payload = "x", .fin = false});
}

TEST_F(FramingTest, LengthsMustBeMinimalAndInRange) {
  expect_all_refused({{.payload = "x", .length_bytes = 2}});
  expect_all_refused({{.payload = std::string(300, 'x'), .length_bytes = 8}});
  expect_all_refused({{.announced = ~std::uint64_t{0}, .length_bytes = 8}});
}

struct Fragments {
  std::vector<Frame> frames;
  std::vector<Frame> echoes;
};

TEST_F(FramingTest, FragmentsAreOneMessageAndControlFramesMayStandBetween) {
  const std::vector<Fragments> cases{
      {{{.payload = "ab", .fin = false}, {.opcode = kContinuation, .payload = "cd"}},
       {{.payload = "abcd"}}},
      {{{.payload = "", .fin = false},
        {.opcode = kContinuation, .payload = "", .fin = false},
        {.opcode = kContinuation, .payload = ""}},
       {{.payload = ""}}},
      {{{.opcode = kBinary, .payload = "a", .fin = false},
        {.opcode = kPing, .payload = "p"},
        {.opcode = kContinuation, .payload = "b", .fin = false},
        {.opcode = kPing, .payload = "q"},
        {.opcode = kContinuation, .payload = "c"}},
       {{.opcode = kPong, .payload = "p"},
        {.opcode = kPong, .payload = "q"},
        {.opcode = kBinary, .payload = "abc"}}},
      {{{.payload = "a", .fin = false},
        {.opcode = kContinuation, .payload = "b"},
        {.payload = "c", .fin = false},
        {.opcode = kContinuation, .payload = "d"}},
       {{.payload = "ab"}, {.payload = "cd"}}},
  };
  for (const Fragments& fragments : cases) {
    const std::string bytes = encode_all(fragments.frames);
    for (const std::size_t chop : {bytes.size(), std::size_t{1}}) {
      WsClient client = connect();
      for (std::size_t at = 0; at < bytes.size(); at += chop) {
        client.send_raw(std::string_view(bytes).substr(at, chop));
      }
      for (const Frame& echo : fragments.echoes) expect_echo(client, echo.opcode, echo.payload);
    }
  }
}

TEST_F(FramingTest, FragmentsOutOfOrderFailTheConnection) {
  expect_all_refused({{.payload = "a", .fin = false}, {.payload = "b"}});
  expect_all_refused({{.payload = "a", .fin = false}, {.opcode = kBinary, .payload = "b"}});
  WsClient client = connect();
  client.send_raw(encode_all({{.payload = "a", .fin = false},
                              {.opcode = kContinuation, .payload = "b"},
                              {.opcode = kContinuation, .payload = "c"}}));
  expect_echo(client, kText, "ab");
  expect_failed(client, 1002);
}

TEST_F(FramingTest, EveryPathIsAnEchoAndOtherRequestsAreRefused) {
  WsClient deep(Dial{.port = port(), .path = "/a/b?c=d"});
  deep.send_text("x");
  expect_echo(deep, kText, "x");
  EXPECT_EQ(http_get(port(), "/").status, 400);
  EXPECT_EQ(HttpClient(port()).request("POST", "/").status, 405);
}

}  // namespace
}  // namespace peer::test
