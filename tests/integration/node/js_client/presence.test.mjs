// Who watches hears of changed meta and of who is away, against a real server: as events, and in the lists of the client.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';
import { CuttingProxy } from './cutting_proxy.mjs';

const kLimit = { timeout: 15_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1) };

let server;
const ends = [];

before(async () => (server = await startServer()));
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
after(async () => assert.equal(await server.stop(), 0));

async function enter(url, namespace, fields = {}) {
  const peer = await connect({ url, WebSocket, reconnect: { base: 1, cap: 20 }, meta: { level: 1 } });
  ends.unshift(() => peer.close());
  return { peer, lobby: await peer.join(namespace, fields) };
}

test('changed meta is told to who watches it, and stands in its list', async () => {
  const url = `ws://127.0.0.1:${server.port}/ws`;
  const watcher = await enter(url, 'meta', { watch: ['meta'] });
  const comes = watcher.lobby.once('peer_joined', kLimit);
  const { peer } = await enter(url, 'meta');
  await comes;
  const changes = watcher.lobby.once('peer_updated', kLimit);
  await peer.metadata({ level: null, mood: 'good' });
  const { from, payload } = await changes;
  assert.deepEqual([from, payload.meta], [peer.fingerprint, { level: null, mood: 'good' }]);
  assert.deepEqual(watcher.lobby.peers.get(peer.fingerprint).meta, { mood: 'good' });
});

test('who is cut off is away, and back when its session is resumed', async () => {
  const proxy = await CuttingProxy.start(server.port);
  ends.push(() => proxy.close());
  const watcher = await enter(`ws://127.0.0.1:${server.port}/ws`, 'away', { watch: ['presence'] });
  const comes = watcher.lobby.once('peer_joined', kLimit);
  const { peer } = await enter(proxy.url, 'away');
  await comes;
  const seen = watcher.lobby.events('peer_away', 'peer_back', 'peer_left', 'peer_joined');
  const isAway = [];
  watcher.lobby.on('changed', (peers) => isAway.push(Boolean(peers.get(peer.fingerprint)?.away)));
  assert.equal(proxy.cut(), 1);
  assert.deepEqual([(await seen.next()).value.type, (await seen.next()).value.type], ['peer_away', 'peer_back']);
  assert.deepEqual(isAway, [true, false]);
});
