// Closing: RFC 6455 5.5.1 and 7.
#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

class CloseTest : public EchoTest {
 protected:
  /// The close frame is answered with `answer`, and what comes behind it is ignored.
  void expect_answer(const std::string& payload, const std::string& answer) {
    SCOPED_TRACE(testing::PrintToString(payload));
    WsClient client = connect();
    client.send_raw(encode_all({{.payload = "first"},
                                {.opcode = kClose, .payload = payload},
                                {.payload = "late"},
                                {.opcode = kPing},
                                {.opcode = 7, .rsv = 7}}));
    expect_echo(client, kText, "first");
    const Frame close = client.read_frame();
    EXPECT_EQ(close.opcode, kClose);
    EXPECT_EQ(close.payload.substr(0, 2), answer);
    client.stream().expect_end();
  }
};

TEST_F(CloseTest, AnEmptyCloseIsAnsweredByAnEmptyOne) { expect_answer("", ""); }

TEST_F(CloseTest, AValidCodeIsAnsweredWithTheSameCode) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    const std::string payload = close_payload(static_cast<std::uint16_t>(code));
    expect_answer(payload, payload);
    expect_answer(payload + "with a reason \xC3\xA4", payload);
  }
  expect_answer(close_payload(1000, std::string(123, '*')), close_payload(1000));
}

TEST_F(CloseTest, AnInvalidCodeIs1002) {
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    expect_answer(close_payload(static_cast<std::uint16_t>(code)), close_payload(1002));
  }
}

TEST_F(CloseTest, APayloadOfOneByteIs1002) { expect_answer("\x03", close_payload(1002)); }

TEST_F(CloseTest, AReasonThatIsNoUtf8Is1007) {
  for (const char* reason : {"\xFF", "ab\xC3", "\xCE\xBA\xED\xA0\x80"}) {
    expect_answer(close_payload(1000, reason), close_payload(1007));
  }
}

TEST_F(CloseTest, ACloseMayStandWithinAFragmentedMessage) {
  WsClient client = connect();
  client.send_raw(encode_all({{.payload = "part", .fin = false},
                              {.opcode = kClose, .payload = close_payload(1000)},
                              {.opcode = kContinuation, .payload = "rest"}}));
  expect_failed(client, 1000);
}

TEST_F(CloseTest, ALargeEchoIsCompleteBeforeTheCloseIsAnswered) {
  WsClient client = connect();
  const std::string large(256 * 1024, 'L');
  client.send_raw(encode_all(
      {{.payload = large}, {.opcode = kClose, .payload = close_payload(1000)}, {.opcode = kPing}}));
  expect_echo(client, kText, large);
  expect_failed(client, 1000);
}

}  // namespace
}  // namespace peer::test
