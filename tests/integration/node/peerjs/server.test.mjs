// What the server of PeerJS says to clients that speak for themselves: the same cases for the one of npm (package `peer`) and for ours.
// Where npm's is another, `npmPeer` says what comes from it, and `because` why.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';

import { kExpire, startNpmPeers, startOurs } from './servers.mjs';

const kDeadline = 10_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kSilence = 500; // until a client is taken for dead, where that is looked at
const kOrigin = 'https://app.example';

let servers = [];
let impatient = [];

before(async () => {
  const hasOurs = !process.env.PEER_ONLY;
  const all = await Promise.all([
    startNpmPeers(),
    hasOurs && startOurs(),
    startNpmPeers({ alive: kSilence }),
    hasOurs && startOurs({ alive: kSilence }),
  ]);
  servers = all.slice(0, 2).filter(Boolean);
  impatient = all.slice(2).filter(Boolean);
});

after(() => Promise.all([...servers, ...impatient].map((server) => server.stop())));

// A client: `texts` has what has come and was not taken, `ended` the code of its end.
class Client {
  #texts = [];
  #waiting = [];

  constructor(at, query) {
    const text = new URLSearchParams(query).toString();
    this.socket = new WebSocket(`ws://${at.host}:${at.port}${at.path}peerjs?${text}`);
    this.socket.on('message', (data) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(data.toString());
      else this.#texts.push(data.toString());
    });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', (code) => resolve(code));
      this.socket.on('error', reject);
    });
    this.closed.catch(() => {});
  }

  // The next text.
  async hears() {
    if (this.#texts.length > 0) return this.#texts.shift();
    return within('a message', new Promise((resolve) => this.#waiting.push(resolve)));
  }
  // What has come and was not taken.
  get left() {
    return this.#texts;
  }
  async isEnded() {
    return within('the end', this.closed);
  }
  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
  close() {
    this.socket.close();
    return this.closed;
  }
}

function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), kDeadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let lastNumber = 0;

// Plays a scene against each of these servers. `enter` gives a client that has been told OPEN; names are their own in each scene.
function scene(title, { play, expected, npmPeer, because, on = () => servers }) {
  test(title, async () => {
    const told = await Promise.all(
      on().map(async (server) => {
        const mark = `-${++lastNumber}`;
        const clients = [];
        const knock = (at, query) => {
          clients.push(new Client(at, query));
          return clients.at(-1);
        };
        const enter = async (name, { at = server.plain, token = `token of ${name}` } = {}) => {
          const client = knock(at, { key: 'peerjs', id: name + mark, token });
          assert.equal(await client.hears(), '{"type":"OPEN"}');
          return client;
        };
        try {
          const value = await play({ server, enter, knock, id: (name) => name + mark });
          return JSON.parse(JSON.stringify(value ?? null).replaceAll(mark, ''));
        } finally {
          for (const { socket } of clients) socket.terminate();
        }
      }),
    );
    for (const [i, { title: name }] of on().entries()) {
      const isOther = name === 'npm peer' && npmPeer !== undefined;
      assert.deepEqual(told[i], isOther ? npmPeer : expected, isOther ? `${name}: ${because}` : name);
    }
  });
}

// An answer by HTTP, in what both servers have to agree on.
async function ask({ host, port }, path, { method = 'GET', headers = {} } = {}) {
  const response = await fetch(`http://${host}:${port}${path}`, { method, headers: { Origin: kOrigin, ...headers } });
  const readable = [kOrigin, '*'].includes(response.headers.get('access-control-allow-origin'));
  const type = response.headers.get('content-type')?.split(';')[0];
  return { status: response.status, readable, type, text: await response.text() };
}

describe('by HTTP', { concurrency: true }, () => {
  const about = { status: 200, readable: true, type: 'application/json', keys: ['name', 'description', 'website'] };
  scene('the path says what is there', {
    async play({ server }) {
      const answers = [
        await ask(server.plain, '/'),
        await ask(server.listing, '/listing'),
        await ask(server.listing, '/listing/'),
      ];
      return answers.map(({ text, ...more }) => ({ ...more, keys: Object.keys(JSON.parse(text)) }));
    },
    expected: [about, about, about],
  });

  scene('an id is made for who asks', {
    async play({ server }) {
      const answers = [await ask(server.plain, '/peerjs/id?ts=1&version=1.5.5'), await ask(server.listing, '/listing/peerjs/id')];
      assert.notEqual(answers[0].text, answers[1].text);
      return answers.map(({ status, readable, type, text }) => ({
        status,
        readable,
        isText: type.startsWith('text/'),
        isUuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
      }));
    },
    expected: Array(2).fill({ status: 200, readable: true, isText: true, isUuid: true }),
  });

  scene('ids are listed where that is allowed', {
    async play({ server, enter, id }) {
      await enter('alice', { at: server.listing });
      await enter('al "ice', { at: server.listing });
      await enter('elsewhere');
      const { text, ...more } = await ask(server.listing, '/listing/peerjs/peers');
      const mine = [id('alice'), id('al "ice'), id('elsewhere')];
      const refused = await ask(server.plain, '/peerjs/peers');
      return [{ ...more, ids: JSON.parse(text).filter((name) => mine.includes(name)).sort() }, refused.status, refused.readable];
    },
    expected: [{ status: 200, readable: true, type: 'application/json', ids: ['al "ice', 'alice'] }, 401, true],
  });

  scene('pages of other origins may ask', {
    async play({ server }) {
      const headers = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-own' };
      const answers = [];
      for (const path of ['/', '/peerjs/id', '/peerjs/peers']) {
        const { status, readable } = await ask(server.plain, path, { method: 'OPTIONS', headers });
        answers.push({ status, readable });
      }
      return answers;
    },
    expected: Array(3).fill({ status: 204, readable: true }),
  });

  scene('a HEAD is a GET without its body', {
    async play({ server }) {
      const { status, readable, text } = await ask(server.plain, '/peerjs/id', { method: 'HEAD' });
      return { status, readable, text };
    },
    expected: { status: 200, readable: true, text: '' },
  });

  scene('the key of an id is looked at', {
    play: async ({ server }) => (await ask(server.plain, '/wrong/id')).status,
    expected: 404,
    npmPeer: 200,
    because: 'it has one route for all keys',
  });

  scene('nothing else is taken', {
    play: async ({ server }) => (await ask(server.plain, '/peerjs/other')).status,
    expected: 404,
  });
});

describe('who comes in', { concurrency: true }, () => {
  const missing = '{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}';
  const wrong = '{"type":"ERROR","payload":{"msg":"Invalid key provided"}}';
  const kNoStatus = 1005; // an empty close frame
  for (const [title, query, text] of [
    ['nobody without anything', {}, missing],
    ['nobody without an id', { key: 'peerjs', token: 't' }, missing],
    ['nobody with an empty id', { key: 'peerjs', token: 't', id: '' }, missing],
    ['nobody without a token', { key: 'peerjs', id: 'a' }, missing],
    ['nobody without a key', { id: 'a', token: 't' }, missing],
    ['nobody with a wrong key', { key: 'wrong', id: 'a', token: 't' }, wrong],
  ]) {
    scene(title, {
      async play({ server, knock }) {
        const client = knock(server.plain, query);
        return [await client.hears(), await client.isEnded(), client.left];
      },
      expected: [text, kNoStatus, []],
    });
  }

  scene('nobody with an id that another has', {
    async play({ server, enter, knock, id }) {
      const alice = await enter('alice');
      const thief = knock(server.plain, { key: 'peerjs', id: id('alice'), token: 'another' });
      const heard = [await thief.hears(), await thief.isEnded()];
      const bob = await enter('bob');
      bob.send({ type: 'OFFER', dst: id('alice') });
      return [...heard, await alice.hears()];
    },
    expected: [
      '{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}',
      kNoStatus,
      '{"type":"OFFER","src":"bob","dst":"alice"}',
    ],
  });

  scene('an id is free when its peer has gone', {
    async play({ enter }) {
      await (await enter('alice')).close();
      const again = await enter('alice', { token: 'another' });
      return again.left;
    },
    expected: [],
  });

  scene('the same token takes over', {
    async play({ server, enter, knock, id }) {
      const old = await enter('alice', { token: 'one' });
      const now = knock(server.plain, { key: 'peerjs', id: id('alice'), token: 'one' });
      const isOurs = server.title !== 'npm peer';
      const ended = isOurs ? await old.isEnded() : undefined;
      if (!isOurs) await within('open', new Promise((resolve) => now.socket.on('open', resolve)));
      const bob = await enter('bob');
      bob.send({ type: 'OFFER', dst: id('alice') });
      const heard = [await now.hears()];
      if (isOurs) heard.push(await now.hears());
      return { ended: ended !== undefined, heard, left: old.left };
    },
    expected: { ended: true, heard: ['{"type":"OPEN"}', '{"type":"OFFER","src":"bob","dst":"alice"}'], left: [] },
    npmPeer: { ended: false, heard: ['{"type":"OFFER","src":"bob","dst":"alice"}'], left: [] },
    because: 'it says no OPEN and leaves the old connection',
  });
});

describe('what is passed on', { concurrency: true }, () => {
  scene('five types, with who sent them', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      const heard = [];
      for (const type of ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE']) {
        alice.send({ payload: { type }, src: 'forged', more: 1, dst: id('bob'), type });
        heard.push(await bob.hears());
      }
      return heard;
    },
    expected: ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE'].map(
      (type) => `{"type":"${type}","src":"alice","dst":"bob","payload":{"type":"${type}"}}`,
    ),
  });

  const payload = String.raw`{ "b":12345678901234567890,"a": 1.0, "\u0062":"\u00e4\/","1":1e2,"0":[ ]}`;
  const passed = (text) => `{"type":"OFFER","src":"alice","dst":"bob","payload":${text}}`;
  scene('every byte of a payload', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      alice.send(`{"type":"OFFER","payload":${payload},"dst":"${id('bob')}"}`);
      return await bob.hears();
    },
    expected: passed(payload),
    npmPeer: passed(JSON.stringify(JSON.parse(payload))),
    because: 'it takes JSON apart, which rounds numbers, and makes it anew',
  });

  scene('no payload, and the payload null', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      alice.send({ type: 'ANSWER', dst: id('bob') });
      alice.send({ type: 'ANSWER', dst: id('bob'), payload: null });
      return [await bob.hears(), await bob.hears()];
    },
    expected: ['{"type":"ANSWER","src":"alice","dst":"bob"}', '{"type":"ANSWER","src":"alice","dst":"bob","payload":null}'],
  });

  scene('other types, and what is no JSON, are ignored', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      for (const text of ['hello', '', '{', 'null', '[]', '5', '{}', '{"type":5}', `{"type":"OPEN","dst":"${id('bob')}"}`]) {
        alice.send(text);
      }
      alice.send({ type: 'PING', dst: id('bob') });
      alice.send({ type: 'OFFER' });
      alice.send({ type: 'OFFER', dst: id('bob') });
      return [await bob.hears(), bob.left, alice.left];
    },
    expected: ['{"type":"OFFER","src":"alice","dst":"bob"}', [], []],
  });

  scene('a LEAVE for nobody frees the id', {
    async play({ server, enter, knock, id }) {
      const alice = await enter('alice');
      alice.send({ type: 'LEAVE' });
      // npm's server says nothing of it and leaves the connection: it is asked until then.
      const start = performance.now();
      while (performance.now() - start < kDeadline) {
        const again = knock(server.plain, { key: 'peerjs', id: id('alice'), token: 'another' });
        if ((await again.hears()) === '{"type":"OPEN"}') return 'free';
      }
      return 'taken';
    },
    expected: 'free',
  });
});

describe('who is not there', { concurrency: true }, () => {
  scene('each sender hears once that nobody came', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      const start = performance.now();
      for (const type of ['OFFER', 'CANDIDATE', 'CANDIDATE']) alice.send({ type, dst: id('nobody') });
      bob.send({ type: 'OFFER', dst: id('nobody') });
      const heard = [await alice.hears(), await bob.hears()];
      const took = performance.now() - start;
      assert.ok(took >= kExpire - 20 && took < kExpire + 5000, `after ${took} ms`);
      // One that waits later expires later: nothing else came before.
      alice.send({ type: 'OFFER', dst: id('barrier') });
      return [...heard, await alice.hears()];
    },
    expected: [
      '{"type":"EXPIRE","src":"nobody","dst":"alice"}',
      '{"type":"EXPIRE","src":"nobody","dst":"bob"}',
      '{"type":"EXPIRE","src":"barrier","dst":"alice"}',
    ],
  });

  scene('who comes in time gets what waits, in order, and nobody hears that it expired', {
    async play({ enter, id }) {
      const [alice, bob] = [await enter('alice'), await enter('bob')];
      alice.send({ type: 'OFFER', dst: id('carol'), payload: 1 });
      alice.send({ type: 'CANDIDATE', dst: id('carol'), payload: 2 });
      alice.send({ type: 'OFFER', dst: id('barrier') });
      const carol = await enter('carol');
      const heard = [await carol.hears(), await carol.hears()];
      alice.send({ type: 'CANDIDATE', dst: id('carol'), payload: 3 });
      bob.send({ type: 'OFFER', dst: id('carol') });
      heard.push(...[await carol.hears(), await carol.hears()].sort());
      return [...heard, await alice.hears(), bob.left, carol.left];
    },
    expected: [
      '{"type":"OFFER","src":"alice","dst":"carol","payload":1}',
      '{"type":"CANDIDATE","src":"alice","dst":"carol","payload":2}',
      '{"type":"CANDIDATE","src":"alice","dst":"carol","payload":3}',
      '{"type":"OFFER","src":"bob","dst":"carol"}',
      '{"type":"EXPIRE","src":"barrier","dst":"alice"}',
      [],
      [],
    ],
  });

  scene('LEAVE and EXPIRE do not wait', {
    async play({ enter, id }) {
      const alice = await enter('alice');
      alice.send({ type: 'LEAVE', dst: id('carol') });
      alice.send({ type: 'EXPIRE', dst: id('carol') });
      alice.send({ type: 'OFFER', dst: id('carol') });
      alice.send({ type: 'LEAVE', dst: id('nobody') });
      alice.send({ type: 'OFFER', dst: id('barrier') });
      alice.send({ type: 'OFFER', dst: id('alice') });
      const heard = [await alice.hears()]; // so all of that has been heard before carol comes
      const carol = await enter('carol');
      return [...heard, await carol.hears(), await alice.hears()];
    },
    expected: [
      '{"type":"OFFER","src":"alice","dst":"alice"}',
      '{"type":"OFFER","src":"alice","dst":"carol"}',
      '{"type":"EXPIRE","src":"barrier","dst":"alice"}',
    ],
  });
});

describe('who is silent', () => {
  scene('ends; a HEARTBEAT says that one lives, as does any message', {
    on: () => impatient,
    async play({ enter, server }) {
      const [beating, talking] = [await enter('beating'), await enter('talking')];
      const timer = setInterval(() => {
        beating.send({ type: 'HEARTBEAT' });
        if (talking.socket.readyState === WebSocket.OPEN) talking.send('anything');
      }, kSilence / 8);
      const silent = await enter('silent');
      const start = performance.now();
      const code = await silent.isEnded();
      const took = performance.now() - start;
      clearInterval(timer);
      assert.ok(took >= kSilence - 20, `after ${took} ms`);
      if (server.title === 'npm peer') await talking.isEnded();
      const isOpen = ({ socket }) => socket.readyState === WebSocket.OPEN;
      return { code, beating: isOpen(beating), talking: isOpen(talking) };
    },
    expected: { code: 1005, beating: true, talking: true },
    npmPeer: { code: 1005, beating: true, talking: false },
    because: 'only HEARTBEAT counts there',
  });
});
