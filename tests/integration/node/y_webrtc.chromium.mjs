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

// In a page: joins the room, writes its name, and resolves with the sorted names once there are `count` of them, and of the awareness
// states as well; or with what there is at the deadline.
async function edit(url, room, password, name, count, deadline) {
  const { WebrtcProvider } = await import('y-webrtc');
  const Y = await import('yjs');
  const doc = new Y.Doc();
  const provider = new WebrtcProvider(room, doc, { signaling: [url], password, peerOpts: { config: { iceServers: [] } } });
  provider.awareness.setLocalState({ name });
  const names = doc.getArray('names');
  names.push([name]);
  return new Promise((resolve) => {
    const seen = () => ({
      names: names.toArray().sort(),
      aware: [...provider.awareness.getStates().values()].map((state) => state.name).sort(),
    });
    const look = () => {
      if (seen().names.length === count && seen().aware.length === count) resolve(seen());
    };
    names.observe(look);
    provider.awareness.on('change', look);
    globalThis.seenLast = seen;
    look();
    setTimeout(() => resolve(seen()), deadline);
  });
}

function editAll(room, password) {
  const url = `ws://127.0.0.1:${server.port}/y`;
  return Promise.all(pages.map((page, i) => page.run(edit, url, room, password, `page ${i}`, 3, kDeadline)));
}

const kAll = ['page 0', 'page 1', 'page 2'];

for (const password of [null, 'open sesame']) {
  test(`three pages edit one document${password ? ', with a password' : ''}`, async () => {
    const seen = await editAll(`a room, ${password}`, password);
    assert.deepEqual(seen, Array(3).fill({ names: kAll, aware: kAll }));
  });
}

test('who has another password sees nothing', async () => {
  const url = `ws://127.0.0.1:${server.port}/y`;
  const edits = (page, password, count) => pages[page].run(edit, url, 'a third room', password, `page ${page}`, count, kDeadline);
  await edits(2, 'another', 1);
  // It hears all that these two publish until they have met.
  const seen = await Promise.all([edits(0, 'one', 2), edits(1, 'one', 2)]);
  assert.deepEqual(seen[0].names, ['page 0', 'page 1']);
  assert.deepEqual(seen[1].names, ['page 0', 'page 1']);
  assert.deepEqual(await pages[2].run(() => globalThis.seenLast()), { names: ['page 2'], aware: ['page 2'] });
});
