// The PeerJS client of npm (package `peerjs`), as it is, in Chromium (env PEER_CHROMIUM) and Firefox (PEER_FIREFOX), against two
// servers: the one of npm (package `peer`), and ours. What its peers and connections tell has to be what stands here, from
// both; where npm's server is another, `npmPeer` says what comes from it, and `because` why.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { Browser } from '../browser.mjs';
import { Firefox } from '../firefox.mjs';
import { installStages } from './page.mjs';
import { startNpmPeers, startOurs } from './servers.mjs';

const kDeadline = 45_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const { PEER_CHROMIUM, PEER_FIREFOX, PEER_ONLY } = process.env;
const kScript = readFileSync(new URL('../node_modules/peerjs/dist/peerjs.min.js', import.meta.url));

let servers = [];
const pages = {};
let browsers = [];
let website;

async function startWebsite() {
  website = createServer((request, response) => {
    const isScript = request.url === '/peerjs.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? kScript : '<!doctype html><body><script src="/peerjs.js"></script>');
  });
  await new Promise((resolve) => website.listen(0, '127.0.0.1', resolve));
}

async function openPage(name, browser) {
  pages[name] = await browser.open(`http://127.0.0.1:${website.address().port}/`);
  await pages[name].run(installStages, kDeadline);
}

before(async () => {
  const [npmPeers, ours, chromium, firefox] = await Promise.all([
    startNpmPeers(),
    PEER_ONLY ? undefined : startOurs(),
    PEER_CHROMIUM && new Browser(PEER_CHROMIUM, undefined),
    PEER_FIREFOX && Firefox.start(PEER_FIREFOX),
    startWebsite(),
  ]);
  servers = [npmPeers, ours].filter(Boolean);
  browsers = [chromium, firefox].filter(Boolean);
  await Promise.all([
    ...['chromium', 'another page of chromium'].map((name) => chromium && openPage(name, chromium)),
    ...['firefox', 'another page of firefox'].map((name) => firefox && openPage(name, firefox)),
  ]);
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  website.closeAllConnections();
  website.close();
  await Promise.all(servers.map((server) => server.stop()));
});

// A method of the stage in a page (page.mjs).
const act = (page, scope, method, ...values) =>
  page.run((scope, method, values) => globalThis.stage(scope)[method](...values), scope, method, values);

let lastNumber = 0;

// Plays a scene once: it gets the two pages as `one` and `other`, each with the methods of the stage, the server's entrances, and
// a function that makes an id which nobody else has. Ids come back in the transcript without what makes them so.
async function play(scene, server, names) {
  const mark = ` ${++lastNumber}`; // PeerJS takes a space within an id
  const cast = names.map((name) => {
    const methods = ['start', 'connect', 'call', 'send', 'tell', 'isOpen', 'connects', 'metadata', 'list', 'heard', 'hears'];
    return Object.fromEntries(methods.map((method) => [method, (...values) => act(pages[name], mark, method, ...values)]));
  });
  try {
    const told = await scene({ one: cast[0], other: cast[1], server, id: (name) => name + mark });
    return JSON.parse(JSON.stringify(told).replaceAll(mark, ''));
  } finally {
    await Promise.all(names.map((name) => act(pages[name], mark, 'end')));
  }
}

function tests(title, { scene, expected, npmPeer, because }, pairs) {
  for (const names of pairs) {
    const isThere = names.every((name) => (name.includes('firefox') ? PEER_FIREFOX : PEER_CHROMIUM));
    test(`${title}: ${[...new Set(names)].join(', ')}`, { skip: !isThere && 'there is no such browser' }, async () => {
      const told = await Promise.all(servers.map((server) => play(scene, server, names)));
      for (const [i, { title }] of servers.entries()) {
        const isOther = title === 'npm peer' && npmPeer;
        assert.deepEqual(told[i], isOther ? npmPeer : expected, isOther ? `${title}: ${because}` : title);
      }
    });
  }
}

const kPairs = [
  ['chromium', 'another page of chromium'],
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
  ['firefox', 'another page of firefox'],
];
const kAlone = [
  ['chromium', 'chromium'],
  ['firefox', 'firefox'],
];

describe('PeerJS', { concurrency: 6 }, () => {
  tests('an id of its own choice, and one that the server makes', {
    async scene({ one, server, id }) {
      await one.start('named', server.plain, id('alice'));
      await one.start('unnamed', server.plain);
      const [[event, made]] = await one.hears('unnamed', 1);
      assert.match(made, /^[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*$/); // what the client takes for an id
      return { named: await one.hears('named', 1), unnamed: event };
    },
    expected: { named: [['open', 'alice']], unnamed: 'open' },
  }, kAlone);

  tests('a data connection', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await other.start('bob', server.plain, id('bob'));
      await Promise.all([one.hears('alice', 1), other.hears('bob', 1)]);
      const metadata = { 'Grüße \u2028 "\\': [1, 2.5, null, '\u{1f600}'] };
      for (const serialization of ['json', 'binary']) {
        await one.connect(serialization, 'alice', id('bob'), { serialization, reliable: true, metadata });
        await Promise.all([one.hears(serialization, 1), other.hears(`${serialization}, answered by bob`, 1)]);
        await one.send(serialization, { to: 'bob' });
        await other.hears(`${serialization}, answered by bob`, 2);
        await other.send(`${serialization}, answered by bob`, ['to', 'alice']);
        await one.hears(serialization, 2);
        await one.tell(serialization, 'close');
      }
      return {
        json: await one.hears('json', 3),
        'json, answered by bob': await other.hears('json, answered by bob', 3),
        binary: await one.hears('binary', 3),
        'binary, answered by bob': await other.hears('binary, answered by bob', 3),
        metadata: await other.metadata('json, answered by bob'),
        alice: await one.heard('alice'),
        bob: await other.heard('bob'),
      };
    },
    expected: {
      json: [['open'], ['data', ['to', 'alice']], ['close']],
      'json, answered by bob': [['open'], ['data', { to: 'bob' }], ['close']],
      binary: [['open'], ['data', ['to', 'alice']], ['close']],
      'binary, answered by bob': [['open'], ['data', { to: 'bob' }], ['close']],
      metadata: { 'Grüße \u2028 "\\': [1, 2.5, null, '\u{1f600}'], name: 'json' },
      alice: [['open', 'alice']],
      bob: [['open', 'bob']],
    },
  }, kPairs);

  tests('a connection to somebody who comes in time', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await one.hears('alice', 1);
      await one.connect('early', 'alice', id('bob'));
      await other.start('bob', server.plain, id('bob'));
      await Promise.all([one.hears('early', 1), other.hears('early, answered by bob', 1)]);
      return { early: await one.heard('early'), alice: await one.heard('alice'), bob: await other.heard('bob') };
    },
    expected: { early: [['open']], alice: [['open', 'alice']], bob: [['open', 'bob']] },
  }, kAlone);

  tests('a call with pictures both ways', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await other.start('bob', server.plain, id('bob'));
      await Promise.all([one.hears('alice', 1), other.hears('bob', 1)]);
      await one.call('call', 'alice', id('bob'));
      return { call: await one.hears('call', 1), answered: await other.hears('call, answered by bob', 1) };
    },
    expected: { call: [['stream', '64 x 48']], answered: [['stream', '96 x 80']] },
  }, kPairs);

  tests('disconnect() and reconnect(): what stands goes on, and new connections come', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await other.start('bob', server.plain, id('bob'));
      await Promise.all([one.hears('alice', 1), other.hears('bob', 1)]);
      await one.connect('first', 'alice', id('bob'));
      await Promise.all([one.hears('first', 1), other.hears('first, answered by bob', 1)]);
      await one.tell('alice', 'disconnect');
      await one.hears('alice', 2);
      await one.send('first', 'while disconnected');
      await other.hears('first, answered by bob', 2);
      // Who is back before npm's server has seen it go hears no OPEN from it.
      await server.hasLost?.(id('alice'));
      await one.tell('alice', 'reconnect');
      await one.hears('alice', 3);
      await other.connect('second', 'bob', id('alice'));
      await Promise.all([other.hears('second', 1), one.hears('second, answered by alice', 1)]);
      return { alice: await one.heard('alice'), first: await other.heard('first, answered by bob'), bob: await other.heard('bob') };
    },
    expected: {
      alice: [['open', 'alice'], ['disconnected', 'alice'], ['open', 'alice']],
      first: [['open'], ['data', 'while disconnected']],
      bob: [['open', 'bob']],
    },
  }, kPairs);

  tests('the same id and token while the old connection stands', {
    async scene({ one, other, server, id }) {
      await other.start('bob', server.plain, id('bob'));
      await one.start('old', { ...server.plain, token: 'the same' }, id('alice'));
      await Promise.all([one.hears('old', 1), other.hears('bob', 1)]);
      await one.start('new', { ...server.plain, token: 'the same' }, id('alice'));
      await (server.title === 'npm peer' ? one.connects('new') : one.hears('new', 1));
      await other.connect('greeting', 'bob', id('alice'));
      await one.hears('greeting, answered by new', 1);
      return { old: await one.hears('old', server.title === 'npm peer' ? 1 : 3), new: await one.heard('new') };
    },
    expected: {
      old: [['open', 'alice'], ['error', 'network: Lost connection to server.'], ['disconnected', 'alice']],
      new: [['open', 'alice']],
    },
    npmPeer: { old: [['open', 'alice']], new: [] },
    because: 'it sends no OPEN to who takes over, so that `open` never comes, and leaves the old connection',
  }, kAlone);

  tests('an id that another has', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await one.hears('alice', 1);
      await other.start('thief', server.plain, id('alice'));
      const thief = await other.hears('thief', 3);
      await other.start('bob', server.plain, id('bob'));
      await other.hears('bob', 1);
      await other.connect('greeting', 'bob', id('alice')); // the first one is still who it was
      await one.hears('greeting, answered by alice', 1);
      return { thief, alice: await one.heard('alice') };
    },
    expected: {
      thief: [['error', 'unavailable-id: ID "alice" is taken'], ['disconnected', 'alice'], ['close']],
      alice: [['open', 'alice']],
    },
  }, kAlone);

  tests('an id that nobody has', {
    async scene({ one, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await one.hears('alice', 1);
      await one.connect('nowhere', 'alice', id('nobody'));
      await one.hears('alice', 2);
      await one.connect('nowhere again', 'alice', id('nobody'));
      return await one.hears('alice', 3);
    },
    expected: [
      ['open', 'alice'],
      ['error', 'peer-unavailable: Could not connect to peer nobody'],
      ['error', 'peer-unavailable: Could not connect to peer nobody'],
    ],
  }, kAlone);

  tests('listAllPeers()', {
    async scene({ one, other, server, id }) {
      await one.start('alice', server.listing, id('alice'));
      await other.start('bob', server.listing, id('bob'));
      await one.start('unlisted', server.plain, id('unlisted'));
      await Promise.all([one.hears('alice', 1), one.hears('unlisted', 1), other.hears('bob', 1)]);
      const mine = [id('alice'), id('bob'), id('unlisted')];
      return (await one.list('alice')).filter((name) => mine.includes(name)).sort();
    },
    expected: ['alice', 'bob'],
  }, kAlone);

  tests('listAllPeers() where that is not allowed', {
    async scene({ one, server, id }) {
      await one.start('alice', server.plain, id('alice'));
      await one.hears('alice', 1);
      one.list('alice').catch(() => {}); // never answered
      return await one.hears('alice', 3);
    },
    expected: [
      ['open', 'alice'],
      ['error', 'server-error: '], // PeerJS loses the text of what is an Error
      ['disconnected', 'alice'],
    ],
  }, kAlone);

  tests('a key that is wrong, with an id', {
    async scene({ one, server, id }) {
      await one.start('alice', { ...server.plain, key: 'wrong' }, id('alice'));
      return await one.hears('alice', 3);
    },
    expected: [['error', 'server-error: Invalid key provided'], ['disconnected', 'alice'], ['close']],
  }, kAlone);

  tests('a key that is wrong, without an id', {
    async scene({ one, server }) {
      await one.start('alice', { ...server.plain, key: 'wrong' });
      return (await one.hears('alice', 3)).map(([event, text]) => (event === 'error' ? [event, text] : [event]));
    },
    expected: [
      ['error', 'server-error: '], // as above
      ['disconnected'],
      ['close'],
    ],
    npmPeer: [['error', 'server-error: Invalid key provided'], ['disconnected'], ['close']],
    because: 'its route for ids takes any key',
  }, kAlone);
});
