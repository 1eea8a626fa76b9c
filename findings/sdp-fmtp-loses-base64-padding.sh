#!/usr/bin/env bash
# sdp 3.2.2 (npm; webrtc-adapter builds on it) cuts what follows a second "=" in a value of a=fmtp. H.264
# has Base64 there (sprop-parameter-sets, RFC 6184), and Base64 ends in "=" two times of three. parseFmtp()
# gives the value without its padding, parseRtpParameters() too, and what is written from it lacks it for
# good. Readers that are strict refuse such Base64 then, others do not, so the video of some cameras works
# in some clients.
#
# Seen: Node.js 20.20.2, sdp 3.2.2:
#   read: a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==
#   value: Z0IACpZTBYmI,aMljiA
#   written: a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IACpZTBYmI,aMljiA
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent sdp@3.2.2
cat >program.cjs <<'PROGRAM'
const sdp = require('sdp');
const line = 'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==';
console.log(`read: ${line}`);
const media = `m=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n${line}\r\n`;
const [codec] = sdp.parseRtpParameters(media).codecs;
const value = codec.parameters['sprop-parameter-sets'];
console.log(`value: ${value}`);
const written = sdp.writeFmtp(codec).trim();
console.log(`written: ${written}`);
const cut = line.slice(0, -2);
process.exit(value === 'Z0IACpZTBYmI,aMljiA' && written === cut ? 0 : 1);
PROGRAM
node program.cjs
