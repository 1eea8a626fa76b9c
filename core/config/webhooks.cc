#include "core/config/webhooks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/config/entry_reader.h"
#include "core/config/nearest.h"
#include "core/config/read_text.h"
#include "core/config/value_rules.h"
#include "core/config/write_yaml.h"
#include "core/net/http/http_url.h"

// A list of maps comes in, as a tree of nodes with their lines. Out goes a list of Webhook that
// needs no further check, or a mistake for each thing that is wrong. Messages never show a secret,
// nor a URL, which may hold one.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kMostWebhooks = 16;
constexpr std::size_t kMostWebhookSecrets = 8;
constexpr std::size_t kLongestWebhookSecret = 1024;  // bytes
constexpr std::array<std::string_view, 6> kWebhookEvents{"register", "leave", "join",
                                                         "room",     "match", "ban"};

/// One entry of the list.
class WebhookReader : EntryReader {
 public:
  using EntryReader::EntryReader;

  std::optional<Webhook> read(const ConfigNode& entry) {
    if (entry.kind != Kind::kMap) {
      mistake(entry, "",
              "a map such as {url: \"https://example.com/hook\", secret_file: /run/hook.secret}, "
              "got " +
                  describe(entry, false));
      return std::nullopt;
    }
    for (const ConfigNode* field : entries_of(draft_, layer_, entry, path_ + ".")) {
      if (!is_empty(*field)) read_field(*field);
    }
    if (sound_) check(entry);
    return sound_ ? std::optional(std::move(webhook_)) : std::nullopt;
  }

 private:
  void read_field(const ConfigNode& field) {
    if (field.key == "url") return read_url(field);
    if (field.key == "events") return read_events(field);
    if (field.key == "secret") return add_secret(field, true);
    if (field.key == "secret_file") {
      if (const auto secret = read_file(field, "the secret")) add_secret(*secret, true);
      return;
    }
    if (field.key == "secrets") return read_secrets(field);
    mistake(field, "",
            "one of its keys, got " + in_quotes(shown_key(field.key)) +
                did_you_mean(field.key, {"url", "events", "secret", "secret_file", "secrets"}));
  }

  void read_url(const ConfigNode& field) {
    const auto url = as_string(field);
    if (!url || !parse_http_url(*url)) {
      return mistake(field, field.key,
                     "a URL that begins with https:// or http://, without user and fragment");
    }
    webhook_.url = *url;
  }

  void read_events(const ConfigNode& field) {
    if (field.kind != Kind::kList) return mistake(field, field.key, expected_events());
    webhook_.events.clear();
    for (const ConfigNode& word : field.children) {
      const std::string event = as_string(word).value_or("");
      if (std::find(kWebhookEvents.begin(), kWebhookEvents.end(), event) == kWebhookEvents.end()) {
        return mistake(word, field.key, expected_events() + ", got " + describe(word, true));
      }
      webhook_.events.push_back(event);
    }
    if (webhook_.events.empty()) mistake(field, field.key, expected_events());
  }

  static std::string expected_events() {
    std::string text = "a list of at least one of";
    for (const std::string_view event : kWebhookEvents) {
      text.append(text.back() == 'f' ? " " : ", ").append(event);
    }
    return text;
  }

  void add_secret(const ConfigNode& node, bool is_first) {
    const auto rule = rule::string("a secret of at most 1024 bytes", kLongestWebhookSecret);
    const auto secret = rule.parse(node, layer_);
    if (!secret || secret->empty()) return mistake(node, node.key, rule.expected);
    const auto at = is_first ? webhook_.secrets.begin() : webhook_.secrets.end();
    webhook_.secrets.insert(at, *secret);
    if (is_first) ++first_secrets_;
  }

  void read_secrets(const ConfigNode& field) {
    if (field.kind != Kind::kList || field.children.size() > kMostWebhookSecrets) {
      return mistake(field, field.key,
                     "a list of at most " + std::to_string(kMostWebhookSecrets) + " secrets");
    }
    for (ConfigNode secret : field.children) {
      secret.key = field.key;
      add_secret(secret, false);
    }
  }

  void check(const ConfigNode& entry) {
    if (webhook_.url.empty()) mistake(entry, "url", "where to post");
    if (first_secrets_ > 1) mistake(entry, "", "one of secret and secret_file");
    if (webhook_.secrets.empty()) {
      mistake(entry, "secret", "a secret, by which the receiver knows who sends");
    }
  }

  Webhook webhook_;
  int first_secrets_ = 0;
};

}  // namespace

void read_webhooks(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  if (node.kind == Kind::kScalar && node.style == ConfigNode::Style::kUntyped) {
    ConfigTree tree = read_yaml(node.text);
    if (auto* parsed = std::get_if<ConfigNode>(&tree); parsed && parsed->kind == Kind::kList) {
      parsed->key = node.key;
      return read_webhooks(draft, layer, *parsed);
    }
  }
  if (node.kind != Kind::kList || node.children.size() > kMostWebhooks) {
    return draft.mistake(where_in(layer, node), "webhooks: expected a list of at most " +
                                                    std::to_string(kMostWebhooks) + " maps, got " +
                                                    describe(node, false));
  }
  std::vector<Webhook> webhooks;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    WebhookReader reader(draft, layer, "webhooks." + std::to_string(i));
    if (auto webhook = reader.read(node.children[i])) webhooks.push_back(std::move(*webhook));
  }
  if (webhooks.size() != node.children.size()) return;
  draft.config.webhooks = std::move(webhooks);
  draft.set_origin("webhooks", layer, node);
}

std::string to_yaml(const std::vector<Webhook>& webhooks) {
  std::string out = "[";
  for (const Webhook& webhook : webhooks) {
    out += (out.size() > 1 ? ", " : "") + ("{\"url\": " + to_yaml(webhook.url)) +
           ", \"events\": " + to_yaml(webhook.events) +
           ", \"secrets\": " + to_yaml(webhook.secrets) + "}";
  }
  return out + "]";
}

}  // namespace peer
