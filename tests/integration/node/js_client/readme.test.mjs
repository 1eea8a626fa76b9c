// The README of the npm package, followed as a new user would: installed from the repository or from what `npm pack` makes, and
// what it prints run by two processes, which meet and greet each other.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startServer } from '../server.mjs';

const kPackage = fileURLToPath(new URL('../../../../sdk/js', import.meta.url));
const kModules = fileURLToPath(new URL('../node_modules', import.meta.url));
const kDeadline = 20_000 * Number(process.env.PEER_TEST_TIMEOUT_FACTOR || 1);

const readme = readFileSync(join(kPackage, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);
const parent = mkdtempSync(join(tmpdir(), 'peer-readme-'));
let server;

before(async () => (server = await startServer()));
after(async () => {
  rmSync(parent, { recursive: true });
  assert.equal(await server.stop(), 0);
});

// What the README says of Node, and behind it what its first example does with the peer.
function program() {
  const node = blocks.find((code) => code.includes("from '@roamhq/wrtc'"));
  const [, rest] = blocks[0].match(/await connect\(.*\n([\s\S]*)/);
  return (node + rest).replace(/localhost:\d+/, `127.0.0.1:${server.port}`);
}

// Resolves with the first line that comes behind 'is here', if that comes.
async function greeting(folder, file) {
  const child = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const deadline = setTimeout(() => child.kill('SIGKILL'), kDeadline);
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (/^hello$/m.test(output)) break;
  }
  clearTimeout(deadline);
  return { output, child };
}

const npm = (folder, ...words) => execFileSync('npm', words, { cwd: folder, stdio: 'pipe', encoding: 'utf8' });

function pack() {
  return join(parent, npm(kPackage, 'pack', '--silent', '--pack-destination', parent).trim());
}

for (const [name, source] of [['repository', () => kPackage], ['packed', pack]]) {
  test(`the README: installed (${name}), run twice, and the two greet each other`, async () => {
    const folder = join(parent, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"name": "game", "type": "module"}');
    npm(folder, 'install', '--offline', '--no-audit', '--no-fund', source());
    mkdirSync(join(folder, 'node_modules/@roamhq'));
    for (const name of ['ws', '@roamhq/wrtc']) symlinkSync(join(kModules, name), join(folder, 'node_modules', name));
    writeFileSync(join(folder, 'game.js'), program());
    const both = await Promise.all([greeting(folder, 'game.js'), greeting(folder, 'game.js')]);
    for (const { child } of both) child.kill('SIGKILL');
    assert.deepEqual(both.map(({ output }) => output.match(/^hello$/m)?.[0]), ['hello', 'hello']);
    assert.match(both.map(({ output }) => output).join(''), / is here/);
  });
}
