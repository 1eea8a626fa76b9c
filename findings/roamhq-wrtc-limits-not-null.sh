#!/usr/bin/env bash
# @roamhq/wrtc 0.10.0 (WebRTC for Node.js): a data channel that has no limit of retransmissions says 65535
# for maxRetransmits and for maxPacketLifeTime, where the specification has null for "not set". The usual
# question, `channel.maxRetransmits === null`, calls every channel unreliable, and 65535 is itself a valid
# limit. A second channel made like the first, with the values that the first one names, is refused, since
# both limits seem to be given.
#
# Seen: Node.js 20.20.2, @roamhq/wrtc 0.10.0:
#   {}: maxRetransmits 65535, maxPacketLifeTime 65535
#   {"maxRetransmits":3}: maxRetransmits 3, maxPacketLifeTime 65535
#   {"maxRetransmits":65535}: maxRetransmits 65535, maxPacketLifeTime 65535
#   made like the first: TypeError: You cannot set both maxPacketLifeTime and maxRetransmits
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @roamhq/wrtc@0.10.0
cat >program.cjs <<'PROGRAM'
const { RTCPeerConnection } = require('@roamhq/wrtc');
const peer = new RTCPeerConnection();
const seen = [{}, { maxRetransmits: 3 }, { maxRetransmits: 65535 }].map((options) => {
  const { maxRetransmits, maxPacketLifeTime } = peer.createDataChannel('d', options);
  console.log(`${JSON.stringify(options)}: maxRetransmits ${maxRetransmits}, maxPacketLifeTime ${maxPacketLifeTime}`);
  return { maxRetransmits, maxPacketLifeTime };
});
let result = 'made';
try {
  peer.createDataChannel('copy', seen[0]);
} catch (error) {
  result = String(error);
}
console.log(`made like the first: ${result}`);
const values = seen.map(({ maxRetransmits, maxPacketLifeTime }) => `${maxRetransmits} ${maxPacketLifeTime}`).join();
process.exit(values === '65535 65535,3 65535,65535 65535' && result.startsWith('TypeError') ? 0 : 1);
PROGRAM
node program.cjs
