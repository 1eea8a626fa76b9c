// Managed rooms with the JavaScript client, against a server with room_managed: what owners do, what members hear of it, what
// the client's objects say afterwards.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';

const kConfig = 'plugins:\n  room_policy: {name: managed, options: {default_size: 4, list_rooms: true}}\n';
const kLimit = { timeout: 15_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1) };

let server;
let alice;
let bob;
let carol;

before(async () => (server = await startServer({ config: kConfig })));
after(async () => assert.equal(await server.stop(), 0));

beforeEach(async () => {
  const enter = (alias) => connect({ url: `ws://127.0.0.1:${server.port}/ws`, WebSocket, alias });
  [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(enter));
});
afterEach(() => [alice, bob, carol].forEach((peer) => peer.close()));

const refusal = (promise) => promise.then(() => 'it was done', ({ code, message }) => [code, message]);

// What a member hears of a change, and what its room then says.
async function changes(room, change) {
  const heard = room.once('room_updated', kLimit);
  await change();
  const { room_id, ...payload } = (await heard).payload;
  const { owner, max_size, locked, public: isPublic, info } = room;
  assert.equal(room_id, room.namespace);
  assert.deepEqual({ owner, max_size, locked, public: isPublic, ...(info && { info }) }, payload);
  return payload;
}

test('a lock, and its end', async () => {
  await alice.create_room('lock');
  const room = await bob.join_room('lock');
  assert.equal((await changes(room, () => alice.room_lock('lock'))).locked, true);
  assert.deepEqual(await refusal(carol.join_room('lock')), [403, 'room locked']);
  assert.equal((await changes(room, () => alice.room_unlock('lock'))).locked, false);
  await carol.join_room('lock');
  assert.deepEqual(await refusal(bob.room_lock('lock')), [403, 'only room owner can do that']);
});

test('what an owner sets when it makes a room, and changes later', async () => {
  const invited = [bob.fingerprint];
  await alice.create_room('rules', { invited, public: true, info: { map: 'dust' }, max_size: 3 });
  assert.deepEqual(await refusal(carol.join_room('rules')), [403, 'not invited']);
  const room = await bob.join_room('rules');
  const common = { owner: alice.fingerprint, locked: false };
  const change = (fields) => changes(room, () => alice.room_update('rules', fields));
  assert.deepEqual(await change({ info: { map: 'nuke' }, max_size: 2 }), { ...common, max_size: 2, public: true, info: { map: 'nuke' } });
  assert.deepEqual(await change({ public: false, info: null, max_size: null }), { ...common, max_size: 4, public: false });
  await alice.room_update('rules', { invited: null });
  await carol.join_room('rules');
});

test('another owner', async () => {
  await alice.create_room('transfer');
  const room = await bob.join_room('transfer');
  const { owner } = await changes(room, () => alice.room_transfer('transfer', bob.fingerprint));
  assert.equal(owner, bob.fingerprint);
  await bob.room_lock('transfer');
  assert.deepEqual(await refusal(alice.room_unlock('transfer')), [403, 'only room owner can do that']);
});

test('who is banned is out, and comes in again when the ban has ended', async () => {
  await alice.create_room('ban');
  const room = await bob.join_room('ban');
  const out = room.once('closed', kLimit);
  await alice.room_ban('ban', bob.fingerprint, { seconds: 3600 });
  assert.deepEqual(await out, { reason: 'kick' });
  assert.equal(bob.namespaces.has('ban'), false);
  assert.deepEqual(await refusal(bob.join_room('ban')), [403, 'banned']);
  await alice.room_unban('ban', bob.fingerprint);
  await bob.join_room('ban');
});

test('a room that is closed is over for all of its members', async () => {
  const rooms = [await alice.create_room('close'), await bob.join_room('close')];
  const told = rooms.map((room) => Promise.all([room.once('room_closed', kLimit), room.once('closed', kLimit)]));
  await alice.room_close('close');
  for (const [{ payload }, { reason }] of await Promise.all(told)) {
    assert.deepEqual([payload, reason], [{ room_id: 'close', reason: 'closed' }, 'room_closed']);
  }
  assert.deepEqual(await refusal(bob.room_info('close')), [404, 'room not found']);
});

test('public rooms, in pages', async () => {
  await alice.create_room('list 1', { public: true, info: { map: 'dust' }, password: 'x' });
  await alice.create_room('hidden');
  await bob.create_room('list 2', { public: true });
  const first = await carol.list_rooms({ limit: 1 });
  assert.deepEqual(first.rooms, [
    { room_id: 'list 1', owner: alice.fingerprint, max_size: 4, peer_count: 1, has_password: true, locked: false, info: { map: 'dust' } },
  ]);
  const { rooms, next } = await carol.list_rooms({ after: first.next });
  assert.deepEqual(rooms.map(({ room_id }) => room_id), ['list 2']);
  assert.equal(next, undefined);
  assert.deepEqual(await refusal(carol.list_rooms({ after: 'x' })), [400, 'after must be of an earlier page']);
  assert.deepEqual((await carol.list_rooms()).rooms.length, 2);
});
