#include "core/config/ice_servers.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <peer/sdk/duration.h>

#include "core/base/address.h"
#include "core/config/entry_reader.h"
#include "core/config/nearest.h"
#include "core/config/read_text.h"
#include "core/config/value_rules.h"
#include "core/config/write_yaml.h"

// A list of maps comes in, as a tree of nodes with their lines. Out goes a list of IceServer that
// needs no further check, or a mistake for each thing that is wrong. Messages never show a secret,
// a credential or a username.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kMostServers = 32;
constexpr std::size_t kMostUrls = 16;       // of one server
constexpr std::size_t kMostSecrets = 8;     // of one server
constexpr std::size_t kLongestUrl = 512;    // bytes
constexpr std::size_t kLongestText = 1024;  // bytes, of a secret or a credential
constexpr std::size_t kLongestUser = 509;   // bytes (RFC 8489 14.3)
constexpr std::chrono::seconds kShortestTtl{1};
// From the end of 2026 on, an expiry stays below 2^31 seconds until 2037.
constexpr std::chrono::hours kLongestTtl{24 * 366};

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  if (!is_digits(text) || text.size() > 5) return false;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port >= 1 && port <= 65535;
}

// `host`, `host:port`, `[v6]`, `[v6]:port`.
const char* authority_fault(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "a ']' after the IPv6 address";
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return "nothing but a port after the ']'";
    if (host.find(':') == std::string_view::npos || !parse_address(host)) {
      return "an IPv6 address in the []";
    }
    if (rest.empty()) return nullptr;
    port = rest.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (!parse_listen_host(host)) return "a host name or an address, IPv6 in []";
    if (colon == std::string_view::npos) return nullptr;
    port = text.substr(colon + 1);
  }
  return is_port(port) ? nullptr : "a port from 1 to 65535";
}

bool is_turn(std::string_view url) { return url.starts_with("turn:") || url.starts_with("turns:"); }

bool has_turn(const IceServer& server) {
  return std::any_of(server.urls.begin(), server.urls.end(), is_turn);
}

/// One entry of the list.
class ServerReader : EntryReader {
 public:
  using EntryReader::EntryReader;

  std::optional<IceServer> read(const ConfigNode& entry) {
    if (entry.kind != Kind::kMap) {
      mistake(entry, "",
              "a map such as {urls: [\"stun:stun.example.com\"]}, got " + describe(entry, false));
      return std::nullopt;
    }
    for (const ConfigNode* field : entries_of(draft_, layer_, entry, path_ + ".")) {
      if (!is_empty(*field)) read_field(*field);
    }
    check(entry);
    return sound_ ? std::optional(std::move(server_)) : std::nullopt;
  }

 private:
  void read_field(const ConfigNode& field) {
    if (field.key == "urls") return read_urls(field);
    if (field.key == "ttl") return read_ttl(field);
    if (field.key == "username") return read_text(field, server_.username, kLongestUser);
    if (field.key == "credential") return read_text(field, server_.credential, kLongestText);
    if (field.key == "secret" || field.key == "secrets" || field.key == "secret_file") {
      ++secret_keys_;
      return field.key == "secrets"       ? read_secrets(field)
             : field.key == "secret_file" ? read_secret_file_of(field)
                                          : add_secret(field);
    }
    mistake(field, "",
            "one of its keys, got " + in_quotes(shown_key(field.key)) +
                did_you_mean(field.key, {"urls", "secret", "secrets", "secret_file", "ttl",
                                         "username", "credential"}));
  }

  // One URL may stand without a list, as in RTCIceServer.
  void read_urls(const ConfigNode& field) {
    if (field.kind != Kind::kList) return add_url(field, field.key);
    if (field.children.size() > kMostUrls) {
      return mistake(field, field.key, "at most " + std::to_string(kMostUrls) + " URLs");
    }
    for (std::size_t i = 0; i < field.children.size(); ++i) {
      add_url(field.children[i], field.key + "." + std::to_string(i));
    }
  }

  void add_url(const ConfigNode& node, const std::string& name) {
    const auto url = as_string(node);
    if (!url) return mistake(node, name, "a URL such as \"turn:turn.example.com\"");
    if (const char* fault = ice_url_fault(*url)) {
      const bool shown = url->find('@') == std::string::npos;  // what stands before may be secret
      return mistake(node, name, fault + (shown ? ", got " + in_quotes(*url) : std::string()));
    }
    server_.urls.push_back(*url);
  }

  void read_ttl(const ConfigNode& field) {
    const auto rule = rule::duration(kShortestTtl, kLongestTtl);
    const auto ttl = rule.parse(field, layer_);
    if (!ttl) return mistake(field, field.key, rule.expected + ", got " + describe(field, true));
    server_.ttl = *ttl;
  }

  void read_text(const ConfigNode& field, std::string& out, std::size_t max) {
    const auto rule = rule::string("text of at most " + std::to_string(max) + " bytes", max);
    const auto text = rule.parse(field, layer_);
    if (!text) return mistake(field, field.key, rule.expected + ", got " + describe(field, false));
    out = *text;
  }

  void add_secret(const ConfigNode& field) {
    std::string secret;
    read_text(field, secret, kLongestText);
    if (!secret.empty()) server_.secrets.push_back(std::move(secret));
  }

  void read_secrets(const ConfigNode& field) {
    if (field.kind != Kind::kList || field.children.size() > kMostSecrets) {
      return mistake(field, field.key,
                     "a list of at most " + std::to_string(kMostSecrets) + " secrets");
    }
    for (ConfigNode secret : field.children) {
      secret.key = field.key;
      if (is_empty(secret)) mistake(secret, field.key, "secrets that are not empty");
      add_secret(secret);
    }
  }

  void read_secret_file_of(const ConfigNode& field) {
    if (const auto secret = read_file(field, "the secret")) add_secret(*secret);
  }

  void check(const ConfigNode& entry) {
    if (!sound_) return;
    const bool fixed = !server_.username.empty() || !server_.credential.empty();
    const bool both = !server_.username.empty() && !server_.credential.empty();
    if (server_.urls.empty()) {
      mistake(entry, "urls", "at least one URL");
    } else if (secret_keys_ > 1) {
      mistake(entry, "", "one of secret, secrets and secret_file");
    } else if (!server_.secrets.empty() && fixed) {
      mistake(entry, "", "a secret, or username and credential, not all of them");
    } else if (has_turn(server_) && server_.secrets.empty() && !both) {
      mistake(entry, "",
              "a secret, or username and credential: a browser refuses a turn: URL without");
    } else if (!has_turn(server_) && (fixed || !server_.secrets.empty())) {
      draft_.warning(where_in(layer_, entry),
                     path_ + ": a stun: URL needs no credentials, so nobody gets them");
    }
  }

  IceServer server_;
  int secret_keys_ = 0;
};

std::string to_yaml_entry(const IceServer& server) {
  std::string out = "{\"urls\": " + to_yaml(server.urls);
  if (!server.secrets.empty()) {
    out += ", \"secrets\": " + to_yaml(server.secrets) + ", \"ttl\": " + to_yaml(server.ttl);
  }
  if (!server.username.empty()) out += ", \"username\": " + to_yaml(server.username);
  if (!server.credential.empty()) out += ", \"credential\": " + to_yaml(server.credential);
  return out + "}";
}

}  // namespace

const char* ice_url_fault(std::string_view url) {
  if (url.size() > kLongestUrl) return "a URL of at most 512 bytes";
  if (url.starts_with("stuns:")) return "stun:, turn: or turns:, since Firefox refuses stuns:";
  const bool stun = url.starts_with("stun:");
  if (!stun && !is_turn(url)) return "a URL that begins with stun:, turn: or turns:";
  url.remove_prefix(url.find(':') + 1);
  if (url.starts_with("//")) return "no // behind the scheme";
  if (url.find('@') != std::string_view::npos) return "no user in the URL";
  if (const std::size_t query = url.find('?'); query != std::string_view::npos) {
    const std::string_view text = url.substr(query + 1);
    if (stun) return "no query in a stun: URL";
    if (text != "transport=udp" && text != "transport=tcp") {
      return "no other query than ?transport=udp or ?transport=tcp";
    }
    url = url.substr(0, query);
  }
  if (url.find('/') != std::string_view::npos) return "no path in the URL";
  return authority_fault(url);
}

void read_ice_servers(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  if (node.kind == Kind::kScalar && node.style == ConfigNode::Style::kUntyped) {
    ConfigTree tree = read_yaml(node.text);
    if (auto* parsed = std::get_if<ConfigNode>(&tree); parsed && parsed->kind == Kind::kList) {
      parsed->key = node.key;
      return read_ice_servers(draft, layer, *parsed);
    }
  }
  if (node.kind != Kind::kList || node.children.size() > kMostServers) {
    return draft.mistake(where_in(layer, node),
                         "ice_servers: expected a list of at most " + std::to_string(kMostServers) +
                             " maps such as {urls: [\"stun:stun.example.com\"]}, got " +
                             describe(node, false));
  }
  std::vector<IceServer> servers;
  bool sound = true;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    ServerReader reader(draft, layer, "ice_servers." + std::to_string(i));
    auto server = reader.read(node.children[i]);
    sound = sound && server.has_value();
    if (server) servers.push_back(std::move(*server));
  }
  if (!sound) return;
  draft.config.ice_servers = std::move(servers);
  draft.set_origin("ice_servers", layer, node);
}

std::string to_yaml(const std::vector<IceServer>& servers) {
  std::string out = "[";
  for (const IceServer& server : servers)
    out += (out.size() > 1 ? ", " : "") + to_yaml_entry(server);
  return out + "]";
}

}  // namespace peer
