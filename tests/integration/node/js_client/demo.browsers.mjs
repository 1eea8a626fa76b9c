// The demo of sdk/js/examples/lobby, as tools/demo serves it: two tabs see each other, match, chat over a data channel,
// and go on over a restart of the server. With PEER_SCREENSHOTS pictures of it are written to that folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Browser } from '../browser.mjs';
import { Firefox } from '../firefox.mjs';

const kServe = fileURLToPath(new URL('../../../../sdk/js/examples/serve.mjs', import.meta.url));
const kHello = new URL('../../../../sdk/js/examples/hello.html', import.meta.url);
const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const { PEER_CHROMIUM, PEER_FIREFOX, PEER_SCREENSHOTS } = process.env;

let demo;
const browsers = {};

before(async () => {
  const settings = ['--port', '0', '--server-port', '0', '--set', 'host=127.0.0.1'];
  demo = spawn(process.execPath, [kServe, process.env.PEER_SERVER_BINARY, ...settings], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  demo.lines = createInterface({ input: demo.stdout })[Symbol.asyncIterator]();
  demo.url = (await line(/open (http:\S+)/))[1].replace('localhost', '127.0.0.1');
  browsers.chromium = new Browser(PEER_CHROMIUM, undefined);
  if (PEER_FIREFOX) browsers.firefox = await Firefox.start(PEER_FIREFOX);
});

after(async () => {
  await Promise.all(Object.values(browsers).map((browser) => browser.close()));
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  demo.kill('SIGTERM');
  assert.equal(await ended, 0);
});

// The next line of the demo that fits.
async function line(pattern) {
  for (;;) {
    const { value, done } = await demo.lines.next();
    if (done) throw new Error('the demo has ended');
    const found = value.match(pattern);
    if (found) return found;
  }
}

// Runs in the page: resolves when the text of an element fits, or rejects at the deadline with what it is.
function textOf(id, pattern, deadline) {
  const text = () => document.getElementById(id)?.innerText ?? '';
  return new Promise((resolve, reject) => {
    const look = () => new RegExp(pattern).test(text()) && resolve(text());
    new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
    setTimeout(() => reject(new Error(`${id} is '${text()}', not '${pattern}'; ${document.body.innerText}`)), deadline);
    look();
  });
}

const see = (tab, id, pattern) => tab.run(textOf, id, pattern, kDeadline);
const click = (tab, id) => tab.run((id) => document.getElementById(id).click(), id);
const write = (tab, words) =>
  tab.run((words) => {
    document.getElementById('text').value = words;
    document.getElementById('send').click();
  }, words);

async function pictures(tab, name) {
  if (!PEER_SCREENSHOTS) return;
  const write = async (suffix, view) =>
    writeFileSync(join(PEER_SCREENSHOTS, `${name}${suffix}.png`), await tab.screenshot(view));
  await write('-dark', { width: 1000, height: 520, dark: true });
  await write('-narrow', { width: 380, height: 700, dark: false });
  await write('', { width: 1000, height: 520, dark: false });
}

for (const [one, other] of [['chromium', 'chromium'], ['firefox', 'chromium']]) {
  const skip = one === 'firefox' && !PEER_FIREFOX ? 'there is no firefox-esr' : false;

  test(`the demo in ${one} and ${other}: seen, matched, chat, and a restart of the server`, { skip }, async () => {
    const tabs = [await browsers[one].open(`${demo.url}lobby/`), await browsers[other].open(`${demo.url}lobby/`)];
    const names = await Promise.all(tabs.map((tab) => see(tab, 'my-alias', '-')));
    await see(tabs[0], 'peers', names[1]);
    await see(tabs[1], 'peers', names[0]);

    for (const tab of tabs) await click(tab, 'match');
    await Promise.all(tabs.map((tab) => see(tab, 'link', 'direct')));
    assert.equal(await see(tabs[0], 'partner', '-'), names[1]);
    await write(tabs[0], 'Hello! Which way did you come?');
    await see(tabs[1], 'words', 'Which way');
    await write(tabs[1], 'Straight from your browser. The server only introduced us.');
    await see(tabs[0], 'words', 'Straight from');

    const leaving = tabs.map((tab) => see(tab, 'state', 'connecting'));
    await Promise.all(tabs.map((tab) => see(tab, 'state', 'online'))); // so they are looking
    demo.stdin.write('\n');
    await Promise.all(leaving);
    await write(tabs[0], 'The server is away. Are you still there?');
    await see(tabs[1], 'words', 'still there');
    await line(/restarted/);
    await Promise.all(tabs.map((tab) => see(tab, 'state', 'online')));
    await see(tabs[0], 'peers', names[1]);
    await see(tabs[1], 'peers', names[0]);
    await write(tabs[1], 'Yes, and it is back.');
    await see(tabs[0], 'words', 'it is back');
    await pictures(tabs[0], `lobby-${one}`);
    for (const tab of tabs) await tab.close();
  });
}

test("the page with the ten lines names the demo's server, whatever its port", async () => {
  const { port } = await (await fetch(`${demo.url}server.json`)).json();
  const page = await (await fetch(`${demo.url}hello.html`)).text();
  assert.equal(page, readFileSync(kHello, 'utf8').replace(/localhost:\d+/, `localhost:${port}`));
});
