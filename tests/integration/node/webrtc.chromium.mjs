// Two pages of Chromium that find each other through the server and open a data channel.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { kHttp, kWebSocket, startServer } from './server.mjs';

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = new Browser(process.env.PEER_CHROMIUM, server.certificate);
});

after(async () => {
  await browser.close();
  assert.equal(await server.stop(), 0);
});

// Runs in a page: who is there first calls who comes. Returns what the other has to say.
async function exchangeGreetings(url, name) {
  const ws = new WebSocket(url);
  const rtc = new RTCPeerConnection();
  const send = (message) => ws.send(JSON.stringify(message));
  let other;
  const signal = (payload) => send({ type: 'signal', to: other, payload });
  const describe = async () => {
    await rtc.setLocalDescription();
    signal({ signal_type: rtc.localDescription.type, sdp: rtc.localDescription.sdp });
  };
  rtc.onicecandidate = ({ candidate }) => {
    if (candidate) signal({ signal_type: 'candidate', candidate: candidate.toJSON() });
  };
  ws.onopen = () => {
    send({ type: 'register', payload: { public_key: `key of ${name}`, alias: name } });
    send({ type: 'join', payload: { namespace: 'webrtc' } });
  };
  return new Promise((resolve, reject) => {
    // Not by `ondatachannel`, which misses a message that is sent at once now and then.
    const channel = rtc.createDataChannel('game', { negotiated: true, id: 0 });
    channel.onopen = () => channel.send(`hello from ${name}`);
    channel.onmessage = ({ data }) => resolve(data);
    const handle = async ({ type, from, payload }) => {
      if (type === 'peer_joined') {
        other = from;
        await describe();
      } else if (type === 'signal' && payload.signal_type === 'candidate') {
        await rtc.addIceCandidate(payload.candidate);
      } else if (type === 'signal') {
        other = from;
        await rtc.setRemoteDescription({ type: payload.signal_type, sdp: payload.sdp });
        if (payload.signal_type === 'offer') await describe();
      } else if (type === 'error') {
        throw new Error(payload.message);
      }
    };
    let last = Promise.resolve();
    ws.onmessage = ({ data }) => {
      last = last.then(() => handle(JSON.parse(data))).catch(reject);
    };
    ws.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    rtc.onconnectionstatechange = () => {
      if (rtc.connectionState === 'failed') reject(new Error('no way between the two pages'));
    };
  });
}

test('two pages open a data channel through the server', async () => {
  const address = `127.0.0.1:${server.port}`;
  const pages = [await browser.open(`${kHttp}://${address}/health`)];
  pages.push(await browser.open(`${kHttp}://${address}/health`));
  const [toAlice, toBob] = await Promise.all(
    ['alice', 'bob'].map((name, i) =>
      pages[i].run(exchangeGreetings, `${kWebSocket}://${address}/ws`, name),
    ),
  );
  assert.equal(toAlice, 'hello from bob');
  assert.equal(toBob, 'hello from alice');
});
