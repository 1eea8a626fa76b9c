// The function of docs/webrtc.md, as it is printed there, between the WebRTC stacks that we have:
// Chromium (env PEER_CHROMIUM), Firefox (PEER_FIREFOX) and the package @roamhq/wrtc.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Firefox } from './firefox.mjs';
import { startServer } from './server.mjs';
import { WrtcProcess } from './wrtc_process.mjs';

const kFirefox = process.env.PEER_FIREFOX;
const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);

const page = readFileSync(new URL('../../../docs/webrtc.md', import.meta.url), 'utf8');
const [, kText] = page.match(/```javascript\n([\s\S]*?)```/);

let server;
let browsers;
const peers = {};

before(async () => {
  server = await startServer();
  const [chromium, firefox] = await Promise.all([
    new Browser(process.env.PEER_CHROMIUM, undefined),
    kFirefox && Firefox.start(kFirefox),
  ]);
  const wrtc = new WrtcProcess();
  browsers = [chromium, firefox, wrtc];
  peers.wrtc = (...values) => wrtc.run(meet, ...values);
  const url = `http://127.0.0.1:${server.port}/health`;
  const first = await chromium.open(url);
  const second = await chromium.open(url);
  peers.chromium = (...values) => first.run(meet, ...values);
  peers['another page'] = (...values) => second.run(meet, ...values);
  if (firefox) {
    const third = await firefox.open(url);
    peers.firefox = (...values) => third.run(meet, ...values);
  }
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser?.close()));
  assert.equal(await server.stop(), 0);
});

// Runs where the peer is. Registers, waits for the other peer of the namespace, and calls it, if it
// is to. Resolves, when the other's words have come through the channel, with those and the kinds of
// signals in the order in which they came.
//   'at once': takes no signal before its own offer is on its way.
//   'twice': the same, and when they have met once more, for sound.
//   'early': sends a candidate before each description, and an empty one behind it.
// Like the strictest stacks, its own fails on an empty candidate, and on one before a description.
async function meet(text, { url, key, namespace, calls, manner, deadline }, Socket, rtc) {
  const makeCalls = new Function(`${text}; return makeCalls;`)();
  const ws = new (Socket ?? WebSocket)(url);
  const send = (message) => ws.send(JSON.stringify(message));
  const signals = [];
  let take = () => {};
  let isDeaf = ['at once', 'twice'].includes(manner);
  let waiting = [];
  let description;
  const hear = (data) => {
    if (JSON.parse(data).type === 'signal') signals.push(JSON.parse(data).payload.signal_type);
    take({ data });
  };
  const socket = {
    addEventListener: (_, listener) => (take = listener),
    send(data) {
      const { to, payload } = JSON.parse(data);
      if (manner === 'early' && payload.signal_type !== 'candidate') {
        description = data;
        return;
      }
      ws.send(data);
      if (description) {
        ws.send(description);
        const empty = { candidate: '', sdpMid: '0', sdpMLineIndex: 0 };
        send({ type: 'signal', to, payload: { signal_type: 'candidate', candidate: empty } });
        description = undefined;
      }
      if (payload.signal_type === 'offer') isDeaf = false;
      if (!isDeaf) for (const held of waiting.splice(0)) hear(held);
    },
  };
  let timer;
  const said = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no channel; signals: ${signals}`)), deadline);
    class RTCPeerConnection extends (rtc ?? globalThis).RTCPeerConnection {
      addIceCandidate(candidate) {
        if (!candidate.candidate) reject(new Error('an empty candidate was taken'));
        if (!this.remoteDescription) reject(new Error('a candidate was taken too early'));
        return super.addIceCandidate(candidate);
      }
    }
    console.error = (...words) => reject(new Error(words.join(' ')));
    ws.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    let all;
    let me;
    const callOf = (peer) => {
      if (calls && peer !== me) all.call(peer);
    };
    ws.onmessage = ({ data }) => {
      const { type, from, payload } = JSON.parse(data);
      if (type === 'registered') {
        me = from;
        const setUp = (pc) => {
          const channel = pc.createDataChannel('game', { negotiated: true, id: 0 });
          const words = [];
          let rounds = manner === 'twice' ? 2 : 1;
          const endRound = () => {
            if (--rounds === 0) resolve({ words, signals });
          };
          channel.onopen = () => {
            isDeaf = manner === 'twice';
            channel.send(`hello from ${key}`);
          };
          channel.onmessage = (event) => {
            words.push(event.data);
            if (words.length === 1 && manner === 'twice') pc.addTransceiver('audio');
            else endRound();
          };
          pc.onsignalingstatechange = () => {
            if (pc.signalingState !== 'stable' || !pc.remoteDescription) return;
            if (!pc.remoteDescription.sdp.includes('m=audio')) return;
            pc.onsignalingstatechange = null;
            channel.send(`sound from ${key}`);
            endRound();
          };
        };
        all = makeCalls(socket, me, setUp, {}, { RTCPeerConnection });
        send({ type: 'join', payload: { namespace } });
      }
      if (type === 'peer_list') payload.peers.forEach(({ fingerprint }) => callOf(fingerprint));
      if (type === 'peer_joined') callOf(from);
      if (type === 'error') reject(new Error(payload.message));
      if (payload?.candidate?.candidate === '' && manner !== 'early') {
        reject(new Error('an empty candidate was sent'));
      }
      if (type === 'signal' && isDeaf) waiting.push(data);
      else hear(data);
    };
  });
  ws.onopen = () => send({ type: 'register', payload: { public_key: key } });
  return said.finally(() => clearTimeout(timer));
}

// Two keys, of which the first has the smaller fingerprint: that peer gives way.
function keysOf(title) {
  const hash = (key) => createHash('sha256').update(key).digest('hex');
  const keys = [`${title}, one`, `${title}, other`];
  return hash(keys[0]) < hash(keys[1]) ? keys : keys.reverse();
}

// A meeting of two stacks; the first gives way. Returns the kinds of signals that each of them got.
async function meeting(title, [polite, impolite], { callers, manner }) {
  const keys = keysOf(title);
  const names = [polite, impolite];
  const [first, second] = await Promise.all(
    names.map((name, i) =>
      peers[name](kText, {
        url: `ws://127.0.0.1:${server.port}/ws`,
        key: keys[i],
        namespace: title,
        calls: callers.includes(name),
        manner,
        deadline: kDeadline,
      }),
    ),
  );
  const expected = (key) =>
    manner === 'twice' ? [`hello from ${key}`, `sound from ${key}`] : [`hello from ${key}`];
  assert.deepEqual(first.words, expected(keys[1]));
  assert.deepEqual(second.words, expected(keys[0]));
  return [first.signals, second.signals];
}

function pairTests(one, other, options) {
  test(`${one} calls ${other}`, options, async (t) => {
    const [, got] = await meeting(t.name, [one, other], { callers: [one] });
    assert.equal(got[0], 'offer');
  });

  for (const [caller, callee] of [[one, other], [other, one]]) {
    test(`candidates before the offer: ${caller} calls ${callee}`, options, async (t) => {
      const pair = [callee, caller];
      const [got] = await meeting(t.name, pair, { callers: [caller], manner: 'early' });
      assert.deepEqual(got.slice(0, 3), ['candidate', 'offer', 'candidate']);
    });
  }

  for (const pair of [[one, other], [other, one]]) {
    const title = `both call at once, and ${pair[0]} gives way to ${pair[1]}`;
    test(title, options, async (t) => {
      // Chromium that has given up an offer of sound refuses Firefox's (extension ids, see the page).
      const isRefused = pair[0] === 'chromium' && pair[1] === 'firefox';
      const manner = isRefused ? 'at once' : 'twice';
      const got = await meeting(t.name, pair, { callers: pair, manner });
      const descriptions = got.map((signals) => signals.filter((type) => type !== 'candidate'));
      const rounds = isRefused ? 1 : 2;
      assert.deepEqual(descriptions[0].slice(0, rounds), Array(rounds).fill('offer'));
      const expected = ['offer', 'answer', 'offer', 'answer'].slice(0, 2 * rounds);
      assert.deepEqual(descriptions[1].slice(0, 2 * rounds), expected);
    });
  }
}

pairTests('chromium', 'another page');
pairTests('chromium', 'wrtc');
pairTests('chromium', 'firefox', { skip: kFirefox ? false : 'there is no firefox-esr' });
