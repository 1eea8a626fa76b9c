// Limits and performance: 16 MiB in all chop sizes, very many fragments, clients that do not read.
#include <algorithm>

#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class LargeTest : public EchoTest {
 protected:
  LargeTest()
      : EchoTest({"--max-message", std::to_string(16 * kMiB), "--send-buffer-bytes",
                  std::to_string(16 * kMiB)}) {}

  void write_chopped(WsClient& client, std::string_view bytes, std::size_t chop) {
    for (std::size_t at = 0; at < bytes.size(); at += chop) {
      client.stream().write(bytes.substr(at, chop), Deadline(60s));
    }
  }
  void expect_large_echo(WsClient& client, const std::string& payload) {
    const Frame frame = client.read_frame(Deadline(60s));
    EXPECT_TRUE(frame.payload == payload) << frame.payload.size();
  }
};

TEST_F(LargeTest, SixteenMebibytesAreEchoedInAllChopSizes) {
  const std::string payload(16 * kMiB, 'x');
  const std::string bytes = encode({.opcode = kBinary, .payload = payload});
  for (const std::size_t chop : {std::size_t{64}, std::size_t{1000}, 64 * 1024 + kMiB}) {
    WsClient client = connect();
    write_chopped(client, bytes, chop);
    expect_large_echo(client, payload);
  }
}

TEST_F(LargeTest, OneByteMoreThanTheLimitIs1009FromTheHeader) {
  WsClient client = connect();
  client.send_raw(encode({.announced = 16 * kMiB + 1, .length_bytes = 8}));
  expect_failed(client, 1009);
}

TEST_F(LargeTest, AMillionFragmentsAreOneMessage) {
  constexpr int kFragments = 1'000'000;
  WsClient client = connect();
  std::string bytes = encode({.payload = "a", .fin = false});
  const std::string next = encode({.opcode = kContinuation, .payload = "b", .fin = false});
  for (int i = 2; i < kFragments; ++i) bytes += next;
  bytes += encode({.opcode = kContinuation, .payload = "c"});
  client.stream().write(bytes, Deadline(60s));
  expect_large_echo(client, "a" + std::string(kFragments - 2, 'b') + "c");
}

// Far more than the sockets hold: the server stops reading until its echoes are read, loses none,
// and keeps their order.
TEST_F(LargeTest, AClientThatDoesNotReadIsNotReadAndLosesNothing) {
  constexpr int kMessages = 60;
  const auto payload = [](int i) { return std::string(kMiB, static_cast<char>('0' + i % 10)); };
  std::string bytes;
  for (int i = 0; i < kMessages; ++i) bytes += encode({.payload = payload(i)});
  const std::size_t frame_size = bytes.size() / kMessages;

  WsClient client = connect();
  std::size_t sent = 0;
  const auto write_up_to = [&](std::size_t end, milliseconds patience) {
    for (Deadline stall(patience); sent < end && !stall.passed();) {
      const long count =
          client.stream().write_some(std::string_view(bytes).substr(sent, end - sent));
      sent += static_cast<std::size_t>(std::max(count, 0L));
      if (count > 0) stall = Deadline(patience);
    }
  };
  write_up_to(bytes.size(), 500ms);
  EXPECT_LT(sent, bytes.size());
  for (int i = 0; i < kMessages; ++i) {
    write_up_to((static_cast<std::size_t>(i) + 1) * frame_size, 10s);
    expect_large_echo(client, payload(i));
  }
}

}  // namespace
}  // namespace peer::test
