// What the client does with its connection: which closes it obeys, when it connects again, how it resumes, and
// what becomes of the requests meanwhile. A scripted server says what a real one says rarely.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { FakeTimers } from './fake_timers.mjs';
import { kMe, kOther, kThird, object, ScriptedServer } from './scripted_server.mjs';

const kSession = { token: 't'.repeat(32), window_ms: 30_000 };
const kResumed = { type: 'resumed', from: kMe };
const kAgainAtOnce = { base: 1, cap: 2 };

const timers = new FakeTimers();
const { random } = Math;
const microtask = queueMicrotask;
let script;
let peers;

beforeEach(async () => {
  peers = [];
  script = await ScriptedServer.start();
});

afterEach(async () => {
  timers.restore();
  Math.random = random;
  for (const peer of peers) peer.close();
  await script.close();
});

// A peer that has registered, and the server's side of it.
async function start({ registered = {}, ...options } = {}) {
  const opening = connect({ url: script.url, WebSocket, reconnect: kAgainAtOnce, ...options });
  const connection = await script.next();
  const register = await connection.register(registered);
  const peer = await opening;
  peers.push(peer);
  return { peer, connection, register };
}

function resumed(payload) {
  return { ...kResumed, payload: { fingerprint: kMe, alias: 'me', session: kSession, lost: 0, ...payload } };
}

const fault = (promise) => promise.then(() => assert.fail('it was done'), (error) => error);

test('what is registered: key, alias, meta, token, proof, what is wanted', async () => {
  const options = { publicKey: 'key', alias: 'me', meta: { a: 1 }, token: 'secret', iceServers: true };
  const { register } = await start(options);
  const expected = { public_key: 'key', alias: 'me', meta: { a: 1 }, token: 'secret', want: ['ice_servers'], resume: true };
  assert.deepEqual(register, expected);
  assert.deepEqual(Object.keys((await start({ resume: false })).register), ['public_key']);
});

test('a cut connection is resumed: what was handled is not sent again, the rest is, in order', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  const relays = [1, 2, 3].map((n) => peer.relay(kOther, n));
  await connection.ack('relay');
  await relays[0];
  await connection.next('relay');
  connection.send({ type: 'relay', from: kOther, to: kMe, payload: 'hello', ts: 1 });
  await peer.once('relay');
  connection.cut();

  const next = await script.next();
  assert.deepEqual((await next.next('resume')).payload, { token: kSession.token, received: 2 });
  const meanwhile = peer.relay(kOther, 4);
  next.send(resumed({ processed: 2 })); // the second was handled, its answer comes now
  next.send({ type: 'ack', id: 2, payload: { delivered: 0, dropped: 1 } });
  assert.deepEqual(await relays[1], { delivered: 0, dropped: 1 });
  assert.equal((await next.ack('relay')).payload, 3);
  assert.equal((await next.ack('relay')).payload, 4);
  assert.deepEqual(await relays[2], { delivered: 1, dropped: 0 });
  await meanwhile;
  assert.equal(peer.state, 'open');
});

test('counts go on over resumes, and each brings the next token', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  let last = connection;
  for (let round = 1; round <= 3; ++round) {
    const relay = peer.relay(kOther, round);
    await last.ack('relay');
    await relay;
    last.cut();
    last = await script.next();
    const { payload } = await last.next('resume');
    const token = round === 1 ? kSession.token : `${round - 1}`.repeat(32);
    assert.deepEqual(payload, { token, received: round });
    last.send(resumed({ processed: round, session: { token: `${round}`.repeat(32), window_ms: 1 } }));
    await peer.once('state', { accepts: (state) => state === 'open' });
  }
});

// The server takes the older token as long as it has handled nothing behind the newer one.
test('where a resume that was given up takes over after all, the older token leads back', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  connection.cut();
  const givenUp = await script.next();
  await givenUp.next('resume');
  givenUp.cut();
  const second = await script.next();
  assert.equal((await second.next('resume')).payload.token, kSession.token);
  second.send(resumed({ processed: 0, session: { token: '1'.repeat(32), window_ms: 1 } }));
  await peer.once('state', { accepts: (state) => state === 'open' });
  second.close(4001, 'replaced by a newer connection');

  const third = await script.next();
  assert.equal((await third.next('resume')).payload.token, '1'.repeat(32));
  third.send({ type: 'error', payload: { code: 404, message: 'session not found' } });
  assert.equal((await third.next('resume')).payload.token, kSession.token);
  third.send(resumed({ processed: 0 }));
  await peer.once('state', { accepts: (state) => state === 'open' });
});

test('once the server has answered, the older token is forgotten, and 4001 is the end', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  connection.cut();
  const givenUp = await script.next();
  await givenUp.next('resume');
  givenUp.cut();
  const second = await script.next();
  await second.next('resume');
  second.send(resumed({ processed: 0, session: { token: '1'.repeat(32), window_ms: 1 } }));
  const relay = peer.relay(kOther, 1);
  await second.ack('relay');
  await relay;
  const closed = peer.once('closed');
  second.close(4001, 'replaced by a newer connection');
  assert.equal((await closed).code, 4001);
});

test('a session that is over is followed by a registration on the same connection', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  const joining = peer.join('lobby', { app_type: 'chess' });
  const list = { type: 'peer_list', payload: { namespace: 'lobby', peers: [object(kMe), object(kOther)], total: 2 } };
  await connection.answer('join', list);
  const lobby = await joining;
  const relay = peer.relay(kOther, 1);
  const page = peer.discover('lobby');
  await connection.next('relay');
  await connection.next('discover');
  connection.cut();

  const next = await script.next();
  await next.next('resume');
  const news = lobby.events('peer_left', 'peer_joined');
  const again = peer.once('reregistered');
  next.send({ type: 'error', payload: { code: 404, message: 'session not found' } });
  await next.register();
  await again;
  const { code, name } = await fault(relay);
  assert.deepEqual([name, code], ['ConnectionLostError', 'connection_lost']);
  const changed = { namespace: 'lobby', peers: [object(kMe), object(kThird)], total: 2 };
  const join = await next.answer('join', { type: 'peer_list', payload: changed });
  assert.deepEqual(join.payload, { namespace: 'lobby', app_type: 'chess' });
  const told = [(await news.next()).value, (await news.next()).value].map(({ type, from }) => [type, from]);
  assert.deepEqual(told, [['peer_left', kOther], ['peer_joined', kThird]]);
  assert.deepEqual(lobby.others(), [object(kThird)]);
  await next.answer('discover', list); // asking twice does no harm
  assert.equal((await page).total, 2);
});

test('a new session counts from the beginning', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  const relay = peer.relay(kOther, 1);
  await connection.ack('relay');
  await relay;
  connection.cut();
  const second = await script.next();
  await second.next('resume');
  const again = peer.once('reregistered');
  second.send({ type: 'error', payload: { code: 404, message: 'session not found' } });
  await second.register({ session: kSession });
  await again;
  const answered = peer.relay(kOther, 2);
  await second.ack('relay');
  await answered;
  const unheard = peer.relay(kOther, 3);
  await second.next('relay');
  second.cut();
  const third = await script.next();
  assert.equal((await third.next('resume')).payload.received, 1);
  third.send(resumed({ processed: 2 }));
  third.send({ type: 'ack', id: 3, payload: { delivered: 1, dropped: 0 } });
  await unheard;
  peer.ping().catch(() => {});
  await third.next('ping'); // and not the third message once more
});

test('after lost messages the lists are asked for again', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  const joining = peer.join('lobby');
  const list = { namespace: 'lobby', peers: [object(kMe), object(kOther)], total: 2 };
  await connection.answer('join', { type: 'peer_list', payload: list });
  const lobby = await joining;
  connection.cut();
  const next = await script.next();
  await next.next('resume');
  const [lost, left] = [peer.once('lost'), lobby.once('peer_left')];
  next.send(resumed({ processed: 1, lost: 3 }));
  assert.deepEqual(await lost, { lost: 3 });
  await next.answer('join', { type: 'peer_list', payload: { ...list, peers: [object(kMe)], total: 1 } });
  assert.equal((await left).from, kOther);
});

test('a room that is gone is made again by who made it, and awaited by its members', async () => {
  const { peer, connection } = await start();
  const created = { type: 'room_created', payload: { room_id: 'mine', owner: kMe, max_size: 3 } };
  const list = (room) => ({ type: 'peer_list', payload: { namespace: room, peers: [object(kMe)], total: 1 } });
  const gone = { type: 'error', payload: { code: 404, message: 'room not found' } };
  const making = peer.create_room('mine', { max_size: 3 });
  await connection.answer('create_room', created);
  await making;
  const changing = [peer.room_update('mine', { max_size: 5, info: null }), peer.room_lock('mine')];
  for (const type of ['room_update', 'room_lock']) await connection.ack(type);
  await Promise.all(changing);
  const entering = peer.join_room('theirs', { password: 'p' });
  await connection.answer('join_room', list('theirs'));
  const theirs = await entering;
  connection.cut();
  const next = await script.next();
  await next.register();
  await next.answer('join_room', gone);
  assert.deepEqual((await next.answer('join_room', gone)).payload, { room_id: 'theirs', password: 'p' });
  const asItWasLast = { room_id: 'mine', max_size: 5, info: null, locked: true };
  assert.deepEqual((await next.answer('create_room', created)).payload, asItWasLast);
  const there = theirs.once('changed');
  assert.deepEqual((await next.answer('join_room', list('theirs'))).payload, { room_id: 'theirs', password: 'p' });
  await there;
  assert.deepEqual([...peer.namespaces.keys()].sort(), ['mine', 'theirs']);
});

test('a search for partners outlives the connection', async () => {
  const { peer, connection } = await start();
  const joining = peer.join('lobby');
  const list = { type: 'peer_list', payload: { namespace: 'lobby', peers: [object(kMe)], total: 1 } };
  await connection.answer('join', list);
  const lobby = await joining;
  const search = lobby.match({ group_size: 2, criteria: { mode: 1 } });
  await connection.answer('match', { type: 'match', payload: { status: 'waiting', ticket: '1' } });
  connection.cut();
  const next = await script.next();
  await next.register();
  await next.answer('join', list);
  const payload = { namespace: 'lobby', session_id: '0'.repeat(32), peers: [object(kOther), object(kMe)] };
  const request = await next.answer('match', { type: 'matched', namespace: 'lobby', payload, ts: 1 });
  assert.deepEqual(request.payload, { namespace: 'lobby', group_size: 2, criteria: { mode: 1 } });
  assert.deepEqual(await search, payload);
});

for (const code of [1001, 1011, 1012, 1013, 4002, 4008]) {
  test(`after ${code} the client connects again`, async () => {
    const { peer, connection } = await start();
    connection.close(code, 'as the test wants it');
    await (await script.next()).register();
    await peer.once('state', { accepts: (state) => state === 'open' });
  });
}

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003, 4444]) {
  test(`after ${code} it does not`, async () => {
    const { peer, connection } = await start();
    timers.install();
    const ends = new Promise((resolve) => peer.on('closed', resolve));
    connection.send({ type: 'error', payload: { code: 401, message: 'the reason' } });
    connection.close(code, 'as the test wants it');
    const error = await ends;
    assert.deepEqual([error.name, error.code, error.message], ['ClosedError', code, 'as the test wants it']);
    assert.equal(error.cause.message, 'the reason');
    timers.tick(3_600_000);
    assert.equal(peer.state, 'closed');
    assert.equal((await fault(peer.ping())).name, 'ClosedError');
  });
}

test('delays are up to 1 s, 2 s, 4 s and so on up to 30 s, with full jitter', async () => {
  const { peer, connection } = await start({ reconnect: {} });
  timers.install();
  const delays = [999, 0, 2000, 8000, 16_000, 30_000, 30_000, 30_000];
  const lots = [0.999, 0, 0.5, 1, 1, 1, 1, 1];
  let last = connection;
  for (const [round, lot] of lots.entries()) {
    Math.random = () => lot;
    const waits = peer.once('state', { accepts: (state) => state === 'waiting' });
    last.cut();
    await waits;
    if (delays[round] > 0) timers.tick(delays[round] - 1);
    assert.equal(peer.state, 'waiting');
    timers.tick(1);
    assert.equal(peer.state, 'connecting');
    last = await script.next();
    await last.register();
    await peer.once('state', { accepts: (state) => state === 'open' });
  }
});

test('"try again later" is at least half of the longest delay away', async () => {
  const { peer, connection } = await start({ reconnect: {} });
  Math.random = () => 0;
  const waits = peer.once('state', { accepts: (state) => state === 'waiting' });
  timers.install();
  connection.close(1013, 'server full');
  await waits;
  timers.tick(14_999);
  assert.equal(peer.state, 'waiting');
  timers.tick(1);
  assert.equal(peer.state, 'connecting');
  await (await script.next()).register();
});

test('when the network is back the next try is made at once', async () => {
  const network = new EventTarget();
  const names = ['addEventListener', 'removeEventListener'];
  for (const name of names) globalThis[name] = network[name].bind(network);
  try {
    const { peer, connection } = await start({ reconnect: { base: 1e9, cap: 1e9 } });
    const waits = peer.once('state', { accepts: (state) => state === 'waiting' });
    connection.cut();
    await waits;
    network.dispatchEvent(new Event('online'));
    await (await script.next()).register();
    peer.close();
  } finally {
    for (const name of names) delete globalThis[name];
  }
});

test('with `reconnect: false` a lost connection is the end', async () => {
  const { peer, connection } = await start({ reconnect: false });
  const ends = peer.once('closed');
  connection.cut();
  assert.equal((await ends).code, 1006);
});

test('a new token is got for each connection, and a second refusal in a row is the last', async () => {
  let number = 0;
  const { peer, connection, register } = await start({ token: async () => `token ${++number}` });
  assert.equal(register.token, 'token 1');
  connection.send({ type: 'error', payload: { code: 401, message: 'authentication expired' } });
  connection.close(4003, 'authentication expired');
  const second = await script.next();
  assert.equal((await second.register()).token, 'token 2');
  await peer.once('state', { accepts: (state) => state === 'open' });
  second.close(4003, 'authentication expired');
  const third = await script.next();
  const ends = peer.once('closed');
  assert.equal((await third.next('register')).payload.token, 'token 3');
  third.send({ type: 'error', payload: { code: 401, message: 'token expired' } });
  third.close(4003, 'token expired');
  const error = await ends;
  assert.deepEqual([error.code, error.cause.code, error.cause.message], [4003, 401, 'token expired']);
});

test('the first connection is tried for so long, and the error says why there is none', async () => {
  const opening = connect({ url: script.url, WebSocket, reconnect: { base: 1, cap: 1 }, timeout: 300 });
  const refuse = async () => {
    const connection = await script.next();
    await connection.next('register');
    connection.send({ type: 'error', payload: { code: 503, message: 'server full' } });
    connection.close(1013, 'server full');
  };
  await refuse();
  await refuse();
  const third = await script.next();
  await third.next('register');
  third.send({ type: 'error', payload: { code: 503, message: 'server full' } });
  const error = await fault(opening);
  assert.deepEqual([error.name, error.code, error.cause?.message], ['TimeoutError', 'timeout', 'server full']);
  await third.closed;
});

test('where nobody listens the error says so', async () => {
  const { url } = script;
  await script.close();
  const error = await fault(connect({ url, WebSocket, reconnect: { base: 1, cap: 1 }, timeout: 300 }));
  assert.deepEqual([error.name, error.cause?.name, error.cause?.code], ['TimeoutError', 'ClosedError', 1006]);
  assert.match(error.cause.message, /ECONNREFUSED/);
});

test('an aborted connect ends at once', async () => {
  const given_up = new AbortController();
  const opening = connect({ url: script.url, WebSocket, signal: given_up.signal });
  const connection = await script.next();
  await connection.next('register');
  given_up.abort(new Error('no patience'));
  assert.equal((await fault(opening)).message, 'no patience');
  await connection.closed;
});

test('a ping with the count every 25 s and every 32 messages', async () => {
  timers.install();
  const { peer, connection } = await start({ registered: { session: kSession } });
  timers.tick(24_999);
  assert.equal(connection.waiting, 0);
  timers.tick(1);
  assert.deepEqual((await connection.answer('ping', { type: 'pong' })).payload, { received: 0 });
  for (let n = 1; n <= 31; ++n) connection.send({ type: 'relay', from: kOther, to: kMe, payload: n, ts: 1 });
  assert.deepEqual((await connection.answer('ping', { type: 'pong' })).payload, { received: 32 });
  // Without a session nobody counts.
  const other = await start();
  timers.tick(25_000);
  assert.equal((await other.connection.next('ping')).payload, undefined);
  peer.close();
});

test('a server that is silent is left for a new connection, in a way that keeps the session', async () => {
  const { peer, connection } = await start({ registered: { session: kSession }, pingInterval: 1000 });
  timers.install();
  await connection.next('ping');
  await new Promise((resolve) => setImmediate(resolve));
  timers.tick(9_999);
  assert.equal(peer.state, 'open');
  timers.tick(1);
  assert.equal(await connection.closed, 4000);
  timers.tick(2);
  assert.equal((await (await script.next()).next('resume')).payload.token, kSession.token);
});

test('a request that is aborted before it could be sent is never sent', async () => {
  const { peer, connection } = await start({ registered: { session: kSession } });
  connection.cut();
  await peer.once('state', { accepts: (state) => state === 'waiting' });
  const given_up = new AbortController();
  const relay = peer.relay(kOther, 1, { signal: given_up.signal });
  const other = peer.relay(kOther, 2, { timeout: 5000 });
  given_up.abort(new Error('no patience'));
  assert.equal((await fault(relay)).message, 'no patience');
  const next = await script.next();
  await next.next('resume');
  next.send(resumed({ processed: 0 }));
  assert.equal((await next.ack('relay')).payload, 2);
  await other;
});

test('a request without an answer ends by its timeout', async () => {
  const { peer, connection } = await start({ requestTimeout: 20 });
  const error = await fault(peer.relay(kOther, 1));
  assert.deepEqual([error.name, error.code], ['TimeoutError', 'timeout']);
  await connection.next('relay');
});

test('a namespace that was joined after all, when nobody waited any more, is left', async () => {
  const { peer, connection } = await start();
  const given_up = new AbortController();
  const joining = peer.join('lobby', {}, { signal: given_up.signal });
  const { id } = await connection.next('join');
  given_up.abort();
  await fault(joining);
  connection.send({ type: 'peer_list', id, payload: { namespace: 'lobby', peers: [object(kMe)], total: 1 } });
  assert.deepEqual((await connection.ack('leave')).payload, { namespace: 'lobby' });
  assert.equal(peer.namespaces.size, 0);
});

test('bounds: a long message, many requests, an iterator that nobody reads', async () => {
  const { peer, connection } = await start({ maxMessageSize: 1000 });
  const long = await fault(peer.relay(kOther, 'é'.repeat(500)));
  assert.deepEqual([long.name, long.code], ['LimitError', 'too_long']);
  const requests = Array.from({ length: 1024 }, (_, n) => peer.relay(kOther, n));
  requests.forEach((request) => request.catch(() => {}));
  assert.equal((await fault(peer.relay(kOther, 'one more'))).code, 'too_many_requests');
  const relays = peer.events('relay');
  for (let n = 0; n <= 1024; ++n) connection.send({ type: 'relay', from: kOther, to: kMe, payload: n, ts: 1 });
  connection.send({ type: 'server_message', payload: 'the end', ts: 1 });
  await peer.once('server_message');
  for (let n = 0; n < 1024; ++n) assert.equal((await relays.next()).value.payload, n);
  assert.equal((await fault(relays.next())).code, 'too_many_events');
});

for (const text of ['no JSON', 'null', '{"type":"peer_joined","namespace":"lobby"}', '[]', '{"type":"resumed"}']) {
  test(`a server that says ${text} ends the connection, or is passed over`, async () => {
    const { peer, connection } = await start();
    const joining = peer.join('lobby');
    await connection.answer('join', { type: 'peer_list', payload: { namespace: 'lobby', peers: [], total: 0 } });
    await joining;
    const ends = new Promise((resolve) => peer.on('closed', (error) => resolve(error.code)));
    const pong = peer.ping().then(() => 'pong', () => ends);
    connection.send(text);
    const { id } = await connection.next('ping');
    connection.send({ type: 'pong', id });
    assert.ok(['pong', 1002].includes(await pong));
  });
}

test('presence: changes of meta, away and back, in the lists and as events', async () => {
  const { peer, connection } = await start();
  const joining = peer.join('lobby', { watch: ['meta', 'presence'] });
  const other = { ...object(kOther), meta: { a: 1, b: 2 } };
  const list = { type: 'peer_list', payload: { namespace: 'lobby', peers: [object(kMe), other], total: 2 } };
  assert.deepEqual((await connection.answer('join', list)).payload.watch, ['meta', 'presence']);
  const lobby = await joining;
  const about = (type, payload = {}) => {
    const heard = lobby.once(type);
    connection.send({ type, from: kOther, namespace: 'lobby', payload: { fingerprint: kOther, ...payload }, ts: 1 });
    return heard;
  };
  await about('peer_updated', { meta: { a: null, c: 3 } });
  assert.deepEqual(lobby.others()[0].meta, { b: 2, c: 3 });
  await about('peer_away');
  assert.equal(lobby.others()[0].away, true);
  await about('peer_back');
  assert.equal('away' in lobby.others()[0], false);
  await about('peer_left');
  assert.deepEqual([lobby.others(), lobby.total], [[], 1]);
});

test('messages that come in one packet with the answer to a join find the namespace and its listeners', async () => {
  const { peer, connection } = await start();
  const seen = [];
  const joining = (async () => {
    const lobby = await peer.join('lobby');
    lobby.on('peer_joined', ({ from }) => seen.push(from));
    peer.on('relay', ({ payload }) => seen.push(payload));
  })();
  const { id } = await connection.next('join');
  connection.sendTogether([
    { type: 'peer_list', id, payload: { namespace: 'lobby', peers: [object(kMe)], total: 1 } },
    { type: 'peer_joined', from: kOther, namespace: 'lobby', payload: object(kOther), ts: 1 },
    { type: 'relay', from: kOther, to: kMe, payload: 'hello', ts: 1 },
    { type: 'server_message', payload: 'the end', ts: 1 },
  ]);
  await peer.once('server_message');
  await joining;
  assert.deepEqual([...peer.namespaces.get('lobby').peers.keys()], [kMe, kOther]);
  assert.deepEqual(seen, [kOther, 'hello']);
});

test('what came in one packet with the end of the connection is told before it', async () => {
  const { peer, connection } = await start();
  const told = [];
  peer.on('relay', ({ payload }) => told.push(payload));
  const ends = peer.once('closed');
  peer.on('closed', () => told.push('closed'));
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  connection.sendTogether(
    numbers.map((payload) => ({ type: 'relay', from: kOther, to: kMe, payload, ts: 1 })),
    4001,
  );
  await ends;
  assert.deepEqual(told, [...numbers, 'closed']);
});

test('a listener that throws hinders neither the others nor the connection', async () => {
  const { peer, connection } = await start();
  const later = [];
  globalThis.queueMicrotask = (task) => later.push(task);
  peer.on('relay', () => {
    throw new Error('a fault of the application');
  });
  const heard = peer.once('relay');
  connection.send({ type: 'relay', from: kOther, to: kMe, payload: 1, ts: 1 });
  assert.equal((await heard).payload, 1);
  globalThis.queueMicrotask = microtask;
  assert.throws(later[0], { message: 'a fault of the application' }); // where the page hears of it
  assert.equal(peer.state, 'open');
});
