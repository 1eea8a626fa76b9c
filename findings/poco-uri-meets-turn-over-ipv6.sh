#!/usr/bin/env bash
# Two libraries meet: Poco::URI 1.11.0 changes the URI of a STUN or TURN server that has an IPv6 address,
# and WebRTC refuses the result. RFC 7064 and 7065 write turn:[2001:db8::1]:3478, without "//", so POCO
# takes all after the colon for a path, and toString() gives the brackets as %5B and %5D. It parses without
# an error, host and port are empty, and a server that passes its configured URIs through Poco::URI hands
# all clients ones that fail: the constructor of RTCPeerConnection throws, also if other servers in the list
# are well. Names and IPv4 addresses come out as they were.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1; Node.js 20.20.2, @roamhq/wrtc 0.10.0:
#   turn:turn.example.org:3478?transport=udp -> turn:turn.example.org:3478?transport=udp: taken, then taken
#   turn:192.0.2.1:3478 -> turn:192.0.2.1:3478: taken, then taken
#   turn:[2001:db8::1]:3478 -> turn:%5B2001:db8::1%5D:3478: taken, then Error: ICE server parse failed
# Needs: g++, node, npm, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @roamhq/wrtc@0.10.0
cat >program.cc <<'PROGRAM'
#include <Poco/URI.h>
#include <iostream>
int main(int, char** argv) { std::cout << Poco::URI(argv[1]).toString() << '\n'; }
PROGRAM
cat >program.cjs <<'PROGRAM'
const { execFileSync } = require('node:child_process');
const { RTCPeerConnection } = require('@roamhq/wrtc');
function result(urls) {
  try {
    new RTCPeerConnection({ iceServers: [{ urls, username: 'user', credential: 'password' }] }).close();
    return 'taken';
  } catch (error) {
    return String(error);
  }
}
const refused = [];
for (const uri of ['turn:turn.example.org:3478?transport=udp', 'turn:192.0.2.1:3478', 'turn:[2001:db8::1]:3478']) {
  const written = execFileSync('./program', [uri], { encoding: 'utf8' }).trim();
  const [before, after] = [result(uri), result(written)];
  console.log(`${uri} -> ${written}: ${before}, then ${after}`);
  if (before === 'taken' && after !== 'taken') refused.push(uri);
}
process.exit(refused.join() === 'turn:[2001:db8::1]:3478' ? 0 : 1);
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoFoundation.so.80 -o program
LD_LIBRARY_PATH=$library node program.cjs
