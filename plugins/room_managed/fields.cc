#include "fields.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <peer/sdk/json.h>

// In: the payload object of a message, parsed by the core, which bounds its size and depth. Out:
// fields of the right types within their bounds, or the first fault.
namespace peer_managed {

using peer::sdk::Error;
using peer::sdk::Fingerprint;
using peer::sdk::Result;
using peer::sdk::Value;

namespace {

constexpr double kLongestBanSeconds = 315'360'000;  // ten years

std::optional<Fingerprint> fingerprint_of(std::string_view hex) {
  Fingerprint peer;
  if (hex.size() != 2 * peer.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const bool is_digit = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!is_digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    const int digit = is_digit ? c - '0' : lower - 'a' + 10;
    peer.bytes[i / 2] = static_cast<std::uint8_t>(peer.bytes[i / 2] << 4 | digit);
  }
  return peer;
}

bool is_integer(const Value& value) {
  const double* number = value.as_number();
  return number != nullptr && std::isfinite(*number) && *number == std::floor(*number);
}

// Reads one field with `read`, which answers with the words of what is wrong, or nothing.
template <typename T, typename Read>
void take(const Value& fields, std::string_view key, Field<T>& out, std::string& fault, Read read) {
  const Value* value = fields.find(key);
  if (value == nullptr || !fault.empty()) return;
  if (value->is_null()) {
    out.is_null = true;
    return;
  }
  T taken{};
  if (const std::string wrong = read(*value, taken); !wrong.empty()) {
    fault = std::string(key) + " " + wrong;
  } else {
    out.value = std::move(taken);
  }
}

std::string read_boolean(const Value& value, bool& out) {
  if (value.as_bool() == nullptr) return "must be a boolean";
  out = *value.as_bool();
  return {};
}

std::string read_size(const Value& value, double& out) {
  if (!is_integer(value)) return "must be an integer";
  out = *value.as_number();
  return {};
}

std::string read_info(const Value& value, std::string& out) {
  const Value::Object* object = value.as_object();
  if (object == nullptr) return "must be an object";
  peer::sdk::JsonObject json;
  for (const auto& [key, member] : *object) json.add(key, member);
  const auto text = json.text();
  // A number such as 1e999, which no JSON can say as a value.
  if (!text) return "must be plain JSON: " + text.error().message;
  if (text->size() > kMaxInfo) return "too large";
  out = *text;
  return {};
}

}  // namespace

Result<RoomFields> read_room_fields(const Options& options, const Value& fields) {
  RoomFields out;
  std::string fault;
  take(fields, "max_size", out.max_size, fault, read_size);
  take(fields, "locked", out.locked, fault, read_boolean);
  take(fields, "public", out.listed, fault, read_boolean);
  take(fields, "info", out.info, fault, read_info);
  take(fields, "invited", out.invited, fault,
       [&](const Value& value, std::vector<Fingerprint>& peers) -> std::string {
         const Value::List* list = value.as_list();
         if (list == nullptr) return "must be an array of strings";
         if (list->size() > options.max_invited) return "too large";
         for (const Value& element : *list) {
           if (element.as_string() == nullptr) return "must be an array of strings";
           const auto peer = fingerprint_of(*element.as_string());
           if (!peer) return "must be an array of fingerprints";
           if (std::find(peers.begin(), peers.end(), *peer) == peers.end()) peers.push_back(*peer);
         }
         return {};
       });
  if (!fault.empty()) return Error{fault};
  return out;
}

std::uint32_t granted_size(const Options& options, std::optional<double> asked) {
  if (!asked || *asked < 1) return options.default_size;
  return static_cast<std::uint32_t>(std::min(*asked, static_cast<double>(options.max_size)));
}

Result<Fingerprint> read_target(const Value& fields) {
  const Value* value = fields.find("fingerprint");
  if (value == nullptr || value->is_null()) return Error{"fingerprint required"};
  if (value->as_string() == nullptr) return Error{"fingerprint must be a string"};
  const auto peer = fingerprint_of(*value->as_string());
  if (!peer) return Error{"fingerprint must be a fingerprint"};
  return *peer;
}

Result<std::optional<std::chrono::seconds>> read_seconds(const Value& fields) {
  using Seconds = std::optional<std::chrono::seconds>;
  const Value* value = fields.find("seconds");
  if (value == nullptr || value->is_null()) return Seconds();
  if (!is_integer(*value)) return Error{"seconds must be an integer"};
  const double seconds = *value->as_number();
  if (seconds < 0) return Error{"seconds must not be negative"};
  if (seconds > kLongestBanSeconds) return Error{"seconds too large"};
  return Seconds(static_cast<std::int64_t>(seconds));
}

}  // namespace peer_managed
