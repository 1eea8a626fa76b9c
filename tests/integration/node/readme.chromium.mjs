// The page that README.md prints, opened in two tabs of Chromium (env PEER_CHROMIUM) from a file.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { Browser } from './browser.mjs';
import { startServer } from './server.mjs';

const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);

let server;
let browser;
const folder = mkdtempSync(join(tmpdir(), 'peer-readme-'));

before(async () => {
  server = await startServer();
  browser = new Browser(process.env.PEER_CHROMIUM, undefined);
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
  assert.equal(await server.stop(), 0);
});

function writePage() {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const [, page] = readme.match(/```html\n([\s\S]*?)```/);
  const file = join(folder, 'demo.html');
  writeFileSync(file, page.replace(/localhost:\d+/, `127.0.0.1:${server.port}`));
  return pathToFileURL(file).href;
}

// Runs in the page. Resolves with its lines once they have the words, or at the deadline, with what
// its connections are at.
function linesWith(words, deadline) {
  const lines = () => (document.body?.innerText ?? '').split(/\s*\n\s*/).filter((line) => line);
  return new Promise((resolve) => {
    const look = () => lines().includes(words) && resolve(lines());
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    setTimeout(() => {
      const states = [ws.readyState, pc.signalingState, pc.iceConnectionState, pc.connectionState];
      resolve([...lines(), ...states, `other: ${other}`]);
    }, deadline);
    look();
  });
}

test('two tabs with the page of the README greet each other through a data channel', async () => {
  const url = writePage();
  const tabs = [await browser.open(url), await browser.open(url)];
  const greeting = 'the other tab says hello';
  const lines = await Promise.all(tabs.map((tab) => tab.run(linesWith, greeting, kDeadline)));
  const expected = ['Open this page in two tabs.', greeting];
  assert.deepEqual(lines, [expected, expected]);
});
