#!/usr/bin/env bash
# POCO 1.11.0: HTTPSClientSession(const SecureStreamSocket&) is there for a socket that is connected
# already, say one whose address was checked before. Its constructor throws IllegalStateException for
# every such socket: it sets the port by setPort(), which refuses to work on a connected session.
# HTTPClientSession of the same socket takes it, and speaks TLS by it all the same.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1, against `openssl s_server`:
#   HTTPSClientSession(socket): Cannot set the port number for an already connected session
#   HTTPClientSession(socket): 200
# Needs: g++, openssl, libssl-dev, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpoconet80 libpoconetssl80 libpococrypto80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1 -keyout key.pem -out cert.pem 2>/dev/null
cat >program.cc <<'PROGRAM'
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <iostream>
using namespace Poco::Net;
int main(int, char** argv) {
  initializeSSL();
  Context::Ptr context = new Context(Context::TLS_CLIENT_USE, "", Context::VERIFY_NONE);
  const SocketAddress address("127.0.0.1", argv[1]);
  bool threw = false;
  try {
    HTTPSClientSession session(SecureStreamSocket(address, "localhost", context));
    std::cout << "HTTPSClientSession(socket): made\n";
  } catch (const Poco::Exception& failure) {
    threw = true;
    std::cout << "HTTPSClientSession(socket): " << failure.message() << "\n";
  }
  HTTPClientSession session(SecureStreamSocket(address, "localhost", context));
  HTTPRequest request("GET", "/", "HTTP/1.1");
  session.sendRequest(request);
  HTTPResponse response;
  session.receiveResponse(response);
  std::cout << "HTTPClientSession(socket): " << response.getStatus() << "\n";
  return threw && response.getStatus() == 200 ? 0 : 1;
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNetSSL.so.80 \
  "$library"/libPocoNet.so.80 "$library"/libPocoCrypto.so.80 "$library"/libPocoFoundation.so.80 \
  -lssl -lcrypto -Wl,-rpath-link,"$library" -o program
mkfifo ready
port=$((20000 + RANDOM % 10000))
openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -www >ready 2>&1 &
server=$!
grep -q -m 1 ACCEPT ready
LD_LIBRARY_PATH=$library ./program "$port"
