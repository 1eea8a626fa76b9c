// Debian's Firefox, driven through WebDriver BiDi: pages in which functions run. Nothing outside of
// this machine is asked.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const kPreferences = {
  // Host candidates that need neither another interface nor multicast DNS.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // No requests of its own.
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'devtools.jsonview.enabled': false, // a page of its own, with a policy of its own
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

export class Firefox {
  #profile = mkdtempSync(join(tmpdir(), 'peer-firefox-'));
  #calls = new Map();
  #last = 0;
  #process;
  #ended;
  #socket;

  // Resolves when the browser takes commands.
  static async start(program) {
    const browser = new Firefox();
    try {
      await browser.#start(program);
    } catch (error) {
      await browser.close();
      throw error;
    }
    return browser;
  }

  async #start(program) {
    const lines = Object.entries(kPreferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(this.#profile, 'user.js'), lines.join(''));
    const settings = ['--profile', this.#profile, '--remote-debugging-port', '0'];
    this.#process = spawn(program, ['--headless', '--no-remote', ...settings], {
      env: { PATH: process.env.PATH, HOME: this.#profile },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true, // leads a group, so that close() ends its helpers, too
    });
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#socket = new WebSocket(`${await this.#address()}/session`);
    this.#socket.on('message', (data) => this.#take(JSON.parse(data.toString())));
    this.#socket.on('close', () => this.#fail(new Error('firefox has ended')));
    await new Promise((resolve, reject) => {
      this.#socket.once('open', resolve);
      this.#socket.once('error', reject);
    });
    await this.#call('session.new', { capabilities: {} });
  }

  // Where it listens: it says so when it does.
  #address() {
    return new Promise((resolve, reject) => {
      let output = '';
      this.#process.once('error', reject);
      this.#process.once('close', () => reject(new Error(`firefox has ended: ${output}`)));
      this.#process.stderr.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-10_000);
        const found = output.match(/WebDriver BiDi listening on (ws:\S+)/);
        if (found) resolve(found[1]);
      });
    });
  }

  #fail(error) {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }

  #take({ type, id, result, message }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (type === 'error') call?.reject(new Error(message));
    else call?.resolve(result);
  }

  #call(method, params) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }), (error) => error && reject(error));
    });
  }

  // A page of this address, loaded. `run` calls a function within it with values that JSON can
  // hold, and awaits what it returns.
  async open(url) {
    const { context } = await this.#call('browsingContext.create', { type: 'tab' });
    await this.#call('browsingContext.navigate', { context, url, wait: 'complete' });
    const run = async (body, ...values) => {
      const { result, exceptionDetails } = await this.#call('script.callFunction', {
        functionDeclaration:
          `async () => JSON.stringify(await (${body})(...${JSON.stringify(values)}))`,
        awaitPromise: true,
        target: { context },
      });
      if (exceptionDetails) throw new Error(exceptionDetails.text);
      return result.value === undefined ? undefined : JSON.parse(result.value);
    };
    const screenshot = async () =>
      Buffer.from((await this.#call('browsingContext.captureScreenshot', { context })).data, 'base64');
    return { run, screenshot, close: () => this.#call('browsingContext.close', { context }) };
  }

  async close() {
    this.#socket?.close();
    if (this.#process?.pid && this.#process.exitCode === null) {
      process.kill(-this.#process.pid, 'SIGKILL');
      await this.#ended;
    }
    // A helper that is still dying may write once more.
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
