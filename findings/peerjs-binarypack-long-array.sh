#!/usr/bin/env bash
# peerjs-js-binarypack 2.1.0, the default serialization of PeerJS 1.5.5, cannot pack an array of some ten
# thousand elements, however small they are: it calls itself once for each element before it returns from
# the one before, and the stack is full. A drawing or a list of samples works for months and fails when it
# has grown: 20000 small numbers are 20 kB, and `connection.send(array)` throws "Maximum call stack size
# exceeded". The same numbers in rows of a hundred are packed, and a text of a megabyte too.
#
# Seen: Node.js 20.20.2 with its usual stack, peerjs-js-binarypack 2.1.0:
#   array of 5000 numbers: packed
#   array of 20000 numbers: RangeError: Maximum call stack size exceeded
#   object of 20000 numbers: RangeError: Maximum call stack size exceeded
#   200 arrays of 100 numbers: packed
#   text of 1000000 characters: packed
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent peerjs-js-binarypack@2.1.0
cat >program.cjs <<'PROGRAM'
const { pack, unpack } = require('peerjs-js-binarypack');
const numbers = (count) => Array(count).fill(1);
const cases = [
  ['array of 5000 numbers', numbers(5000), 'packed'],
  ['array of 20000 numbers', numbers(20000), 'RangeError'],
  ['object of 20000 numbers', Object.fromEntries(numbers(20000).map((one, i) => [i, one])), 'RangeError'],
  ['200 arrays of 100 numbers', Array(200).fill(numbers(100)), 'packed'],
  ['text of 1000000 characters', 'x'.repeat(1000000), 'packed'],
];
let same = true;
for (const [name, value, expected] of cases) {
  let result = 'packed';
  try {
    if (JSON.stringify(unpack(pack(value))) !== JSON.stringify(value)) result = 'packed as something else';
  } catch (error) {
    result = String(error);
  }
  console.log(`${name}: ${result}`);
  same &&= result.startsWith(expected);
}
process.exit(same ? 0 : 1);
PROGRAM
node program.cjs
