#!/usr/bin/env bash
# Two libraries meet: python3-websockets 10.4 answers 500 to a handshake that asks for the smallest window
# of compression. RFC 7692 has server_max_window_bits from 8 to 15, so that small devices can ask for 256
# bytes, and websockets checks for just that range and documents it. Then it asks zlib for a raw deflate of
# 8 bits, which zlib has refused since 1.2.9, and the handshake ends with ValueError. npm's ws as a server
# takes the same offer (Node.js has 9 bits used within the bounds of 8). 9 works in both, and clients that
# do not name a number are not concerned.
#
# Seen: Node.js 20.20.2, client ws 8.23.0, python3-websockets 10.4-1, Python 3.11:
#   python3-websockets, 9: permessage-deflate, echo "hello"
#   python3-websockets, 8: Unexpected server response: 500
#   ws, 9: permessage-deflate, echo "hello"
#   ws, 8: permessage-deflate, echo "hello"
# Needs: node, npm, /usr/bin/python3, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q python3-websockets=10.4-1 >/dev/null 2>&1
dpkg-deb -x python3-websockets_*.deb root
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ws@8.23.0
cat >program.py <<'PROGRAM'
import asyncio
import sys
import websockets
async def echo(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, '127.0.0.1', 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # The end of standard input, when the other program has ended, ends this one.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
PROGRAM
cat >program.cjs <<'PROGRAM'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const WebSocket = require('ws');
async function ask(name, port, serverMaxWindowBits) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { serverMaxWindowBits } });
  const result = await new Promise((done) => {
    client.on('error', (error) => done(error.message));
    client.on('open', () => client.send('hello'));
    client.on('message', (data) => done(`${client.extensions}, echo "${data}"`));
  });
  client.close();
  console.log(`${name}, ${serverMaxWindowBits}: ${result}`);
  return result;
}
(async () => {
  const python = spawn('/usr/bin/python3', ['program.py'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const port = Number(String((await once(python.stdout, 'data'))[0]));
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  await once(server, 'listening');
  const well = 'permessage-deflate, echo "hello"';
  const results = [await ask('python3-websockets', port, 9), await ask('python3-websockets', port, 8),
    await ask('ws', server.address().port, 9), await ask('ws', server.address().port, 8)];
  python.stdin.end();
  process.exit(results.join() === [well, 'Unexpected server response: 500', well, well].join() ? 0 : 1);
})();
PROGRAM
PYTHONPATH=root/usr/lib/python3/dist-packages timeout 30 node program.cjs
