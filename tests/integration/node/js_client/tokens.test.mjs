// Tokens of the JavaScript client, against a server with auth_jwt: fresh ones, expired ones, and new ones in mid-session.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';

const kSecret = '0'.repeat(64);
const kConfig = `plugins:
  auth: {name: jwt, options: {keys: [{algorithm: HS256, secret: '${kSecret}'}]}}
`;
const kLimit = { timeout: 15_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1) };

let server;
const peers = [];

before(async () => (server = await startServer({ config: kConfig })));
afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});
after(async () => assert.equal(await server.stop(), 0));

// For `seconds` from now on.
function token(sub, seconds, claims = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp, ...claims })}`;
  return `${text}.${createHmac('sha256', kSecret).update(text).digest('base64url')}`;
}

async function enter(options) {
  const reconnect = { base: 1, cap: 2 };
  const peer = await connect({ url: `ws://127.0.0.1:${server.port}/ws`, WebSocket, reconnect, ...options });
  peers.push(peer);
  return peer;
}

const fault = (promise) => promise.then(() => assert.fail('it was done'), (error) => error);

test('a refused token is the end, and the error says why', async () => {
  const error = await fault(enter({ token: token('alice', -10) }));
  assert.deepEqual([error.name, error.code, error.cause.code], ['ClosedError', 4003, 401]);
  assert.match(error.cause.message, /expired/);
});

test('a new token in mid-session: other rights, and the answer says how long', async () => {
  const peer = await enter({ token: token('alice', 3600, { namespaces: ['lobby'] }) });
  assert.equal((await fault(peer.join('arena'))).message, 'not allowed');
  const { expires_ms } = await peer.auth_refresh(token('alice', 1800, { namespaces: ['arena'] }));
  assert.ok(expires_ms > 1_700_000 && expires_ms <= 1_800_000, `${expires_ms}`);
  await peer.join('arena');
  const other = await fault(peer.auth_refresh(token('bob', 3600)));
  assert.deepEqual([other.name, other.code], ['RequestError', 401]);
  assert.equal(peer.state, 'open');
});

test('when the token has expired, the function that gets tokens is asked for the next', async () => {
  const lives = [1, 3600];
  const peer = await enter({ token: () => token('carol', lives.shift()) });
  const { fingerprint } = peer;
  const again = await peer.once('reregistered', kLimit);
  assert.equal(again.fingerprint, fingerprint);
  assert.equal(lives.length, 0);
});

test('when a token that is a text has expired, the peer is closed', async () => {
  const peer = await enter({ token: token('dave', 1) });
  const error = await peer.once('closed', kLimit);
  assert.deepEqual([error.code, error.cause.message], [4003, 'authentication expired']);
});
