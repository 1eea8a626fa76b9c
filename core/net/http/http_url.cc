#include "core/net/http/http_url.h"

#include <algorithm>
#include <charconv>

namespace peer {
namespace {

constexpr std::size_t kLongestUrl = 2048;
constexpr std::size_t kLongestHost = 255;

bool take_scheme(std::string_view& text, bool& https) {
  for (const bool secure : {true, false}) {
    const std::string_view scheme = secure ? "https://" : "http://";
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    https = secure;
    return true;
  }
  return false;
}

bool is_host(std::string_view host, bool is_v6) {
  return !host.empty() && host.size() <= kLongestHost &&
         std::all_of(host.begin(), host.end(), [is_v6](char c) {
           const bool is_alphanumeric =
               (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           return is_alphanumeric || c == '.' || (is_v6 ? c == ':' : c == '-' || c == '_');
         });
}

}  // namespace

std::string HttpUrl::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (https ? 443 : 80)) text.append(":").append(std::to_string(port));
  return text;
}

std::optional<HttpUrl> parse_http_url(std::string_view text) {
  HttpUrl url;
  const bool is_printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (text.size() > kLongestUrl || !is_printable ||
      text.find_first_of("@#\"<>\\^`{|}") != text.npos || !take_scheme(text, url.https)) {
    return std::nullopt;
  }
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  text.remove_prefix(end);
  url.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  const bool is_v6 = authority.starts_with('[');
  const std::size_t host_end = is_v6 ? authority.find(']') : authority.find(':');
  if (is_v6 && host_end == std::string_view::npos) return std::nullopt;
  url.host = is_v6 ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  if (!is_host(url.host, is_v6)) return std::nullopt;
  authority.remove_prefix(std::min(host_end + (is_v6 ? 1 : 0), authority.size()));
  url.port = url.https ? 443 : 80;
  if (authority.empty()) return url;
  if (authority.front() != ':') return std::nullopt;
  authority.remove_prefix(1);
  const char* last = authority.data() + authority.size();
  const auto [rest, error] = std::from_chars(authority.data(), last, url.port);
  if (error != std::errc() || rest != last || url.port == 0) return std::nullopt;
  return url;
}

}  // namespace peer
