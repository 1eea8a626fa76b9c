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

// Runs in the page. Resolves with its text once that has the words.
function textWith(words, deadline) {
  return new Promise((resolve, reject) => {
    const look = () => document.body?.innerText.includes(words) && resolve(document.body.innerText);
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    setTimeout(() => reject(new Error(`the page says: ${document.body?.innerText}`)), deadline);
    look();
  });
}

test('two tabs with the page of the README greet each other through a data channel', async () => {
  const url = writePage();
  const tabs = [await browser.open(url), await browser.open(url)];
  for (const text of await Promise.all(
    tabs.map((tab) => tab.run(textWith, 'the other tab says hello', kDeadline)),
  )) {
    assert.match(text, /^Open this page in two tabs\.\s+the other tab says hello\s*$/);
  }
});
