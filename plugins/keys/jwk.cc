#include "jwk.h"

#include <algorithm>

#include "base64.h"

namespace peer_keys {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;

/// A member that is base64url; empty when it is absent or something else.
std::string bytes_member(const simdjson::dom::object& object, std::string_view name) {
  const auto text = text_member(object, name);
  return text ? decode_base64url(*text).value_or("") : std::string();
}

/// Whether it may verify signatures at all: `use` and `key_ops` may say otherwise.
bool may_verify(const simdjson::dom::object& object) {
  if (const auto use = member(object, "use"); use && text_of(*use) != "sig") return false;
  const auto operations = member(object, "key_ops");
  if (!operations) return true;
  simdjson::dom::array list;
  if (operations->get_array().get(list) != simdjson::SUCCESS) return false;
  return std::any_of(list.begin(), list.end(), [](simdjson::dom::element operation) {
    return text_of(operation) == "verify";
  });
}

Pkey read_ec(const simdjson::dom::object& object, KeyKind kind) {
  // RFC 7518 6.2.1.2: full length, with leading zeros.
  const std::size_t half = kind == KeyKind::kP384 ? 48 : 32;
  const std::string x = bytes_member(object, "x");
  const std::string y = bytes_member(object, "y");
  if (x.size() != half || y.size() != half) return nullptr;
  // 0x04: both coordinates follow (SEC 1 2.3.3).
  return make_ec(kind, "\x04" + x + y);
}

/// What `kty` and `crv` say; nullopt: a kind that is not known here.
std::optional<KeyKind> read_kind(const simdjson::dom::object& object) {
  const auto kty = text_member(object, "kty");
  const auto crv = text_member(object, "crv");
  if (kty == "RSA") return KeyKind::kRsa;
  if (kty == "oct") return KeyKind::kSecret;
  if (kty == "EC" && crv == "P-256") return KeyKind::kP256;
  if (kty == "EC" && crv == "P-384") return KeyKind::kP384;
  if (kty == "OKP" && crv == "Ed25519") return KeyKind::kEd25519;
  return std::nullopt;
}

bool read_material(const simdjson::dom::object& object, Jwk& jwk) {
  switch (jwk.kind) {
    case KeyKind::kSecret:
      jwk.secret = bytes_member(object, "k");
      return !jwk.secret.empty();
    case KeyKind::kRsa:
      jwk.key = make_rsa(bytes_member(object, "n"), bytes_member(object, "e"));
      return jwk.key != nullptr;
    case KeyKind::kP256:
    case KeyKind::kP384:
      jwk.key = read_ec(object, jwk.kind);
      return jwk.key != nullptr;
    case KeyKind::kEd25519:
      jwk.key = make_ed25519(bytes_member(object, "x"));
      return jwk.key != nullptr;
  }
  return false;
}

}  // namespace

Result<Jwk> read_jwk(const simdjson::dom::object& object) {
  Jwk jwk;
  // ObjectParser looks at the outermost object only, and this one is inside a list.
  if (repeats_a_name(object)) return Error{"a member stands twice"};
  if (const auto kid = member(object, "kid")) {
    const auto text = text_of(*kid);
    if (!text || text->empty()) return Error{"kid is no text"};
    jwk.kid = *text;
  }
  const auto kind = read_kind(object);
  if (!kind) return Error{"its kind (kty, crv) is not supported"};
  jwk.kind = *kind;
  if (!may_verify(object)) return Error{"it is not for signatures (use, key_ops)"};
  if (const auto alg = member(object, "alg")) {
    const auto name = text_of(*alg);
    jwk.algorithm = name ? algorithm_of(*name) : std::nullopt;
    if (!jwk.algorithm) return Error{"its algorithm (alg) is not supported"};
    if (key_kind_of(*jwk.algorithm) != jwk.kind) return Error{"its alg does not fit its kind"};
  }
  if (!read_material(object, jwk)) return Error{"its numbers make no key of that kind"};
  return jwk;
}

}  // namespace peer_keys
