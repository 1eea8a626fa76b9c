// The page that README.md prints, opened in two tabs of Chromium (env PEER_CHROMIUM).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { servePage } from './js_client/agents.mjs';
import { startServer } from './server.mjs';

const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);

let server;
let browser;
let pages;

before(async () => {
  server = await startServer();
  browser = new Browser(process.env.PEER_CHROMIUM, undefined);
});

after(async () => {
  await browser.close();
  pages.close();
  assert.equal(await server.stop(), 0);
});

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

// Runs in the page. Resolves with its lines once they have the words, or at the deadline.
function linesWith(words, deadline) {
  const lines = () => (document.body?.innerText ?? '').split(/\s*\n\s*/).filter((line) => line);
  return new Promise((resolve) => {
    const look = () => lines().includes(words) && resolve(lines());
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    setTimeout(() => resolve([...lines(), 'no more came']), deadline);
    look();
  });
}

test('two tabs with the page of the README greet each other through a data channel', async () => {
  const [, page] = read('README.md').match(/```html\n([\s\S]*?)```/);
  assert.equal(page, read('sdk/js/examples/hello.html'));
  pages = await servePage(page.replace(/localhost:\d+/, `127.0.0.1:${server.port}`));
  const tabs = [await browser.open(pages.url), await browser.open(pages.url)];
  const greeting = 'the other tab says hello';
  const lines = await Promise.all(tabs.map((tab) => tab.run(linesWith, greeting, kDeadline)));
  const expected = ['Open this page in two tabs.', greeting];
  assert.deepEqual(lines, [expected, expected]);
});
