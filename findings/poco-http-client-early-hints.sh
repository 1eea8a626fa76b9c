#!/usr/bin/env bash
# POCO 1.11.0: HTTPClientSession takes "103 Early Hints" (or "102 Processing") for the final answer. RFC 9110 (15.2)
# wants every client to read interim answers it did not ask for and to go on to the final one; POCO does that
# with 100 alone. The caller sees status 103, an empty body and no exception, and the real answer is never
# read. It begins on the day that a proxy in front of the other server turns early hints on.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1:
#   /plain: 200 "plain"
#   /hints: 103 ""
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
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPMessage.h>
#include <Poco/StreamCopier.h>
#include <iostream>
#include <string>
using namespace Poco::Net;
int main(int, char** argv) {
  for (const char* path : {"/plain", "/hints"}) {
    HTTPClientSession session("127.0.0.1", std::stoi(argv[1]));
    HTTPRequest request("GET", path, HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    HTTPResponse response;
    std::string body;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
    std::cout << path << ": " << response.getStatus() << " \"" << body << "\"\n";
  }
}
PROGRAM
cat >server.cjs <<'PROGRAM'
// Node's own HTTP server: hints first for /hints, then an answer that names the path.
const http = require('node:http');
const { spawn } = require('node:child_process');
const server = http.createServer((request, response) => {
  if (request.url === '/hints') response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  response.end(request.url.slice(1));
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
[ "$(cat output)" = $'/plain: 200 "plain"\n/hints: 103 ""' ]
