// A WebSocket server that says what a test tells it to, and keeps what clients send until the test asks.
import { WebSocketServer } from 'ws';

const kDeadline = 10_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);
const kSetTimeout = setTimeout;
const kClearTimeout = clearTimeout;

// Values that somebody waits for.
class Queue {
  #values = [];
  #waiting = [];

  push(value) {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(value);
    else this.#values.push(value);
  }

  // The deadline is real time, also where a test has taken over the timers.
  next(what) {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift());
    return new Promise((resolve, reject) => {
      const take = (value) => {
        kClearTimeout(timer);
        resolve(value);
      };
      const timer = kSetTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== take);
        reject(new Error(`no ${what} came`));
      }, kDeadline);
      this.#waiting.push(take);
    });
  }

  get size() {
    return this.#values.length;
  }
}
class Connection {
  #messages = new Queue();
  #socket;

  constructor(socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    socket.on('message', (data) => this.#messages.push(JSON.parse(data.toString())));
  }

  send(message) {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  // In one packet, with a close frame behind if there is a code.
  sendTogether(messages, code) {
    this.#socket._socket.cork();
    for (const message of messages) this.send(message);
    if (code) this.close(code);
    this.#socket._socket.uncork();
  }

  // The next message, which must be of this type.
  async next(type) {
    const message = await this.#messages.next(type);
    if (message.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(message)}`);
    return message;
  }

  // Answers the next message, which must be of this type, with these fields of a message.
  async answer(type, fields) {
    const { id, ...rest } = await this.next(type);
    this.send({ id, ...fields });
    return rest;
  }

  ack(type) {
    return this.answer(type, { type: 'ack', payload: { delivered: 1, dropped: 0 } });
  }

  // Takes the registration, which it returns.
  async register(more = {}) {
    const { payload } = await this.next('register');
    this.send({ type: 'registered', from: kMe, payload: { fingerprint: kMe, alias: 'me', ...more } });
    return payload;
  }

  // How many messages have come that nobody has asked for.
  get waiting() {
    return this.#messages.size;
  }

  close(code, reason) {
    this.#socket.close(code, reason);
  }

  // As a network does it.
  cut() {
    this.#socket.terminate();
  }
}

export const kMe = 'aa'.repeat(32);
export const kOther = 'bb'.repeat(32);
export const kThird = 'cc'.repeat(32);
export const object = (fingerprint) => ({ fingerprint, alias: fingerprint.slice(0, 2), meta: {} });

export class ScriptedServer {
  #connections = new Queue();
  #server;

  static async start() {
    const script = new ScriptedServer();
    script.#server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    script.#server.on('connection', (socket) => script.#connections.push(new Connection(socket)));
    await new Promise((resolve) => script.#server.once('listening', resolve));
    script.url = `ws://127.0.0.1:${script.#server.address().port}/ws`;
    return script;
  }

  // The next connection that a client makes.
  next() {
    return this.#connections.next('connection');
  }

  get waiting() {
    return this.#connections.size;
  }

  close() {
    for (const socket of this.#server.clients) socket.terminate();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
