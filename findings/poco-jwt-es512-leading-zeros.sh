#!/usr/bin/env bash
# POCO 1.11.0 signs JSON Web Tokens with ES384 and ES512 so that other libraries refuse many of them.
# RFC 7518 (3.4) wants R and S each as a byte string of fixed length, 48 and 66 bytes. POCO leaves out
# leading zero bytes. The 521 bits of P-521 fill 66 bytes only in their lowest bit, so R or S begins
# with a zero byte in three of four ES512 tokens. ES256 is padded, so tests with ES256 find nothing.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1, 400 tokens each:
#   ES256: 0 of 400 signatures are too short
#   ES384: 2 of 400 (by chance)
#   ES512: 301 of 400 (by chance)
# Needs: g++, libssl-dev, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpocojson80 libpocojwt80 libpococrypto80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.cc <<'PROGRAM'
#include <Poco/Crypto/ECKey.h>
#include <Poco/JWT/Signer.h>
#include <Poco/JWT/Token.h>
#include <iostream>
int short_ones(const char* algorithm, const char* curve, std::size_t characters) {
  Poco::JWT::Signer signer;
  signer.setECKey(new Poco::Crypto::ECKey(curve));
  signer.addAlgorithm(algorithm);
  int found = 0;
  for (int i = 0; i < 400; ++i) {
    Poco::JWT::Token token;
    token.setSubject(std::to_string(i));
    const std::string text = signer.sign(token, algorithm);
    found += text.size() - text.rfind('.') - 1 < characters ? 1 : 0;
  }
  std::cout << algorithm << ": " << found << " of 400 signatures are too short\n";
  return found;
}
int main() {
  const int es256 = short_ones("ES256", "prime256v1", 86);   // base64url of 64 bytes
  const int es384 = short_ones("ES384", "secp384r1", 128);   // of 96
  const int es512 = short_ones("ES512", "secp521r1", 176);   // of 132
  return es256 == 0 && es384 < 100 && es512 > 200 ? 0 : 1;
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoJWT.so.80 "$library"/libPocoCrypto.so.80 \
  "$library"/libPocoJSON.so.80 "$library"/libPocoFoundation.so.80 -lssl -lcrypto \
  -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library ./program
