// The two servers that the tests of PeerJS compare: the one of npm (package `peer`), and ours with the plugin of its dialect. Each
// has two entrances: `plain`, and `listing`, which gives out the list of ids. `expire`, `alive`: milliseconds.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { startServer } from '../server.mjs';

const kProgram = fileURLToPath(new URL('npm_peer.mjs', import.meta.url));

export const kExpire = 1500;
export const kAlive = 90_000;

function startNpmPeer(options) {
  const child = fork(kProgram, [JSON.stringify({ cleanup_out_msgs: 50, ...options })]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGKILL');
    return ended;
  };
  const gone = new Set();
  // Resolves when the client with this id has gone.
  const hasLost = async (id) => {
    while (!gone.has(id)) await once(child, 'message');
  };
  return new Promise((resolve, reject) => {
    child.on('message', (told) => (told.port ? resolve({ port: told.port, stop, hasLost }) : gone.add(told.gone)));
    child.once('exit', (code) => reject(new Error(`npm peer ended with ${code}`)));
  });
}

export async function startNpmPeers({ expire = kExpire, alive = kAlive, ...more } = {}) {
  const options = { expire_timeout: expire, alive_timeout: alive, ...more };
  const [plain, listing] = await Promise.all([
    startNpmPeer({ ...options, path: '/' }),
    startNpmPeer({ ...options, path: '/listing', allow_discovery: true }),
  ]);
  return {
    title: 'npm peer',
    plain: { host: '127.0.0.1', port: plain.port, path: '/' },
    listing: { host: '127.0.0.1', port: listing.port, path: '/listing/' },
    hasLost: plain.hasLost,
    stop: () => Promise.all([plain.stop(), listing.stop()]),
  };
}

export async function startOurs({ expire = kExpire, alive = kAlive, more = '' } = {}) {
  const times = `expire_timeout: ${expire}ms, alive_timeout: ${alive}ms`;
  const server = await startServer({
    config: `plugins:
  dialects:
    - {name: peerjs, options: {path: /, ${times}}}
    - {name: peerjs, options: {path: /listing, allow_discovery: true, ${times}}}
${more}`,
  });
  const stop = async () => {
    const code = await server.stop();
    if (code !== 0) throw new Error(`the server ended with ${code}`);
  };
  return {
    title: 'peer-server',
    plain: { host: '127.0.0.1', port: server.port, path: '/' },
    listing: { host: '127.0.0.1', port: server.port, path: '/listing/' },
    stop,
  };
}
