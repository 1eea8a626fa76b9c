#!/usr/bin/env bash
# @roamhq/wrtc 0.10.0 (WebRTC for Node.js) has no setLocalDescription() without an argument. The WebRTC
# specification makes the argument optional, and the "perfect negotiation" pattern of its examples
# depends on that: code that works in every browser throws here. createOffer() and createAnswer()
# by hand work in both.
#
# Seen: Node.js 20, @roamhq/wrtc 0.10.0:
#   without an argument: TypeError: Expected an object
#   with an offer: have-local-offer
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @roamhq/wrtc@0.10.0
cat >program.cjs <<'PROGRAM'
const { RTCPeerConnection } = require('@roamhq/wrtc');
(async () => {
  const one = new RTCPeerConnection();
  one.createDataChannel('d');
  let refused = false;
  try {
    await one.setLocalDescription();
    console.log('without an argument:', one.signalingState);
  } catch (error) {
    refused = true;
    console.log('without an argument:', String(error));
  }
  await one.setLocalDescription(await one.createOffer());
  console.log('with an offer:', one.signalingState);
  one.close();
  process.exit(refused ? 0 : 1);
})();
PROGRAM
node program.cjs
