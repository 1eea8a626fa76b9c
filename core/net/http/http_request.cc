#include "core/net/http/http_request.h"

#include <algorithm>
#include <string>

#include "core/net/http/field_text.h"

// Heads of HTTP requests (RFC 9112). In: bytes as a client has sent them, at most kMaxHeadSize.
// Out: an HttpRequest, or nothing. No state, any thread. POCO's reader is not used: it takes bare
// LF, folded lines, space before a colon, NUL, any version and a truncated block, decodes RFC 2047
// words, line breaks included, and has limits of its own (docs/decisions.md, "Our own parser of
// request heads").
namespace peer {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMaxMethodSize = 32;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_space(char c) { return c == ' ' || c == '\t'; }

// find_first_not_of() calls memchr() for each byte: 860 instructions of an upgrade.
std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_valid_target(std::string_view target) {
  return !target.empty() && std::all_of(target.begin(), target.end(),
                                        [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

/// Origin form, or the path and query of absolute form (RFC 9112 3.2.2).
bool split_target(std::string_view target, HttpRequest& request) {
  if (target.front() != '/') {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
      return false;
    }
    target.remove_prefix(scheme_end + 3);
    const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    if (authority_end == 0) return false;
    target.remove_prefix(authority_end);
  }
  const std::size_t path_end = std::min(target.find('?'), target.size());
  request.path = path_end == 0 ? "/" : target.substr(0, path_end);
  if (path_end < target.size()) request.query = target.substr(path_end + 1);
  return true;
}

bool read_request_line(std::string_view line, HttpRequest& request) {
  const std::size_t method_end = line.find(' ');
  // A space within the target is found by is_valid_target().
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end >= target_end) return false;
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  request.method = method;
  request.http_1_1 = version == "HTTP/1.1";
  return is_token(method) && method.size() <= kMaxMethodSize && is_valid_target(target) &&
         (request.http_1_1 || version == "HTTP/1.0") && split_target(target, request);
}

/// Takes one field and its CRLF from the front of `head`. False: there is none that is sound. Each
/// byte is looked at once: what cannot be part of the name must be the colon, and what cannot be
/// part of the value the end of the line.
bool read_field_line(std::string_view& head, HttpRequest& request) {
  const std::size_t colon = token_length(head);
  if (colon == 0 || colon == head.size() || head[colon] != ':') return false;
  const std::string_view rest = head.substr(colon + 1);
  const std::size_t end = field_value_length(rest);
  if (rest.substr(end, kLineEnd.size()) != kLineEnd) return false;
  request.headers.emplace_back(head.substr(0, colon), trim(rest.substr(0, end)));
  head = rest.substr(end + kLineEnd.size());
  return true;
}

/// Reads a request line and at most kMaxHeaders fields, each ended by CRLF, and an empty line with
/// nothing behind it.
bool read_lines(std::string_view head, HttpRequest& request) {
  // As few as most clients send, since a place takes 64 bytes. To count the lines first would take
  // 500 instructions.
  constexpr std::size_t kUsualHeaders = 6;
  if (head.size() > kMaxHeadSize) return false;
  request.headers.reserve(kUsualHeaders);
  const std::size_t end = head.find(kLineEnd);
  if (end == std::string_view::npos || !read_request_line(head.substr(0, end), request)) {
    return false;
  }
  head.remove_prefix(end + kLineEnd.size());
  for (std::size_t fields = 0; !head.starts_with(kLineEnd); ++fields) {
    if (fields == kMaxHeaders || !read_field_line(head, request)) return false;
  }
  return head.size() == kLineEnd.size();
}

/// What is said of the body (RFC 9112 6). False: it contradicts itself, or is no size.
bool read_body_size(HttpRequest& request) {
  constexpr std::size_t kMostDigits = 15;
  const std::vector<std::string> sizes = request.all("Content-Length");
  request.is_chunked = request.count("Transfer-Encoding") > 0;
  if (sizes.empty()) return true;
  const std::string& size = sizes.front();
  const bool is_number = !size.empty() && size.size() <= kMostDigits &&
                         size.find_first_not_of("0123456789") == std::string::npos &&
                         (size == "0" || size.front() != '0');
  const bool agree = std::all_of(sizes.begin(), sizes.end(),
                                 [&](const std::string& other) { return other == size; });
  if (!is_number || !agree || request.is_chunked) return false;
  request.body_size = std::stoull(size);
  return true;
}

}  // namespace

bool has_same_letters(std::string_view a, std::string_view b) {
  // Nearly all who write a name write it in the same letters.
  if (a == b) return true;
  return std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return x == y || to_lower(x) == to_lower(y); });
}

const std::string* HttpRequest::find(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& header) {
    return equals_ignoring_case(header.first, name);
  });
  return found == headers.end() ? nullptr : &found->second;
}

const std::string* HttpRequest::only(std::string_view name) const {
  const std::string* found = nullptr;
  for (const auto& [header_name, value] : headers) {
    if (!equals_ignoring_case(header_name, name)) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

std::vector<std::string> HttpRequest::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [header_name, value] : headers) {
    if (equals_ignoring_case(header_name, name)) values.push_back(value);
  }
  return values;
}

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(),
      [name](const auto& header) { return equals_ignoring_case(header.first, name); }));
}

bool HttpRequest::has_token(std::string_view name, std::string_view token) const {
  for (const auto& [header_name, value] : headers) {
    if (!equals_ignoring_case(header_name, name)) continue;
    std::string_view rest = value;
    if (equals_ignoring_case(rest, token)) return true;  // nothing is to be cut, mostly
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(trim(rest.substr(0, end)), token)) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

std::size_t find_head_end(std::string_view bytes) {
  std::size_t at = 0;
  // An empty line is a line feed behind a line feed, with or without a carriage return between
  // them.
  while ((at = bytes.find('\n', at)) != std::string_view::npos) {
    ++at;
    if (bytes.substr(at, 1) == "\n") return at + 1;
    if (bytes.substr(at, 2) == kLineEnd) return at + 2;
  }
  return 0;
}

bool is_path(std::string_view path, std::string_view known) {
  return path == known || (path.ends_with('/') && path.substr(0, path.size() - 1) == known);
}

bool may_begin_head(std::string_view bytes) {
  const std::string_view method = bytes.substr(0, bytes.find(' '));
  return method.size() <= kMaxMethodSize && (bytes.empty() || is_token(method));
}

std::string_view what_it_looks_like(std::string_view bytes) {
  constexpr char kTlsHandshake = 0x16;
  constexpr std::string_view kProxyV2("\r\n\r\n\0\r\nQUIT\n", 12);
  if (bytes.starts_with(kTlsHandshake)) {
    return "TLS on the plain port: use ws:// and http://, or set tls_cert and tls_key";
  }
  if (bytes.starts_with("PRI * HTTP/2")) {
    return "HTTP/2 without an upgrade: does the proxy speak HTTP/1.1 to this server?";
  }
  if (bytes.starts_with("PROXY ") || bytes.starts_with(kProxyV2)) {
    return "PROXY protocol where none is expected";
  }
  return {};
}

bool is_within_request_line(std::string_view bytes) {
  return bytes.find('\n') == std::string_view::npos;
}

std::optional<HttpRequest> parse_head(std::string_view head, Bodies bodies) {
  HttpRequest request;
  if (!read_lines(head, request) || !read_body_size(request)) return std::nullopt;
  // A body that nobody takes would have to be skipped exactly.
  const bool has_body = request.body_size > 0 || request.is_chunked;
  if (has_body && bodies == Bodies::kRefused) return std::nullopt;
  // RFC 9112 3.2: exactly one, which only HTTP/1.0 may lack.
  const std::size_t hosts = request.count("Host");
  if (hosts > 1 || (request.http_1_1 && hosts == 0)) return std::nullopt;
  const bool close = request.has_token("Connection", "close");
  request.keep_alive =
      !close && (request.http_1_1 || request.has_token("Connection", "keep-alive"));
  return request;
}

bool has_too_many_headers(std::string_view head) {
  // The request line and the empty one are no headers.
  return static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')) > kMaxHeaders + 2;
}

}  // namespace peer
