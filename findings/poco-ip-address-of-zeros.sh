#!/usr/bin/env bash
# POCO 1.11.0: IPAddress::tryParse() says that "::" is no address, though "::" is what a server that listens
# to all is given, and IPAddress("::") takes it. All other forms of the same address fail in both: "0::0",
# "::0", and "0:0:0:0:0:0:0:0" as a device writes it out. The parser has the address of zeros as its sign
# for a failure. SocketAddress takes every form, and "0.0.0.0" and "::1" are well everywhere, so a check of
# a configured address by tryParse() refuses just what works afterwards.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1; tryParse(), IPAddress(), SocketAddress() with port 80:
#   ::: false, ::, [::]:80
#   0::0: false, Invalid address, [::]:80
#   0:0:0:0:0:0:0:0: false, Invalid address, [::]:80
#   0:0:0:0:0:0:0:1: true, ::1, [::1]:80
#   0.0.0.0: true, 0.0.0.0, 0.0.0.0:80
# Needs: g++, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpoconet80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.cc <<'PROGRAM'
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <iostream>
using namespace Poco::Net;
int main() {
  for (const char* text : {"::", "0::0", "0:0:0:0:0:0:0:0", "0:0:0:0:0:0:0:1", "0.0.0.0"}) {
    IPAddress parsed;
    std::cout << text << ": " << (IPAddress::tryParse(text, parsed) ? "true" : "false") << ", ";
    try {
      std::cout << IPAddress(text).toString();
    } catch (const InvalidAddressException&) {
      std::cout << "Invalid address";
    }
    std::cout << ", " << SocketAddress(text, 80).toString() << '\n';
  }
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNet.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library ./program | tee output
cmp -s output - <<'EXPECTED'
::: false, ::, [::]:80
0::0: false, Invalid address, [::]:80
0:0:0:0:0:0:0:0: false, Invalid address, [::]:80
0:0:0:0:0:0:0:1: true, ::1, [::1]:80
0.0.0.0: true, 0.0.0.0, 0.0.0.0:80
EXPECTED
