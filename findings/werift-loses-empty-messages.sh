#!/usr/bin/env bash
# werift 0.25.2 (WebRTC for Node.js in TypeScript) loses an empty message that it sends. send('') is valid, and
# RFC 8831 (6.6) has two payload identifiers for it, since SCTP itself cannot carry it. werift sends no chunk,
# throws nothing, and bufferedAmount falls to 0 as if it had gone out. An empty message to werift arrives, so
# an application that uses one as "typing" or as a ping works in one direction. Shown with an unordered channel.
#
# Seen: Node.js 20.20.2, werift 0.25.2, @roamhq/wrtc 0.10.0:
#   werift to wrtc: sent "one" "" "two", got "one" "two"
#   wrtc to werift: sent "one" "" "two", got "one" "" "two"
#   state open, bufferedAmount 0 at each sender
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent werift@0.25.2 @roamhq/wrtc@0.10.0
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
async function received(from, to) {
  const one = new libraries[from].RTCPeerConnection({ iceServers: [] });
  const two = new libraries[to].RTCPeerConnection({ iceServers: [] });
  const got = [];
  let there;
  const here = one.createDataChannel('d', { ordered: false });
  two.ondatachannel = ({ channel }) => {
    there = channel;
    channel.onmessage = ({ data }) => got.push(JSON.stringify(String(data)));
  };
  await two.setRemoteDescription(await complete(one, await one.createOffer()));
  await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  await until(() => here.readyState === 'open' && there?.readyState === 'open');
  for (const text of ['one', '', 'two']) here.send(text);
  await sleep(1500);
  const sender = here.readyState === 'open' && here.bufferedAmount === 0;
  console.log(`${from} to ${to}: sent "one" "" "two", got ${got.join(' ')}`);
  one.close();
  two.close();
  return { got: got.join(' '), sender };
}
(async () => {
  const results = [await received('werift', 'wrtc'), await received('wrtc', 'werift')];
  const idle = results.every(({ sender }) => sender);
  console.log(idle ? 'state open, bufferedAmount 0 at each sender' : 'a sender is not idle');
  const expected = ['"one" "two"', '"one" "" "two"'];
  process.exit(idle && expected.every((text, i) => results[i].got === text) ? 0 : 1);
})();
PROGRAM
timeout 50 node program.cjs
