#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/result.h>

#include "algorithm.h"

/// Public keys in the forms that people and browsers write them in. Pure but for OpenSSL's error
/// queue, which each call leaves empty; any thread.
namespace peer_keys {

struct PkeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyDeleter>;

/// A second owner of the same key.
[[nodiscard]] Pkey share(const Pkey& key);

/// Which kind of key it is; nullopt: none that an Algorithm takes (Ed448, P-521, a private group).
[[nodiscard]] std::optional<KeyKind> kind_of(const Pkey& key);

/// A file's PEM block "PUBLIC KEY" (SubjectPublicKeyInfo), of any kind of key.
[[nodiscard]] peer::sdk::Result<Pkey> read_pem(std::string_view text);

/// From big-endian numbers without a sign. Fewer than 2048 bits, or an exponent that makes each
/// verification dear (above 64 bits), is refused. Null: no such key.
[[nodiscard]] Pkey make_rsa(std::string_view modulus, std::string_view exponent);
/// `kind`: kP256 or kP384; a point in the form of SEC 1, whose first byte is 2, 3 or 4. Null: it
/// does not lie on the curve.
[[nodiscard]] Pkey make_ec(KeyKind kind, std::string_view point);
/// 32 bytes. Null: of another length.
[[nodiscard]] Pkey make_ed25519(std::string_view bytes);

/// A P-256 or Ed25519 key from its SubjectPublicKeyInfo in DER. It costs a fifth of what
/// d2i_PUBKEY() takes, and nobody reaches OpenSSL's parser. Null: any other key.
[[nodiscard]] Pkey make_from_spki(std::string_view der);
/// The same from a PEM text with one block "PUBLIC KEY".
[[nodiscard]] Pkey make_from_pem(std::string_view text);

}  // namespace peer_keys
