// Debian's Chromium, driven through its DevTools pipe: pages, and WebSockets that are opened in a
// page and look here like those of the `ws` package. Nothing outside of this machine is asked.
import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kArguments = [
  '--headless=new',
  '--no-sandbox', // as root in a container there is none
  '--remote-debugging-pipe',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-gpu',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  // Host candidates that need neither another interface nor multicast DNS.
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

// Of keys that are no letters.
const kCodes = { Enter: 13, Escape: 27, Tab: 9, ArrowDown: 40, ArrowUp: 38, ArrowLeft: 37 };

// The one certificate that is believed without an authority: the hash of its public key.
function trust(certificate) {
  if (!certificate) return [];
  const { publicKey } = new X509Certificate(readFileSync(certificate));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(key).digest('base64');
  return [`--ignore-certificate-errors-spki-list=${hash}`];
}

export class Browser {
  #profile = mkdtempSync(join(tmpdir(), 'peer-chromium-'));
  #calls = new Map();
  #pages = new Map();
  #process;
  #ended;
  #failure;

  // `certificate`: the file of a self-signed one that is to be trusted.
  constructor(program, certificate) {
    const settings = [`--user-data-dir=${this.#profile}`, ...trust(certificate)];
    this.#process = spawn(program, [...kArguments, ...settings, 'about:blank'], {
      env: { PATH: process.env.PATH, HOME: this.#profile },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true, // leads a group, so that close() ends its helpers, too
    });
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.once('error', (error) => this.#fail(error));
    this.#process.once('close', () => this.#fail(new Error('chromium has ended')));
    this.#process.stdio[3].on('error', () => {}); // it has ended, and is heard of above
    let buffer = '';
    this.#process.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (buffer + text).split('\0');
      buffer = messages.pop();
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #fail(error) {
    this.#failure ??= error;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }

  #take({ id, method, params, result, error, sessionId }) {
    if (method === 'Runtime.bindingCalled') this.#pages.get(sessionId).report(params.payload);
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  }

  // Calls a method of the DevTools protocol.
  call(method, params = {}, sessionId = undefined) {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = ++Browser.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    });
  }
  static #lastId = 0;

  // A page of this address, loaded.
  async open(url) {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId, targetId);
    this.#pages.set(sessionId, page);
    await page.load(url);
    return page;
  }

  async close() {
    if (!this.#failure) process.kill(-this.#process.pid, 'SIGKILL');
    await this.#ended;
    // A helper that is still dying may write once more.
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

class Page {
  #sockets = new Map();
  #browser;
  #session;
  #target;

  constructor(browser, session, target) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
  }

  close() {
    return this.#browser.call('Target.closeTarget', { targetId: this.#target });
  }

  #call(method, params) {
    return this.#browser.call(method, params, this.#session);
  }

  // From now on it is seen in this way.
  async use({ width, height, dark }) {
    await this.#call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await this.#call('Emulation.setEmulatedMedia', { features });
  }

  // A PNG of what is seen. `view`: {width, height, dark}, if it is to be seen otherwise.
  async screenshot(view) {
    if (view) await this.use(view);
    return Buffer.from((await this.#call('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }

  // Runs a function in each page that is loaded from now on, before anything of the page itself.
  async prepare(body) {
    await this.#call('Page.enable', {});
    await this.#call('Page.addScriptToEvaluateOnNewDocument', { source: `(${body})()` });
  }

  // Requests to addresses of these patterns fail from now on: `*/v1/events`.
  async block(...urls) {
    await this.#call('Network.enable', {});
    await this.#call('Network.setBlockedURLs', { urls });
  }

  // Presses and lets go of keys, one after the other: 'a', 'Enter', 'Escape'.
  async press(...keys) {
    for (const key of keys) {
      const text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
      await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', key, text, windowsVirtualKeyCode: kCodes[key] });
      await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', key, windowsVirtualKeyCode: kCodes[key] });
    }
  }

  // Writes into what has the focus.
  type(text) {
    return this.#call('Input.insertText', { text });
  }

  async load(url) {
    await this.#browser.call('Runtime.enable', {}, this.#session);
    await this.#browser.call('Runtime.addBinding', { name: 'report' }, this.#session);
    const { errorText } = await this.#browser.call('Page.navigate', { url }, this.#session);
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await this.run(installSockets);
  }

  // Calls a function within the page with values that JSON can hold, and awaits what it returns.
  async run(body, ...values) {
    const expression = `(${body})(...${JSON.stringify(values)})`;
    const { result, exceptionDetails } = await this.#browser.call(
      'Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true },
      this.#session,
    );
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  report(payload) {
    const { socket, event, values } = JSON.parse(payload);
    this.#sockets.get(socket).take(event, values);
  }

  // A WebSocket of this page.
  socket(url) {
    const socket = new PageSocket(this, this.#sockets.size, url);
    this.#sockets.set(this.#sockets.size, socket);
    return socket;
  }
}

// Runs in the page: its sockets by number; what they hear is reported.
function installSockets() {
  globalThis.sockets = [];
  globalThis.openSocket = (number, url) => {
    const ws = new WebSocket(url);
    const tell = (event, ...values) =>
      globalThis.report(JSON.stringify({ socket: number, event, values }));
    ws.onopen = () => tell('open', ws.extensions);
    ws.onmessage = ({ data }) => tell('message', data);
    ws.onclose = ({ code, reason }) => tell('close', code, reason);
    ws.onerror = () => tell('error', 'the browser failed the WebSocket');
    globalThis.sockets[number] = ws;
  };
}

class PageSocket extends EventEmitter {
  extensions = '';
  #page;
  #number;

  constructor(page, number, url) {
    super();
    this.#page = page;
    this.#number = number;
    this.on('error', () => {}); // 'close' follows, with the code
    this.#run((number, url) => globalThis.openSocket(number, url), url);
  }

  // The pipe keeps the order of calls. One that fails is told as the socket's error.
  #run(body, ...values) {
    this.#page.run(body, this.#number, ...values).catch((error) => this.emit('error', error));
  }

  take(event, [first, ...more]) {
    if (event === 'open') this.extensions = first;
    this.emit(event, first, ...more);
  }

  send(data) {
    if (typeof data === 'string') {
      this.#run((number, text) => globalThis.sockets[number].send(text), data);
    } else {
      const send = (number, bytes) => globalThis.sockets[number].send(Uint8Array.from(bytes));
      this.#run(send, [...data]);
    }
  }

  close() {
    this.#run((number) => globalThis.sockets[number].close());
  }

  terminate() {} // ends with the browser
}
