#include "core/session/auth_rules.h"

#include <algorithm>
#include <cstddef>

#include "core/base/fingerprint.h"
#include "core/base/name_pattern.h"
#include "core/base/utf8.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

// The server keeps it for a client that may never register.
constexpr std::size_t kMaxContext = 64 * 1024;

bool is_control(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }

const char* fault_in(const sdk::AuthGrant& grant) {
  // The fingerprint is made of the identity: all peers with an empty one would be the same peer.
  if (grant.identity && grant.identity->empty()) return "granted an empty identity";
  if (grant.rate_per_second == 0U) return "granted a rate of 0 messages a second";
  const auto& patterns = grant.namespaces;
  if (!std::all_of(patterns.begin(), patterns.end(), is_sound_pattern)) {
    return "granted namespaces by a pattern that is empty, or has a '*' before its end";
  }
  return nullptr;
}

const char* fault_in(const sdk::AuthRejection& rejection) {
  return is_valid_utf8(rejection.message) ? nullptr : "rejected with words that are not UTF-8";
}

const char* fault_in(const sdk::AuthChallenge& challenge) {
  const bool sound = is_valid_json(challenge.payload) && challenge.context.size() <= kMaxContext;
  return sound ? nullptr : "gave a challenge that is no JSON, or over 64 KiB";
}

const char* fault_in(const sdk::AuthPass&) { return nullptr; }

}  // namespace

const char* fault_of(const sdk::AuthVerdict& verdict) {
  return std::visit([](const auto& kind) { return fault_in(kind); }, verdict);
}

bool is_sound_alias(const Bounds& bounds, std::string_view alias) {
  return !alias.empty() && alias.size() <= bounds.alias && !parse_fingerprint(alias) &&
         is_valid_utf8(alias) && std::none_of(alias.begin(), alias.end(), is_control);
}

}  // namespace peer
