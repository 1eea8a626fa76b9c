#!/usr/bin/env bash
# sdp-transform 3.0.0 (npm, under many WebRTC and SIP clients) reads valid lines of SDP and writes them back
# as others, without an error. Programs parse a description, change a detail and write it again, and lose:
# - all options of ICE but the first. "ice2 trickle" is what RFC 8839 and 8838 want, and "trickle" is gone.
# - all fingerprints but the last (RFC 8122 allows one for each hash function).
# - "ufrag" and all else that follows "generation" in a candidate, and that is how candidates from before
#   and after an ICE restart are told apart.
# - a media line that counts its ports (RFC 8866, 5.14), which becomes "undefined NaN undefined".
# - msid without a track (RFC 8830), whose track is called "undefined" afterwards.
# - the last digit of a session version above 2^53, which RFC 8866 lets grow to 64 bits.
#
# Seen: Node.js 20.20.2, sdp-transform 3.0.0:
#   a=ice-options:ice2 trickle -> a=ice-options:ice2
#   a=fingerprint:sha-256 AA:BB + a=fingerprint:sha-512 CC:DD -> a=fingerprint:sha-512 CC:DD
#   a=candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag ab -> a=candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0
#   m=audio 9/2 RTP/AVP 0 -> m=undefined NaN undefined
#   a=msid:one -> a=msid:one undefined
#   o=- 1 9007199254740993 IN IP4 127.0.0.1 -> o=- 1 9007199254740992 IN IP4 127.0.0.1
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent sdp-transform@3.0.0
cat >program.cjs <<'PROGRAM'
const { parse, write } = require('sdp-transform');
const origin = 'o=- 1 1 IN IP4 127.0.0.1';
const media = 'm=audio 9 UDP/TLS/RTP/SAVPF 0';
const candidate = 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0';
// The lines tried, where they stand, and what is written in their place.
const cases = [
  [['a=ice-options:ice2 trickle'], 'attribute', 'a=ice-options:ice2'],
  [['a=fingerprint:sha-256 AA:BB', 'a=fingerprint:sha-512 CC:DD'], 'attribute', 'a=fingerprint:sha-512 CC:DD'],
  [[`${candidate} ufrag ab`], 'attribute', candidate],
  [['m=audio 9/2 RTP/AVP 0'], 'media', 'm=undefined NaN undefined'],
  [['a=msid:one'], 'attribute', 'a=msid:one undefined'],
  [['o=- 1 9007199254740993 IN IP4 127.0.0.1'], 'origin', 'o=- 1 9007199254740992 IN IP4 127.0.0.1'],
];
let same = true;
for (const [lines, place, expected] of cases) {
  const all = ['v=0', ...(place === 'origin' ? lines : [origin]), 's=-', 't=0 0',
    ...(place === 'media' ? lines : [media]), ...(place === 'attribute' ? lines : []), ''];
  const others = ['v=0', origin, 's=-', 't=0 0', media, ''];
  const written = write(parse(all.join('\r\n'))).split('\r\n').filter((line) => !others.includes(line));
  const text = written.map((line) => line.trimEnd()).join(' + ');
  console.log(`${lines.join(' + ')} -> ${text}`);
  same &&= text === expected;
}
process.exit(same ? 0 : 1);
PROGRAM
node program.cjs
