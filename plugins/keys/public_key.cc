#include "public_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base64.h"

// In: keys as texts, DER or numbers, from options, from a JWKS, or from strangers who register.
// Out: keys of OpenSSL, checked for kind and size. What a stranger sends goes through
// make_from_spki(), which compares bytes and never reaches OpenSSL's decoders of ASN.1.
namespace peer_keys {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;

constexpr int kMinRsaBits = 2048;
// The time of a verification grows with the square of the length.
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kMaxExponentBytes = 8;

struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
struct BuilderDeleter {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
struct ParamsDeleter {
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};
struct NumberDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Number = std::unique_ptr<BIGNUM, NumberDeleter>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// What OpenSSL complains of is nobody's business here, and must not be the next caller's.
template <typename Made>
Made leave_no_errors(Made made) {
  if (!made) ERR_clear_error();
  return made;
}

Pkey from_data(const char* type, OSSL_PARAM* params) {
  const std::unique_ptr<EVP_PKEY_CTX, ContextDeleter> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  return Pkey(key);
}

bool is_ed25519(const EVP_PKEY* key) { return EVP_PKEY_is_a(key, "ED25519") == 1; }

std::string_view without_line_ends(std::string_view text, std::string& storage) {
  storage.reserve(text.size());
  for (const char c : text) {
    if (c != '\r' && c != '\n') storage.push_back(c);
  }
  return storage;
}

/// The head of a SubjectPublicKeyInfo: all that stands before the key's own bytes. RFC 5480, RFC
/// 8410.
struct SpkiHead {
  std::string_view bytes;
  KeyKind kind;
  std::size_t key_size;
};

using namespace std::string_view_literals;
// P-256 with both coordinates, P-256 with one of them and a sign, Ed25519.
constexpr std::array<SpkiHead, 3> kSpkiHeads{{
    {"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"
     "\x03\x42\x00"sv,
     KeyKind::kP256, 65},
    {"\x30\x39\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"
     "\x03\x22\x00"sv,
     KeyKind::kP256, 33},
    {"\x30\x2A\x30\x05\x06\x03\x2B\x65\x70\x03\x21\x00"sv, KeyKind::kEd25519, 32},
}};

}  // namespace

Pkey share(const Pkey& key) {
  EVP_PKEY_up_ref(key.get());
  return Pkey(key.get());
}

std::optional<KeyKind> kind_of(const Pkey& key) {
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) return KeyKind::kRsa;
  if (is_ed25519(key.get())) return KeyKind::kEd25519;
  std::array<char, 32> group{};
  if (EVP_PKEY_is_a(key.get(), "EC") != 1 ||
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), nullptr) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  if (group.data() == "prime256v1"sv) return KeyKind::kP256;
  if (group.data() == "secp384r1"sv) return KeyKind::kP384;
  return std::nullopt;
}

Result<Pkey> read_pem(std::string_view text) {
  // A mistake of the operator that must not go unnoticed: the file is a secret.
  if (text.find("PRIVATE KEY-----") != text.npos) {
    return Error{"holds a private key; give the public one: openssl pkey -in FILE -pubout"};
  }
  const std::unique_ptr<BIO, BioDeleter> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Pkey key = leave_no_errors(Pkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)));
  if (!key) return Error{"no PEM block 'PUBLIC KEY' with a key that OpenSSL can read"};
  const bool rsa = kind_of(key) == KeyKind::kRsa;
  const int bits = EVP_PKEY_get_bits(key.get());
  if (rsa && (bits < kMinRsaBits || bits > kMaxRsaBits)) {
    return Error{"an RSA key of " + std::to_string(bits) + " bits, expected 2048 to 8192"};
  }
  return key;
}

Pkey make_rsa(std::string_view modulus, std::string_view exponent) {
  // Lengths are judged before numbers are made of the bytes. One more byte: a zero may stand in
  // front.
  if (modulus.size() > kMaxRsaBits / 8 + 1 || exponent.empty() ||
      exponent.size() > kMaxExponentBytes) {
    return nullptr;
  }
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || BN_num_bits(n.get()) > kMaxRsaBits ||
      BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1) {
    return nullptr;
  }
  const std::unique_ptr<OSSL_PARAM_BLD, BuilderDeleter> builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  const std::unique_ptr<OSSL_PARAM, ParamsDeleter> params(OSSL_PARAM_BLD_to_param(builder.get()));
  return leave_no_errors(from_data("RSA", params.get()));
}

Pkey make_ec(KeyKind kind, std::string_view point) {
  std::string group = kind == KeyKind::kP384 ? "secp384r1" : "prime256v1";
  std::string copy(point);
  std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end()};
  return leave_no_errors(from_data("EC", params.data()));
}

Pkey make_ed25519(std::string_view bytes) {
  if (bytes.size() != 32) return nullptr;
  return leave_no_errors(
      Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size())));
}

Pkey make_from_spki(std::string_view der) {
  for (const SpkiHead& head : kSpkiHeads) {
    if (der.size() != head.bytes.size() + head.key_size || !der.starts_with(head.bytes)) continue;
    const std::string_view key = der.substr(head.bytes.size());
    if (head.kind == KeyKind::kEd25519) return make_ed25519(key);
    const bool compressed = head.key_size == 33;
    if (compressed ? (key[0] != 2 && key[0] != 3) : key[0] != 4) return nullptr;
    return make_ec(head.kind, key);
  }
  return nullptr;
}

Pkey make_from_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
  const std::size_t begin = text.find(kBegin);
  if (begin == text.npos) return nullptr;
  text.remove_prefix(begin + kBegin.size());
  const std::size_t end = text.find(kEnd);
  if (end == text.npos) return nullptr;
  std::string storage;
  const auto der = decode_base64(without_line_ends(text.substr(0, end), storage));
  return der ? make_from_spki(*der) : nullptr;
}

}  // namespace peer_keys
