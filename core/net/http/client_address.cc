#include "core/net/http/client_address.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/net/http/forwarded.h"
#include "core/net/http/http_request.h"

// The client of a connection that came through a proxy. In: the address that connected, the headers
// of its request, the address of a PROXY header, and which proxies are trusted. Out: the client's
// address, or the proxy's own with the words of a warning if what it tells is missing, unreadable
// or contradictory. No state, any thread.
namespace peer {
namespace {

/// One way in which a proxy can name its client.
struct Source {
  ProxyHeader kind;
  const char* name;  // as in HTTP
};

constexpr std::array<Source, 4> kSources{{
    {ProxyHeader::kXForwardedFor, "X-Forwarded-For"},
    {ProxyHeader::kXRealIp, "X-Real-IP"},
    {ProxyHeader::kForwarded, "Forwarded"},
    {ProxyHeader::kProxyProtocol, "PROXY protocol"},
}};

/// What one source says.
struct Told {
  bool present = false;
  Address client;       // of the last trusted proxy known, if it is hidden
  bool hidden = false;  // "unknown", "_obfuscated", "unix:", or not readable
};

/// One hop: an address, perhaps with a port ("192.0.2.1:80", "[2001:db8::1]:80").
std::optional<Address> parse_hop(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.front() == '[') {
    return parse_address(text.substr(1, std::max<std::size_t>(text.find(']'), 1) - 1));
  }
  const std::size_t colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
  return parse_address(has_port ? text.substr(0, colon) : text);
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

/// The hops of all lines of a header, from left to right. A line that cannot be read is one hop
/// that cannot.
std::vector<std::string> hops_of(const HttpRequest& request, const Source& source) {
  std::vector<std::string> hops;
  for (const std::string& line : request.all(source.name)) {
    std::vector<std::string> more = source.kind == ProxyHeader::kForwarded
                                        ? read_forwarded(line).value_or(std::vector{std::string()})
                                        : split_at_commas(line);
    hops.insert(hops.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
  return hops;
}

/// From the right, since each proxy appends: what a hop says counts while it is trusted itself.
Told follow(const ProxyTrust& trust, const Address& proxy, const std::vector<std::string>& hops) {
  Told told{!hops.empty(), proxy, false};
  for (auto text = hops.rbegin(); text != hops.rend() && trust.is_proxy(told.client); ++text) {
    const std::optional<Address> hop = parse_hop(*text);
    if (!hop) {
      told.hidden = true;  // and what lies behind it cannot be trusted
      break;
    }
    told.client = *hop;
  }
  return told;
}

Told ask(const Source& source, const ProxyTrust& trust, const Address& proxy,
         const std::optional<Address>& proxy_protocol, const HttpRequest& request) {
  switch (source.kind) {
    case ProxyHeader::kProxyProtocol:
      return {proxy_protocol.has_value(), proxy_protocol.value_or(proxy), false};
    case ProxyHeader::kXRealIp: {
      const std::vector<std::string> lines = request.all(source.name);
      // Of two, one is the client's own.
      const std::optional<Address> only =
          lines.size() == 1 ? parse_hop(lines.front()) : std::nullopt;
      return {!lines.empty(), only.value_or(proxy), !only};
    }
    case ProxyHeader::kXForwardedFor:
    case ProxyHeader::kForwarded:
    case ProxyHeader::kAuto:
      break;
  }
  return follow(trust, proxy, hops_of(request, source));
}

std::string about(const Address& proxy, const std::string& what) {
  return "the trusted proxy " + proxy.text() + ' ' + what +
         ": its own address counts for its clients; ";
}

}  // namespace

bool ProxyTrust::is_proxy(const Address& address) const {
  return address.is_unix_socket() ||
         std::any_of(proxies.begin(), proxies.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

ProxyClient client_of_proxy(const ProxyTrust& trust, const Address& proxy,
                            const std::optional<Address>& proxy_protocol,
                            const HttpRequest& request) {
  ProxyClient result{{proxy, false}, {}};
  const Source* believed = nullptr;
  Told first;
  for (const Source& source : kSources) {
    const Told told = ask(source, trust, proxy, proxy_protocol, request);
    if (!told.present) {
      if (trust.header == source.kind && request.find("Upgrade") != nullptr) {
        result.problem = about(proxy, std::string("sends no ") + source.name) +
                         "trusted_proxy_header must name what it sends";
      }
      continue;
    }
    result.client.by_proxy = true;
    if (trust.header != ProxyHeader::kAuto && trust.header != source.kind) continue;
    if (believed != nullptr && told.client != first.client) {
      result.problem = about(proxy, std::string("names different clients in ") + believed->name +
                                        " and " + source.name) +
                       "name the one that it sets in trusted_proxy_header";
      result.client.address = proxy;
      return result;
    }
    if (believed != nullptr) continue;
    believed = &source;
    first = told;
    result.client.address = told.client;
    if (told.hidden) {
      result.problem =
          about(proxy, std::string("names no address in ") + source.name + " that can be read") +
          "let it tell one, see trusted_proxy_header";
    }
  }
  return result;
}

}  // namespace peer
