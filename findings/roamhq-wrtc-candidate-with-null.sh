#!/usr/bin/env bash
# @roamhq/wrtc 0.10.0 (WebRTC for Node.js) refuses candidates that its own RTCIceCandidate holds. sdpMid and
# sdpMLineIndex may each be null if the other is there, and null is what both are by default. A candidate
# that names its section by one of them alone is taken as a bare object, since the other is left out there.
# Passed through RTCIceCandidate, or as JSON of an implementation that writes the null, it is refused.
#
# Seen: Node.js 20.20.2, @roamhq/wrtc 0.10.0:
#   {sdpMid}: taken
#   {sdpMid, sdpMLineIndex: null}: TypeError: Expected a 32-bit integer
#   new RTCIceCandidate({sdpMid}): TypeError: Expected a 32-bit integer
#   {sdpMLineIndex}: taken
#   {sdpMid: null, sdpMLineIndex}: Error: Failed to set ICE candidate.
#   new RTCIceCandidate({sdpMLineIndex}): Error: Failed to set ICE candidate.
#   {sdpMid, sdpMLineIndex, usernameFragment: null}: taken
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @roamhq/wrtc@0.10.0
cat >program.cjs <<'PROGRAM'
const { RTCIceCandidate, RTCPeerConnection } = require('@roamhq/wrtc');
const candidate = 'candidate:1 1 udp 2122265343 192.0.2.1 58699 typ host';
const cases = [
  ['{sdpMid}', { candidate, sdpMid: '0' }, true],
  ['{sdpMid, sdpMLineIndex: null}', { candidate, sdpMid: '0', sdpMLineIndex: null }, false],
  ['new RTCIceCandidate({sdpMid})', new RTCIceCandidate({ candidate, sdpMid: '0' }), false],
  ['{sdpMLineIndex}', { candidate, sdpMLineIndex: 0 }, true],
  ['{sdpMid: null, sdpMLineIndex}', { candidate, sdpMid: null, sdpMLineIndex: 0 }, false],
  ['new RTCIceCandidate({sdpMLineIndex})', new RTCIceCandidate({ candidate, sdpMLineIndex: 0 }), false],
  ['{sdpMid, sdpMLineIndex, usernameFragment: null}',
    { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null }, true],
];
(async () => {
  const caller = new RTCPeerConnection();
  caller.createDataChannel('d');
  const callee = new RTCPeerConnection();
  await callee.setRemoteDescription(await caller.createOffer());
  let same = true;
  for (const [name, value, expected] of cases) {
    const result = await callee.addIceCandidate(value).then(() => 'taken', String);
    console.log(`${name}: ${result}`);
    same &&= (result === 'taken') === expected;
  }
  process.exit(same ? 0 : 1);
})();
PROGRAM
node program.cjs
