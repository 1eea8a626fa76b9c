#!/usr/bin/env bash
# werift 0.25.2 (WebRTC for Node.js in TypeScript): a data channel with ordered false and a maxRetransmits,
# what games and live data use, is ordered at the other end. RFC 8832 (5.1) has the channel type 0x81 for
# it. werift sets 0x80 for "not ordered" and then writes 1 for "maxRetransmits" over it. Each end believes
# its own setting: messages to the one that made the channel wait for lost ones after all, those from it do
# not. Ordered false alone arrives, so a look at that finds nothing. maxPacketLifeTime is the same.
#
# Seen: Node.js 20.20.2, werift 0.25.2, @roamhq/wrtc 0.10.0, "ordered" of the one who made it and of the other:
#   werift to wrtc, {"ordered":false}: false, false
#   werift to wrtc, {"ordered":false,"maxRetransmits":3}: false, true
#   werift to wrtc, {"ordered":false,"maxPacketLifeTime":100}: false, true
#   werift to werift, {"ordered":false,"maxRetransmits":3}: false, true
#   wrtc to werift, {"ordered":false,"maxRetransmits":3}: false, false
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
async function seen(from, to, options, expected) {
  const one = new libraries[from].RTCPeerConnection({ iceServers: [] });
  const two = new libraries[to].RTCPeerConnection({ iceServers: [] });
  let there;
  const here = one.createDataChannel('d', options);
  two.ondatachannel = ({ channel }) => (there = channel);
  await two.setRemoteDescription(await complete(one, await one.createOffer()));
  await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  await until(() => there);
  console.log(`${from} to ${to}, ${JSON.stringify(options)}: ${here.ordered}, ${there.ordered}`);
  one.close();
  two.close();
  return here.ordered === false && there.ordered === expected;
}
(async () => {
  const results = [
    await seen('werift', 'wrtc', { ordered: false }, false),
    await seen('werift', 'wrtc', { ordered: false, maxRetransmits: 3 }, true),
    await seen('werift', 'wrtc', { ordered: false, maxPacketLifeTime: 100 }, true),
    await seen('werift', 'werift', { ordered: false, maxRetransmits: 3 }, true),
    await seen('wrtc', 'werift', { ordered: false, maxRetransmits: 3 }, false),
  ];
  process.exit(results.every(Boolean) ? 0 : 1);
})();
PROGRAM
timeout 40 node program.cjs
