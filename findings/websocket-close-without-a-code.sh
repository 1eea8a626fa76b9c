#!/usr/bin/env bash
# A browser's socket.close() without arguments sends a close frame that has no code. RFC 6455 (7.1.5) gives
# that the code 1005, an orderly end. Three server libraries make something else of it, each differently:
# npm's websocket says 1006 "Connection dropped by remote peer", the code of a broken connection, so the
# ends that users chose and those of bad networks cannot be told apart; faye-websocket says 1000, as if the
# client had sent it; python3-websockets 10.4 raises ConnectionClosedError out of "async for", which ends
# without an error at 1000 and 1001 only. npm's ws says 1005.
#
# Seen: Node.js 20.20.2, client ws 8.23.0:
#   ws 8.23.0: 1005 ""
#   websocket 1.0.35: 1006 "Connection dropped by remote peer."
#   faye-websocket 0.11.4: 1000 ""
#   python3-websockets 10.4: ConnectionClosedError, code 1005
# Needs: node, npm, /usr/bin/python3, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q python3-websockets=10.4-1 >/dev/null 2>&1
dpkg-deb -x python3-websockets_*.deb root
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ws@8.23.0 websocket@1.0.35 faye-websocket@0.11.4
cat >program.py <<'PROGRAM'
import asyncio
import websockets
async def main():
    ended = asyncio.get_running_loop().create_future()
    async def serve(socket):
        name = 'no exception'
        try:
            async for message in socket:
                pass
        except websockets.ConnectionClosed as error:
            name = type(error).__name__
        ended.set_result(f'{name}, code {socket.close_code}')
    async with websockets.serve(serve, '127.0.0.1', 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        print(await asyncio.wait_for(ended, 20), flush=True)
asyncio.run(main())
PROGRAM
cat >program.cjs <<'PROGRAM'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const readline = require('node:readline');
const WebSocket = require('ws');
const Faye = require('faye-websocket');
const { server: WebSocketNode } = require('websocket');
function close(port) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  client.on('open', () => client.close());
}
// The server library listens by `attach(http server, report)`; what it reports is printed.
async function ask(name, attach) {
  const server = http.createServer();
  const reported = new Promise((report) => attach(server, (code, reason) => report(`${code} "${reason}"`)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close(server.address().port);
  const result = await reported;
  console.log(`${name}: ${result}`);
  return result;
}
async function askPython() {
  const lines = readline.createInterface({ input: spawn('/usr/bin/python3', ['program.py']).stdout });
  const iterator = lines[Symbol.asyncIterator]();
  close((await iterator.next()).value);
  const { value } = await iterator.next();
  console.log(`python3-websockets 10.4: ${value}`);
  return value;
}
(async () => {
  const results = [
    await ask('ws 8.23.0', (server, report) => new WebSocket.Server({ server }).on('connection',
      (socket) => socket.on('close', report))),
    await ask('websocket 1.0.35', (httpServer, report) => new WebSocketNode({ httpServer, autoAcceptConnections: true })
      .on('connect', (socket) => socket.on('close', report))),
    await ask('faye-websocket 0.11.4', (server, report) => server.on('upgrade', (request, socket, head) =>
      new Faye(request, socket, head).on('close', ({ code, reason }) => report(code, reason)))),
    await askPython(),
  ];
  process.exit(results.join('|') === '1005 ""|1006 "Connection dropped by remote peer."|1000 ""|' +
    'ConnectionClosedError, code 1005' ? 0 : 1);
})();
PROGRAM
PYTHONPATH=root/usr/lib/python3/dist-packages timeout 40 node program.cjs
