#include "http_url.h"

#include <arpa/inet.h>

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <cstring>

namespace peer_http {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;

bool is_private_v4(const unsigned char* bytes) {
  return bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xF0) == 16) ||
         (bytes[0] == 192 && bytes[1] == 168);
}

bool is_private_v6(const in6_addr& address) {
  // ::ffff:10.0.0.1 is 10.0.0.1 in another form.
  if (IN6_IS_ADDR_V4MAPPED(&address)) return is_private_v4(&address.s6_addr[12]);
  return IN6_IS_ADDR_LOOPBACK(&address) || (address.s6_addr[0] & 0xFE) == 0xFC;
}

/// Whether `host` is an address, and what kind.
bool read_address(const std::string& host, sockaddr_storage& address) {
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    address.ss_family = AF_INET;
    return true;
  }
  address.ss_family = AF_INET6;
  return inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
}

}  // namespace

Result<HttpUrl> parse_http_url(const std::string& text) {
  const Error wrong{"an http or https URL without user and fragment"};
  try {
    const Poco::URI uri(text);
    HttpUrl url;
    url.https = uri.getScheme() == "https";
    url.host = uri.getHost();
    if (url.host.size() > 2 && url.host.front() == '[') {
      url.host = url.host.substr(1, url.host.size() - 2);
    }
    url.port = uri.getPort();
    url.target = uri.getPathAndQuery();
    if (url.target.empty() || url.target.front() != '/') url.target.insert(0, 1, '/');
    const bool sound = (url.https || uri.getScheme() == "http") && !url.host.empty() &&
                       url.port != 0 && uri.getUserInfo().empty() && uri.getFragment().empty() &&
                       url.host.size() <= 255;
    if (!sound) return wrong;
    return url;
  } catch (const Poco::Exception&) {
    return wrong;
  }
}

bool is_private_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return is_private_v4(reinterpret_cast<const unsigned char*>(&v4.sin_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  return is_private_v6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

bool is_private_host(const std::string& host) {
  sockaddr_storage address{};
  return read_address(host, address) &&
         is_private_address(reinterpret_cast<const sockaddr&>(address));
}

bool is_address(const std::string& host) {
  sockaddr_storage address{};
  return read_address(host, address);
}

bool is_open_http(const HttpUrl& url) {
  return !url.https && is_address(url.host) && !is_private_host(url.host);
}

std::string text_of(const HttpUrl& url) {
  const bool is_v6 = url.host.find(':') != url.host.npos;
  return std::string(url.https ? "https://" : "http://") +
         (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port) + url.target;
}

}  // namespace peer_http
