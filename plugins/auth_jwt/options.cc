#include "options.h"

#include <algorithm>

// In: the plugin's options as the operator has written them, on the main thread. Out: Options, and
// a mistake for each thing that makes no sense. All of them are read, so that the operator hears of
// all mistakes at once; no file and no URL is looked at here.
namespace peer_jwt {
namespace {

using peer::sdk::PluginConfig;
using peer_keys::Algorithm;
using std::chrono::milliseconds;

constexpr const char* kAlgorithms =
    "one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ES256, ES384, EdDSA";
constexpr std::size_t kMaxKeyOptions = 100;

KeyOption read_key(PluginConfig& entry, std::size_t number) {
  KeyOption key;
  key.where = "keys[" + std::to_string(number) + "]";
  key.kid = entry.string("kid", "");
  const std::string name = entry.required_string("algorithm");
  const auto algorithm = peer_keys::algorithm_of(name);
  if (algorithm) {
    key.algorithm = *algorithm;
  } else if (!name.empty()) {
    entry.mistake("algorithm", kAlgorithms);
  }
  key.secret = entry.string("secret", "");
  key.secret_file = entry.string("secret_file", "");
  key.public_key_file = entry.string("public_key_file", "");
  // Exactly one place for a key. With two of them the operator would not know which one counts.
  const int secrets = (key.secret.empty() ? 0 : 1) + (key.secret_file.empty() ? 0 : 1);
  const int files = key.public_key_file.empty() ? 0 : 1;
  const bool hmac = peer_keys::key_kind_of(key.algorithm) == peer_keys::KeyKind::kSecret;
  if (algorithm && hmac && (secrets != 1 || files != 0)) {
    entry.mistake("secret", "with an HS algorithm either secret or secret_file, and no other");
  } else if (algorithm && !hmac && (secrets != 0 || files != 1)) {
    entry.mistake("public_key_file", "public_key_file, and no secret, with this algorithm");
  }
  return key;
}

std::vector<KeyOption> read_keys(PluginConfig& config) {
  std::vector<KeyOption> keys;
  for (PluginConfig* entry : config.maps("keys")) keys.push_back(read_key(*entry, keys.size()));
  if (keys.size() > kMaxKeyOptions) config.mistake("keys", "at most 100 keys");
  return keys;
}

std::vector<Algorithm> read_algorithms(PluginConfig& config) {
  std::vector<Algorithm> algorithms;
  for (const std::string& name : config.strings("jwks_algorithms")) {
    const auto algorithm = peer_keys::algorithm_of(name);
    if (algorithm) {
      algorithms.push_back(*algorithm);
    } else {
      config.mistake("jwks_algorithms", kAlgorithms);
    }
  }
  return algorithms;
}

/// Whether there is one, sound or not.
bool read_url(PluginConfig& config, Options& options) {
  const std::string text = config.string("jwks_url", "");
  options.allow_http = config.boolean("allow_http", false);
  options.jwks_timeout =
      config.duration("jwks_timeout", milliseconds(5000), milliseconds(100), milliseconds(60'000));
  options.jwks_refresh = config.duration("jwks_refresh", milliseconds(600'000), milliseconds(1000),
                                         milliseconds(86'400'000));
  if (text.empty()) return false;
  auto url = peer_http::parse_http_url(text);
  if (!url) {
    config.mistake("jwks_url", url.error().message);
    return true;
  }
  // A name is judged when it is looked up (JwksFetch::fetch).
  if (peer_http::is_open_http(*url) && !options.allow_http) {
    config.mistake("jwks_url", "https, or a private address, or allow_http: true");
  }
  options.jwks_url = std::move(url).value();
  return true;
}

ClaimRules read_rules(PluginConfig& config) {
  ClaimRules rules;
  rules.issuer = config.string("issuer", "");
  rules.audience = config.texts("audience");
  const auto leeway =
      config.duration("leeway", milliseconds(0), milliseconds(0), milliseconds(3'600'000));
  // Times of tokens are in seconds.
  rules.leeway = std::chrono::ceil<std::chrono::seconds>(leeway);
  rules.require_exp = config.boolean("require_exp", true);
  rules.identity_claim = config.string("identity_claim", "sub");
  if (rules.identity_claim.empty()) config.mistake("identity_claim", "the name of a claim");
  rules.identity_prefix = config.string("identity_prefix", "");
  const std::string binding = config.string("fingerprint_binding", "");
  rules.binds_public_key = binding == "public_key";
  if (!binding.empty() && !rules.binds_public_key) {
    config.mistake("fingerprint_binding", "public_key, or nothing");
  }
  return rules;
}

}  // namespace

Options read_options(PluginConfig& config) {
  Options options;
  options.keys = read_keys(config);
  options.jwks_file = config.string("jwks_file", "");
  const bool has_url = read_url(config, options);
  options.jwks_algorithms = read_algorithms(config);
  options.rules = read_rules(config);
  options.max_token = static_cast<std::size_t>(config.integer("max_token", 8192, 256, 65536));
  if (options.keys.empty() && options.jwks_file.empty() && !has_url) {
    config.mistake("keys", "keys, jwks_file or jwks_url: without a key no token can be good");
  }
  return options;
}

}  // namespace peer_jwt
