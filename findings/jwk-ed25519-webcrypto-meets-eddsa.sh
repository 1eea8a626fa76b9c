#!/usr/bin/env bash
# Two libraries meet: an Ed25519 key that WebCrypto exports as JWK (Node.js 20 here) carries "alg":
# "Ed25519", the name of RFC 9864, as the specification of WebCrypto has it. Tokens of that key are signed
# as "EdDSA", the name of RFC 8037, by nearly all libraries, and some take the key's "alg" at its word.
# Published in a JWK set, the key is not found: jose 4 and 6 find "no applicable key" for an EdDSA token,
# PyJWT 2.6 finds no usable key in the whole set. The same key without "alg" works in both. importJWK() of
# jose takes the very key with "alg" too, so a test that imports a single key finds nothing. WebCrypto
# writes no "alg" for ECDSA keys, and crypto's KeyObject.export() writes none for Ed25519: it is this one
# export.
#
# Seen: Node.js 20.20.2, jose 4.15.9 and 6.2.18, python3-jwt 2.6.0-1+deb12u1, python3-cryptography 38.0.4:
#   WebCrypto: {"key_ops":["verify"],"ext":true,"crv":"Ed25519","x":"...","kty":"OKP","alg":"Ed25519"}
#   jose 4.15.9, set with alg: JWKSNoMatchingKey: no applicable key found in the JSON Web Key Set
#   jose 4.15.9, set without alg: verified
#   jose 4.15.9, single key with alg: verified
#   jose 6.2.18, set with alg: JWKSNoMatchingKey: no applicable key found in the JSON Web Key Set
#   jose 6.2.18, set without alg: verified
#   jose 6.2.18, single key with alg: verified
#   PyJWT 2.6.0, set with alg: PyJWKSetError: The JWK Set did not contain any usable keys
#   PyJWT 2.6.0, set without alg: verified
# Needs: node 20, npm, /usr/bin/python3 with python3-cryptography, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q python3-jwt=2.6.0-1+deb12u1 >/dev/null 2>&1
dpkg-deb -x python3-jwt_*.deb root
npm init -y >/dev/null
npm install --no-audit --no-fund --silent jose4@npm:jose@4.15.9 jose6@npm:jose@6.2.18
cat >program.mjs <<'PROGRAM'
import { writeFileSync } from 'node:fs';
const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
const withAlg = await crypto.subtle.exportKey('jwk', keys.publicKey);
const { alg, ...without } = withAlg;
console.log('WebCrypto:', JSON.stringify({ ...withAlg, x: '...' }));
const privateKey = await crypto.subtle.exportKey('jwk', keys.privateKey);
let token;
for (const [name, version] of [['jose4', '4.15.9'], ['jose6', '6.2.18']]) {
  const jose = await import(name);
  token = await new jose.SignJWT({ sub: 'peer' }).setProtectedHeader({ alg: 'EdDSA' })
    .sign(await jose.importJWK(privateKey));
  for (const [what, key] of [
    ['set with alg', jose.createLocalJWKSet({ keys: [withAlg] })],
    ['set without alg', jose.createLocalJWKSet({ keys: [without] })],
    ['single key with alg', await jose.importJWK(withAlg)],
  ]) {
    const result = await jose.jwtVerify(token, key).then(() => 'verified', (e) => `${e.name}: ${e.message}`);
    console.log(`jose ${version}, ${what}: ${result}`);
  }
}
writeFileSync('case.json', JSON.stringify({ token, with: { keys: [withAlg] }, without: { keys: [without] } }));
PROGRAM
cat >program.py <<'PROGRAM'
import json
import jwt
case = json.load(open('case.json'))
for what in ('with', 'without'):
    try:
        keys = jwt.PyJWKSet.from_dict(case[what]).keys
        jwt.decode(case['token'], keys[0].key, algorithms=['EdDSA'])
        result = 'verified'
    except jwt.PyJWTError as error:
        result = f'{type(error).__name__}: {error}'
    print(f'PyJWT {jwt.__version__}, set {what} alg: {result}')
PROGRAM
node program.mjs 2>/dev/null | tee output
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 program.py | tee -a output
[ "$(grep -c 'set with alg: .*\(no applicable key\|any usable keys\)' output)" = 3 ]
[ "$(grep -c 'verified$' output)" = 5 ]
