#include "proof.h"

#include <openssl/rand.h>

#include <array>

#include "base64.h"
#include "digest.h"
#include "jwk.h"
#include "public_key.h"

namespace peer_keyproof {
namespace {

using peer_keys::Algorithm;
using peer_keys::KeyKind;
using peer_keys::Pkey;
using peer_keys::VerifyKey;

// Enough that no two challenges are ever the same, without a list of those that were used.
constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kRawSize = 64;  // of a signature of either kind

Pkey from_jwk(std::string_view text, peer_keys::ObjectParser& parser) {
  const auto object = parser.parse(text);
  if (!object) return nullptr;
  auto jwk = peer_keys::read_jwk(*object);
  if (!jwk || (jwk->kind != KeyKind::kP256 && jwk->kind != KeyKind::kEd25519)) return nullptr;
  return std::move(jwk->key);
}

Pkey read_key(std::string_view text, peer_keys::ObjectParser& parser) {
  if (text.starts_with('{')) return from_jwk(text, parser);
  if (text.find("-----BEGIN") != text.npos) return peer_keys::make_from_pem(text);
  const auto der = peer_keys::decode_any_base64(text);
  return der ? peer_keys::make_from_spki(*der) : nullptr;
}

}  // namespace

std::optional<VerifyKey> read_public_key(std::string_view text, peer_keys::ObjectParser& parser) {
  if (text.size() > kMaxPublicKey) return std::nullopt;
  Pkey key = read_key(text, parser);
  if (!key) return std::nullopt;
  const bool is_p256 = peer_keys::kind_of(key) == KeyKind::kP256;
  auto made =
      VerifyKey::from_public_key(is_p256 ? Algorithm::kEs256 : Algorithm::kEdDsa, std::move(key));
  if (!made) return std::nullopt;
  return std::move(made).value();
}

std::string make_nonce() {
  std::array<unsigned char, kNonceBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  return peer_keys::encode_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string signed_text(std::string_view audience, std::string_view nonce,
                        std::string_view public_key) {
  // The first line keeps the signature from meaning anything elsewhere; the lines have no line ends
  // of their own, so the text can be read in one way only.
  std::string text = "peer-server key proof 1\n";
  text.append(audience).append("\n");
  text.append(nonce).append("\n");
  return text + peer_keys::hex_sha256(public_key);
}

bool is_proof(const VerifyKey& key, std::string_view text, std::string_view signature) {
  if (signature.size() > kMaxSignature) return false;
  const auto bytes = peer_keys::decode_any_base64(signature);
  if (!bytes) return false;
  // DER has 64 bytes only if r and s are short by six bytes in all, which does not happen by
  // chance.
  if (bytes->size() == kRawSize) return key.verifies(text, *bytes);
  return key.algorithm() == Algorithm::kEs256 && key.verifies_der(text, *bytes);
}

}  // namespace peer_keyproof
