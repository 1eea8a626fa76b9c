#include "tests/support/ws_client.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace peer::test {
namespace {

// The key and its answer are the example of RFC 6455 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr int kRsv1 = 4;

void check_server_frame(const Frame& frame, bool may_compress) {
  EXPECT_FALSE(frame.masked) << "a server must not mask (RFC 6455 5.1)";
  if (frame.rsv != kRsv1 || !may_compress || frame.opcode >= kClose) {
    EXPECT_EQ(frame.rsv, 0) << "no extension was negotiated for it";
  }
  if (frame.opcode >= kClose) {
    EXPECT_TRUE(frame.fin) << "control frames are not fragmented";
    EXPECT_LE(frame.payload.size(), 125U);
  }
}

std::uint16_t close_code(const Frame& frame) {
  if (frame.payload.size() < 2) return 1005;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                    static_cast<unsigned char>(frame.payload[1]));
}

}  // namespace

std::string upgrade_request(std::string_view path, std::string_view headers) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n");
  text.append("Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
  text.append(kKey).append("\r\n").append(headers).append("\r\n");
  return text;
}

WsClient::WsClient(const Dial& dial) : stream_(dial) {
  stream_.write(upgrade_request(dial.path, dial.headers).append(dial.behind_upgrade));
  HttpReply reply = read_http_reply(stream_, buffer_);
  if (reply.status != 101 || reply.headers["sec-websocket-accept"] != kAccept) {
    throw std::runtime_error("upgrade refused with " + std::to_string(reply.status));
  }
  extensions_ = reply.headers["sec-websocket-extensions"];
}

void WsClient::send_byte_by_byte(std::string_view bytes) {
  for (const char byte : bytes) stream_.write({&byte, 1});
}

Frame WsClient::read_frame(Deadline deadline) {
  while (true) {
    if (auto frame = take_frame(buffer_)) {
      check_server_frame(*frame, !extensions_.empty());
      return *frame;
    }
    if (stream_.read_some(buffer_, deadline) == 0) {
      throw std::runtime_error("connection ended without a close frame");
    }
  }
}

std::string WsClient::read_text(Deadline deadline) {
  std::string text;
  bool compressed = false;
  while (true) {
    const Frame frame = read_frame(deadline);
    if (frame.opcode == kPing) {
      if (answers_pings_) send_frame({.opcode = kPong, .payload = frame.payload});
      continue;
    }
    if (frame.opcode == kPong) continue;
    if (frame.opcode == kClose) {
      throw std::runtime_error("closed with " + std::to_string(close_code(frame)) + " '" +
                               (frame.payload.size() > 2 ? frame.payload.substr(2) : "") + "'");
    }
    EXPECT_EQ(frame.opcode, text.empty() ? kText : kContinuation);
    if (text.empty()) compressed = frame.rsv == kRsv1;
    text += frame.payload;
    if (frame.fin) return compressed ? inflate_message(text) : text;
  }
}

void WsClient::expect_close(std::uint16_t code, std::optional<std::string> reason,
                            Deadline deadline) {
  Frame frame = read_frame(deadline);
  while (frame.opcode != kClose) frame = read_frame(deadline);
  EXPECT_EQ(close_code(frame), code);
  if (reason) {
    EXPECT_EQ(frame.payload.substr(2), *reason);
  }
  answer_close();
}

void WsClient::answer_close() {
  if (!std::exchange(sent_close_, true)) stream_.write_some(encode({.opcode = kClose}));
}

void WsClient::close(std::uint16_t code) {
  send_frame({.opcode = kClose, .payload = close_payload(code)});
  sent_close_ = true;
  expect_close(code);
  stream_.expect_end();
  stream_.shutdown_writing();
}

}  // namespace peer::test
