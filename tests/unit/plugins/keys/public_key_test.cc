#include "public_key.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/token_signer.h"

namespace peer_keys {
namespace {

using peer::test::SigningKey;
using testing::HasSubstr;

std::string spki_of(const Pkey& key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key.get(), &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

TEST(PublicKeyTest, TheSpkiOfABrowsersKeyIsRead) {
  for (const SigningKey& made : {SigningKey::ec("P-256"), SigningKey::ed25519()}) {
    const Pkey key = make_from_spki(made.public_der());
    ASSERT_TRUE(key);
    EXPECT_EQ(spki_of(key), made.public_der());
    EXPECT_TRUE(make_from_pem(made.public_pem()));
  }
}

TEST(PublicKeyTest, AnotherKeysSpkiIsNone) {
  for (const SigningKey& made : {SigningKey::rsa(), SigningKey::ec("P-384")}) {
    EXPECT_FALSE(make_from_spki(made.public_der()));
    EXPECT_FALSE(make_from_pem(made.public_pem()));
  }
}

TEST(PublicKeyTest, WhatDiffersFromTheSpkiOfAKeyInLengthOrHeadIsNone) {
  const std::string der = SigningKey::ec("P-256").public_der();
  EXPECT_FALSE(make_from_spki(der.substr(0, 90)));
  EXPECT_FALSE(make_from_spki(der + "x"));
  EXPECT_FALSE(make_from_spki({}));
  for (std::size_t i = 0; i < 27; ++i) {
    std::string other = der;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(make_from_spki(other)) << i;
  }
}

TEST(PublicKeyTest, APointThatIsNotOnTheCurveIsNoKey) {
  std::string der = SigningKey::ec("P-256").public_der();
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_FALSE(make_from_spki(der));
  EXPECT_FALSE(make_from_spki(der.substr(0, 27) + std::string(64, '\0')));
  EXPECT_FALSE(make_from_spki(der.substr(0, 27) + std::string(64, '\xFF')));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(PublicKeyTest, ACompressedPointIsThePointItself) {
  const std::string der = SigningKey::ec("P-256").public_der();
  const char sign = static_cast<char>(2 + (der.back() & 1));
  const std::string compressed = "\x30\x39" + der.substr(2, 21) + "\x03\x22" +
                                 std::string(1, '\0') + sign + der.substr(27, 32);
  const Pkey key = make_from_spki(compressed);
  ASSERT_TRUE(key);
  EXPECT_EQ(kind_of(key), KeyKind::kP256);
}

TEST(PublicKeyTest, PemMayHaveCrlfTextAroundAndOneLongLine) {
  const std::string pem = SigningKey::ed25519().public_pem();
  std::string crlf;
  std::string one_line;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(make_from_pem(crlf));
  EXPECT_TRUE(make_from_pem("a comment\n" + pem + "more"));
  EXPECT_TRUE(make_from_pem(pem.substr(0, pem.size() - 1)));
  EXPECT_FALSE(make_from_pem(pem.substr(0, 60)));
  EXPECT_FALSE(make_from_pem(SigningKey::ed25519().private_pem()));
}

TEST(PublicKeyTest, AFilesKeyIsOfAnyKind) {
  EXPECT_EQ(kind_of(*read_pem(SigningKey::rsa().public_pem())), KeyKind::kRsa);
  EXPECT_EQ(kind_of(*read_pem(SigningKey::ec("P-256").public_pem())), KeyKind::kP256);
  EXPECT_EQ(kind_of(*read_pem(SigningKey::ec("P-384").public_pem())), KeyKind::kP384);
  EXPECT_EQ(kind_of(*read_pem(SigningKey::ed25519().public_pem())), KeyKind::kEd25519);
  EXPECT_EQ(kind_of(*read_pem(SigningKey::ec("P-521").public_pem())), std::nullopt);
}

TEST(PublicKeyTest, APrivateKeyIsNamedAsThat) {
  const auto key = read_pem(SigningKey::ec("P-256").private_pem());
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("holds a private key"));
}

TEST(PublicKeyTest, AFileWithoutAKeyIsRefused) {
  for (const char* text :
       {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_FALSE(read_pem(text)) << text;
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
}

TEST(PublicKeyTest, ShortRsaKeysAreRefused) {
  const auto key = read_pem(SigningKey::rsa(1024).public_pem());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message, "an RSA key of 1024 bits, expected 2048 to 8192");
}

TEST(PublicKeyTest, NumbersThatMakeNoRsaKeyAreRefused) {
  const std::string odd = "\xFF" + std::string(254, '\0') + "\x01";  // 2048 bits
  EXPECT_TRUE(make_rsa(odd, "\x01" + std::string(1, '\0') + "\x01"));
  EXPECT_FALSE(make_rsa(odd, "\x01"));
  EXPECT_FALSE(make_rsa(odd, "\x02"));
  EXPECT_FALSE(make_rsa(odd, ""));
  EXPECT_FALSE(make_rsa(odd, std::string(9, '\x03')));
  EXPECT_FALSE(make_rsa(odd.substr(0, 128), "\x03"));
  EXPECT_FALSE(make_rsa("\xFF" + std::string(255, '\0'), "\x03"));
  EXPECT_FALSE(make_rsa(std::string(1100, '\xFF'), "\x03"));
  EXPECT_FALSE(make_rsa("", "\x03"));
}

}  // namespace
}  // namespace peer_keys
