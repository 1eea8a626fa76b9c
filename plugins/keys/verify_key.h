#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include <peer/sdk/result.h>

#include "algorithm.h"
#include "public_key.h"

namespace peer_keys {

/// A key, loaded once, and the one algorithm that it verifies. Immutable; any thread, several at a
/// time.
class VerifyKey {
 public:
  /// An HMAC key, of which a copy is kept. An error when it is shorter than the hash (RFC 7518
  /// 3.2).
  [[nodiscard]] static peer::sdk::Result<VerifyKey> from_secret(Algorithm algorithm,
                                                                std::string_view secret);
  /// An error when the algorithm takes another kind of key.
  [[nodiscard]] static peer::sdk::Result<VerifyKey> from_public_key(Algorithm algorithm, Pkey key);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  /// Whether a verification takes more than 100 us, so that it has no place on an event loop.
  [[nodiscard]] bool is_slow() const;

  /// Whether `signature` is the message's, in the form of JWS: ECDSA as r and s side by side, of
  /// their full length (RFC 7518 3.4). False too for what is no signature at all: both may
  /// be anybody's.
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;
  /// The same with ECDSA in DER, as everything but JOSE and WebCrypto has it.
  [[nodiscard]] bool verifies_der(std::string_view message, std::string_view signature) const;

 private:
  struct MacDeleter {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };
  using Mac = std::unique_ptr<EVP_MAC_CTX, MacDeleter>;
  struct DigestDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  using Digest = std::unique_ptr<EVP_MD_CTX, DigestDeleter>;

  VerifyKey(Algorithm algorithm, Mac mac, Digest digest, Pkey key)
      : algorithm_(algorithm),
        mac_(std::move(mac)),
        digest_(std::move(digest)),
        key_(std::move(key)) {}

  [[nodiscard]] bool verifies_mac(std::string_view message, std::string_view signature) const;

  Algorithm algorithm_;
  // One of the two, with the key in it and ready; copied for each message.
  Mac mac_;        ///< HMAC
  Digest digest_;  ///< all others
  Pkey key_;
};

}  // namespace peer_keys
