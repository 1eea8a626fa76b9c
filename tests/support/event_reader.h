#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/json.h"
#include "tests/support/tcp_stream.h"

namespace peer::test {

/// One server-sent event of `GET /v1/events`.
struct ServerEvent {
  std::string kind;
  Json data;
};

/// A reader of the events of the Server API. Each event that is not as docs/openapi.json describes
/// it fails the test. One thread.
class EventReader {
 public:
  /// Asks for the stream, and returns when it has begun: what happens from now on is read.
  /// `path`: with a query, if any. `receive_buffer`: as Dial.
  EventReader(std::uint16_t port, const std::string& token, std::string_view path = "/v1/events",
              int receive_buffer = 0);

  [[nodiscard]] const std::string& head() const { return head_; }
  /// The next event.
  ServerEvent next(Deadline deadline = Deadline());
  /// The next event, which must be of this kind.
  Json next(std::string_view kind, Deadline deadline = Deadline());
  /// Reads up to the next event of this kind; others are dropped.
  Json skip_to(std::string_view kind, Deadline deadline = Deadline());
  TcpStream& stream() { return stream_; }

 private:
  std::string read_line(Deadline deadline);

  TcpStream stream_;
  std::string buffer_;
  std::string head_;
};

}  // namespace peer::test
