#include "core/base/origin.h"

#include <algorithm>

namespace peer {
namespace {

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

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kSchemeBytes = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
constexpr std::string_view kHostBytes = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";

/// Splits "scheme://host:port", of which only the host must be there.
std::optional<OriginPattern> split(std::string_view text) {
  const std::string all = lower(text);
  std::string_view rest = all;
  OriginPattern parts;
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end != std::string_view::npos) {
    parts.scheme = rest.substr(0, scheme_end);
    if (!consists_of(parts.scheme, kSchemeBytes)) return std::nullopt;
    rest.remove_prefix(scheme_end + 3);
  }
  const std::size_t colon = rest.rfind(':');
  const std::size_t bracket = rest.rfind(']');  // of an IPv6 host
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon)) {
    parts.port = rest.substr(colon + 1);
    if (!consists_of(parts.port, kDigits)) return std::nullopt;
    rest = rest.substr(0, colon);
  }
  parts.host = rest;
  return parts;
}

}  // namespace

std::optional<OriginPattern> parse_origin_pattern(std::string_view text) {
  std::optional<OriginPattern> pattern = split(text);
  if (!pattern) return std::nullopt;
  if (pattern->host.starts_with("*.")) {
    pattern->below = true;
    pattern->host.erase(0, 2);
  }
  if (!consists_of(pattern->host, kHostBytes)) return std::nullopt;
  return pattern;
}

bool OriginPattern::matches(std::string_view origin) const {
  const std::optional<OriginPattern> got = split(origin);
  if (!got) return false;
  if (!scheme.empty() && (got->scheme != scheme || got->port != port)) return false;
  if (!port.empty() && got->port != port) return false;
  if (!below) return got->host == host;
  return got->host.size() > host.size() + 1 && got->host.ends_with("." + host);
}

}  // namespace peer
