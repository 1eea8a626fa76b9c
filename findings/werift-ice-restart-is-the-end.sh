#!/usr/bin/env bash
# werift 0.25.2 (WebRTC for Node.js in TypeScript): after an ICE restart between two of its kind no message
# arrives any more, in either direction, and nothing says so. Both connections are "connected", both ICE
# states "completed", the channels "open", bufferedAmount 0. A restart is the remedy for a changed network,
# so the one who looks at the states believes that it worked. Waiting does not help (12 seconds tried by
# hand). A new offer without a restart does no harm, and against libwebrtc a restart works in both roles, so
# a test with a browser finds nothing.
#
# Seen: Node.js 20.20.2, werift 0.25.2, @roamhq/wrtc 0.10.0, one message before and one after, each way:
#   werift to werift, new offer: "one" "two", back "one" "two"; connected connected open open
#   werift to werift, ICE restart: "one", back "one"; connected connected open open
#   werift to wrtc, ICE restart: "one" "two", back "one" "two"; connected connected open open
#   wrtc to werift, ICE restart: "one" "two", back "one" "two"; connected connected open open
# Needs: node, npm. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent werift@0.25.2 @roamhq/wrtc@0.10.0
cat >program.cjs <<'PROGRAM'
const libraries = { werift: require('werift'), wrtc: require('@roamhq/wrtc') };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// Waits until `met()` holds, ten seconds at most.
async function until(met) {
  for (let i = 0; i < 200 && !met(); ++i) await sleep(50);
  if (!met()) throw new Error('not connected');
}
// Descriptions are exchanged when all candidates are in them.
async function complete(peer, description) {
  await peer.setLocalDescription(description);
  await until(() => peer.iceGatheringState === 'complete');
  return { type: peer.localDescription.type, sdp: peer.localDescription.sdp };
}
async function restart(from, to, iceRestart) {
  const one = new libraries[from].RTCPeerConnection({ iceServers: [] });
  const two = new libraries[to].RTCPeerConnection({ iceServers: [] });
  const [here, got, back] = [one.createDataChannel('d'), [], []];
  let there;
  here.onmessage = ({ data }) => back.push(JSON.stringify(data));
  two.ondatachannel = ({ channel }) => {
    there = channel;
    channel.onmessage = ({ data }) => got.push(JSON.stringify(data));
  };
  const negotiate = async (options) => {
    await two.setRemoteDescription(await complete(one, await one.createOffer(options)));
    await one.setRemoteDescription(await complete(two, await two.createAnswer()));
  };
  const say = async (text) => {
    here.send(text);
    there.send(text);
    await sleep(1000);
  };
  await negotiate({});
  await until(() => here.readyState === 'open' && there?.readyState === 'open');
  await say('one');
  await negotiate({ iceRestart });
  await sleep(3000);
  await say('two');
  const states = [one.connectionState, two.connectionState, here.readyState, there.readyState].join(' ');
  const result = `${got.join(' ')}, back ${back.join(' ')}; ${states}`;
  console.log(`${from} to ${to}, ${iceRestart ? 'ICE restart' : 'new offer'}: ${result}`);
  one.close();
  two.close();
  return result;
}
(async () => {
  const all = '"one" "two", back "one" "two"; connected connected open open';
  const expected = [all, '"one", back "one"; connected connected open open', all, all];
  const results = await Promise.all([restart('werift', 'werift', false), restart('werift', 'werift', true),
    restart('werift', 'wrtc', true), restart('wrtc', 'werift', true)]);
  process.exit(results.join('|') === expected.join('|') ? 0 : 1);
})();
PROGRAM
timeout 40 node program.cjs
