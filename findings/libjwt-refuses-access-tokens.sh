#!/usr/bin/env bash
# libjwt 1.10.2 (C) refuses every token whose header has a "typ" other than "JWT". RFC 9068 wants "at+jwt"
# there for access tokens of OAuth, and authorization servers write it. RFC 7519 (5.1) leaves "typ" to the
# application and tells libraries to ignore it, as npm's jose does. jwt_decode() gives EINVAL, the
# same as for a token that is cut or has a wrong signature, and for "application/jwt", the long form of
# "JWT", too.
#
# Seen: Debian 12, libjwt0 1.10.2-1+deb12u1; tokens by jose 4.15.9 on Node.js 20.20.2, HS256:
#   no typ: libjwt 0, jose verified
#   JWT: libjwt 0, jose verified
#   jwt: libjwt 0, jose verified
#   at+jwt: libjwt 22, jose verified
#   application/jwt: libjwt 22, jose verified
# Needs: gcc, libssl3, node, npm, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libjwt-dev=1.10.2-1+deb12u1 libjwt0=1.10.2-1+deb12u1 libjansson-dev=2.14-2 libjansson4=2.14-2 \
  libb64-0d=1.2-5+b1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
npm init -y >/dev/null
npm install --no-audit --no-fund --silent jose@4.15.9
cat >program.c <<'PROGRAM'
#include <jwt.h>
#include <stdio.h>
#include <string.h>
/* Prints what jwt_decode() returns for the token: 0 if all is well. */
int main(int count, char** words) {
  jwt_t* token = NULL;
  printf("%d\n", jwt_decode(&token, words[1], (const unsigned char*)words[2], (int)strlen(words[2])));
  jwt_free(token);
  return count == 3 ? 0 : 1;
}
PROGRAM
cat >program.cjs <<'PROGRAM'
const { execFileSync } = require('node:child_process');
const { SignJWT, jwtVerify } = require('jose');
(async () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const key = new TextEncoder().encode(secret);
  const refused = [];
  for (const typ of [undefined, 'JWT', 'jwt', 'at+jwt', 'application/jwt']) {
    const token = await new SignJWT({ sub: 'peer' }).setProtectedHeader({ alg: 'HS256', typ }).sign(key);
    const code = execFileSync('./program', [token, secret], { encoding: 'utf8' }).trim();
    const jose = await jwtVerify(token, key).then(() => 'verified', (error) => error.message);
    console.log(`${typ ?? 'no typ'}: libjwt ${code}, jose ${jose}`);
    if (jose !== 'verified') process.exit(1);
    if (code !== '0') refused.push(typ);
  }
  process.exit(refused.join() === 'at+jwt,application/jwt' ? 0 : 1);
})();
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
gcc program.c -Iroot/usr/include "$library"/libjwt.so.0 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library node program.cjs
