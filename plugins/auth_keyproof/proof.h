#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json_object.h"
#include "verify_key.h"

/// A peer shows that the private half of its `public_key` is its own: it signs a text with a number
/// that nobody knew before. Pure but for random numbers; any thread.
namespace peer_keyproof {

/// The longest `public_key` that is looked at; the longest sound one has some 600 bytes.
inline constexpr std::size_t kMaxPublicKey = 4096;
/// The longest `signature`: of DER in base64 some 100.
inline constexpr std::size_t kMaxSignature = 512;

/// The P-256 or Ed25519 key that a `public_key` is: base64 of a SubjectPublicKeyInfo, PEM, or a JWK
/// in JSON. nullopt: anything else.
[[nodiscard]] std::optional<peer_keys::VerifyKey> read_public_key(std::string_view text,
                                                                  peer_keys::ObjectParser& parser);

/// 192 random bits in base64url. Empty: the system has none to give.
[[nodiscard]] std::string make_nonce();

/// The text that is signed. `public_key` as it was registered: its fingerprint is in the text, so
/// that a proof for one key proves no other.
[[nodiscard]] std::string signed_text(std::string_view audience, std::string_view nonce,
                                      std::string_view public_key);

/// Whether `signature`, in either base64, is the key's: ECDSA as r and s side by side, as WebCrypto
/// makes it, or in DER; Ed25519 as its 64 bytes.
[[nodiscard]] bool is_proof(const peer_keys::VerifyKey& key, std::string_view text,
                            std::string_view signature);

}  // namespace peer_keyproof
