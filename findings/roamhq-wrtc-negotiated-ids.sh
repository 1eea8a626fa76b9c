#!/usr/bin/env bash
# @roamhq/wrtc 0.10.0 (libwebrtc for Node.js) refuses the ids 1024 to 65534 of a negotiated data channel,
# which the specification allows, while sctp.maxChannels says 65535. The error names no cause. werift, also
# for Node.js, takes them all. Whoever lets both ends compute the id of a channel from its name, a usual way
# to need no "datachannel" event, finds most names refused at one end only, and the other end waits.
#
# Seen: Node.js 20.20.2, @roamhq/wrtc 0.10.0, werift 0.25.2:
#   wrtc, sctp.maxChannels 65535
#   wrtc, id 1023: made
#   wrtc, id 1024: InvalidStateError: 'createDataChannel' failed
#   wrtc, id 65534: InvalidStateError: 'createDataChannel' failed
#   werift, id 1023: made
#   werift, id 1024: made
#   werift, id 65534: made
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
(async () => {
  const one = new libraries.wrtc.RTCPeerConnection();
  const two = new libraries.wrtc.RTCPeerConnection();
  const zero = one.createDataChannel('zero', { negotiated: true, id: 0 });
  await two.setRemoteDescription(await complete(one, await one.createOffer()));
  await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  await until(() => zero.readyState === 'open');
  console.log(`wrtc, sctp.maxChannels ${one.sctp.maxChannels}`);
  const other = new libraries.werift.RTCPeerConnection({ iceServers: [] });
  let results = [];
  for (const [name, peer] of [['wrtc', one], ['werift', other]]) {
    for (const id of [1023, 1024, 65534]) {
      let result = 'made';
      try {
        peer.createDataChannel(`d${id}`, { negotiated: true, id });
      } catch (error) {
        result = `${error.name}: ${error.message}`;
      }
      console.log(`${name}, id ${id}: ${result}`);
      results.push(result === 'made');
    }
  }
  process.exit(one.sctp.maxChannels === 65535 && results.join() === 'true,false,false,true,true,true' ? 0 : 1);
})();
PROGRAM
timeout 30 node program.cjs
