#include "guide_messages.h"

#include <simdjson.h>

#include <set>

#include <peer/sdk/json.h>

// In: texts that any program may have published. Out: a message with every field of its type, or
// nothing. The text is read twice: the DOM parser checks all of it, and the on-demand parser cuts
// the payload out as it stands.
namespace peer_redis {
namespace {

using peer::sdk::json_string;
using simdjson::ondemand::value;

constexpr std::size_t kMaxMessage = std::size_t{2} << 20;
constexpr std::size_t kMaxNamespaces = 1000;
constexpr std::size_t kMaxExcluded = 1000;
constexpr std::size_t kMaxKeys = 64;

std::vector<std::string> read_strings(value list, std::size_t at_most) {
  std::vector<std::string> strings;
  for (auto string : list.get_array()) {
    if (strings.size() == at_most) break;
    strings.emplace_back(std::string_view(string.get_string()));
  }
  return strings;
}

[[noreturn]] void refuse() { throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE); }

std::string_view raw_of(value member) {
  std::string_view raw = simdjson::to_json_string(member);
  while (!raw.empty() && static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
  return raw;
}

/// Throws simdjson_error for a value of another type.
void read_member(GuideMessage& message, std::string_view key, value member) {
  if (key == "payload") {
    message.payload = raw_of(member);
  } else if (member.is_null()) {
    return;
  } else if (key == "ns") {
    message.namespaces = read_strings(member, kMaxNamespaces);
  } else if (key == "db") {
    message.db = member.get_int64();
  } else if (key == "routed") {
    message.routed = member.get_bool();
  } else if (key == "ts") {
    if (member.type() != simdjson::ondemand::json_type::number) refuse();
    message.ts = raw_of(member);
  } else if (std::string* known = key == "node_id"     ? &message.node_id
                                  : key == "type"      ? &message.type
                                  : key == "from"      ? &message.from
                                  : key == "to"        ? &message.to
                                  : key == "namespace" ? &message.ns
                                                       : nullptr) {
    *known = std::string_view(member.get_string());
  }
}

/// A broadcast's payload as clients get it: `{namespace, data}`. The client's word in it counts, as
/// it does for the original implementation.
void read_broadcast_payload(GuideMessage& message) {
  std::string data;
  if (!message.payload.empty()) {
    const simdjson::padded_string padded(message.payload);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document = parser.iterate(padded);
    std::set<std::string, std::less<>> keys;
    for (auto field : document.get_object()) {
      const auto [key, first] = keys.emplace(std::string_view(field.unescaped_key()));
      // Of two members with one name readers disagree which counts, so such a message is refused.
      if (!first || keys.size() > kMaxKeys) refuse();
      value member = field.value();
      if (*key == "data") {
        data = raw_of(member);
      } else if (member.is_null()) {
        continue;
      } else if (*key == "namespace") {
        message.ns = std::string_view(member.get_string());
      } else if (*key == "exclude") {
        message.exclude = read_strings(member, kMaxExcluded);
      }
    }
  }
  message.payload = R"({"namespace":)";
  message.payload += json_string(message.ns);
  if (!data.empty()) message.payload.append(R"(,"data":)").append(data);
  message.payload.push_back('}');
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

std::string GuideMessage::client_text() const {
  const bool directed = type != "broadcast";
  std::string text = R"({"type":)";
  text += json_string(type);
  text.append(R"(,"from":)");
  text += json_string(from);
  text.append(directed ? R"(,"to":)" : R"(,"namespace":)");
  text += json_string(directed ? to : ns);
  if (!payload.empty()) text.append(R"(,"payload":)").append(payload);
  if (!ts.empty()) text.append(R"(,"ts":)").append(ts);
  return text.append(1, '}');
}

std::string render_guide_message(std::string_view text, std::string_view node_id, std::int64_t db,
                                 std::span<const std::string_view> namespaces, bool routed) {
  std::string out = R"({"node_id":)";
  out += json_string(node_id);
  out.append(R"(,"db":)").append(std::to_string(db)).append(R"(,"ns":[)");
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    if (i > 0) out.push_back(',');
    out += json_string(namespaces[i]);
  }
  // `text` begins with a brace: its members follow ours.
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
    if (message.type == "broadcast") {
      message.to.clear();  // a client may have written one: it names nobody
      read_broadcast_payload(message);
    }
    const bool whole =
        directed ? !message.to.empty() : message.type == "broadcast" && !message.ns.empty();
    if (!whole || message.node_id.empty()) return std::nullopt;
    return message;
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;
  }
}

}  // namespace peer_redis
