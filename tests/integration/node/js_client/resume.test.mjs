// Connections that are cut again and again between the JavaScript client and a real server: each message arrives once and in
// order, both ways, and nobody else notices.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';
import { kNode22, NodeAgent, startBrowsers } from './agents.mjs';
import { CuttingProxy } from './cutting_proxy.mjs';

const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kConfig = 'rate_limit_per_sec: 100000\nrate_limit_burst: 100000\nsend_buffer_size: 100\nresume_buffer_size: 100\n';
const kAtOnce = { base: 1, cap: 20 };

let server;
let browsers;
const ends = [];

before(async () => {
  server = await startServer({ config: kConfig });
  browsers = await startBrowsers();
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

after(async () => {
  await browsers?.close();
  assert.equal(await server?.stop(), 0);
});

async function newProxy() {
  const proxy = await CuttingProxy.start(server.port);
  ends.push(() => proxy.close());
  return proxy;
}

async function enter(url, namespace, name) {
  const peer = await connect({ url, WebSocket, alias: name, reconnect: kAtOnce, requestTimeout: kDeadline });
  ends.unshift(() => peer.close());
  const lobby = await peer.join(namespace);
  return { peer, lobby };
}

// The same numbers at each run.
function lots(seed) {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

test('two peers that are cut at random lose nothing, get nothing twice, and see nobody leave', async () => {
  const kMessages = Number(process.env.PEER_CHAOS_MESSAGES || 300); // each way
  const kAtATime = 20;
  const seed = 7;
  const draw = lots(seed);
  const proxies = [await newProxy(), await newProxy()];
  const names = ['chaos-one', 'chaos-two'];
  const sides = [];
  sides.push(await enter(proxies[0].url, 'chaos', names[0]));
  const comes = sides[0].lobby.once('peer_joined');
  sides.push(await enter(proxies[1].url, 'chaos', names[1]));
  await comes;
  const told = [];
  let cuts = 0;
  for (const [i, { peer, lobby }] of sides.entries()) {
    for (const type of ['peer_left', 'peer_joined']) lobby.on(type, () => told.push(`${names[i]}: ${type}`));
    peer.on('reregistered', () => told.push(`${names[i]}: reregistered`));
    peer.on('lost', ({ lost }) => told.push(`${names[i]}: lost ${lost}`));
  }
  // One of the two sends; the other counts, and is cut, or cuts the sender, in between.
  const stream = async (from, to) => {
    const heard = [];
    let told = () => {};
    sides[to].peer.on('relay', ({ payload }) => {
      heard.push(payload);
      if (draw(25) === 0) cuts += proxies[draw(2)].cut();
      told();
    });
    for (let first = 0; first < kMessages; first += kAtATime) {
      const numbers = Array.from({ length: kAtATime }, (_, n) => first + n);
      const acks = await Promise.all(numbers.map((n) => sides[from].peer.relay(names[to], n)));
      for (const ack of acks) assert.deepEqual(ack, { delivered: 1, dropped: 0 });
      // What waits for a peer is bounded: the next ones are sent when these have come.
      await new Promise((resolve) => {
        told = () => heard.length >= first + kAtATime && resolve();
        told();
      });
    }
    assert.deepEqual(heard, Array.from({ length: kMessages }, (_, n) => n));
  };
  await Promise.all([stream(0, 1), stream(1, 0)]);
  assert.ok(cuts >= 8, `only ${cuts} cuts`);
  assert.deepEqual(told, []);
  const stats = await (await fetch(`http://127.0.0.1:${server.port}/stats`)).json();
  assert.ok(stats.sessions.resumed >= cuts / 2, JSON.stringify(stats.sessions));
});

// Runs where the agent is: answers each message with the same message, until it is 'bye'.
async function echo(url, namespace, deadline) {
  const peer = await globalThis.client.connect({ ...globalThis.options, url, alias: namespace, reconnect: { base: 1, cap: 20 } });
  const resumed = [];
  peer.on('resumed', ({ payload }) => resumed.push(payload.lost));
  await peer.join(namespace);
  const last = peer.once('relay', { accepts: ({ payload }) => payload === 'bye', timeout: deadline });
  const answers = [];
  peer.on('relay', ({ from, payload }) => answers.push(peer.relay(from, payload)));
  await last;
  const acks = await Promise.all(answers);
  peer.close();
  return { acks: acks.filter(({ delivered }) => delivered === 1).length, resumed };
}

const kAgents = {
  node: { open: () => new NodeAgent({ socket: 'ws' }) },
  node22: { open: () => new NodeAgent({ program: kNode22 }), isMissing: !existsSync(kNode22) },
  chromium: { open: () => browsers.chromium(), isMissing: !process.env.PEER_CHROMIUM },
  firefox: { open: () => browsers.firefox(), isMissing: !process.env.PEER_FIREFOX },
};

for (const [name, { open, isMissing = false }] of Object.entries(kAgents)) {
  test(`in ${name}: cut five times, and every word is answered once and in order`, { skip: isMissing }, async () => {
    const proxy = await newProxy();
    const agent = await open();
    ends.push(() => agent.close());
    const { peer, lobby } = await enter(`ws://127.0.0.1:${server.port}/ws`, name, `partner of ${name}`);
    const comes = lobby.once('peer_joined', { timeout: kDeadline });
    const echoing = agent.run(echo, proxy.url, name, kDeadline);
    await comes;
    const told = [];
    for (const type of ['peer_left', 'peer_joined']) lobby.on(type, () => told.push(type));
    const answers = peer.events('relay');
    const next = async () => {
      const early = echoing.then(() => assert.fail('it has ended early'));
      return (await Promise.race([answers.next(), early])).value.payload;
    };
    for (let n = 0; n < 100; ++n) {
      assert.deepEqual(await peer.relay(name, n), { delivered: 1, dropped: 0 });
      if (n % 20 === 7) assert.equal(proxy.cut(), 1);
      if (n % 5 === 4) for (let m = n - 4; m <= n; ++m) assert.equal(await next(), m);
    }
    assert.deepEqual(told, []);
    await peer.relay(name, 'bye');
    assert.equal((await answers.next()).value.payload, 'bye');
    assert.deepEqual(await echoing, { acks: 101, resumed: [0, 0, 0, 0, 0] });
  });
}

// Run in pages. The first opens a channel with the other page; the second waits until an offer has been answered once
// more, and for a word of the other side.
async function openCall(url, namespace, isCaller, deadline) {
  const limit = { timeout: deadline };
  const peer = await globalThis.client.connect({ url, reconnect: { base: 1, cap: 20 } });
  const rings = peer.once('call', limit);
  rings.catch(() => {});
  const lobby = await peer.join(namespace);
  const other = lobby.others()[0]?.fingerprint ?? (await lobby.once('peer_joined', limit)).from;
  const call = isCaller ? peer.call(other) : (await rings).accept();
  const channel = await call.channel(undefined, limit);
  globalThis.words = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
  const type = isCaller ? 'answer' : 'offer';
  globalThis.another = peer.once('signal', { accepts: ({ payload }) => payload.signal_type === type, ...limit });
  Object.assign(globalThis, { peer, call, channel });
}

async function talkAfterRestart() {
  await globalThis.another;
  globalThis.channel.send('after the cut');
  return [await globalThis.words, globalThis.call.state];
}

test('a call looks for another way when the session was resumed after a cut', { skip: !process.env.PEER_CHROMIUM }, async () => {
  const proxy = await newProxy();
  const pages = [await browsers.chromium(), await browsers.chromium()];
  const direct = `ws://127.0.0.1:${server.port}/ws`;
  const open = (page, url, isCaller) => page.run(openCall, url, 'call', isCaller, kDeadline);
  await Promise.all([open(pages[0], proxy.url, true), open(pages[1], direct, false)]);
  assert.equal(proxy.cut(), 1);
  for (const seen of await Promise.all(pages.map((page) => page.run(talkAfterRestart)))) {
    assert.deepEqual(seen, ['after the cut', 'connected']);
  }
  for (const page of pages) await page.run(() => globalThis.peer.close());
});
