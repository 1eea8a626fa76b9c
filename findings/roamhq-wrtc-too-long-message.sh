#!/usr/bin/env bash
# @roamhq/wrtc 0.10.0 (WebRTC for Node.js): send() of a message longer than the other end takes returns as
# if all were well, and the channel is closed, without an "error" event. The specification has send() throw
# a TypeError and the channel stays open, so that code can try and then cut the message into parts. The
# limit depends on the other end (262144 bytes to itself, 65536 to werift, aiortc and all that do not say
# a=max-message-size), so what works in a test between two of a kind ends a call with another. simple-peer
# on top does not see it either: the callback of write() says that the chunk was sent.
#
# Seen: Node.js 20.20.2, @roamhq/wrtc 0.10.0, werift 0.25.2, simple-peer 9.11.1:
#   to wrtc (262144), 262144 bytes: send() returns, channel open, events: none
#   to wrtc (262144), 262145 bytes: send() returns, channel closed, events: close
#   to werift (65536), 65536 bytes: send() returns, channel open, events: none
#   to werift (65536), 65537 bytes: send() returns, channel closed, events: close
#   simple-peer, 262145 bytes: write() called back without an error, then events: close
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent werift@0.25.2 simple-peer@9.11.1 @roamhq/wrtc@0.10.0
cat >program.cjs <<'PROGRAM'
const libraries = { werift: require('werift'), wrtc: require('@roamhq/wrtc') };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// Waits until `met()` holds, ten seconds at most.
async function until(met) {
  for (let i = 0; i < 200 && !met(); ++i) await sleep(50);
  if (!met()) throw new Error('not connected');
}
// Descriptions are exchanged when all candidates are in them.
async function complete(peer, description) {
  await peer.setLocalDescription(description);
  await until(() => peer.iceGatheringState === 'complete');
  return { type: peer.localDescription.type, sdp: peer.localDescription.sdp };
}
const SimplePeer = require('simple-peer');
async function send(to, limit, bytes) {
  const one = new libraries.wrtc.RTCPeerConnection({ iceServers: [] });
  const two = new libraries[to].RTCPeerConnection({ iceServers: [] });
  let there;
  const events = [];
  const here = one.createDataChannel('d');
  for (const name of ['close', 'error']) here.addEventListener(name, () => events.push(name));
  two.ondatachannel = ({ channel }) => (there = channel);
  await two.setRemoteDescription(await complete(one, await one.createOffer()));
  await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  await until(() => here.readyState === 'open' && there?.readyState === 'open');
  let result = 'send() returns';
  try {
    here.send(new Uint8Array(bytes));
  } catch (error) {
    result = `send() throws ${error.name}`;
  }
  await sleep(500);
  result += `, channel ${here.readyState}, events: ${events.join() || 'none'}`;
  console.log(`to ${to} (${one.sctp.maxMessageSize}), ${bytes} bytes: ${result}`);
  const same = one.sctp.maxMessageSize === limit && result === (bytes > limit
    ? 'send() returns, channel closed, events: close' : 'send() returns, channel open, events: none');
  one.close();
  two.close();
  return same;
}
async function write(bytes) {
  const one = new SimplePeer({ initiator: true, wrtc: libraries.wrtc, config: { iceServers: [] } });
  const two = new SimplePeer({ wrtc: libraries.wrtc, config: { iceServers: [] } });
  one.on('signal', (signal) => two.signal(signal));
  two.on('signal', (signal) => one.signal(signal));
  const events = [];
  for (const name of ['close', 'error']) one.on(name, () => events.push(name));
  await until(() => one.connected && two.connected);
  const error = await new Promise((done) => one.write(new Uint8Array(bytes), done));
  await sleep(500);
  const result = `write() called back ${error ? 'with' : 'without'} an error, then events: ${events.join()}`;
  console.log(`simple-peer, ${bytes} bytes: ${result}`);
  return result === 'write() called back without an error, then events: close';
}
(async () => {
  const results = [await send('wrtc', 262144, 262144), await send('wrtc', 262144, 262145),
    await send('werift', 65536, 65536), await send('werift', 65536, 65537), await write(262145)];
  process.exit(results.every(Boolean) ? 0 : 1);
})();
PROGRAM
timeout 30 node program.cjs
