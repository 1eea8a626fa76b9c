#include "core/config/read_layer.h"

#include <chrono>

#include <peer/sdk/duration.h>

#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

// The settings of one layer. In: its tree, from a file, the environment or the command line. Out:
// values and their origins in the draft, or a mistake "<file>:<line>: <key>: expected ..., got ..."
// for each. Main thread: files of secrets are read. Layers are read in the order of their rank, so
// that a later one simply overwrites; within a layer the order of keys means nothing.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

void unknown_key(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  std::vector<std::string> known = {"plugins"};
  for (const ConfigKey& key : config_keys()) {
    known.push_back(key.name);
    if (key.secret) known.push_back(key.name + std::string(kSecretFileSuffix));
  }
  std::string hint = did_you_mean(node.key, known);
  if (hint.empty()) hint = "; config/peer-server.yaml names all keys";
  draft.mistake(where_in(layer, node), shown_key(node.key) + ": unknown key" + hint);
}

/// The secret that `name` names the file of: redis_password for redis_password_file.
const ConfigKey* secret_of_file_key(std::string_view name) {
  if (!name.ends_with(kSecretFileSuffix)) return nullptr;
  const ConfigKey* key = find_config_key(name.substr(0, name.size() - kSecretFileSuffix.size()));
  return key != nullptr && key->secret ? key : nullptr;
}

/// `node` names the file of the secret `key`.
void read_secret(ConfigDraft& draft, const ConfigLayer& layer, const ConfigKey& key,
                 const ConfigNode& node) {
  const std::string where = where_in(layer, node);
  const auto text = as_string(node);
  const auto path = text ? absolute_path(layer, *text) : std::nullopt;
  if (!path) {
    draft.mistake(where, node.key + ": expected a path, got " + describe(node, false));
    return;
  }
  auto secret = read_secret_file(*path, draft.pipes);
  if (!secret) return draft.mistake(where, node.key + ": " + secret.error().message);
  if (!key.read(draft.config, untyped(key.name, std::move(*secret)), layer)) {
    return draft.mistake(where, node.key + ": expected a file with " + key.expected + " in it");
  }
  draft.set_origin(key.path, layer, node);
}

/// A hint for a value that is right but for its quotes.
std::string quotes_hint(const ConfigKey& key, ConfigNode node, const ConfigLayer& layer) {
  if (node.kind != Kind::kScalar || node.style == Style::kUntyped) return {};
  const bool was_quoted = node.style == Style::kQuoted;
  node.style = was_quoted ? Style::kPlain : Style::kQuoted;
  Config scratch;
  if (!key.read(scratch, node, layer)) return {};
  return was_quoted ? "; remove the quotes" : "; put it in quotes";
}

/// A secret and the file that it is in are two names of one setting. Of two that are given the file
/// is a mistake, and one that is empty counts as not given.
bool is_the_only_one(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node,
                     const std::vector<const ConfigNode*>& entries) {
  const std::string file_key = node.key + std::string(kSecretFileSuffix);
  const ConfigKey* const secret = secret_of_file_key(node.key);
  for (const ConfigNode* other : entries) {
    if (is_empty(*other)) continue;
    if (other->key == file_key && secret_of_file_key(file_key) != nullptr) return !is_empty(node);
    if (secret == nullptr || other->key != secret->name) continue;
    if (is_empty(node)) return false;
    draft.mistake(where_in(layer, node),
                  node.key + ": " + secret->name + " is set too; remove one of them");
    return false;
  }
  return true;
}

std::string fault_of(const ConfigKey& key, const ConfigNode& node) {
  const std::string fault = key.fault && !key.hidden ? key.fault(node) : std::string();
  return fault.empty() ? fault : "; " + fault;
}

/// A number without a unit is one of milliseconds.
void warn_of_a_short_time(ConfigDraft& draft, const ConfigLayer& layer, const ConfigKey& key,
                          const ConfigNode& node) {
  const auto time = sdk::parse_duration(node.text);
  if (!time || time->count() == 0 || *time >= std::chrono::seconds(1)) return;
  const bool has_unit = node.text.find_first_not_of("0123456789.") != std::string::npos;
  draft.warning(where_in(layer, node), key.name + " is " + std::to_string(time->count()) + " ms; " +
                                           (has_unit ? "it is meant to be a second or more"
                                                     : "did you mean " + node.text + "s?"));
}

}  // namespace

void read_key(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  const ConfigKey* const secret = secret_of_file_key(node.key);
  const ConfigKey* const key = secret != nullptr ? secret : find_config_key(node.key);
  if (key == nullptr) {
    unknown_key(draft, layer, node);
  } else if (is_empty(node)) {
    // An empty value means the default, also over an earlier layer that has set it.
    key->copy(Config{}, draft.config);
    draft.forget_origin(key->path);
  } else if (secret != nullptr) {
    read_secret(draft, layer, *secret, node);
  } else if (key->read_parts) {
    key->read_parts(draft, layer, node);
  } else if (key->read(draft.config, node, layer)) {
    draft.set_origin(key->path, layer, node);
    if (key->meant_in_seconds) warn_of_a_short_time(draft, layer, *key, node);
  } else {
    draft.mistake(where_in(layer, node), key->name + ": expected " + key->expected + ", got " +
                                             describe(node, !key->hidden) + fault_of(*key, node) +
                                             quotes_hint(*key, node, layer));
  }
}

void read_layer(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& root) {
  if (is_empty(root)) return;
  if (root.kind != Kind::kMap) {
    draft.mistake(where_in(layer, root),
                  "expected keys such as 'port: 8080', got " + describe(root, false));
    return;
  }
  const ConfigNode* plugins = nullptr;
  const std::vector<const ConfigNode*> entries = entries_of(draft, layer, root, "");
  for (const ConfigNode* node : entries) {
    if (node->key == "plugins") {
      plugins = node;
    } else if (is_the_only_one(draft, layer, *node, entries)) {
      read_key(draft, layer, *node);
    }
  }
  // Last: `broker_type`, a key of its own, must be known by then.
  if (plugins != nullptr) read_plugins(draft, layer, *plugins);
}

}  // namespace peer
