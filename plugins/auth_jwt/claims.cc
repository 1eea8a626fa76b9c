#include "claims.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

// What a token says, once its signature is good. In: the bytes of the claims, the rules of the
// options, the time. Out: a grant, or the words for the client. Any thread; nothing is kept. The
// order matters for the words only: times, issuer, audience, identity, rights. A claim of a wrong
// type refuses the token, for its issuer meant something by it that is not understood here.
namespace peer_jwt {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::Instant;
using peer_keys::member;
using peer_keys::text_of;
using simdjson::dom::element;
using simdjson::dom::object;
using Refusal = std::optional<std::string>;
using std::chrono::milliseconds;

// The end of the year 9999. What lies beyond is as far away, and no arithmetic overflows.
constexpr double kLastSecond = 253402300799.0;

/// A NumericDate (RFC 7519 2): seconds, which may have fractions.
std::optional<Instant> instant_of(const element& value) {
  double seconds = 0;
  if (!value.is_number() || value.get_double().get(seconds) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  // Before the conversion: a double beyond the range of the integer is undefined behaviour.
  seconds = std::clamp(seconds, 0.0, kLastSecond);
  return Instant(milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

Refusal judge_times(const object& claims, const ClaimRules& rules, Instant now, AuthGrant& out) {
  if (const auto exp = member(claims, "exp")) {
    const auto instant = instant_of(*exp);
    if (!instant) return "token: exp must be a number";
    // The leeway counts for the end of the connection, too.
    out.expires = *instant + rules.leeway;
    // RFC 7519 4.1.4: on or after this time the token must not be accepted.
    if (now >= *out.expires) return "token expired";
  } else if (rules.require_exp) {
    return "token: exp is missing";
  }
  if (const auto nbf = member(claims, "nbf")) {
    const auto instant = instant_of(*nbf);
    if (!instant) return "token: nbf must be a number";
    if (now + rules.leeway < *instant) return "token not valid yet";
  }
  if (const auto iat = member(claims, "iat")) {
    // Only `nbf` says from when on a token is good (RFC 7519 4.1.6): an issuer's clock may be
    // ahead.
    if (!instant_of(*iat)) return "token: iat must be a number";
  }
  return std::nullopt;
}

Refusal judge_issuer(const object& claims, const ClaimRules& rules) {
  const auto iss = member(claims, "iss");
  if (iss && !text_of(*iss)) return "token: iss must be a string";
  if (rules.issuer.empty()) return std::nullopt;
  if (!iss) return "token: iss is missing";
  if (*text_of(*iss) != rules.issuer) return "wrong issuer";
  return std::nullopt;
}

Refusal judge_audience(const object& claims, const ClaimRules& rules) {
  constexpr const char* kWrongType = "token: aud must be a string or an array of strings";
  const auto aud = member(claims, "aud");
  if (!aud && rules.audience.empty()) return std::nullopt;
  if (!aud) return "token: aud is missing";
  const auto is_ours = [&](std::string_view name) {
    return std::find(rules.audience.begin(), rules.audience.end(), name) != rules.audience.end();
  };
  bool ours = false;
  simdjson::dom::array list;
  if (const auto text = text_of(*aud)) {
    ours = is_ours(*text);
  } else if (aud->get_array().get(list) == simdjson::SUCCESS) {
    for (const element entry : list) {
      const auto name = text_of(entry);
      if (!name) return kWrongType;
      ours = ours || is_ours(*name);
    }
  } else {
    return kWrongType;
  }
  // RFC 7519 4.1.3: a token that names audiences, and not us, must be rejected.
  if (!ours) return "wrong audience";
  return std::nullopt;
}

Refusal judge_binding(const object& claims, std::optional<std::string_view> public_key_hash) {
  const auto pk = member(claims, "pk");
  if (!pk) return "token: pk is missing";
  const auto text = text_of(*pk);
  if (!text) return "token: pk must be a string";
  // The claim holds a fingerprint, as clients know it: 64 lower-case digits.
  if (!public_key_hash || *text != *public_key_hash) return "token is for another public_key";
  return std::nullopt;
}

Refusal read_identity(const object& claims, const ClaimRules& rules, AuthGrant& out) {
  const auto claim = member(claims, rules.identity_claim);
  if (!claim) return "token: " + rules.identity_claim + " is missing";
  const auto text = text_of(*claim);
  if (!text) return "token: " + rules.identity_claim + " must be a string";
  if (text->empty()) return "token: " + rules.identity_claim + " is empty";
  // The prefix keeps the names of this issuer apart from those that other plugins grant.
  out.identity = rules.identity_prefix + std::string(*text);
  return std::nullopt;
}

/// As the core takes it: not empty, and `*` at the end only.
bool is_pattern(std::string_view text) {
  return !text.empty() && text.find('*') >= text.size() - 1;
}

Refusal read_namespaces(const object& claims, AuthGrant& out) {
  constexpr const char* kWrongType = "token: namespaces must be an array of strings";
  const auto claim = member(claims, "namespaces");
  if (!claim) return std::nullopt;
  simdjson::dom::array list;
  if (claim->get_array().get(list) != simdjson::SUCCESS) return kWrongType;
  for (const element entry : list) {
    const auto pattern = text_of(entry);
    if (!pattern) return kWrongType;
    if (!is_pattern(*pattern)) return "token: namespaces: a '*' may stand at the end only";
    out.namespaces.emplace_back(*pattern);
  }
  out.lists_namespaces = true;
  return std::nullopt;
}

Refusal read_rate(const object& claims, AuthGrant& out) {
  const auto claim = member(claims, "rate");
  if (!claim) return std::nullopt;
  std::uint64_t rate = 0;
  if (claim->get_uint64().get(rate) != simdjson::SUCCESS || rate < 1 ||
      rate > std::numeric_limits<std::uint32_t>::max()) {
    return "token: rate must be a positive integer";
  }
  out.rate_per_second = static_cast<std::uint32_t>(rate);
  return std::nullopt;
}

Refusal read_rights(const object& claims, AuthGrant& out) {
  if (const auto alias = member(claims, "alias")) {
    const auto text = text_of(*alias);
    if (!text) return "token: alias must be a string";
    out.alias = std::string(*text);
  }
  if (const auto rooms = member(claims, "create_rooms")) {
    bool allowed = false;
    if (rooms->get_bool().get(allowed) != simdjson::SUCCESS) {
      return "token: create_rooms must be a boolean";
    }
    out.may_create_rooms = allowed;
  }
  if (auto refusal = read_rate(claims, out)) return refusal;
  return read_namespaces(claims, out);
}

}  // namespace

Refusal judge_claims(std::string_view text, const ClaimRules& rules,
                     std::optional<std::string_view> public_key_hash, Instant now,
                     peer_keys::ObjectParser& parser, AuthGrant& out) {
  const auto claims = parser.parse(text);
  if (!claims) return "malformed token";
  if (auto refusal = judge_times(*claims, rules, now, out)) return refusal;
  if (auto refusal = judge_issuer(*claims, rules)) return refusal;
  if (auto refusal = judge_audience(*claims, rules)) return refusal;
  auto refusal = rules.binds_public_key ? judge_binding(*claims, public_key_hash)
                                        : read_identity(*claims, rules, out);
  return refusal ? refusal : read_rights(*claims, out);
}

}  // namespace peer_jwt
