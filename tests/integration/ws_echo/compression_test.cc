// permessage-deflate with each negotiable set of parameters: RFC 7692.
#include <zlib.h>

#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

/// The payload of a compressed message (RFC 7692 7.2.1).
std::string deflate_message(std::string text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out - 4);
  deflateEnd(&stream);
  return out;
}

std::string json_like(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += R"({"n":)" + std::to_string(i) + "}";
  return text.substr(0, size);
}

class EchoCompressionTest : public EchoTest {
 protected:
  EchoCompressionTest() : EchoTest({"--compression"}) {}

  WsClient offering(const std::string& parameters = {}) {
    return connect("Sec-WebSocket-Extensions: permessage-deflate" + parameters + "\r\n");
  }
  static void send_compressed(WsClient& client, std::uint8_t opcode, const std::string& payload,
                              std::size_t fragment) {
    for (std::size_t at = 0; at == 0 || at < payload.size(); at += fragment) {
      client.send_frame({.opcode = at == 0 ? opcode : std::uint8_t{kContinuation},
                         .payload = payload.substr(at, fragment),
                         .fin = at + fragment >= payload.size(),
                         .rsv = static_cast<std::uint8_t>(at == 0 ? 4 : 0)});
    }
  }
  /// Of compression_threshold.
  static std::size_t threshold() { return has_product_values() ? 1024 : 0; }
  static void expect_compressed_echo(WsClient& client, std::uint8_t opcode,
                                     const std::string& text) {
    const Frame frame = client.read_frame(Deadline(20s));
    EXPECT_EQ(frame.opcode, opcode);
    EXPECT_EQ(frame.rsv, text.size() < threshold() ? 0 : 4);
    EXPECT_TRUE((frame.rsv == 0 ? frame.payload : inflate_message(frame.payload)) == text)
        << text.size();
  }
};

TEST_F(EchoCompressionTest, EverySetOfParametersEchoesEverySize) {
  std::vector<std::string> offers{"", "; client_no_context_takeover", "; client_max_window_bits",
                                  "; server_no_context_takeover; client_max_window_bits=8"};
  for (int bits = 9; bits <= 15; ++bits) {
    offers.push_back("; server_max_window_bits=" + std::to_string(bits));
    offers.push_back("; client_max_window_bits=" + std::to_string(bits));
  }
  for (const std::string& offer : offers) {
    SCOPED_TRACE(offer);
    WsClient client = offering(offer);
    for (const std::size_t size : {0U, 1U, 16U, 64U, 1024U, 4096U, 65536U, 131072U}) {
      const std::string text = json_like(size);
      send_compressed(client, kText, deflate_message(text, 9), size + 100);
      expect_compressed_echo(client, kText, text);
      send_compressed(client, kBinary, deflate_message(text, 15), size / 7 + 1);
      expect_compressed_echo(client, kBinary, text);
    }
  }
}

TEST_F(EchoCompressionTest, AThousandMessagesKeepTheirOrder) {
  WsClient client = offering();
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    bytes += encode({.payload = deflate_message("message " + std::to_string(i), 15), .rsv = 4});
  }
  client.send_raw(bytes);
  for (int i = 0; i < 1000; ++i) {
    expect_compressed_echo(client, kText, "message " + std::to_string(i));
  }
}

TEST_F(EchoCompressionTest, PlainMessagesAreTakenToo) {
  WsClient client = offering();
  client.send_text("plain");
  expect_compressed_echo(client, kText, "plain");
  WsClient without = connect();
  without.send_text("plain");
  expect_echo(without, kText, "plain");
}

TEST_F(EchoCompressionTest, InvalidTextIsFoundWithinAFragment) {
  WsClient client = offering();
  // A stored block of 5 bytes, of which one has come.
  client.send_frame(
      {.payload = std::string("\x00\x05\x00\xFA\xFF\xFF", 6), .fin = false, .rsv = 4});
  expect_failed(client, 1007);
}

TEST_F(EchoCompressionTest, BrokenStreamsFailTheConnectionAfterEarlierEchoes) {
  struct Bad {
    Frame frame;
    std::uint16_t code;
  };
  for (const Bad& bad :
       {Bad{{.payload = "\xFF\xFF", .rsv = 4}, 1007}, Bad{{.payload = "", .rsv = 4}, 1007},
        Bad{{.payload = "x", .rsv = 6}, 1002},
        Bad{{.opcode = kPing, .payload = "x", .rsv = 4}, 1002},
        Bad{{.opcode = kContinuation, .payload = "x", .rsv = 4}, 1002}}) {
    WsClient client = offering();
    client.send_raw(encode_all({{.payload = deflate_message("first", 15), .rsv = 4}, bad.frame}));
    expect_compressed_echo(client, kText, "first");
    expect_failed(client, bad.code);
  }
}

TEST_F(EchoCompressionTest, ABombIs1009) {
  WsClient client = offering();
  const std::string bomb = deflate_message(std::string(65 << 20, '\0'), 15);
  send_compressed(client, kBinary, bomb, bomb.size());
  expect_failed(client, 1009);
}

}  // namespace
}  // namespace peer::test
