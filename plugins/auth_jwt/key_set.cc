#include "key_set.h"

#include <algorithm>

#include "json_object.h"
#include "jwk.h"

// In: the text of a JWKS, or the `kid` and `alg` of a token. Out: keys that are ready to verify. A
// key is bound to its algorithm when it is read (RFC 8725 3.1): a token that names another one
// finds no key, so nobody can have an RSA public key taken for an HMAC secret.
namespace peer_jwt {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;
using peer_keys::Algorithm;
using peer_keys::Jwk;
using peer_keys::KeyKind;
using peer_keys::VerifyKey;

const VerifyKey* use_of(const NamedKey& key, Algorithm algorithm) {
  for (const VerifyKey& use : key.uses) {
    if (use.algorithm() == algorithm) return &use;
  }
  return nullptr;
}

/// Which algorithms a JWK verifies.
std::vector<Algorithm> algorithms_of(const Jwk& jwk, const std::vector<Algorithm>& configured) {
  if (jwk.algorithm) return {*jwk.algorithm};
  std::vector<Algorithm> fitting;
  std::copy_if(configured.begin(), configured.end(), std::back_inserter(fitting),
               [&](Algorithm a) { return peer_keys::key_kind_of(a) == jwk.kind; });
  // The operator has chosen: nothing is added to that.
  if (!configured.empty()) return fitting;
  switch (jwk.kind) {
    case KeyKind::kP256:
      return {Algorithm::kEs256};
    case KeyKind::kP384:
      return {Algorithm::kEs384};
    case KeyKind::kEd25519:
      return {Algorithm::kEdDsa};
    // Several algorithms fit such a key, and nobody has said which one is meant.
    case KeyKind::kSecret:
    case KeyKind::kRsa:
      return {};
  }
  return {};
}

Result<NamedKey> named_key(const Jwk& jwk, const std::vector<Algorithm>& configured,
                           Secrets secrets) {
  const bool is_secret = jwk.kind == KeyKind::kSecret;
  if (is_secret && secrets == Secrets::kRefused) return Error{"a secret has no place at a URL"};
  NamedKey key;
  key.kid = jwk.kid;
  for (const Algorithm algorithm : algorithms_of(jwk, configured)) {
    auto use = is_secret ? VerifyKey::from_secret(algorithm, jwk.secret)
                         : VerifyKey::from_public_key(algorithm, peer_keys::share(jwk.key));
    if (!use) return use.error();
    key.uses.push_back(std::move(use).value());
  }
  if (key.uses.empty()) {
    return Error{"it has no alg, and jwks_algorithms names none that fits"};
  }
  return key;
}

std::string name_of_key(std::size_t number, const simdjson::dom::element& element) {
  std::string name = "key " + std::to_string(number);
  simdjson::dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return name;
  const auto kid = peer_keys::text_member(object, "kid");
  // A longer one would fill the log.
  if (kid && kid->size() <= 64) name += " ('" + std::string(*kid) + "')";
  return name;
}

Result<NamedKey> read_key(const simdjson::dom::element& element,
                          const std::vector<Algorithm>& algorithms, Secrets secrets) {
  simdjson::dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return Error{"it is no object"};
  const auto jwk = peer_keys::read_jwk(object);
  if (!jwk) return jwk.error();
  return named_key(*jwk, algorithms, secrets);
}

}  // namespace

Lookup find_key(const std::vector<const KeySet*>& sets, const std::optional<std::string>& kid,
                Algorithm algorithm) {
  Lookup found;
  std::size_t total = 0;
  for (const KeySet* set : sets) total += set->size();
  std::size_t candidates = 0;
  for (const KeySet* set : sets) {
    for (const NamedKey& key : set->keys()) {
      // A name that is not known fits a key without a name only where no other can be meant.
      const bool fits = key.kid.empty() ? total == 1 : key.kid == kid;
      if (kid && !fits) continue;
      ++candidates;
      // Several keys may share a name, as keys of different kinds: the algorithm tells them apart.
      if (found.key == nullptr) found.key = use_of(key, algorithm);
    }
  }
  if (candidates == 0) {
    found.is_unknown_kid = true;
    found.refusal = kid ? "token: unknown kid" : "token: there is no key";
  } else if (!kid && candidates > 1) {
    found.key = nullptr;
    found.refusal = "token: kid is missing, and there are several keys";
  } else if (found.key == nullptr) {
    found.refusal = "token: alg is not that of the key";
  }
  return found;
}

Result<Jwks> read_jwks(std::string_view text, const std::vector<Algorithm>& algorithms,
                       Secrets secrets) {
  if (text.size() > kMaxJwksSize) return Error{"more than 256 KiB"};
  peer_keys::ObjectParser parser;
  const auto object = parser.parse(text);
  const auto keys = object ? peer_keys::member(*object, "keys") : std::nullopt;
  simdjson::dom::array list;
  if (!keys || keys->get_array().get(list) != simdjson::SUCCESS) {
    return Error{"no JWK Set: expected an object with a list 'keys'"};
  }
  if (list.size() > kMaxKeys) return Error{"more than 100 keys"};
  Jwks jwks;
  std::size_t number = 0;
  for (const simdjson::dom::element element : list) {
    ++number;
    auto key = read_key(element, algorithms, secrets);
    if (key) {
      jwks.keys.add(std::move(key).value());
    } else {
      jwks.skipped.push_back(name_of_key(number, element) + ": " + key.error().message);
    }
  }
  return jwks;
}

}  // namespace peer_jwt
