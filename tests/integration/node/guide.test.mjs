// Whole sessions of every kind of message, subject by subject, with the `ws` package or Chromium as
// the client: see client.mjs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Client, startClients, stopClients } from './client.mjs';
import { kCompressed, kHttp, startServer } from './server.mjs';

let server;
const clients = [];

before(async () => {
  server = await startServer();
  await startClients(server);
});

after(async () => {
  for (const client of clients) client.ws.terminate();
  await stopClients();
  assert.equal(await server.stop(), 0);
});

async function peer(name, fields = {}) {
  const client = await Client.register(server.port, name, { alias: name, ...fields });
  clients.push(client);
  return client;
}

// Peers that have joined a namespace one after another and have heard of each other.
async function peersIn(namespace, ...names) {
  const peers = [];
  for (const name of names) {
    const client = await peer(name);
    await client.join(namespace);
    for (const earlier of peers) await earlier.next('peer_joined');
    peers.push(client);
  }
  return peers;
}

async function silence(...peers) {
  for (const client of peers) await client.silence();
}

test('getting started: /health tells status, peers, max_peers and the time', async () => {
  const response = await fetch(`${kHttp}://127.0.0.1:${server.port}/health`);
  assert.equal(response.status, 200);
  const health = await response.json();
  assert.equal(health.status, 'ok');
  assert.equal(health.max_peers, 100000);
  assert.ok(Math.abs(health.timestamp - Date.now() / 1000) < 60);
});

test('lifecycle: register is answered with the SHA-256 of the key and the alias', async () => {
  const client = await peer('player-one', { meta: { name: 'Alice' } });
  assert.equal(client.fingerprint, createHash('sha256').update('player-one').digest('hex'));
  assert.equal(client.alias, 'player-one');
});

test('lifecycle: permessage-deflate is agreed on if the server has it', async () => {
  const client = await Client.connect(server.port);
  clients.push(client);
  assert.equal(client.ws.extensions.includes('permessage-deflate'), kCompressed);
});

test('lifecycle: any other first message is refused with 1008', async () => {
  const client = await Client.connect(server.port);
  client.send({ type: 'ping' });
  assert.deepEqual(await client.error(), { code: 400, message: 'first message must be register' });
  assert.equal((await client.closed).code, 1008);
});

test('lifecycle: a disconnect is told to the others', async () => {
  const [alice, bob] = await peersIn('lifecycle', 'life-alice', 'life-bob');
  await bob.close();
  assert.deepEqual((await alice.next('peer_left')).payload, { fingerprint: bob.fingerprint });
});

test('registration: a newer connection of the same key replaces the old one', async () => {
  const old = await peer('replaced');
  const fresh = await peer('replaced');
  assert.equal((await old.closed).code, 4001);
  assert.equal(fresh.fingerprint, old.fingerprint);
});

test('namespaces: join lists the peers with app_type and meta, and is announced', async () => {
  const [alice] = await peersIn('game:ranked:us-east', 'ns-alice');
  const bob = await peer('ns-bob');
  const list = await bob.join('game:ranked:us-east', {
    app_type: 'battle-royale',
    version: '3.0.0',
    meta: { skill_rating: 1500 },
  });
  const self = {
    fingerprint: bob.fingerprint,
    alias: 'ns-bob',
    app_type: 'battle-royale',
    meta: { skill_rating: 1500 },
  };
  assert.equal(list.total, 2);
  assert.deepEqual(list.peers[1], self);
  assert.deepEqual((await alice.next('peer_joined')).payload, self);
});

test('namespaces: leave is announced, discover shows who is there', async () => {
  const [alice, bob] = await peersIn('discovered', 'disc-alice', 'disc-bob');
  bob.send({ type: 'leave', payload: { namespace: 'discovered' } });
  assert.equal((await alice.next('peer_left')).from, bob.fingerprint);
  bob.send({ type: 'discover', payload: { namespace: 'discovered', limit: 50 } });
  const { payload } = await bob.next('peer_list');
  assert.equal(payload.total, 1);
  assert.equal(payload.peers[0].fingerprint, alice.fingerprint);
});

test('signaling: offer, answer and candidates travel between two peers', async () => {
  const [caller, callee] = await peersIn('webrtc', 'caller', 'callee');
  const exchange = async (from, to, target, payload) => {
    from.send({ type: 'signal', to: target, payload });
    const message = await to.next('signal');
    assert.deepEqual(message.payload, payload);
    assert.equal(message.from, from.fingerprint);
    assert.equal(message.to, to.fingerprint);
  };
  const sdp = 'v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\n'.repeat(60);
  const candidate = { candidate: 'candidate:1 1 UDP 2130706431 10.0.0.1 5000 typ host', sdpMLineIndex: 0 };
  await exchange(caller, callee, callee.fingerprint, { signal_type: 'offer', sdp });
  await exchange(callee, caller, caller.fingerprint, { signal_type: 'answer', sdp });
  await exchange(caller, callee, 'callee', { signal_type: 'candidate', candidate });
  await exchange(callee, caller, 'caller', { signal_type: 'candidate', candidate });
  await silence(caller, callee);
});

test('relay: needs a shared namespace and carries any JSON', async () => {
  const [alice, bob] = await peersIn('relay', 'relay-alice', 'relay-bob');
  const payload = { action: 'player_move', position: { x: 100, y: 200, z: 50 } };
  alice.send({ type: 'relay', to: bob.fingerprint, payload });
  const message = await bob.next('relay');
  assert.deepEqual(Object.keys(message).sort(), ['from', 'payload', 'to', 'ts', 'type']);
  assert.deepEqual(message.payload, payload);
  assert.ok(Math.abs(message.ts - Date.now()) < 60_000);
  bob.send({ type: 'leave', payload: { namespace: 'relay' } });
  await alice.next('peer_left');
  alice.send({ type: 'relay', to: bob.fingerprint, payload });
  assert.deepEqual(await alice.error(), { code: 403, message: 'no shared namespace' });
});

test('broadcast: reaches all others but the excluded', async () => {
  const [alice, bob, carol] = await peersIn('broadcast', 'b-alice', 'b-bob', 'b-carol');
  const data = { event: 'game_starting', map: 'dust2', countdown: 10 };
  alice.send({ type: 'broadcast', payload: { namespace: 'broadcast', data } });
  for (const client of [bob, carol]) {
    const message = await client.next('broadcast');
    assert.deepEqual(message.payload, { namespace: 'broadcast', data });
    assert.equal(message.from, alice.fingerprint);
  }
  alice.send({
    type: 'broadcast',
    payload: { namespace: 'broadcast', data, exclude: [bob.fingerprint] },
  });
  await carol.next('broadcast');
  await silence(alice, bob, carol);
});

test('matchmaking: two with equal criteria are matched, a third waits', async () => {
  const [a, b, c] = await peersIn('match-2', 'm2-a', 'm2-b', 'm2-c');
  const match = (client, criteria) =>
    client.send({ type: 'match', payload: { namespace: 'match-2', group_size: 2, criteria } });
  match(a, { mode: 'ranked', region: 'us-east' });
  assert.deepEqual((await a.next('match')).payload, { status: 'waiting' });
  match(c, { mode: 'casual', region: 'eu-west' });
  assert.deepEqual((await c.next('match')).payload, { status: 'waiting' });
  match(b, { region: 'us-east', mode: 'ranked' });
  const [first, second] = [await a.next('matched'), await b.next('matched')];
  assert.deepEqual(first.payload, second.payload);
  assert.equal(first.namespace, 'match-2');
  assert.match(first.payload.session_id, /^[0-9a-f]{32}$/);
  assert.deepEqual(
    first.payload.peers.map(({ fingerprint, alias }) => ({ fingerprint, alias })),
    [a, b].map(({ fingerprint, alias }) => ({ fingerprint, alias })),
  );
  await silence(a, b, c);
});

test('matchmaking: a group of four is told to all four', async () => {
  const peers = await peersIn('match-4', 'm4-a', 'm4-b', 'm4-c', 'm4-d');
  for (const client of peers.slice(0, 3)) {
    client.send({ type: 'match', payload: { namespace: 'match-4', group_size: 4 } });
    await client.next('match');
  }
  peers[3].send({ type: 'match', payload: { namespace: 'match-4', group_size: 4 } });
  const results = await Promise.all(peers.map((client) => client.next('matched')));
  assert.equal(new Set(results.map(({ payload }) => payload.session_id)).size, 1);
  assert.deepEqual(
    results[0].payload.peers.map(({ alias }) => alias),
    ['m4-a', 'm4-b', 'm4-c', 'm4-d'],
  );
});

test('rooms: create, join, info, kick, and no discovery', async () => {
  const owner = await peer('r-owner');
  const guest = await peer('r-guest');
  const witness = await peer('r-witness');
  const room_id = 'private-match-abc';
  owner.send({ type: 'create_room', payload: { room_id, max_size: 8 } });
  const created = (await owner.next('room_created')).payload;
  assert.deepEqual(created, { room_id, max_size: 8, owner: owner.fingerprint });
  for (const client of [guest, witness]) {
    client.send({ type: 'join_room', payload: { room_id } });
    await client.next('peer_list');
    assert.equal((await owner.next('peer_joined')).from, client.fingerprint);
  }
  await guest.next('peer_joined');
  guest.send({ type: 'room_info', payload: { room_id } });
  assert.deepEqual((await guest.next('room_info')).payload, { ...created, peer_count: 3 });
  guest.send({ type: 'discover', payload: { namespace: room_id } });
  assert.equal((await guest.error()).code, 403);
  guest.send({ type: 'kick', payload: { room_id, fingerprint: owner.fingerprint } });
  assert.deepEqual(await guest.error(), { code: 403, message: 'only room owner can kick' });
  owner.send({ type: 'kick', payload: { room_id, fingerprint: guest.fingerprint } });
  assert.deepEqual((await guest.next('kick')).payload, { room_id, fingerprint: guest.fingerprint });
  for (const client of [owner, witness]) {
    assert.equal((await client.next('peer_left')).from, guest.fingerprint);
  }
  await silence(owner, guest, witness);
});

test('metadata: is merged and seen by those who look', async () => {
  const [alice] = await peersIn('metadata', 'meta-alice');
  alice.send({ type: 'metadata', payload: { meta: { status: 'in-game', kills: 15 } } });
  alice.send({ type: 'metadata', payload: { meta: { kills: 16 } } });
  await alice.silence();
  const bob = await peer('meta-bob');
  const list = await bob.join('metadata');
  assert.deepEqual(list.peers[0].meta, { status: 'in-game', kills: 16 });
});

test('keepalive: an application ping is answered with a pong', async () => {
  const client = await peer('pinger');
  client.send({ type: 'ping' });
  assert.equal((await client.next('pong')).type, 'pong');
});

test('errors: unknown types and broken JSON are 400 and the connection stays', async () => {
  const client = await peer('clumsy');
  client.send({ type: 'nonsense' });
  assert.deepEqual(await client.error(), { code: 400, message: 'unknown message type' });
  client.ws.send('{');
  assert.deepEqual(await client.error(), { code: 400, message: 'invalid message' });
  await client.silence();
});

test('binary messages close with 1003', async () => {
  const client = await peer('binary');
  client.ws.send(Buffer.from('{"type":"ping"}'));
  assert.equal((await client.closed).code, 1003);
});
