// The proof of a key, against a server with auth_keyproof: for the audience that the client is configured with, and
// for no other, also when a server in the middle passes on the challenge of another.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';

import { connect, fingerprintOf, ownKeyPair, publicKeyOf } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';
import { startBrowsers } from './agents.mjs';
import { ScriptedServer } from './scripted_server.mjs';

const kAudience = 'wss://game.example';
const kConfig = `plugins:
  auth: {name: keyproof, options: {audience: '${kAudience}'}}
`;

let server;
let url;
let browsers;
const peers = [];

before(async () => {
  server = await startServer({ config: kConfig });
  browsers = await startBrowsers();
  url = `ws://127.0.0.1:${server.port}/ws`;
});

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

after(async () => {
  await browsers?.close();
  assert.equal(await server?.stop(), 0);
});

async function enter(options) {
  const peer = await connect({ url, WebSocket, audience: kAudience, ...options });
  peers.push(peer);
  return peer;
}

const fault = (promise) => promise.then(() => assert.fail('it was done'), ({ name, code }) => `${name} ${code}`);

for (const [name, algorithm] of [
  ['P-256', { name: 'ECDSA', namedCurve: 'P-256' }],
  ['Ed25519', { name: 'Ed25519' }],
]) {
  test(`a ${name} key is proved`, async () => {
    const keyPair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
    const peer = await enter({ keyPair });
    assert.equal(peer.fingerprint, await fingerprintOf(await publicKeyOf(keyPair)));
  });
}

test('the private half of another key proves nothing', async () => {
  const [mine, other] = [await ownKeyPair(), await ownKeyPair()];
  const keyPair = { publicKey: mine.publicKey, privateKey: other.privateKey };
  assert.equal(await fault(enter({ keyPair })), 'ClosedError 4003');
});

test('nothing is signed for another audience than that of the URL or of the options', async () => {
  const keyPair = await ownKeyPair();
  assert.equal(await fault(enter({ keyPair, audience: undefined })), 'ChallengeError audience');
  assert.equal(await fault(enter({ keyPair, audience: 'wss://other.example' })), 'ChallengeError audience');
});

test('without a key pair a challenge is the end', async () => {
  assert.equal(await fault(enter({ publicKey: await publicKeyOf(await ownKeyPair()) })), 'ChallengeError no_key');
});

// Between a client that means to enter here and the server that it impersonates the client to. Answers with the
// challenge of that server, as it is, and passes on what the client says to it.
async function relayChallenge(middle, publicKey) {
  const victim = await middle.next();
  const { payload } = await victim.next('register');
  assert.equal(payload.public_key, publicKey);
  const target = new WebSocket(url);
  await new Promise((resolve) => target.once('open', resolve));
  target.send(JSON.stringify({ type: 'register', payload }));
  const challenge = JSON.parse(await new Promise((resolve) => target.once('message', resolve)));
  assert.equal(challenge.type, 'auth_challenge');
  victim.send(challenge);
  return { victim, target };
}

test('a server that passes on the challenge of another gets no signature', async () => {
  const middle = await ScriptedServer.start();
  const keyPair = await ownKeyPair();
  const opening = connect({ url: middle.url, WebSocket, keyPair });
  const refused = fault(opening);
  const { victim, target } = await relayChallenge(middle, await publicKeyOf(keyPair));
  assert.equal(await refused, 'ChallengeError audience');
  await victim.closed;
  assert.equal(victim.waiting, 0); // no auth_response has come
  target.terminate();
  await middle.close();
});

test('the same way gets one where the client is configured with that audience: the test can fail', async () => {
  const middle = await ScriptedServer.start();
  const keyPair = await ownKeyPair();
  const opening = connect({ url: middle.url, WebSocket, keyPair, audience: kAudience, reconnect: false });
  const refused = fault(opening);
  const { victim, target } = await relayChallenge(middle, await publicKeyOf(keyPair));
  const response = await victim.next('auth_response');
  target.send(JSON.stringify(response));
  const registered = JSON.parse(await new Promise((resolve) => target.once('message', resolve)));
  assert.equal(registered.type, 'registered');
  victim.close(1011);
  await refused;
  target.terminate();
  await middle.close();
});

test('challenges of other plugins are the business of `respond`', async () => {
  const other = await ScriptedServer.start();
  const opening = connect({ url: other.url, WebSocket, respond: async ({ question }) => ({ answer: question * 2 }) });
  const connection = await other.next();
  await connection.next('register');
  connection.send({ type: 'auth_challenge', payload: { question: 21 } });
  assert.deepEqual((await connection.next('auth_response')).payload, { answer: 42 });
  const me = 'aa'.repeat(32);
  connection.send({ type: 'registered', from: me, payload: { fingerprint: me, alias: 'me' } });
  (await opening).close();
  await other.close();
});

for (const name of ['chromium', 'firefox']) {
  test(`${name} keeps its key, and two tabs have the same`, { skip: !process.env[`PEER_${name.toUpperCase()}`] }, async () => {
    const enterFromPage = async (url, audience) => {
      const { connect, ownKeyPair } = globalThis.client;
      const peer = await connect({ url, audience, keyPair: await ownKeyPair() });
      peer.close();
      return peer.fingerprint;
    };
    const tabs = [await browsers[name](), await browsers[name]()];
    const fingerprints = await Promise.all(tabs.map((tab) => tab.run(enterFromPage, url, kAudience)));
    assert.match(fingerprints[0], /^[0-9a-f]{64}$/);
    assert.equal(fingerprints[1], fingerprints[0]);
  });
}
