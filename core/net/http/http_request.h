#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The HTTP/1.1 side of the port: request heads, the WebSocket upgrade, small answers.
/// Strict where leniency lets requests be smuggled (RFC 9112 11.2). Everything here is pure: no
/// I/O, no exceptions to the caller, callable from any thread.
namespace peer {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// One request head. Header values are as received; they must not be reflected in answers or logs.
struct HttpRequest {
  std::string method;  ///< a token, case-sensitive
  std::string path;    ///< starts with '/'; not percent-decoded
  std::string query;   ///< what follows the first '?', not decoded
  bool http_1_1 = false;
  bool keep_alive = false;  ///< the client expects the connection to stay open
  HttpHeaders headers;
  std::uint64_t body_size = 0;  ///< Content-Length
  bool is_chunked = false;      ///< Transfer-Encoding: the size of the body is not known
  std::string body;             ///< where bodies are taken (NetOptions::max_body), once it is whole

  /// The first header of that name, in any case of letters; nullptr when there is none.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  /// The one header of that name; nullptr when there is none, and when there are several.
  [[nodiscard]] const std::string* only(std::string_view name) const;
  /// The values of all headers of that name, in order.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  /// How many headers of that name there are.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// True when a header of that name lists `token`, in any case of letters (RFC 9110 5.6.1).
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;
};

/// What equals_ignoring_case() asks of two texts of one length.
[[nodiscard]] bool has_same_letters(std::string_view a, std::string_view b);
/// Whether two names of headers, or other texts of ASCII, differ in the case of letters at most.
/// Most that are compared have another length: that is seen without a call.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && has_same_letters(a, b);
}

/// Bounds of a request head; no part of it has one of its own, but the method. The head includes
/// its empty line.
inline constexpr std::size_t kMaxHeadSize = 16 * 1024;
inline constexpr std::size_t kMaxHeaders = 256;

/// The length of the head at the front of `bytes`, the empty line included; 0 when incomplete.
/// Lines that end in a bare LF end a head too: parse_head() refuses it, and the client need not
/// wait for a timeout.
[[nodiscard]] std::size_t find_head_end(std::string_view bytes);

/// Whether a request for `path` means `known`, which ends in no slash unless it is "/": a slash at
/// the end is forgiven.
[[nodiscard]] bool is_path(std::string_view path, std::string_view known);

/// False when `bytes`, the front of a head that is incomplete, cannot become a request any more: no
/// method at the start, as in a TLS hello.
[[nodiscard]] bool may_begin_head(std::string_view bytes);

/// What `bytes`, which are no request of HTTP/1.1, are if it is a usual mistake: TLS, HTTP/2 or
/// PROXY protocol where plain HTTP/1.1 is spoken. Names what to do; empty: nothing is known.
[[nodiscard]] std::string_view what_it_looks_like(std::string_view bytes);

/// True when the request line of this front of a head does not end in it: of one beyond
/// kMaxHeadSize the target is to blame (414), else the headers are (431).
[[nodiscard]] bool is_within_request_line(std::string_view bytes);

/// What becomes of a request with a body.
enum class Bodies : std::uint8_t { kRefused, kTaken };

/// Reads one whole head; nullopt is a 400, or a 431 if has_too_many_headers(). Refused beyond RFC
/// 9112: folded lines, targets that are neither a path nor an absolute http URL, and requests with
/// a body unless `bodies` takes them.
[[nodiscard]] std::optional<HttpRequest> parse_head(std::string_view head,
                                                    Bodies bodies = Bodies::kRefused);

/// True for a whole head with more than kMaxHeaders lines behind the request line.
[[nodiscard]] bool has_too_many_headers(std::string_view head);

/// A Sec-WebSocket-Accept: 20 bytes in base64, all NUL where there is none. A text of its own would
/// be an allocation of each connection.
using AcceptKey = std::array<char, 28>;

/// The server's answer to an upgrade (RFC 6455 4.2).
struct UpgradeAnswer {
  int status = 400;        ///< 101, 400 or 426
  std::string problem{};   ///< what is missing, unless 101; nothing of it is the client's text
  AcceptKey accept_key{};  ///< for 101
};

/// Judges a request for the WebSocket endpoint. 426 is the wrong or missing version of what
/// otherwise asks for a WebSocket.
[[nodiscard]] UpgradeAnswer check_upgrade(const HttpRequest& request);

/// The head of a 101, behind what is in `out`: a std::string, or a FrameBuilder. `extra` is for
/// negotiated extensions and must hold no client's text.
template <typename Out>
void append_switching_protocols(Out& out, const AcceptKey& accept_key,
                                const HttpHeaders& extra = {}) {
  using Text = std::string_view;
  out.append(
      Text("HTTP/1.1 101 Switching Protocols\r\n"
           "Upgrade: websocket\r\n"
           "Connection: Upgrade\r\n"
           "Sec-WebSocket-Accept: "));
  out.append(Text(accept_key.data(), accept_key.size())).append(Text("\r\n"));
  for (const auto& [name, value] : extra) {
    out.append(name).append(Text(": ")).append(value).append(Text("\r\n"));
  }
  out.append(Text("\r\n"));
}

/// A plain answer. Nothing in it may be a client's text.
struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  HttpHeaders extra;  ///< such as Allow
  bool keep_alive = false;
  bool head_only = false;  ///< answers HEAD: the length of the body, but no body
};

/// The bytes of the whole answer, with the headers that follow from it, Content-Length among them.
[[nodiscard]] std::string render_response(const HttpResponse& response);

/// An answer with the body {"error":{"code":404,"message":"not found"}}; the message is the
/// status's standard phrase, or what went wrong (plain words without quotes). A 426 says which
/// version is spoken.
[[nodiscard]] HttpResponse error_response(int status, std::string_view message = {});

}  // namespace peer
