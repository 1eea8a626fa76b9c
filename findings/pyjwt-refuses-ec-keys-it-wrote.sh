#!/usr/bin/env bash
# PyJWT 2.6.0 writes some elliptic curve keys as JWK so that PyJWT itself refuses to read them. RFC 7518
# (6.2.1.2) wants coordinates of full length, 32 bytes for P-256. to_jwk() leaves out leading zero bytes,
# which one key of 128 has in x or y, and PyJWK() insists on 32 bytes. A key pair that is made once at
# installation works, or one time in 128 does not. Authlib 1.2.0 writes the same short form and reads it,
# and since RFC 7638 hashes the text of x and y, the thumbprint of such a key differs from that of the same
# key as python3-jwcrypto writes it: "kid" and "cnf" made of it do not match.
#
# Seen: Debian 12, python3-jwt 2.6.0-1+deb12u1, python3-authlib 1.2.0-1+deb12u2, python3-jwcrypto 1.1.0-1+deb12u1:
#   PyJWT refuses 9 of 1500 keys that it wrote: Coords should be 32 bytes for curve P-256 (number by chance)
#   Authlib's and jwcrypto's thumbprints differ for 9 of 1500 keys, all among the 9
# Needs: /usr/bin/python3 with python3-cryptography of Debian 12, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q python3-jwt=2.6.0-1+deb12u1 python3-authlib=1.2.0-1+deb12u2 \
  python3-jwcrypto=1.1.0-1+deb12u1 python3-deprecated=1.2.13-3 python3-wrapt=1.14.1-2+b2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.py <<'PROGRAM'
import json
import sys
import jwt
from authlib.jose import ECKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto import jwk
from jwt.algorithms import ECAlgorithm
refused, differ, texts = set(), set(), set()
for i in range(1500):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    written = json.loads(ECAlgorithm.to_jwk(key))
    try:
        jwt.PyJWK(written, 'ES256')
    except jwt.InvalidKeyError as error:
        refused.add(i)
        texts.add(str(error))
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if ECKey.import_key(pem).thumbprint() != jwk.JWK.from_pem(pem).thumbprint():
        differ.add(i)
print(f'PyJWT refuses {len(refused)} of 1500 keys that it wrote: {" ".join(sorted(texts))}')
print(f"Authlib's and jwcrypto's thumbprints differ for {len(differ)} of 1500 keys,",
      'all among the' if differ <= refused else 'not all among the', len(refused))
sys.exit(0 if refused and differ == refused else 1)
PROGRAM
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 program.py
