// The code that docs/authentication.md prints for browsers, run as printed in Chromium (env PEER_CHROMIUM) and
// Firefox (PEER_FIREFOX): a key that is made once, and proved at each register.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Firefox } from './firefox.mjs';
import { startServer } from './server.mjs';

const kAudience = 'wss://game.example';
const kConfig = `plugins:
  auth: {name: keyproof, options: {audience: '${kAudience}'}}
`;

let server;
const browsers = {};

before(async () => {
  server = await startServer({ config: kConfig });
  browsers.chromium = new Browser(process.env.PEER_CHROMIUM, undefined);
  if (process.env.PEER_FIREFOX) browsers.firefox = await Firefox.start(process.env.PEER_FIREFOX);
});

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  assert.equal(await server.stop(), 0);
});

function printedCode() {
  const page = readFileSync(new URL('../../../docs/authentication.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);
  return blocks.find((code) => code.includes('function registerWithProof'));
}

// Runs in the page. Resolves with what the printed function does: the payload of `registered`, or the
// words of its error.
async function register(code, url, ...audience) {
  const registerWithProof = new Function(`${code}; return registerWithProof;`)();
  const ws = new WebSocket(url);
  await new Promise((resolve) => ws.addEventListener('open', resolve));
  try {
    return await registerWithProof(ws, ...audience);
  } catch (error) {
    return { error: error.message };
  } finally {
    ws.close();
  }
}

for (const name of ['chromium', 'firefox']) {
  const skip = name === 'firefox' && !process.env.PEER_FIREFOX ? 'there is no firefox-esr' : false;

  test(`${name} proves the same key at each register`, { skip }, async () => {
    const origin = `127.0.0.1:${server.port}`;
    const known = [];
    for (let tabs = 0; tabs < 2; ++tabs) {
      const tab = await browsers[name].open(`http://${origin}/health`);
      known.push(await tab.run(register, printedCode(), `ws://${origin}/ws`, kAudience));
    }
    assert.match(known[0].fingerprint ?? JSON.stringify(known[0]), /^[0-9a-f]{64}$/);
    assert.equal(known[1].fingerprint, known[0].fingerprint);
  });

  test(`${name} signs nothing for another audience`, { skip }, async () => {
    const origin = `127.0.0.1:${server.port}`;
    const tab = await browsers[name].open(`http://${origin}/health`);
    // The default: the origin of the URL, which is not what this server is configured with.
    const { error } = await tab.run(register, printedCode(), `ws://${origin}/ws`);
    assert.equal(error, `the server asks for a proof for ${kAudience}, not for ws://${origin}`);
  });
}
