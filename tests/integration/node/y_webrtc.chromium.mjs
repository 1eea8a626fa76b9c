// The npm package `y-webrtc`, as it is, in pages of Chromium (env PEER_CHROMIUM): a Yjs document that three of them edit, with this server
// for their signaling (plugins/dialect_y_webrtc). Each page has an origin of its own, so that nothing but WebRTC connects them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { startServer } from './server.mjs';

const kDeadline = 45_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kModules = new URL('node_modules/', import.meta.url);

const kImports = {
  'simple-peer/simplepeer.min.js': '/simple-peer.js',
  'y-webrtc': '/y-webrtc/src/y-webrtc.js',
  yjs: '/yjs/dist/yjs.mjs',
  'lib0/': '/lib0/',
  'y-protocols/': '/y-protocols/',
};
const kPage = `<!doctype html><script type="importmap">${JSON.stringify({ imports: kImports })}</script>`;
const kSimplePeer = `${readFileSync(new URL('simple-peer/simplepeer.min.js', kModules))}; export default globalThis.SimplePeer;`;

function answer({ url }, response) {
  const file = [url, `${url}.js`].map((path) => new URL(`.${path}`, kModules)).find((path) => url !== '/' && /js$/.test(path) && existsSync(path));
  response.setHeader('Content-Type', url === '/' ? 'text/html' : 'text/javascript');
  if (url === '/') response.end(kPage);
  else if (url === '/simple-peer.js') response.end(kSimplePeer);
  else if (file) response.end(readFileSync(file));
  else response.writeHead(404).end();
}

let server;
let browser;
let websites;
let pages;

before(async () => {
  websites = [0, 1, 2].map(() => createServer(answer));
  await Promise.all(websites.map((website) => new Promise((resolve) => website.listen(0, '127.0.0.1', resolve))));
  server = await startServer({ config: 'plugins: {dialects: [{name: y_webrtc}]}' });
  browser = new Browser(process.env.PEER_CHROMIUM, undefined);
  pages = [];
  for (const website of websites) pages.push(await browser.open(`http://127.0.0.1:${website.address().port}/`));
});

after(async () => {
  await browser.close();
  for (const website of websites) {
    website.closeAllConnections();
    website.close();
  }
  assert.equal(await server.stop(), 0);
});

// In a page: joins the room, writes its name, and resolves when the room hears this page.
async function enter(url, room, password, name) {
  const { WebrtcProvider } = await import('y-webrtc');
  const Y = await import('yjs');
  const doc = new Y.Doc();
  const provider = new WebrtcProvider(room, doc, { signaling: [url], password, peerOpts: { config: { iceServers: [] } } });
  provider.awareness.setLocalState({ name });
  const names = doc.getArray('names');
  names.push([name]);
  globalThis.edited = {
    provider,
    names,
    seen: () => ({
      names: names.toArray().sort(),
      aware: [...provider.awareness.getStates().values()].map((state) => state.name).sort(),
    }),
  };
  const [signaling] = provider.signalingConns;
  return new Promise((resolve) => {
    const hear = ({ topic }) => {
      if (topic !== room) return;
      signaling.off('message', hear);
      resolve();
    };
    signaling.on('message', hear);
  });
}

// In a page: resolves with the sorted names once there are `count` of them, and of the awareness states as well; or with what there is
// at the deadline.
function meet(count, deadline) {
  const { provider, names, seen } = globalThis.edited;
  return new Promise((resolve) => {
    const look = () => {
      if (seen().names.length === count && seen().aware.length === count) resolve(seen());
    };
    names.observe(look);
    provider.awareness.on('change', look);
    look();
    setTimeout(() => resolve(seen()), deadline);
  });
}

const enterAs = (page, room, password) =>
  pages[page].run(enter, `ws://127.0.0.1:${server.port}/y`, room, password, `page ${page}`);

const kAll = ['page 0', 'page 1', 'page 2'];

// One after the other: two y-webrtc clients that announce themselves at the same time both call, and now and then none of the calls lasts.
for (const password of [null, 'open sesame']) {
  test(`three pages edit one document${password ? ', with a password' : ''}`, async () => {
    for (const page of pages.keys()) await enterAs(page, `a room, ${password}`, password);
    const seen = await Promise.all(pages.map((page) => page.run(meet, 3, kDeadline)));
    assert.deepEqual(seen, Array(3).fill({ names: kAll, aware: kAll }));
  });
}

test('who has another password sees nothing', async () => {
  await enterAs(2, 'a third room', 'another');
  // It hears all that these two publish until they have met.
  await enterAs(0, 'a third room', 'one');
  await enterAs(1, 'a third room', 'one');
  const seen = await Promise.all([0, 1].map((page) => pages[page].run(meet, 2, kDeadline)));
  assert.deepEqual(seen[0].names, ['page 0', 'page 1']);
  assert.deepEqual(seen[1].names, ['page 0', 'page 1']);
  assert.deepEqual(await pages[2].run(() => globalThis.edited.seen()), { names: ['page 2'], aware: ['page 2'] });
});
