#!/usr/bin/env bash
# faye-websocket 0.11.4 (npm; SockJS builds on it) takes the close codes 1012 to 1014 for a breach of the
# protocol. IANA registered them years ago: 1012 "Service Restart", 1013 "Try Again Later", 1014 "Bad
# Gateway", and servers and proxies close with them. The handler sees 1002 "Protocol error" in place of the
# code, the other end gets 1002 as the answer, and a client that comes back after 1012 or waits after 1013
# does neither.
#
# Seen: Node.js 20.20.2, faye-websocket 0.11.4, other end ws 8.23.0:
#   closed with 1011: the handler sees 1011, the answer is 1011
#   closed with 1012: the handler sees 1002, the answer is 1002
#   closed with 1013: the handler sees 1002, the answer is 1002
#   closed with 1014: the handler sees 1002, the answer is 1002
#   closed with 3000: the handler sees 3000, the answer is 3000
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ws@8.23.0 faye-websocket@0.11.4
cat >program.cjs <<'PROGRAM'
const { once } = require('node:events');
const WebSocket = require('ws');
const Faye = require('faye-websocket');
(async () => {
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let same = true;
  for (const [code, expected] of [[1011, 1011], [1012, 1002], [1013, 1002], [1014, 1002], [3000, 3000]]) {
    const client = new Faye.Client(`ws://127.0.0.1:${server.address().port}/`);
    const seen = new Promise((done) => client.on('close', (event) => done(event.code)));
    const [socket] = await once(server, 'connection');
    const answer = once(socket, 'close');
    socket.close(code);
    const [atHandler, [answered]] = await Promise.all([seen, answer]);
    console.log(`closed with ${code}: the handler sees ${atHandler}, the answer is ${answered}`);
    same &&= atHandler === expected && answered === expected;
  }
  process.exit(same ? 0 : 1);
})();
PROGRAM
timeout 30 node program.cjs
