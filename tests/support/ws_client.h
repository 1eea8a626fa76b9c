#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/http_client.h"
#include "tests/support/tcp_stream.h"
#include "tests/support/ws_frame.h"

namespace peer::test {

/// The request that upgrades to a WebSocket, with a valid key; `headers` are further lines, each
/// ended by CRLF.
std::string upgrade_request(std::string_view path = "/ws", std::string_view headers = {});

/// A WebSocket client that can break every rule. Throws like TcpStream. Frames from the server are
/// checked: unmasked, RSV1 only on messages and if permessage-deflate was agreed on, control frames
/// whole and at most 125 bytes.
class WsClient {
 public:
  /// Connects and upgrades.
  explicit WsClient(const Dial& dial);
  explicit WsClient(std::uint16_t port) : WsClient(Dial{.port = port}) {}

  void send_text(std::string_view text) { send_raw(encode({.payload = std::string(text)})); }
  void send_frame(const Frame& frame) { send_raw(encode(frame)); }
  void send_raw(std::string_view bytes) { stream_.write(bytes); }
  /// One write of one byte each.
  void send_byte_by_byte(std::string_view bytes);

  /// The next frame of any kind.
  Frame read_frame(Deadline deadline = Deadline());
  /// The next text message, inflated. Answers pings unless told not to; throws on a close frame or
  /// the end.
  std::string read_text(Deadline deadline = Deadline());
  void answer_pings(bool on) { answers_pings_ = on; }
  /// Sends an empty close frame, unless close() has sent one or the connection is broken.
  void answer_close();

  /// Skips messages up to the close frame, checks its code, and its reason if given, and answers
  /// it.
  void expect_close(std::uint16_t code, std::optional<std::string> reason = std::nullopt,
                    Deadline deadline = Deadline());
  /// Sends a close frame and expects it answered with the same code and the connection ended.
  void close(std::uint16_t code = 1000);

  TcpStream& stream() { return stream_; }
  /// The extensions that the server agreed to; empty: none.
  const std::string& extensions() const { return extensions_; }

 private:
  TcpStream stream_;
  std::string buffer_;
  std::string extensions_;
  bool answers_pings_ = true;
  bool sent_close_ = false;
};

}  // namespace peer::test
