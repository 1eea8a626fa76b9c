#include "answer.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

// In: an answer, as JSON. Out: a verdict, or what makes no sense in it. A member of a wrong type
// refuses the whole: the endpoint meant something by it that is not understood here.
namespace peer_http_auth {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::AuthRejection;
using peer::sdk::AuthVerdict;
using peer::sdk::Error;
using peer::sdk::Instant;
using peer::sdk::Result;
using peer::sdk::Value;
using Fault = std::optional<std::string>;

// A hundred years. What lies beyond is as far away, and no arithmetic overflows.
constexpr double kLongest = 3'155'760'000.0;

/// Null: it is not there.
const Value* member(const Value& body, std::string_view name) {
  const Value* value = body.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

/// As the core takes it: not empty, and `*` at the end only.
bool is_pattern(std::string_view text) {
  return !text.empty() && text.find('*') >= text.size() - 1;
}

Fault read_texts(const Value& body, const std::string& prefix, AuthGrant& out) {
  if (const Value* identity = member(body, "identity")) {
    const std::string* text = identity->as_string();
    if (text == nullptr || text->empty()) return "identity must be a string that is not empty";
    out.identity = prefix + *text;
  }
  if (const Value* alias = member(body, "alias")) {
    if (alias->as_string() == nullptr) return "alias must be a string";
    out.alias = *alias->as_string();
  }
  return std::nullopt;
}

Fault read_namespaces(const Value& body, AuthGrant& out) {
  const Value* namespaces = member(body, "namespaces");
  if (namespaces == nullptr) return std::nullopt;
  const Value::List* list = namespaces->as_list();
  if (list == nullptr) return "namespaces must be an array of strings";
  for (const Value& entry : *list) {
    const std::string* pattern = entry.as_string();
    if (pattern == nullptr) return "namespaces must be an array of strings";
    if (!is_pattern(*pattern)) return "namespaces: a '*' may stand at the end only";
    out.namespaces.push_back(*pattern);
  }
  out.lists_namespaces = true;  // also an empty list, which allows nothing
  return std::nullopt;
}

Fault read_rights(const Value& body, AuthGrant& out) {
  if (const Value* rate = member(body, "rate")) {
    const double* number = rate->as_number();
    if (number == nullptr || *number < 1 || *number != std::floor(*number) ||
        *number > std::numeric_limits<std::uint32_t>::max()) {
      return "rate must be a positive integer";
    }
    out.rate_per_second = static_cast<std::uint32_t>(*number);
  }
  if (const Value* rooms = member(body, "create_rooms")) {
    if (rooms->as_bool() == nullptr) return "create_rooms must be a boolean";
    out.may_create_rooms = *rooms->as_bool();
  }
  return read_namespaces(body, out);
}

Fault read_end(const Value& body, Instant now, AuthGrant& out) {
  const Value* expires_in = member(body, "expires_in");
  if (expires_in == nullptr) return std::nullopt;
  const double* seconds = expires_in->as_number();
  // The endpoint is asked anew when half of it is over: less would be a question without pause.
  if (seconds == nullptr || !(*seconds >= 1)) return "expires_in must be a number, at least 1";
  out.expires = now + std::chrono::milliseconds(
                          static_cast<std::int64_t>(std::min(*seconds, kLongest) * 1000));
  return std::nullopt;
}

}  // namespace

Result<AuthVerdict> read_answer(const Value& body, const std::string& prefix, Instant now) {
  if (body.as_object() == nullptr) return Error{"it is no JSON object"};
  const Value* allow = body.find("allow");
  if (allow == nullptr || allow->as_bool() == nullptr) return Error{"allow must be a boolean"};
  if (!*allow->as_bool()) {
    const Value* message = member(body, "message");
    if (message == nullptr) return AuthVerdict(AuthRejection{"authentication failed"});
    if (message->as_string() == nullptr) return Error{"message must be a string"};
    return AuthVerdict(AuthRejection{*message->as_string()});
  }
  AuthGrant grant;
  Fault fault = read_texts(body, prefix, grant);
  if (!fault) fault = read_rights(body, grant);
  if (!fault) fault = read_end(body, now, grant);
  if (fault) return Error{*fault};
  return AuthVerdict(std::move(grant));
}

}  // namespace peer_http_auth
