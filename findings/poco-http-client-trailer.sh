#!/usr/bin/env bash
# POCO 1.11.0: HTTPClientSession leaves the trailer of a chunked answer in the connection. RFC 9112 (7.1.2)
# allows fields after the last chunk, and gateways send Server-Timing or a checksum there. The answer itself
# is read well. The next request on the same connection then finds the trailer where its status line should
# be and fails, though nothing is wrong with it; without keep-alive all is well.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1:
#   /plain: 200 "body"
#   /trailer: 200 "body"
#   /plain: No HTTP response header
# Needs: g++, node, apt-get. Exits 1 if the behaviour has changed.
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
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPMessage.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <iostream>
#include <string>
using namespace Poco::Net;
int main(int, char** argv) {
  HTTPClientSession session("127.0.0.1", std::stoi(argv[1]));
  session.setKeepAlive(true);
  for (const char* path : {"/plain", "/trailer", "/plain"}) {
    std::cout << path << ": ";
    try {
      HTTPRequest request("GET", path, HTTPMessage::HTTP_1_1);
      session.sendRequest(request);
      HTTPResponse response;
      std::string body;
      Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
      std::cout << response.getStatus() << " \"" << body << "\"\n";
    } catch (const Poco::Exception& failure) {
      std::cout << failure.message() << '\n';
    }
  }
}
PROGRAM
cat >server.cjs <<'PROGRAM'
// Node's own HTTP server, whose answers are chunked here.
const { spawn } = require('node:child_process');
const http = require('node:http');
const server = http.createServer((request, response) => {
  if (request.url === '/trailer') {
    response.setHeader('trailer', 'server-timing');
    response.addTrailers({ 'server-timing': 'db;dur=53' });
  }
  response.write('body');
  response.end();
});
server.listen(0, '127.0.0.1', () => {
  const client = spawn('./program', [String(server.address().port)], { stdio: ['ignore', 'inherit', 'inherit'] });
  client.on('exit', () => process.exit());
});
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNet.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library timeout 20 node server.cjs | tee output
[ "$(cat output)" = $'/plain: 200 "body"\n/trailer: 200 "body"\n/plain: No HTTP response header' ]
