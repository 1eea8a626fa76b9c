// The sessions of docs/clients in other languages, as they stand there: each meets a partner, answers what it says, is
// cut off in between, and comes back. Those whose language is not installed are left out.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';

import { connect } from '../../../../sdk/js/dist/peer-server-client.js';
import { startServer } from '../server.mjs';
import { CuttingProxy } from './cutting_proxy.mjs';

const kFolder = fileURLToPath(new URL('../../../../docs/clients/', import.meta.url));
const kLimit = { timeout: 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1) };
const kWords = Array.from({ length: 100 }, (_, n) => `word ${n}`);
// What comes of it is longer than 65,535 bytes, where the default of some libraries ends.
const kLong = 'long '.repeat(13_080);
const kJson = '/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll';
const kSecret = '0'.repeat(64);
const kAuth = `plugins: {auth: {name: jwt, options: {keys: [{algorithm: HS256, secret: '${kSecret}'}]}}}\n`;
const folder = mkdtempSync(join(tmpdir(), 'peer-clients-'));

const succeeds = (program, ...values) => spawnSync(program, values).status === 0;
// Each: whether it can be run, and what to run.
const kLanguages = {
  python: {
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import websockets'),
    command: () => ['/usr/bin/python3', join(kFolder, 'session.py')],
  },
  'c#': {
    isThere: () => existsSync(kJson) && succeeds('mcs', '--version') && succeeds('mono', '--version'),
    command() {
      const program = join(folder, 'Session.exe');
      execFileSync('mcs', [`-r:${kJson}`, `-out:${program}`, join(kFolder, 'Session.cs')]);
      return ['mono', program];
    },
  },
  gdscript: {
    isThere: () => spawnSync('godot3-server', ['--version']).error === undefined,
    command: () => ['godot3-server', '-s', join(kFolder, 'session.gd')],
  },
};

const servers = {};

before(async () => {
  servers.resume = await startServer();
  servers.tokens = await startServer({ config: kAuth });
  servers.anew = await startServer({ config: 'resume_window: 0s\n' });
});

after(async () => {
  rmSync(folder, { recursive: true });
  for (const server of Object.values(servers)) assert.equal(await server.stop(), 0);
});

// The same promise, with a deadline.
function within(promise, what) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), kLimit.timeout);
  });
  return Promise.race([promise, tooLate]).finally(() => clearTimeout(timer));
}

// Good for a minute.
function tokenOf(sub) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part({ sub, exp: Math.floor(Date.now() / 1000) + 60 })}`;
  return `${text}.${createHmac('sha256', kSecret).update(text).digest('base64url')}`;
}

// Starts the program of a language as a client behind a proxy.
function start(language, ...words) {
  const [program, ...values] = kLanguages[language].command();
  const child = spawn(program, [...values, ...words], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })));
  return { child, ended };
}

async function meet(language, server, talk, { tokens = false } = {}) {
  const proxy = await CuttingProxy.start(server.port);
  const partner = await connect({ url: `ws://127.0.0.1:${server.port}/ws`, WebSocket, alias: 'partner',
    token: tokens ? tokenOf('partner') : undefined });
  const { child, ended } = start(language, proxy.url, language, ...(tokens ? [tokenOf(language)] : []));
  try {
    const arena = await partner.join('arena');
    await arena.match({ group_size: 2 }, kLimit);
    await talk({ partner, arena, proxy, program: ended });
    const { code, output } = await within(ended, 'the program does not end');
    assert.equal(code, 0, output);
    assert.match(output, /matched/);
  } finally {
    child.kill('SIGKILL');
    partner.close();
    await proxy.close();
  }
}

for (const [language, { isThere }] of Object.entries(kLanguages)) {
  const skip = isThere() ? false : `there is no ${language} here`;

  test(`${language}: cut three times, and every word is answered once, in order, unseen by others`, { skip }, () =>
    meet(language, servers.resume, async ({ partner, arena, proxy, program }) => {
      const told = [];
      for (const type of ['peer_left', 'peer_joined']) arena.on(type, () => told.push(type));
      const answers = partner.events('relay');
      const failure = program.then(({ output }) => assert.fail(`it has ended: ${output}`));
      failure.catch(() => {});
      const next = async () => {
        const { value } = await within(Promise.race([answers.next(), failure]), 'no answer came');
        return value.payload;
      };
      for (const [n, word] of kWords.entries()) {
        const ack = await partner.relay(language, word);
        assert.deepEqual(ack, { delivered: 1, dropped: 0 });
        if (n % 30 === 9) assert.equal(proxy.cut(), 1);
        if (n % 5 !== 4) continue; // five are on their way at once
        for (const sent of kWords.slice(n - 4, n + 1)) assert.equal(await next(), sent);
      }
      assert.deepEqual(told, []);
      await partner.relay(language, kLong);
      assert.equal(await next(), kLong);
      await partner.relay(language, 'bye');
      assert.equal(await next(), 'bye');
    }),
  );

  test(`${language}: without a session it registers anew, and looks for a partner again`, { skip }, () =>
    meet(language, servers.anew, async ({ partner, arena, proxy }) => {
      const returns = arena.once('peer_joined', kLimit);
      proxy.cut();
      await returns;
      await arena.match({ group_size: 2 }, kLimit);
      const answer = partner.once('relay', kLimit);
      await partner.relay(language, 'bye');
      assert.equal((await answer).payload, 'bye');
    }),
  );

  test(`${language}: with a token it is let in by a server that asks for one`, { skip }, () =>
    meet(language, servers.tokens, async ({ partner }) => {
      const answer = partner.once('relay', kLimit);
      await partner.relay(language, 'bye');
      assert.equal((await answer).payload, 'bye');
    }, { tokens: true }),
  );
}
