#!/usr/bin/env bash
# POCO 1.11.0: WebSocket as a client refuses an answer with "Connection: keep-alive, Upgrade". The field is
# a list (RFC 9110, 7.6.1), and RFC 6455 (4.1) has the client look for the token "Upgrade" in it. POCO
# compares the whole value. Its server side reads the list well, since browsers send one, so a test of both
# sides finds nothing; servers and proxies that add keep-alive to every answer are the ones it cannot
# connect to. npm's ws can.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1, and ws 8.23.0 on Node.js 20.20.2:
#   POCO, Upgrade: connected
#   POCO, keep-alive, Upgrade: No Connection: Upgrade header in handshake response
#   ws, Upgrade: connected
#   ws, keep-alive, Upgrade: connected
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
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPMessage.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/WebSocket.h>
#include <iostream>
#include <string>
using namespace Poco::Net;
int main(int, char** argv) {
  try {
    HTTPClientSession session("127.0.0.1", std::stoi(argv[1]));
    HTTPRequest request("GET", argv[2], HTTPMessage::HTTP_1_1);
    HTTPResponse response;
    WebSocket socket(session, request, response);
    std::cout << "connected\n";
  } catch (const Poco::Exception& failure) {
    std::cout << failure.message() << '\n';
  }
}
PROGRAM
cat >program.cjs <<'PROGRAM'
const { execFile } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { promisify } = require('node:util');
const WebSocket = require('ws');
// The path of a request is the value of "Connection" in its answer.
const server = createServer().on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const connection = decodeURIComponent(request.url.slice(1));
  socket.on('error', () => {});
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
    `Connection: ${connection}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
});
(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const connections = ['Upgrade', 'keep-alive, Upgrade'];
  const results = [];
  const tell = (name, connection, result) => {
    console.log(`${name}, ${connection}: ${result}`);
    results.push(result === 'connected');
  };
  for (const connection of connections) {
    const { stdout } = await promisify(execFile)('./program', [String(port), `/${encodeURIComponent(connection)}`]);
    tell('POCO', connection, stdout.trim());
  }
  for (const connection of connections) {
    const client = new WebSocket(`ws://127.0.0.1:${port}/${encodeURIComponent(connection)}`);
    tell('ws', connection, await once(client, 'open').then(() => 'connected', String));
  }
  process.exit(results.join() === 'true,false,true,true' ? 0 : 1);
})();
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNet.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library timeout 30 node program.cjs
