#!/usr/bin/env node
// instructions.mjs <peer-server> [option=value...]: how many instructions in user space the server needs for a message of PeerJS and of
// y-webrtc, and for the same said by native clients: a signal, a broadcast. Counted by callgrind, as tools/instructions does. See tools/README.md.
import { startCounted } from './servers.mjs';
import { enterPairs } from './speakers.mjs';

const [binary, ...rest] = process.argv.slice(2);
const options = { few: 2000, many: 10_000, pairs: 10, flight: 8, size: 300 };
for (const text of rest) {
  const [key, value] = text.split('=');
  if (!(key in options)) throw new Error(`no option ${key}`);
  options[key] = Number(value);
}
if (!binary) {
  console.error('usage: instructions.mjs PEER_SERVER [few=2000] [many=10000] [pairs=10] [flight=8] [size=300]');
  process.exit(2);
}

// The instructions of one server's life in which so many messages are heard. Each pair has `flight` of them under way.
async function count(speaks, messages) {
  const server = await startCounted(binary);
  const all = await enterPairs(server, speaks, options.pairs, options.size);
  let said = 0;
  let heard = 0;
  await new Promise((resolve) => {
    const say = ({ client, frame }) => {
      if (said++ < messages) client.write(frame);
    };
    for (const one of all) {
      one.client.onText = (bytes) => {
        if (one.isOwn(bytes)) return;
        if (++heard === messages) return resolve();
        say(one);
      };
    }
    for (let i = 0; i < options.flight * all.length; i += 2) say(all[i % all.length]);
  });
  await Promise.all(all.map(({ client }) => client.destroy()));
  return server.stop();
}

const result = {};
for (const speaks of ['peerjs', 'native', 'y_webrtc', 'broadcast']) {
  const low = await count(speaks, options.few);
  const high = await count(speaks, options.many);
  result[speaks] = Math.round((high - low) / (options.many - options.few));
  console.error(`${speaks.padEnd(12)} ${result[speaks]}`);
}
console.log(JSON.stringify({ options, result }));
process.exit(0);
