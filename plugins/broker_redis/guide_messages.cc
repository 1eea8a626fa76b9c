#include "guide_messages.h"

#include <simdjson.h>

#include <set>

namespace peer_redis {
namespace {

using simdjson::ondemand::value;

constexpr std::size_t kMaxMessage = std::size_t{2} << 20;
constexpr std::size_t kMaxNamespaces = 1000;
constexpr std::size_t kMaxKeys = 64;

void append_json(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::vector<std::string> read_namespaces(value list) {
  std::vector<std::string> names;
  for (auto name : list.get_array()) {
    if (names.size() == kMaxNamespaces) break;
    names.emplace_back(std::string_view(name.get_string()));
  }
  return names;
}

[[noreturn]] void refuse() { throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE); }

/// Throws simdjson_error for a value of another type.
void read_member(GuideMessage& message, std::string_view key, value member) {
  if (key == "node_id") {
    message.node_id = std::string_view(member.get_string());
    return;
  }
  if (key == "ns") {
    message.namespaces = read_namespaces(member);
    return;
  }
  if (key == "routed") {
    message.routed = member.get_bool();
    return;
  }
  std::string* known = key == "type"        ? &message.type
                       : key == "from"      ? &message.from
                       : key == "to"        ? &message.to
                       : key == "namespace" ? &message.ns
                                            : nullptr;
  if (known == nullptr && key != "payload" && key != "ts") return;
  if (key == "ts" && member.type() != simdjson::ondemand::json_type::number) refuse();
  message.text.append(message.text.empty() ? "{" : ",").append(1, '"').append(key).append("\":");
  if (known != nullptr) {
    *known = std::string_view(member.get_string());
    const std::size_t at = message.text.size();
    append_json(message.text, *known);
    if (known == &message.to) {
      message.to_at = at;
      message.to_size = message.text.size() - at;
    }
  } else {
    std::string_view raw = simdjson::to_json_string(member);
    while (!raw.empty() && static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
    message.text.append(raw);
  }
}

/// What on-demand parsing skips it does not look into. nullopt: no JSON; false: it may be, with
/// numbers or escapes that are beyond this parser.
std::optional<bool> check(const simdjson::padded_string& json) {
  simdjson::dom::parser validator;
  switch (validator.parse(json).error()) {
    case simdjson::SUCCESS:
      return true;
    case simdjson::NUMBER_ERROR:
    case simdjson::STRING_ERROR:
      return false;
    default:
      return std::nullopt;
  }
}

}  // namespace

void GuideMessage::resolve_to(std::string_view fingerprint_hex) {
  to = fingerprint_hex;
  text.replace(to_at, to_size, '"' + to + '"');
  to_size = to.size() + 2;
}

std::string render_guide_message(std::string_view text, std::string_view node_id,
                                 std::span<const std::string_view> namespaces, bool routed) {
  std::string out = R"({"node_id":)";
  append_json(out, node_id);
  out.append(R"(,"ns":[)");
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json(out, namespaces[i]);
  }
  return out.append(routed ? "],\"routed\":true," : "],").append(text.substr(1));
}

std::optional<GuideMessage> parse_guide_message(std::string_view json) {
  if (json.size() > kMaxMessage) return std::nullopt;
  try {
    const simdjson::padded_string padded(json);
    const std::optional<bool> checked = check(padded);
    if (!checked) return std::nullopt;
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document = parser.iterate(padded);
    GuideMessage message;
    message.is_checked = *checked;
    std::set<std::string, std::less<>> keys;
    for (auto field : document.get_object()) {
      const auto [key, first] = keys.emplace(std::string_view(field.unescaped_key()));
      if (!first || keys.size() > kMaxKeys) return std::nullopt;
      read_member(message, *key, field.value());
    }
    const bool directed = message.type == "signal" || message.type == "relay";
    const bool whole =
        directed ? !message.to.empty() : message.type == "broadcast" && !message.ns.empty();
    if (!whole || message.node_id.empty()) return std::nullopt;
    message.text.push_back('}');
    return message;
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;
  }
}

}  // namespace peer_redis
