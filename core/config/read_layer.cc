#include "core/config/read_layer.h"

#include "core/config/keys.h"
#include "core/config/nearest.h"

namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

void unknown_key(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  std::vector<std::string> known = {"plugins"};
  for (const ConfigKey& key : config_keys()) known.push_back(key.name);
  std::string hint = did_you_mean(node.key, known);
  if (hint.empty()) hint = "; config/peer-server.yaml names all keys";
  draft.mistake(where_in(layer, node), shown_key(node.key) + ": unknown key" + hint);
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

}  // namespace

void read_key(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  const ConfigKey* key = find_config_key(node.key);
  if (key == nullptr) {
    unknown_key(draft, layer, node);
  } else if (is_empty(node)) {
    key->copy(Config{}, draft.config);
    draft.forget_origin(key->path);
  } else if (key->read(draft.config, node, layer)) {
    draft.set_origin(key->path, layer, node);
  } else {
    draft.mistake(where_in(layer, node), key->name + ": expected " + key->expected + ", got " +
                                             describe(node, !key->hidden) +
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
  for (const ConfigNode* node : entries_of(draft, layer, root, "")) {
    if (node->key == "plugins") {
      plugins = node;
    } else {
      read_key(draft, layer, *node);
    }
  }
  if (plugins != nullptr) read_plugins(draft, layer, *plugins);
}

}  // namespace peer
