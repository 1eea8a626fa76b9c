#!/usr/bin/env bash
# POCO 1.11.0 reads some integers that do not fit into 64 bits as other numbers, without an error. JSON has
# no limit for integers, and 18446744073709551616 (2^64) becomes 0. Who tries 2^65 or 20 nines sees an
# exception and believes that all integers out of range are refused. The check before the last digit lets
# 2^64 to 2^64+3 pass, which become 0 to 3, and longer numbers that begin with these digits. Below zero, the
# number after the smallest one is taken as the smallest. Written again, the wrong number goes on.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1:
#   18446744073709551615 -> 18446744073709551615
#   18446744073709551616 -> 0
#   18446744073709551617 -> 1
#   18446744073709551616999 -> 999
#   -9223372036854775809 -> -9223372036854775808
#   36893488147419103232 -> Not a valid unsigned integer: 36893488147419103232
# Needs: g++, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpocojson80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.cc <<'PROGRAM'
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <iostream>
#include <sstream>
int main() {
  for (const char* number : {"18446744073709551615", "18446744073709551616", "18446744073709551617",
                             "18446744073709551616999", "-9223372036854775809", "36893488147419103232"}) {
    std::ostringstream written;
    try {
      Poco::JSON::Parser parser;
      const auto array = parser.parse("[" + std::string(number) + "]").extract<Poco::JSON::Array::Ptr>();
      array->stringify(written);
    } catch (const Poco::Exception& failure) {
      written << "[" << failure.message() << "]";
    }
    const std::string text = written.str();
    std::cout << number << " -> " << text.substr(1, text.size() - 2) << '\n';
  }
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoJSON.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library ./program | tee output
grep -qx '18446744073709551616 -> 0' output && grep -qx '18446744073709551617 -> 1' output &&
  grep -qx '18446744073709551616999 -> 999' output &&
  grep -qx -- '-9223372036854775809 -> -9223372036854775808' output &&
  grep -q '^36893488147419103232 -> Not a valid' output
