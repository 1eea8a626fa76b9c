// A client as an application would write one, with a queue of what has come in. Its WebSocket is
// that of the `ws` package, or of the Chromium that env PEER_CHROMIUM names.
import WebSocket from 'ws';

import { Browser } from './browser.mjs';
import { kCompressed, kHttp, kWebSocket } from './server.mjs';

const kDeadline = 10_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);

let browser;
let page;

// Before the first client of a server; stopClients() after the last.
export async function startClients(server) {
  if (!process.env.PEER_CHROMIUM) return;
  browser = new Browser(process.env.PEER_CHROMIUM, server.certificate);
  page = await browser.open(`${kHttp}://127.0.0.1:${server.port}/health`);
}

export async function stopClients() {
  await browser?.close();
}

function openSocket(port) {
  const url = `${kWebSocket}://127.0.0.1:${port}/ws`;
  if (page) return page.socket(url);
  return new WebSocket(url, {
    rejectUnauthorized: false,
    perMessageDeflate: kCompressed ? { threshold: 0 } : false,
  });
}

export class Client {
  #queue = [];
  #waiting = [];

  static async connect(port) {
    const client = new Client();
    client.ws = openSocket(port);
    client.closed = new Promise((resolve) => {
      client.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    client.ws.on('message', (data) => client.#take(JSON.parse(data.toString())));
    await new Promise((resolve, reject) => {
      client.ws.once('open', resolve);
      client.ws.once('error', reject);
    });
    return client;
  }

  // Connects and registers; `fields` are alias and meta.
  static async register(port, publicKey, fields = {}) {
    const client = await Client.connect(port);
    client.send({ type: 'register', payload: { public_key: publicKey, ...fields } });
    const { payload } = await client.next('registered');
    return Object.assign(client, payload);
  }

  #take(message) {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(message);
    else this.#queue.push(message);
  }

  send(message) {
    this.ws.send(JSON.stringify(message));
  }

  // The next message, which must be of this type.
  async next(type) {
    const message = this.#queue.shift() ?? (await this.#wait(type));
    if (message.type !== type) {
      throw new Error(`expected ${type}, got ${JSON.stringify(message)}`);
    }
    return message;
  }

  #wait(type) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} came`)), kDeadline);
      this.#waiting.push((message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }

  async error() {
    return (await this.next('error')).payload;
  }

  // Nothing else has come in before the answer to a ping.
  async silence() {
    this.send({ type: 'ping' });
    await this.next('pong');
  }

  async join(namespace, fields = {}) {
    this.send({ type: 'join', payload: { namespace, ...fields } });
    return (await this.next('peer_list')).payload;
  }

  close() {
    this.ws.close();
    return this.closed;
  }
}
