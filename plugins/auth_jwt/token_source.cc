#include "token_source.h"

#include <algorithm>

// In: what a client has sent before it is known, views of the request. Out: its token as a copy,
// from the first place that has one. What is not a token of ours is passed over, and left to other
// plugins.
namespace peer_jwt {
namespace {

using peer::sdk::AuthRequest;
using Refusal = std::optional<std::string>;

constexpr std::string_view kSpace = " \t";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Header names and schemes are compared so; `expected` is in lower case.
bool equals_lower(std::string_view text, std::string_view expected) {
  return std::equal(text.begin(), text.end(), expected.begin(), expected.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Refusal read_payload(std::string_view payload, peer_keys::ObjectParser& parser, Presented& out) {
  const auto object = parser.parse(payload);
  if (!object) return std::nullopt;  // the core has read it, and refused it if it is nonsense
  if (const auto key = peer_keys::text_member(*object, "public_key")) out.public_key = *key;
  const auto token = peer_keys::member(*object, "token");
  if (!token || token->is_null()) return std::nullopt;
  const auto text = peer_keys::text_of(*token);
  if (!text) return "token must be a string";
  out.token = std::string(*text);
  return std::nullopt;
}

/// "Bearer <token>" (RFC 6750 2.1). Other schemes are not for us.
std::optional<std::string> from_authorization(const AuthRequest& request) {
  constexpr std::string_view kScheme = "bearer";
  for (const auto& [name, value] : request.headers) {
    if (!equals_lower(name, "authorization")) continue;
    const std::string_view text = trimmed(value);
    const std::size_t space = text.find(' ');
    if (!equals_lower(text.substr(0, space), kScheme)) continue;
    return std::string(space == text.npos ? "" : trimmed(text.substr(space)));
  }
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// A broken escape stays as it is: no token has a '%', so it is refused later.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_digit(text[i + 1]) : -1;
    const int low = escape ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      decoded.push_back(text[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

Refusal from_query(std::string_view query, Presented& out) {
  constexpr std::string_view kName = "access_token=";
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!parameter.starts_with(kName)) continue;
    // RFC 6750 3.1: a request must not repeat a parameter.
    if (out.token) return "access_token stands twice";
    out.token = percent_decoded(parameter.substr(kName.size()));
  }
  return std::nullopt;
}

/// `Sec-WebSocket-Protocol: bearer, <token>`, on one line or several (RFC 6455 11.3.4).
std::optional<std::string> from_subprotocols(const AuthRequest& request) {
  bool is_next = false;
  for (const auto& [name, value] : request.headers) {
    if (!equals_lower(name, "sec-websocket-protocol")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view offered = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (is_next && !offered.empty()) return std::string(offered);
      is_next = is_next || offered == "bearer";
    }
  }
  return std::nullopt;
}

}  // namespace

Refusal read_presented(const AuthRequest& request, peer_keys::ObjectParser& parser,
                       Presented& out) {
  if (auto refusal = read_payload(request.payload, parser, out)) return refusal;
  if (!out.token) out.token = from_authorization(request);
  if (!out.token) {
    if (auto refusal = from_query(request.query, out)) return refusal;
  }
  if (!out.token) out.token = from_subprotocols(request);
  return std::nullopt;
}

}  // namespace peer_jwt
