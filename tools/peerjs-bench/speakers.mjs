// Clients of each protocol that a server may speak: how one comes in, how two of them meet, and what they say to each other.
import { Client, frame } from './clients.mjs';

async function native(port, name) {
  const client = new Client(port, '/ws');
  await client.ready;
  const registered = client.next();
  client.write(frame(`{"type":"register","payload":{"public_key":"${name}"}}`));
  const { fingerprint } = JSON.parse(await registered).payload;
  return { client, name: fingerprint };
}

async function join({ client }, place) {
  const joined = client.next();
  client.write(frame(`{"type":"join","payload":{"namespace":"${place}"}}`));
  await joined;
}

const speakers = {
  peerjs: {
    async enter(port, name) {
      const client = new Client(port, `/peerjs?key=peerjs&id=${name}&token=t&version=1.5.5`);
      const told = client.next();
      await client.ready;
      if ((await told) !== '{"type":"OPEN"}') throw new Error('no OPEN');
      return { client, name };
    },
    message: (payload, { to }) => `{"type":"CANDIDATE","payload":${payload},"dst":"${to}"}`,
  },
  native: {
    enter: native,
    meet: join,
    message: (payload, { to }) => `{"type":"signal","to":"${to}","payload":{"type":"CANDIDATE","payload":${payload}}}`,
  },
  // Who publishes hears it, too.
  y_webrtc: {
    async enter(port, name) {
      const client = new Client(port, '/y');
      await client.ready;
      return { client, name, isOwn: (bytes) => bytes.includes(`"from":"${name}"`) };
    },
    async meet({ client }, place) {
      const pong = client.next();
      client.write(frame(`{"type":"subscribe","topics":["${place}"]}`));
      client.write(frame('{"type":"ping"}'));
      await pong;
    },
    message: (payload, { from, place }) => `{"type":"publish","topic":"${place}","data":{"type":"signal","from":"${from}","signal":${payload}}}`,
  },
  broadcast: {
    enter: native,
    meet: join,
    message: (payload, { from, place }) => `{"type":"broadcast","payload":{"namespace":"${place}","data":{"from":"${from}","signal":${payload}}}}`,
  },
};

// Resolves with the client, and with what others call it.
export const enter = (server, speaks, name) => speakers[speaks].enter(server.port, name);

export async function enterAll(server, speaks, count, name) {
  const all = [];
  for (let i = 0; i < count; i += 50) {
    const some = Array.from({ length: Math.min(50, count - i) }, (_, k) => enter(server, speaks, `${name}-${i + k}`));
    all.push(...(await Promise.all(some)));
  }
  return all;
}

// So many pairs, each of which has met; `frame`: what each says to its partner, with a payload of `size` bytes.
export async function enterPairs(server, speaks, pairs, size) {
  const { meet, message } = speakers[speaks];
  const all = await enterAll(server, speaks, 2 * pairs, 'pair');
  if (meet) {
    for (const [i, one] of all.entries()) await meet(one, `pair-${i >> 1}`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // for peer_joined
  }
  // What a candidate says; the other side gets the same, so that the sizes are those of PeerJS.
  const payload = JSON.stringify({ candidate: { candidate: 'x'.repeat(Math.max(0, size - 100)), sdpMid: '0' }, type: 'data' });
  return all.map((one, i) => ({
    isOwn: () => false,
    ...one,
    frame: frame(message(payload, { from: one.name, to: all[i ^ 1].name, place: `pair-${i >> 1}` })),
  }));
}
