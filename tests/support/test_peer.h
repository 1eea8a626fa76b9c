#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/json.h"
#include "tests/support/ws_client.h"

namespace peer::test {

/// Lower-case hex SHA-256: the fingerprint of a public key.
std::string fingerprint_of(std::string_view public_key);

/// A message of the protocol: `{"type":TYPE,"payload":PAYLOAD,MORE}`. `payload` is JSON text, empty
/// for none; `more` are further members of the envelope.
std::string message(std::string_view type, std::string_view payload = {},
                    std::string_view more = {});

/// A client that speaks the protocol over a WebSocket: sends and expects. What is not as expected
/// fails the test; what does not come in time throws.
class TestPeer {
 public:
  /// Connects; nothing is sent.
  explicit TestPeer(const Dial& dial) : ws_(dial) {}
  explicit TestPeer(std::uint16_t port) : TestPeer(Dial{.port = port}) {}

  /// Registers and returns the whole `registered` message. `more` are members of the payload
  /// beside public_key: `"alias":"bob"`.
  Json register_as(std::string_view public_key, std::string_view more = {});
  /// Joins a namespace or a room and returns the `peer_list` message.
  Json join(std::string_view ns, std::string_view more = {});
  /// Creates a room and returns the `room_created` message.
  Json create_room(std::string_view room, std::string_view more = {});

  void send(std::string_view text) { ws_.send_text(text); }
  void send(std::string_view type, std::string_view payload, std::string_view more = {}) {
    send(message(type, payload, more));
  }
  /// `signal` or `relay`.
  void send_to(std::string_view to, std::string_view payload, std::string_view type = "signal") {
    send(message(type, payload, fmt(R"("to":"%")", to)));
  }

  /// The next message.
  Json next();
  /// The next message, which must be of this type.
  Json next(std::string_view type);
  /// The next message must be this error. Returns it whole.
  Json expect_error(int code, std::string_view text);
  /// The next message must be an error with this code and a text in which the POSIX
  /// extended regular expression is found: where the contract fixes only the code, or only a part
  /// of the words.
  void expect_error_like(int code, const std::string& pattern);
  /// Sends and expects an error in answer.
  void expect_refused(std::string_view text, int code, std::string_view error);
  /// Nothing has come in, nor is on its way: the next messages are the answers to two pings (the
  /// second because the first could overtake what another event loop has handed over).
  void expect_silence();
  /// Sends a ping and awaits its pong: everything sent before has been processed.
  void round_trip();

  /// The next message as it came, for byte-for-byte checks and for what the parser cannot take.
  std::string next_text() { return ws_.read_text(); }
  /// The text of the message that next() returned last.
  const std::string& last_text() const { return last_text_; }
  const std::string& fingerprint() const { return fingerprint_; }
  /// It has resumed a session with that fingerprint.
  void goes_on_as(std::string fingerprint) { fingerprint_ = std::move(fingerprint); }
  const std::string& alias() const { return alias_; }
  WsClient& ws() { return ws_; }
  /// Closes the WebSocket with a close handshake.
  void close() { ws_.close(); }

 private:
  WsClient ws_;
  std::string last_text_;
  std::string fingerprint_;
  std::string alias_;
};

/// expect_silence() of each.
void expect_silence_of(std::initializer_list<TestPeer*> peers);

}  // namespace peer::test
