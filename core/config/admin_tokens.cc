#include "core/config/admin_tokens.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/config/entry_reader.h"
#include "core/config/nearest.h"
#include "core/config/read_text.h"
#include "core/config/write_yaml.h"

// A list of maps comes in, as a tree of nodes with their lines. Out goes a list of AdminToken that
// needs no further check, or a mistake for each thing that is wrong. Messages never show a token.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kMostAdminTokens = 64;
constexpr std::size_t kShortestToken = 32;
constexpr std::size_t kLongestToken = 1024;
constexpr std::size_t kLongestName = 64;

/// One entry of the list.
class TokenReader : EntryReader {
 public:
  using EntryReader::EntryReader;

  std::optional<AdminToken> read(const ConfigNode& entry) {
    if (entry.kind != Kind::kMap) {
      mistake(entry, "",
              "a map such as {name: grafana, token_file: /run/grafana.token, role: read}, got " +
                  describe(entry, false));
      return std::nullopt;
    }
    for (const ConfigNode* field : entries_of(draft_, layer_, entry, path_ + ".")) {
      if (!is_empty(*field)) read_field(*field);
    }
    if (sound_) check(entry);
    return sound_ ? std::optional(std::move(token_)) : std::nullopt;
  }

 private:
  void read_field(const ConfigNode& field) {
    if (field.key == "name") return read_name(field);
    if (field.key == "token") return read_token(field);
    if (field.key == "token_file") return read_token_file(field);
    if (field.key == "role") return read_role(field);
    mistake(field, "",
            "one of its keys, got " + in_quotes(shown_key(field.key)) +
                did_you_mean(field.key, {"name", "token", "token_file", "role"}));
  }

  void read_name(const ConfigNode& field) {
    const auto rule = rule::string("a name of at most 64 bytes", kLongestName);
    const auto name = rule.parse(field, layer_);
    if (!name) return mistake(field, field.key, rule.expected + ", got " + describe(field, true));
    token_.name = *name;
  }

  void read_token(const ConfigNode& field) {
    ++token_keys_;
    const auto rule = admin_token_rule();
    const auto token = rule.parse(field, layer_);
    if (!token) return mistake(field, field.key, rule.expected);
    token_.token = *token;
  }

  void read_token_file(const ConfigNode& field) {
    if (const auto token = read_file(field, "the token")) read_token(*token);
  }

  void read_role(const ConfigNode& field) {
    has_role_ = true;
    const std::string role = as_string(field).value_or("");
    if (role != "read" && role != "write") {
      return mistake(field, field.key, "read or write, got " + describe(field, true));
    }
    token_.role = role == "write" ? AdminRole::kWrite : AdminRole::kRead;
  }

  void check(const ConfigNode& entry) {
    if (token_.name.empty()) mistake(entry, "name", "a name, which the log tells of each change");
    if (token_keys_ != 1) mistake(entry, "", "one of token and token_file");
    if (!has_role_) mistake(entry, "role", "read or write");
  }

  AdminToken token_;
  int token_keys_ = 0;
  bool has_role_ = false;
};

/// Two names would be one in the log, and of one token in two entries only the first would count.
void check_apart(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node,
                 const std::vector<AdminToken>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      const std::string which = "admin_tokens." + std::to_string(i);
      const std::string where = where_in(layer, node.children[i]);
      if (tokens[i].name == tokens[earlier].name) {
        draft.mistake(where, which + ".name: expected another name than admin_tokens." +
                                 std::to_string(earlier) + " has");
      }
      if (tokens[i].token == tokens[earlier].token) {
        draft.mistake(where, which + ".token: expected another token than admin_tokens." +
                                 std::to_string(earlier) + " has");
      }
    }
  }
}

}  // namespace

ValueRule<std::string> admin_token_rule() {
  return {
      "32 to 1024 printable characters without spaces",
      [](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
        auto text = as_string(node);
        if (!text || text->size() < kShortestToken || text->size() > kLongestToken ||
            !std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c < 0x7F; })) {
          return std::nullopt;
        }
        return text;
      }};
}

void read_admin_tokens(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node) {
  if (node.kind == Kind::kScalar && node.style == ConfigNode::Style::kUntyped) {
    ConfigTree tree = read_yaml(node.text);
    if (auto* parsed = std::get_if<ConfigNode>(&tree); parsed && parsed->kind == Kind::kList) {
      parsed->key = node.key;
      return read_admin_tokens(draft, layer, *parsed);
    }
  }
  if (node.kind != Kind::kList || node.children.size() > kMostAdminTokens) {
    return draft.mistake(where_in(layer, node), "admin_tokens: expected a list of at most " +
                                                    std::to_string(kMostAdminTokens) +
                                                    " maps, got " + describe(node, false));
  }
  std::vector<AdminToken> tokens;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    TokenReader reader(draft, layer, "admin_tokens." + std::to_string(i));
    if (auto token = reader.read(node.children[i])) tokens.push_back(std::move(*token));
  }
  if (tokens.size() != node.children.size()) return;
  check_apart(draft, layer, node, tokens);
  draft.config.admin_tokens = std::move(tokens);
  draft.set_origin("admin_tokens", layer, node);
}

std::string to_yaml(const std::vector<AdminToken>& tokens) {
  std::string out = "[";
  for (const AdminToken& token : tokens) {
    out += (out.size() > 1 ? ", " : "") + ("{\"name\": " + to_yaml(token.name)) +
           ", \"token\": " + to_yaml(token.token) +
           ", \"role\": " + (token.role == AdminRole::kWrite ? "write" : "read") + "}";
  }
  return out + "]";
}

}  // namespace peer
