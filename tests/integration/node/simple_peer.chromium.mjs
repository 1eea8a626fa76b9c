// The npm package `simple-peer`, as it is, in two pages of Chromium (env PEER_CHROMIUM): what it wants to say to the other side goes
// there as the payload of a `signal`. docs/migrating.md prints the function.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { startServer } from './server.mjs';

const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kScript = readFileSync(new URL('node_modules/simple-peer/simplepeer.min.js', import.meta.url));

let server;
let browser;
let website;

before(async () => {
  website = createServer((request, response) => {
    const isScript = request.url === '/simplepeer.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? kScript : '<!doctype html><script src="/simplepeer.js"></script>');
  });
  await new Promise((resolve) => website.listen(0, '127.0.0.1', resolve));
  server = await startServer();
  browser = new Browser(process.env.PEER_CHROMIUM, undefined);
});

after(async () => {
  await browser.close();
  website.closeAllConnections();
  website.close();
  assert.equal(await server.stop(), 0);
});

const page = readFileSync(new URL('../../../docs/migrating.md', import.meta.url), 'utf8');
const [, kPrinted] = page.match(/```javascript\n(\/\/ simple-peer[\s\S]*?)```/);

// Runs in a page: meets the other one with the function that is printed, and greets it. Resolves with what the other says.
function meet(text, url, name, deadline) {
  const meetBySimplePeer = new Function(`${text}; return meetBySimplePeer;`)();
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('nobody came')), deadline);
    meetBySimplePeer(url, name, 'simple-peer', { config: { iceServers: [] } }, (peer) => {
      peer.on('connect', () => peer.send(`hello from ${name}`));
      peer.on('data', (data) => resolve(new TextDecoder().decode(data)));
      peer.on('error', reject);
    });
  });
}

test('two pages with simple-peer greet each other', async () => {
  const url = `http://127.0.0.1:${website.address().port}/`;
  const pages = [await browser.open(url), await browser.open(url)];
  const [first, second] = await Promise.all(
    ['alice', 'bob'].map((name, i) =>
      pages[i].run(meet, kPrinted, `ws://127.0.0.1:${server.port}/ws`, name, kDeadline),
    ),
  );
  assert.equal(first, 'hello from bob');
  assert.equal(second, 'hello from alice');
});
