// What the tests of the console share: a server with the Server API, a browser, and hands and eyes of an
// operator in a page.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';

import { Browser } from './browser.mjs';
import { Client } from './client.mjs';
import { startServer } from './server.mjs';

export const kFactor = Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kDeadline = 15_000 * kFactor;
export const kToken = 'an-admin-token-of-32-characters-';
export const kReadToken = 'a-token-of-32-characters-to-read';

export const bench = {
  server: undefined,
  browser: undefined,
  origin: '', // of the console
  config: '', // of the server

  async start() {
    const port = await freePort();
    this.origin = `http://127.0.0.1:${port}`;
    this.config = `admin_port: ${port}
admin_token: ${kToken}
admin_tokens: [{name: grafana, token: ${kReadToken}, role: read}]
admin_history: 1m12s  # a sample in 100 ms
`;
    await this.startServer();
    this.browser = new Browser(process.env.PEER_CHROMIUM, undefined);
  },
  async stop() {
    await this.browser.close();
    await this.stopServer();
  },
  async startServer(config = this.config) {
    this.server = await startServer({ config });
  },
  async stopServer() {
    assert.equal(await this.server.stop(), 0);
  },
};

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Runs in the page: resolves with what `look()` returns, as soon as that is anything.
function until(look, values, deadline) {
  return new Promise((resolve, reject) => {
    const find = new Function(`return ${look}`)();
    const end = Date.now() + deadline;
    const again = () => {
      const found = find(...values);
      if (found) return resolve(found);
      if (Date.now() > end) {
        return reject(new Error(`never came true: ${look} ${JSON.stringify(values)}; the page: ${document.body.innerText.slice(0, 600)}`));
      }
      setTimeout(again, 10);
    };
    again();
  });
}
export const wait = (page, look, ...values) => page.run(until, String(look), values, kDeadline);
export const shows = (page, text) => wait(page, (wanted) => document.body.innerText.includes(wanted), text);
export const lacks = (page, text) => wait(page, (wanted) => !document.body.innerText.includes(wanted), text);
// The row that has this text; what is clicked is the button in it of that name, or the row.
export const click = (page, row, button = '') =>
  wait(page, (text, label) => {
    const line = [...document.querySelectorAll('main tbody tr')].find((one) => one.innerText.includes(text));
    const place = label === '' ? line : [...(line?.querySelectorAll('button') ?? [])].find((one) => one.innerText === label);
    place?.click();
    return Boolean(place);
  }, row, button);
export const openPeer = async (page, row) => {
  await click(page, row);
  await wait(page, () => document.querySelector('#drawer').innerText.includes('sent by it'));
};
export const press = (page, label, where = 'body') =>
  wait(page, (selector, text) => {
    const place = [...document.querySelectorAll(`${selector} :is(button, a.button)`)].find((one) => one.innerText === text);
    place?.click();
    return Boolean(place);
  }, where, label);
export const put = (page, label, value) =>
  wait(page, (text, wanted) => {
    const place = [...document.querySelectorAll('dialog label')].find((one) => one.innerText === text)?.control;
    if (place) place.value = wanted;
    return Boolean(place);
  }, label, value);

// A page with somebody signed in. What breaks its rules is noted.
export async function open({ hash = '', token = kToken, isAlone = false, view } = {}) {
  const page = await bench.browser.open('about:blank');
  await page.prepare(() => {
    globalThis.broken = [];
    addEventListener('securitypolicyviolation', (event) => globalThis.broken.push(`${event.violatedDirective}: ${event.sourceFile}`));
    addEventListener('error', (event) => globalThis.broken.push(event.message));
    addEventListener('unhandledrejection', (event) => globalThis.broken.push(String(event.reason)));
  });
  if (view) await page.use(view);
  if (isAlone) await page.block('*/v1/events*');
  await page.load(`${bench.origin}/${hash}`);
  await wait(page, () => document.querySelector('form.sign-in'));
  await page.type(token);
  await page.press('Enter');
  await wait(page, () => document.querySelector('main'));
  return page;
}

export async function close(page) {
  assert.deepEqual(await page.run(() => globalThis.broken), []);
  await page.close();
}

export async function register(name, namespaces = ['lobby'], fields = {}) {
  const client = await Client.register(bench.server.port, `key of ${name}`, { alias: name, ...fields });
  for (const namespace of namespaces) {
    client.send({ type: 'join', payload: { namespace } });
    await client.next('peer_list');
  }
  return client;
}

export async function ask(path, method = 'GET') {
  return (await fetch(`${bench.origin}${path}`, { method, headers: { Authorization: `Bearer ${kToken}` } })).json();
}

// Nothing more has come before the answer to this.
export async function roundTrip(client) {
  client.send({ type: 'ping' });
  await client.next('pong');
}
