// What a token costs beside its signature. In: an algorithm, what to run (`signature`: OpenSSL
// alone, or `token`: all that auth_jwt does with a register message), and how often. Out: the CPU
// time of one, in us. For the instructions see the script `token_cost` beside this file.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "jwt_auth.h"
#include "tests/support/temp_dir.h"
#include "tests/support/token_signer.h"
#include "tests/unit/plugins/auth_jwt/test_host.h"

namespace {

using namespace peer::sdk;
using peer::test::SigningKey;

constexpr const char* kSecret =
    "a secret of sixty-four bytes, which is as long as the longest hash";
constexpr const char* kClaims =
    R"({"iss":"https://id.example/","aud":"my-game","sub":"user 4711","iat":1790000000,)"
    R"("exp":4000000000,"alias":"alice","namespaces":["lobby","game-*"],"rate":50})";

bool is_hmac(std::string_view algorithm) { return algorithm.starts_with("HS"); }

SigningKey make_key(std::string_view algorithm) {
  if (algorithm == "ES256") return SigningKey::ec("P-256");
  if (algorithm == "ES384") return SigningKey::ec("P-384");
  if (algorithm == "EdDSA") return SigningKey::ed25519();
  return SigningKey::rsa();
}

const EVP_MD* hash_of(std::string_view algorithm) {
  if (algorithm == "EdDSA") return nullptr;
  if (algorithm.ends_with("384")) return EVP_sha384();
  return algorithm.ends_with("512") ? EVP_sha512() : EVP_sha256();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The signature alone, with a key that is loaded.
class Signature {
 public:
  Signature(const SigningKey& key, std::string algorithm)
      : algorithm_(std::move(algorithm)), message_(peer::test::unsigned_token("{}", kClaims)) {
    if (is_hmac(algorithm_)) return;
    const std::string der = key.public_der();
    const unsigned char* at = bytes_of(der);
    key_ = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
    signature_ = algorithm_.starts_with("ES") ? key.sign_der(algorithm_, message_)
                                              : key.sign(algorithm_, message_);
  }
  ~Signature() { EVP_PKEY_free(key_); }
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  bool run() {
    if (is_hmac(algorithm_)) {
      unsigned char digest[EVP_MAX_MD_SIZE];
      unsigned size = 0;
      return HMAC(hash_of(algorithm_), kSecret, static_cast<int>(std::string_view(kSecret).size()),
                  bytes_of(message_), message_.size(), digest, &size) != nullptr;
    }
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* details = nullptr;
    bool good = EVP_DigestVerifyInit(context, &details, hash_of(algorithm_), nullptr, key_) == 1;
    if (algorithm_ == "PS256") {
      good = good && EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    good = good && EVP_DigestVerify(context, bytes_of(signature_), signature_.size(),
                                    bytes_of(message_), message_.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }

 private:
  const std::string algorithm_;
  const std::string message_;
  std::string signature_;
  EVP_PKEY* key_ = nullptr;
};

/// All of it: the place of the token, its parts, the key, the signature, the claims, the grant.
class WholeToken {
 public:
  WholeToken(const SigningKey& key, const std::string& algorithm)
      : auth_(options_for(key, algorithm), host_) {
    if (!auth_.keys().load_files()) throw std::runtime_error("the key is of no use");
    const std::string more = R"(,"kid":"a","typ":"JWT")";
    const std::string token = is_hmac(algorithm)
                                  ? peer::test::signed_token(kSecret, algorithm, kClaims, more)
                                  : peer::test::signed_token(key, algorithm, kClaims, more);
    payload_ = R"({"public_key":"anything","token":")" + token + "\"}";
  }

  bool run() {
    AuthRequest request;
    request.payload = payload_;
    bool granted = false;
    auth_.authenticate(request, [&](const AuthVerdict& verdict) {
      granted = std::holds_alternative<AuthGrant>(verdict);
    });
    return granted;
  }

 private:
  peer_jwt::Options options_for(const SigningKey& key, const std::string& algorithm) {
    peer_jwt::Options options;
    peer_jwt::KeyOption& option = options.keys.emplace_back();
    option.where = "keys[0]";
    option.kid = "a";
    option.algorithm = *peer_keys::algorithm_of(algorithm);
    if (is_hmac(algorithm)) {
      option.secret = kSecret;
    } else {
      option.public_key_file = dir_.write("key.pem", key.public_pem());
    }
    options.rules.issuer = "https://id.example/";
    options.rules.audience = {"my-game"};
    options.max_token = 8192;
    return options;
  }

  const peer::test::TempDir dir_;
  peer_jwt::TestHost host_;
  peer_jwt::JwtAuth auth_;
  std::string payload_;
};

}  // namespace

/// What is counted: callgrind is told to look inside this function alone. False: one was not
/// verified.
extern "C" [[gnu::noinline]] bool run_measured(bool (*run)(void*), void* work, long count) {
  bool good = true;
  for (long i = 0; i < count; ++i) good = run(work) && good;
  return good;
}

namespace {

template <typename Work>
int measure(Work& work, long count) {
  const auto run = [](void* its) { return static_cast<Work*>(its)->run(); };
  const std::clock_t start = std::clock();
  if (!run_measured(run, &work, count)) {
    std::cerr << "token_cost: not verified\n";
    return 1;
  }
  const double us = 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::cout << us / static_cast<double>(std::max(1L, count)) << '\n';
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: token_cost ALGORITHM signature|token COUNT\n";
    return 2;
  }
  const std::string algorithm = arguments[1];
  const SigningKey key = make_key(algorithm);
  const long times = std::strtol(arguments[3], nullptr, 10);
  if (std::string_view(arguments[2]) == "signature") {
    Signature signature(key, algorithm);
    return measure(signature, times);
  }
  WholeToken token(key, algorithm);
  return measure(token, times);
}
