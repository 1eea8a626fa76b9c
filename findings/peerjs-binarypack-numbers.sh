#!/usr/bin/env bash
# peerjs-js-binarypack 2.1.0, the default serialization of PeerJS 1.5.5, brings some numbers to the other
# end as other numbers. It puts doubles together by Math.log() and arithmetic instead of a DataView:
# - Just below a power of two the logarithm rounds up, and the number arrives 0.0001 % too big: 1/49*4*49 is
#   such a number. Some powers of two themselves arrive halved, like 2^-29.
# - NaN becomes a tiny number, which no isNaN() finds.
# - Integers below -2^31 are rounded, by 512 and more: the bytes of the upper half carry a
#   fraction. Positive ones are exact, so times after 1970 in milliseconds arrive whole, and many from
#   before do not.
# - 2^64 becomes 0, and 1e300, an integer for JavaScript, is refused as an "invalid integer".
#
# Seen: Node.js 20.20.2, peerjs-js-binarypack 2.1.0:
#   3.9999999999999996 -> 4.000003814697265
#   1.862645149230957e-9 -> 9.313225746154785e-10
#   NaN -> 1.1125369292536007e-308
#   -5000000000 -> -4999999488
#   5000000000 -> 5000000000
#   18446744073709552000 -> 0
#   1e+300 -> Error: Invalid integer
#   Infinity -> Error: Invalid integer
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent peerjs-js-binarypack@2.1.0
cat >program.cjs <<'PROGRAM'
const { pack, unpack } = require('peerjs-js-binarypack');
const cases = [
  [1 / 49 * 4 * 49, 4.000003814697265], [2 ** -29, 9.313225746154785e-10], [NaN, 1.1125369292536007e-308],
  [-5000000000, -4999999488], [5000000000, 5000000000], [2 ** 64, 0],
  [1e300, 'Error: Invalid integer'], [Infinity, 'Error: Invalid integer'],
];
let same = true;
for (const [number, expected] of cases) {
  let arrived;
  try {
    [arrived] = unpack(pack([number]));
  } catch (error) {
    arrived = String(error);
  }
  console.log(`${number} -> ${arrived}`);
  same &&= arrived === expected;
}
process.exit(same ? 0 : 1);
PROGRAM
node program.cjs
