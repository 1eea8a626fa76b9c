#!/usr/bin/env bash
# POCO 1.11.0: WebSocket::receiveFrame() returns 0 with flags 0 for an empty fragment in the middle of a
# message, and that is what its documentation names as the end of the connection ("A return value of 0, with
# flags also 0, means that the peer has shut down or closed the connection"). RFC 6455 allows such a
# fragment, and whoever sends a message piece by piece, one of which is empty, writes it. A server with a
# loop as documented leaves a living peer in the middle of its message. Nothing in the result tells the two
# apart.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1, client ws 8.23.0 sending "a", "", "b" as one message:
#   1 bytes, flags 1
#   0 bytes, flags 0
#   1 bytes, flags 80
# Needs: g++, node, npm, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpoconet80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ws@8.23.0
cat >program.cc <<'PROGRAM'
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/Event.h>
#include <cstdlib>
#include <iostream>
#include <sstream>
using namespace Poco::Net;
Poco::Event done;
std::ostringstream seen;
struct Handler : HTTPRequestHandler {
  void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
    WebSocket socket(request, response);
    char buffer[100];
    for (int i = 0; i < 3; ++i) {
      int flags = 0;
      const int bytes = socket.receiveFrame(buffer, sizeof buffer, flags);
      seen << std::dec << bytes << " bytes, flags " << std::hex << flags << '\n';
    }
    done.set();
  }
};
struct Factory : HTTPRequestHandlerFactory {
  HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override { return new Handler; }
};
int main() {
  ServerSocket socket(SocketAddress("127.0.0.1", 0));
  HTTPServer server(new Factory, socket, new HTTPServerParams);
  server.start();
  const std::string client = "node client.cjs " + std::to_string(socket.address().port()) + " &";
  const bool came = std::system(client.c_str()) == 0 && done.tryWait(20000);
  server.stopAll(true);
  std::cout << seen.str();
  return came && seen.str() == "1 bytes, flags 1\n0 bytes, flags 0\n1 bytes, flags 80\n" ? 0 : 1;
}
PROGRAM
cat >client.cjs <<'PROGRAM'
const WebSocket = require('ws');
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/`);
socket.on('open', () => {
  socket.send('a', { fin: false });
  socket.send('', { fin: false });
  socket.send('b', { fin: true });
});
socket.on('error', () => {});
setTimeout(() => process.exit(), 20000).unref();
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNet.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library ./program
