// The echo server over TLS: large messages in both directions, many small ones, a slow reader.
#include "tests/integration/ws_echo/echo_test.h"
#include "tests/support/dev_certificate.h"

namespace peer::test {
namespace {

struct WithCertificate {
  DevCertificate certificate;
};

class EchoTlsTest : private WithCertificate, public EchoTest {
 protected:
  EchoTlsTest()
      : EchoTest({"--tls-cert", certificate.certificate(), "--tls-key", certificate.key()}) {}

  WsClient secure(int receive_buffer = 0) {
    return WsClient(
        Dial{.port = port(), .receive_buffer = receive_buffer, .tls = true, .path = "/"});
  }
};

TEST_F(EchoTlsTest, EverySizeIsEchoed) {
  for (const int receive_buffer : {0, 4096}) {
    WsClient client = secure(receive_buffer);
    for (const std::size_t size : {0U, 1U, 16383U, 16384U, 16385U, 65536U, 3'000'000U}) {
      const std::string payload(size, 'x');
      client.stream().write(encode({.payload = payload}), Deadline(30s));
      const Frame frame = client.read_frame(Deadline(30s));
      EXPECT_TRUE(frame.payload == payload) << size;
    }
  }
}

TEST_F(EchoTlsTest, ManySmallEchoesKeepTheirOrder) {
  WsClient client = secure();
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) bytes += encode({.payload = std::to_string(i)});
  client.stream().write(bytes, Deadline(30s));
  for (int i = 0; i < 20'000; ++i) expect_echo(client, kText, std::to_string(i));
}

TEST_F(EchoTlsTest, EarlierEchoesAreFlushedBeforeABadFrameFailsTheConnection) {
  WsClient client = secure();
  client.send_raw(encode_all({{.payload = "first"}, {.payload = "bad\xFF"}}));
  expect_echo(client, kText, "first");
  expect_failed(client, 1007);
}

}  // namespace
}  // namespace peer::test
