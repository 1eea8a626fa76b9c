// The server's options reach the layer under test, so that a suite can run with the product's
// values.
#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

class EchoOfTheProductTest : public EchoTest {
 protected:
  EchoOfTheProductTest() : EchoTest({"--product", "--compression"}) {}
};

TEST_F(EchoOfTheProductTest, HasTheDefaultsOfItsKeys) {
  WsClient large = connect();
  large.send_frame({.opcode = kBinary, .payload = std::string(65536, 'x')});
  expect_echo(large, kBinary, std::string(65536, 'x'));
  large.send_frame({.opcode = kBinary, .payload = std::string(65537, 'x')});
  expect_failed(large, 1009);

  WsClient chatty = connect();
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += encode({.opcode = kPing});
  chatty.send_raw(pings);
  chatty.expect_close(4008);

  WsClient reader = connect("Sec-WebSocket-Extensions: permessage-deflate\r\n");
  reader.send_text(std::string(1023, 'x'));
  EXPECT_EQ(reader.read_frame().rsv, 0);
  reader.send_text(std::string(1024, 'x'));
  EXPECT_EQ(reader.read_frame().rsv, 4);
}

class EchoWithOptionsTest : public EchoTest {
 protected:
  EchoWithOptionsTest()
      : EchoTest({"--product",
                  "--compression",
                  "--compression-threshold",
                  "10",
                  "--max-message",
                  "1000",
                  "--ping-interval",
                  "50",
                  "--pong-wait",
                  "100",
                  "--control-frames",
                  "3",
                  "--send-buffer-size",
                  "5",
                  "--send-buffer-bytes",
                  "5000",
                  "--read-timeout",
                  "1000",
                  "--write-timeout",
                  "1000"}) {}
};

TEST_F(EchoWithOptionsTest, TakesEachOptionBehindTheProductsValues) {
  connect().expect_close(4002, "ping timeout");
  WsClient large = connect();
  large.send_text(std::string(1001, 'x'));
  large.expect_close(1009);
  WsClient chatty = connect();
  chatty.send_raw(
      encode_all({{.opcode = kPong}, {.opcode = kPong}, {.opcode = kPong}, {.opcode = kPong}}));
  chatty.expect_close(4008);
  WsClient reader = connect("Sec-WebSocket-Extensions: permessage-deflate\r\n");
  reader.send_text(std::string(10, 'x'));
  EXPECT_EQ(reader.read_frame().rsv, 4);
}

}  // namespace
}  // namespace peer::test
