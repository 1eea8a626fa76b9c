#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/tcp_stream.h"
#include "tests/support/ws_frame.h"

namespace peer::test {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case, values trimmed
  std::string body;
};

/// Takes one reply off the front of `buffer`, reading from `stream` as needed. What follows the
/// reply stays in `buffer`. The body is what Content-Length says; `has_body` false for an answer
/// to HEAD. A 1xx or 204 has none.
HttpReply read_http_reply(TcpStream& stream, std::string& buffer, bool has_body = true);

/// A connection for plain HTTP, kept alive between requests.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : stream_(port) {}
  explicit HttpClient(const Dial& dial) : stream_(dial) {}

  /// `method` is GET, HEAD, POST...; `more` are extra header lines, each ended by CRLF.
  HttpReply request(std::string_view method, std::string_view path, std::string_view more = {});
  TcpStream& stream() { return stream_; }
  /// Reads one reply to a request that was written to stream().
  HttpReply read_reply() { return read_http_reply(stream_, buffer_); }
  /// What comes behind the last reply, up to the end of the connection.
  std::string read_rest();
  /// The next WebSocket frame, after an upgrade.
  Frame read_frame();

 private:
  TcpStream stream_;
  std::string buffer_;
};

/// GET on a new connection.
HttpReply http_get(std::uint16_t port, std::string_view path);

}  // namespace peer::test
