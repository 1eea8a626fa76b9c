// What the peers of a cluster do, one kind of operation after the other. Peers stand in spaces of as many members as there are nodes, one at each
// node. All that they hear is compared with what they must hear.
import { setTimeout as after } from 'node:timers/promises';

import { Client, frame } from '../peerjs-bench/clients.mjs';
import { until } from './redis.mjs';

// After that an earlier message of a peer is not waited for any more (turns.cc, router_lines.cc).
const kUntilWaysAreForgotten = 2200;

// Calls `work` for each, for so many at one time.
async function each(items, atATime, work) {
  let next = 0;
  const one = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: atATime }, one));
}

// What tells the messages that a peer waits for at one time from each other.
function nameOfMessage({ type, from, payload }) {
  if (type === 'broadcast') return `${type} ${from} ${payload.data}`;
  if (type === 'peer_left') return `${type} ${from}`;
  return type === 'signal' ? `${type} ${from} ${payload}` : type;
}

class Peer {
  #waiting = new Map();
  news = 0;

  constructor(port, place, name) {
    Object.assign(this, { place, name });
    this.client = new Client(port, '/ws');
    this.client.onText = (bytes) => this.#take(bytes.toString());
  }

  say(message) {
    this.client.write(frame(JSON.stringify(message)));
  }

  // A message of that name must come, and none that is not waited for.
  hear(name) {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  #take(text) {
    const message = JSON.parse(text);
    if (message.type === 'peer_joined') return void ++this.news;
    const name = nameOfMessage(message);
    const heard = this.#waiting.get(name);
    if (!heard) throw new Error(`nobody waits for ${text}`);
    this.#waiting.delete(name);
    heard(message);
  }
}

// The operations in their order, each with how many there are of it; what is between them is not measured. `measure(name, count, work)` does.
export async function runRound(nodes, { peers: count, broadcasts, signals, together }, round, measure) {
  const size = nodes.length;
  const peers = Array.from({ length: count }, (_, i) => new Peer(nodes[i % size].port, Math.floor(i / size), `${round}-${i}`));
  const spaces = Array.from({ length: count / size }, (_, i) => peers.slice(size * i, size * (i + 1)));
  const others = (peer) => spaces[peer.place].filter((other) => other !== peer);
  const nameOf = (peer) => `space-${round}-${peer.place}`;
  const newsOfAll = () => peers.reduce((sum, peer) => sum + peer.news, 0);
  const nothingIsUnderWay = async () => {
    for (const node of nodes) await until(async () => (await node.stats()).pending === 0, 'all commands are answered');
  };
  const pairs = peers.flatMap((peer) => others(peer).map((other) => [peer, other]));

  await each(peers, together, (peer) => peer.client.ready);
  await measure('register', count, () =>
    each(peers, together, async (peer) => {
      const heard = peer.hear('registered');
      peer.say({ type: 'register', payload: { public_key: peer.name } });
      peer.fingerprint = (await heard).payload.fingerprint;
    }),
  );
  await measure('join', count, async () => {
    await each(peers, together, async (peer) => {
      const heard = peer.hear('peer_list');
      peer.say({ type: 'join', payload: { namespace: nameOf(peer) } });
      await heard;
    });
    // Of two, one finds the other in its list, and is told to it.
    await until(() => newsOfAll() === pairs.length / 2, `${pairs.length / 2} are told of who comes`);
  });
  const broadcast = async (peer, i) => {
    const heard = others(peer).map((other) => other.hear(`broadcast ${peer.fingerprint} ${i}`));
    peer.say({ type: 'broadcast', payload: { namespace: nameOf(peer), data: i } });
    await Promise.all(heard);
  };
  await measure('broadcast', count * broadcasts, () =>
    each(peers, together, async (peer) => {
      for (let i = 0; i < broadcasts; ++i) await broadcast(peer, i);
    }),
  );
  await after(kUntilWaysAreForgotten);
  const signal = async ([from, to], i) => {
    const heard = to.hear(`signal ${from.fingerprint} ${i}`);
    from.say({ type: 'signal', to: to.fingerprint, payload: i });
    await heard;
  };
  await measure('scripted route', pairs.length, () => each(pairs, together, (pair) => signal(pair, 0)));
  await measure('known route', pairs.length * signals, () =>
    each(pairs, together, async (pair) => {
      for (let i = 1; i <= signals; ++i) await signal(pair, i);
    }),
  );
  // Who does both by turns waits for the other nodes between them, where there are several parts (turns.cc).
  await measure('both by turns', 2 * count * broadcasts, () =>
    each(peers, together, async (peer) => {
      for (let i = 0; i < broadcasts; ++i) {
        await broadcast(peer, broadcasts + i);
        await signal([peer, others(peer)[0]], 1 + signals + i);
      }
    }),
  );
  await nothingIsUnderWay();
  await measure('leave', count, async () => {
    await each(spaces, Math.ceil(together / size), async (members) => {
      for (const [i, peer] of members.entries()) {
        const heard = members.slice(i + 1).map((other) => other.hear(`peer_left ${peer.fingerprint}`));
        peer.say({ type: 'leave', payload: { namespace: nameOf(peer) } });
        await Promise.all(heard);
      }
    });
    await each(peers, together, async (peer) => {
      const heard = peer.hear('pong');
      peer.say({ type: 'ping' });
      await heard;
    });
    await nothingIsUnderWay();
  });
  await measure('unregister', count, async () => {
    await each(peers, together, (peer) => peer.client.close());
    await nothingIsUnderWay();
  });
}
