#!/usr/bin/env bash
# werift 0.25.2 (WebRTC for Node.js in TypeScript) cuts the label of a data channel that is not ASCII. It
# writes the number of UTF-16 units where RFC 8832 (5.1) wants the number of bytes in UTF-8, and the bytes
# that are left over at the end of the label become the beginning of the protocol. Both ends then know the
# channel by different names, and whoever looks up channels by their label never finds it. aiortc 1.4.0 does
# the same as the one that makes the channel (seen, not part of this script).
#
# Seen: Node.js 20.20.2, werift 0.25.2, @roamhq/wrtc 0.10.0:
#   werift to werift: label "né", protocol "v1" arrive as "n\ufffd", "\ufffdv"
#   werift to wrtc: label "né", protocol "v1" arrive as "n\ufffd", "\ufffdv"
#   wrtc to werift: label "né", protocol "v1" arrive as "né", "v1"
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
async function seen(from, to) {
  const one = new libraries[from].RTCPeerConnection({ iceServers: [] });
  const two = new libraries[to].RTCPeerConnection({ iceServers: [] });
  let there;
  one.createDataChannel('n\u00e9', { protocol: 'v1' });
  two.ondatachannel = ({ channel }) => (there = channel);
  await two.setRemoteDescription(await complete(one, await one.createOffer()));
  await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  await until(() => there);
  const visible = (text) => JSON.stringify(text).replaceAll('\ufffd', '\\ufffd');
  const names = `${visible(there.label)}, ${visible(there.protocol)}`;
  console.log(`${from} to ${to}: label "n\u00e9", protocol "v1" arrive as ${names}`);
  one.close();
  two.close();
  return names;
}
(async () => {
  const cut = '"n\\ufffd", "\\ufffdv"';
  const werift = await seen('werift', 'werift') === cut;
  const weriftToWrtc = await seen('werift', 'wrtc') === cut;
  const wrtcToWerift = await seen('wrtc', 'werift') === '"n\u00e9", "v1"';
  process.exit(werift && weriftToWrtc && wrtcToWerift ? 0 : 1);
})();
PROGRAM
timeout 40 node program.cjs
