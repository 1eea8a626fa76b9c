#include "core/wire/ice_servers.h"

#include <algorithm>
#include <string_view>

#include "core/base/turn_credential.h"
#include "core/protocol/json_text.h"

// The servers of the configuration as a client gets them. In: the list, the peer and the time. Out:
// JSON, with a password that the TURN server can check by itself: it is made of the expiry, the
// peer and a secret that both servers know (docs/ice.md).
namespace peer {
namespace {

bool is_stun(const std::string& url) { return url.starts_with("stun:"); }

void begin_entry(std::string& out, const IceServer& server, bool stun) {
  out += out.ends_with('[') ? "{\"urls\":[" : ",{\"urls\":[";
  for (const std::string& url : server.urls) {
    if (is_stun(url) != stun) continue;
    if (!out.ends_with('[')) out += ',';
    append_json_string(out, url);
  }
  out += ']';
}

void append_credentials(std::string& out, std::string_view username, std::string_view credential) {
  out += ",\"username\":";
  append_json_string(out, username);
  out += ",\"credential\":";
  append_json_string(out, credential);
}

// Credentials for a TURN server must not be shown to a STUN server, and a browser ignores
// them there: an entry with URLs of both kinds is told as two.
void append_entries(std::string& out, const IceServer& server, const Fingerprint& peer,
                    std::chrono::seconds now) {
  const auto stuns = std::count_if(server.urls.begin(), server.urls.end(), is_stun);
  if (stuns > 0) {
    begin_entry(out, server, true);
    out += '}';
  }
  if (stuns == static_cast<std::ptrdiff_t>(server.urls.size())) return;
  begin_entry(out, server, false);
  if (server.secrets.empty()) {
    append_credentials(out, server.username, server.credential);
  } else {
    const auto expiry = now + std::chrono::ceil<std::chrono::seconds>(server.ttl);
    const std::string username = std::to_string(expiry.count()) + ":" + to_hex(peer);
    append_credentials(out, username, turn_credential(server.secrets.front(), username));
  }
  out += '}';
}

milliseconds shortest_ttl(const std::vector<IceServer>& servers) {
  milliseconds shortest{0};
  for (const IceServer& server : servers) {
    const bool expires =
        !server.secrets.empty() && !std::all_of(server.urls.begin(), server.urls.end(), is_stun);
    if (!expires) continue;
    shortest = shortest.count() == 0 ? server.ttl : std::min(shortest, server.ttl);
  }
  return shortest;
}

}  // namespace

std::string ice_servers_members(const std::vector<IceServer>& servers, const Fingerprint& peer,
                                std::chrono::seconds now) {
  std::string out = "\"ice_servers\":[";
  for (const IceServer& server : servers) append_entries(out, server, peer, now);
  return out + "],\"ttl_ms\":" + std::to_string(shortest_ttl(servers).count());
}

}  // namespace peer
