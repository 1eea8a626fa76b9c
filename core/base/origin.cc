#include "core/base/origin.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/base/address.h"

// Origins of web pages (RFC 6454). In: patterns from the configuration, and values of Origin
// headers, as any client may write them. Out: a pattern, or why a text is none; whether an origin
// matches. No state, any thread. Patterns and origins are taken apart by the same functions, so
// they are compared in one form, and what cannot be taken apart matches nothing.
namespace peer {
namespace {

using sdk::Error;
using sdk::Result;

constexpr std::string_view kNull = "null";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kSchemeBytes = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
constexpr std::string_view kHostBytes = "abcdefghijklmnopqrstuvwxyz0123456789-._";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return result;
}

bool consists_of(std::string_view text, std::string_view bytes) {
  return !text.empty() && text.find_first_not_of(bytes) == std::string_view::npos;
}

/// "scheme", "host" and "port" of "scheme://host:port"; only the host must be there.
struct Parts {
  std::string_view scheme;
  std::string_view host;
  std::string_view port;
  bool has_port = false;
};

Parts split(std::string_view text) {
  Parts parts;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    parts.scheme = text.substr(0, scheme_end);
    text.remove_prefix(scheme_end + 3);
  }
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');  // of an IPv6 host
  parts.has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  parts.host = text.substr(0, parts.has_port ? colon : text.size());
  if (parts.has_port) parts.port = text.substr(colon + 1);
  return parts;
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "http") return 80;
  return scheme == "https" ? 443 : 0;
}

Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!consists_of(digits, kDigits) || error != std::errc{} || port == 0) {
    return Error{"a port that is no number from 1 to 65535"};
  }
  return port;
}

/// The form in which browsers send it.
Result<std::string> parse_host(std::string_view host) {
  if (host.empty()) return Error{"no host"};
  if (host.starts_with('[')) {
    const auto address =
        host.ends_with(']') ? parse_address(host.substr(1, host.size() - 2)) : std::nullopt;
    if (!address) return Error{"brackets without an IPv6 address"};
    return address->is_v4() ? std::string(host) : "[" + address->text() + "]";
  }
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::all_of(host.begin(), host.end(), is_ascii)) {
    return Error{"letters that browsers send in their ASCII form, xn--..."};
  }
  if (!consists_of(host, kHostBytes) || host.starts_with('.') ||
      host.find("..") != std::string_view::npos) {
    return Error{"a host that is no host name"};
  }
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (consists_of(last, kDigits) && !parse_address(host)) return Error{"a bad IPv4 address"};
  return std::string(host);
}

/// Native clients that send an origin make it of the server's own URL, ws or wss.
std::string as_http(std::string text) {
  if (text.starts_with("ws://") || text.starts_with("wss://")) text.replace(0, 2, "http");
  return text;
}

/// The text as it must be meant, where it can only be meant in one way; or why there is no such
/// origin.
Result<std::string> translate(std::string_view text) {
  std::string all = as_http(lower(text));
  if (all.ends_with('/') && !all.ends_with("//")) all.pop_back();
  const std::size_t scheme_end = all.find("://");
  const std::string_view rest =
      std::string_view(all).substr(scheme_end == std::string::npos ? 0 : scheme_end + 3);
  if (rest.find_first_of("/?#\\") != std::string_view::npos) return Error{"a path"};
  if (rest.find('@') != std::string_view::npos) return Error{"a user"};
  return all;
}

}  // namespace

Result<OriginPattern> parse_origin_pattern(std::string_view text) {
  const Result<std::string> all = translate(text);
  if (!all) return all.error();
  OriginPattern pattern;
  if (*all == kNull) return pattern;
  Parts parts = split(*all);
  if (all->find("://") != std::string::npos && !consists_of(parts.scheme, kSchemeBytes)) {
    return Error{"a bad scheme"};
  }
  pattern.below = parts.host.starts_with("*.");
  if (pattern.below) parts.host.remove_prefix(2);
  const Result<std::string> host = parse_host(parts.host);
  if (!host) return host.error();
  if (pattern.below && (host->starts_with('[') || parse_address(*host)))
    return Error{"'*.' before an address"};
  pattern.scheme = parts.scheme;
  pattern.host = *host;
  if (parts.has_port) {
    const Result<std::uint16_t> port = parse_port(parts.port);
    if (!port) return port.error();
    pattern.port = *port == default_port(pattern.scheme) ? 0 : *port;
  }
  return pattern;
}

bool OriginPattern::matches(std::string_view origin) const {
  const std::string all = as_http(lower(origin));
  if (host.empty() || all == kNull) return host.empty() && all == kNull;
  const Parts got = split(all);
  const Result<std::string> got_host = parse_host(got.host);
  if (!consists_of(got.scheme, kSchemeBytes) || !got_host) return false;
  std::uint16_t got_port = default_port(got.scheme);
  if (got.has_port) {
    const Result<std::uint16_t> parsed = parse_port(got.port);
    if (!parsed) return false;
    got_port = *parsed;
  }
  if (!scheme.empty() && scheme != got.scheme) return false;
  const std::uint16_t wanted = port != 0 ? port : default_port(scheme);
  // A pattern without scheme and port takes any port; with a scheme, no port means its default.
  if (got_port != wanted && !(scheme.empty() && port == 0)) return false;
  if (!below) return *got_host == host;
  // The dot keeps "evilexample.com" out of "*.example.com".
  return got_host->size() > host.size() + 1 && got_host->ends_with("." + host);
}

}  // namespace peer
