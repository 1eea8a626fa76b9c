#!/usr/bin/env bash
# @msgpack/msgpack 3.1.3, and 2.8.0 on which PeerJS 1.5.5 builds its "msgpack" serialization, writes an
# ArrayBuffer as an empty map: all of its bytes are lost, without an error at either end. ArrayBuffer is
# just what a data channel and a WebSocket hand over with binaryType "arraybuffer", and what a file or a
# fetch gives. Views on it (Uint8Array, DataView) become binary. msgpackr writes both as binary.
#
# Seen: Node.js 20.20.2; three bytes as ArrayBuffer and as Uint8Array, and what is read of them:
#   @msgpack/msgpack 3.1.3: 80 {}, c403010203 3 bytes
#   @msgpack/msgpack 2.8.0: 80 {}, c403010203 3 bytes
#   msgpackr 2.1.3: c403010203 3 bytes, c403010203 3 bytes
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --omit=optional three@npm:@msgpack/msgpack@3.1.3 \
  two@npm:@msgpack/msgpack@2.8.0 msgpackr@2.1.3
cat >program.cjs <<'PROGRAM'
const three = require('three');
const two = require('two');
const msgpackr = require('msgpackr');
const view = new Uint8Array([1, 2, 3]);
let same = true;
for (const [name, write, read, expected] of [
  ['@msgpack/msgpack 3.1.3', three.encode, three.decode, '80 {}'],
  ['@msgpack/msgpack 2.8.0', two.encode, two.decode, '80 {}'],
  ['msgpackr 2.1.3', msgpackr.pack, msgpackr.unpack, 'c403010203 3 bytes'],
]) {
  const [buffer, bytes] = [view.buffer, view].map((value) => {
    const written = write(value);
    const back = read(written);
    const seen = back instanceof Uint8Array ? `${back.length} bytes` : JSON.stringify(back);
    return `${Buffer.from(written).toString('hex')} ${seen}`;
  });
  console.log(`${name}: ${buffer}, ${bytes}`);
  same &&= buffer === expected && bytes === 'c403010203 3 bytes';
}
process.exit(same ? 0 : 1);
PROGRAM
node program.cjs
