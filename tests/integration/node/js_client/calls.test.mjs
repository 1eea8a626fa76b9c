// What the client does with the signals of calls, and with RTCPeerConnections, when either misbehaves: a scripted server on one side, a
// RTCPeerConnection that does what the test says on the other. Real stacks: calls.browsers.mjs.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { FakeTimers } from './fake_timers.mjs';
import { kMe, kOther, object, ScriptedServer } from './scripted_server.mjs';

const timers = new FakeTimers();
let script;
let connection;
let peer;
let made;

class FakeConnection {
  signalingState = 'stable';
  connectionState = 'new';
  localDescription = null;
  remoteDescription = null;
  taken = [];
  channels = [];

  constructor(configuration) {
    this.configuration = configuration;
    made.push(this);
  }
  createDataChannel(name, init) {
    const channel = new EventTarget();
    this.channels.push({ name, ...init, channel });
    return channel;
  }
  async createOffer(options) {
    return { type: 'offer', sdp: options?.iceRestart ? 'restart' : 'offer' };
  }
  async createAnswer() {
    return { type: 'answer', sdp: 'answer' };
  }
  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
  }
  async setRemoteDescription(description) {
    if (description.sdp === 'bad') throw new Error('a bad description');
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }
  async addIceCandidate({ candidate }) {
    if (!this.remoteDescription) throw new Error('too early');
    this.taken.push(candidate);
  }
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange();
  }
  close() {
    this.signalingState = this.connectionState = 'closed';
  }
}

beforeEach(async () => {
  made = [];
  script = await ScriptedServer.start();
  const options = { rtc: { RTCPeerConnection: FakeConnection }, iceServers: true };
  const opening = connect({ url: script.url, WebSocket, ...options });
  connection = await script.next();
  const ice_servers = [{ urls: ['stun:stun.example'] }];
  await connection.register({ ice_servers, ttl_ms: 1000 });
  peer = await opening;
  const joining = peer.join('lobby');
  const payload = { namespace: 'lobby', peers: [object(kMe), object(kOther)], total: 2 };
  await connection.answer('join', { type: 'peer_list', payload });
  await joining;
});

afterEach(async () => {
  timers.restore();
  peer.close();
  await script.close();
});

// The page's events, which Node has not.
const network = new EventTarget();
globalThis.addEventListener = network.addEventListener.bind(network);
globalThis.removeEventListener = network.removeEventListener.bind(network);

const hear = (payload, from = kOther) => connection.send({ type: 'signal', from, to: kMe, payload, ts: 1 });
// All that was sent before has been heard.
async function barrier() {
  const heard = peer.once('server_message');
  connection.send({ type: 'server_message', payload: 'barrier', ts: 1 });
  await heard;
  await new Promise((resolve) => setImmediate(resolve));
}
const nextSignal = async () => (await connection.ack('signal')).payload;

async function callAndConnect() {
  const call = peer.call(kOther);
  const { call: id } = await nextSignal();
  hear({ signal_type: 'answer', sdp: 'theirs', call: 'them', re: id });
  await barrier();
  made[0].become('connected');
  return { call, id };
}

test('the configuration: max-bundle, the servers that came with `registered`, and what the caller lays over', async () => {
  peer.call(kOther, { channels: { game: { ordered: false }, chat: {} }, configuration: { iceTransportPolicy: 'relay' } });
  await nextSignal();
  const servers = [{ urls: ['stun:stun.example'] }];
  assert.deepEqual(made[0].configuration, { bundlePolicy: 'max-bundle', iceServers: servers, iceTransportPolicy: 'relay' });
  const channels = made[0].channels.map(({ name, ordered, negotiated, id }) => [name, ordered, negotiated, id]);
  assert.deepEqual(channels, [['game', false, true, 0], ['chat', undefined, true, 1]]);
});

test('STUN and TURN servers are asked for again after half of their time', async () => {
  const start = Date.now();
  const { now } = Date;
  try {
    Date.now = () => start + 500;
    peer.call(kOther);
    const payload = { ice_servers: [{ urls: ['turn:turn.example'], username: 'u', credential: 'c' }], ttl_ms: 0 };
    await connection.answer('ice_servers', { type: 'ice_servers', payload });
    await nextSignal();
    assert.deepEqual(made[0].configuration.iceServers, payload.ice_servers);
  } finally {
    Date.now = now;
  }
});

test('candidates wait for the description; empty ones are neither taken nor sent', async () => {
  const rings = peer.once('call');
  hear({ signal_type: 'candidate', candidate: { candidate: 'first' } });
  hear({ signal_type: 'candidate', candidate: { candidate: '' } });
  hear({ signal_type: 'offer', sdp: 'theirs' });
  hear({ signal_type: 'candidate', candidate: { candidate: 'second' } });
  (await rings).accept();
  assert.equal((await nextSignal()).signal_type, 'answer');
  await barrier();
  assert.deepEqual(made[0].taken, ['first', 'second']);
  made[0].onicecandidate({ candidate: { candidate: '', toJSON: () => ({ candidate: '' }) } });
  made[0].onicecandidate({ candidate: null });
  made[0].onicecandidate({ candidate: { candidate: 'ours', toJSON: () => ({ candidate: 'ours' }) } });
  assert.equal((await nextSignal()).candidate.candidate, 'ours');
});

test('a signal that was refused for its rate is sent again', async () => {
  const call = peer.call(kOther);
  timers.install();
  const limited = { type: 'error', payload: { code: 429, message: 'rate limited' } };
  const first = await connection.answer('signal', limited);
  await barrier();
  timers.tick(200);
  assert.deepEqual(await connection.ack('signal'), first);
  assert.equal(call.state, 'connecting');
});

test('without a WebRTC stack a call ends and says what to do', { skip: Boolean(globalThis.RTCPeerConnection) }, async () => {
  const opening = connect({ url: script.url, WebSocket });
  await (await script.next()).register();
  const bare = await opening;
  const { code, message } = await bare.call(kOther).once('closed');
  bare.close();
  assert.equal(code, 'failed');
  assert.match(message, /pass a stack/);
});

test('a call to a peer that is not there ends with the answer of the server', async () => {
  const call = peer.call(kOther);
  const ends = call.once('closed');
  await connection.answer('signal', { type: 'error', payload: { code: 404, message: 'peer not found' } });
  const { code, cause } = await ends;
  assert.deepEqual([code, cause.message], ['failed', 'peer not found']);
});

test('signals of calls that are over, or to them, change nothing', async () => {
  const { call, id } = await callAndConnect();
  hear({ signal_type: 'bye', call: 'them', re: 'an older call of ours' });
  hear({ signal_type: 'bye', call: 'an older call of theirs', re: id });
  await barrier();
  assert.equal(call.state, 'connected');
  call.hang_up();
  assert.equal((await nextSignal()).signal_type, 'bye');
  let rings = 0;
  peer.on('call', () => ++rings);
  hear({ signal_type: 'offer', sdp: 'late', call: 'them', re: id });
  hear({ signal_type: 'offer', sdp: 'late', call: 'them' });
  hear({ signal_type: 'answer', sdp: 'late' });
  await barrier();
  assert.equal(rings, 0);
  hear({ signal_type: 'offer', sdp: 'new', call: 'them, again' });
  await barrier();
  assert.equal(rings, 1);
});

test('a peer that calls anew, after a reload, gets a new call', async () => {
  const { call } = await callAndConnect();
  const rings = peer.once('call');
  const ends = call.once('closed');
  hear({ signal_type: 'offer', sdp: 'new', call: 'them, reloaded' });
  assert.equal((await ends).code, 'hung_up');
  (await rings).accept();
  assert.equal((await nextSignal()).signal_type, 'answer');
});

test('both call at once: who has the greater fingerprint goes on, the other gives up its connection', async () => {
  const call = peer.call(kOther); // ours is aa..., and gives way
  const { call: id } = await nextSignal();
  hear({ signal_type: 'offer', sdp: 'theirs', call: 'them' });
  const answer = await nextSignal();
  assert.deepEqual([answer.signal_type, answer.call, answer.re], ['answer', id, 'them']);
  assert.deepEqual([made.length, made[0].signalingState], [2, 'closed']);
  const smaller = '11'.repeat(32);
  peer.call(smaller);
  await nextSignal();
  hear({ signal_type: 'offer', sdp: 'theirs', call: 'small' }, smaller);
  await barrier();
  assert.equal(connection.waiting, 0);
  assert.equal(call.pc, made[1]);
});

test('a failed connection is restarted once; if that fails the call is over', async () => {
  timers.install();
  const { call } = await callAndConnect();
  made[0].become('failed');
  timers.tick(2000); // this side gives way: the other has its try first
  await barrier();
  assert.deepEqual([(await nextSignal()).sdp, call.state], ['restart', 'connected']);
  const ends = call.once('closed');
  timers.tick(13_000);
  assert.equal((await ends).code, 'failed');
});

test('when the network has changed a call looks for another way, until it is over', async () => {
  const { call } = await callAndConnect();
  network.dispatchEvent(new Event('online'));
  assert.deepEqual([(await nextSignal()).sdp, call.state], ['restart', 'connected']);
  call.hang_up();
  assert.equal((await nextSignal()).signal_type, 'bye');
  network.dispatchEvent(new Event('online'));
  await barrier();
  assert.equal(connection.waiting, 0);
});

test('who has left is waited for as long as its connection stands', async () => {
  const { call } = await callAndConnect();
  const left = { type: 'peer_left', from: kOther, namespace: 'lobby', payload: { fingerprint: kOther }, ts: 1 };
  connection.send(left);
  await barrier();
  assert.equal(call.state, 'connected');
  const ends = call.once('closed');
  made[0].become('disconnected');
  assert.equal((await ends).code, 'left');
});

test('a bad description ends a call that is not up yet', async () => {
  const rings = peer.once('call');
  hear({ signal_type: 'offer', sdp: 'bad', call: 'bad' });
  const ends = (await rings).accept().once('closed');
  const { code, cause } = await ends;
  assert.deepEqual([code, cause.message], ['failed', 'a bad description']);
});

test('a bad description is told to a call that is up, which goes on', async () => {
  const { call, id } = await callAndConnect();
  const told = call.once('error');
  hear({ signal_type: 'offer', sdp: 'bad', call: 'them', re: id });
  assert.equal((await told).message, 'a bad description');
  assert.equal(call.state, 'connected');
});

test('calls that nobody accepts, and their candidates, are bounded', async () => {
  const calls = [];
  peer.on('call', (call) => calls.push(call));
  for (let n = 0; n < 65; ++n) {
    hear({ signal_type: 'offer', sdp: 'x', call: `${n}` }, n.toString(16).padStart(64, '0'));
  }
  await barrier();
  assert.deepEqual([calls.length, calls[0].state, calls[1].state], [65, 'closed', 'ringing']);
  for (let n = 0; n < 300; ++n) hear({ signal_type: 'candidate', candidate: { candidate: `${n}` } }, calls[64].fingerprint);
  await barrier();
  calls[64].accept();
  await nextSignal();
  await barrier();
  assert.equal(made.at(-1).taken.length, 255); // and the offer
});

for (const payload of [null, 1, 'offer', [], { signal_type: 'offer' }, { signal_type: 'candidate' }, { signal_type: 1 }]) {
  test(`a signal ${JSON.stringify(payload)} is the application's, and no call`, async () => {
    const rings = [];
    peer.on('call', (call) => rings.push(call));
    const heard = peer.once('signal');
    hear(payload);
    assert.deepEqual((await heard).payload, payload);
    await barrier();
    assert.deepEqual(rings, []);
  });
}
