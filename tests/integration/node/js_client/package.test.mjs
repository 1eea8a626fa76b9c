// The npm package as it is committed: made from its sources and from the contract, small, typed, usable.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kRoot = fileURLToPath(new URL('../../../../', import.meta.url));
const kPackage = join(kRoot, 'sdk/js');
const kMost = 12 * 1024;

const { typesOf } = await import(join(kPackage, 'generate_types.mjs'));

test('what is committed in dist/ and the types of the protocol are made from the sources', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(kPackage, 'build.mjs'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('the one file is at most 12 KB gzipped, and imports nothing', (t) => {
  const text = readFileSync(join(kPackage, 'dist/peer-server-client.js'));
  const size = gzipSync(text, { level: 9 }).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= kMost, `${size} bytes`);
  assert.doesNotMatch(text.toString(), /\bimport\b|\brequire\(/);
});

test('the package has no dependencies at run time', () => {
  const { dependencies = {} } = JSON.parse(readFileSync(join(kPackage, 'package.json'), 'utf8'));
  assert.deepEqual(dependencies, {});
});

test('it holds the license of the repository', () => {
  const [license, copy] = [kRoot, kPackage].map((folder) => readFileSync(join(folder, 'LICENSE'), 'utf8'));
  assert.equal(copy, license);
});

test('a message type that the contract gets is in the types, and an unknown keyword is an error', () => {
  const schema = JSON.parse(readFileSync(join(kRoot, 'docs/protocol.schema.json'), 'utf8'));
  for (const type of Object.keys(schema.definitions.server)) {
    assert.match(typesOf(schema), new RegExp(`\\n  ${type}: \\{\\n    type: "${type}"`));
  }
  schema.definitions.server.news = { description: 'New.', type: 'object', properties: { n: { type: ['integer', 'null'] } } };
  assert.match(typesOf(schema), /\n {2}\/\*\* New\. \*\/\n {2}news: \{\n {4}n\?: number \| null;\n {2}\};\n/);
  schema.definitions.server.news.not = {};
  assert.throws(() => typesOf(schema), /unknown keyword 'not'/);
});

// What the compiler says of files of an application that has installed the package.
function compile(files) {
  const folder = mkdtempSync(join(tmpdir(), 'peer-types-'));
  try {
    execFileSync('mkdir', ['-p', join(folder, 'node_modules')]);
    symlinkSync(kPackage, join(folder, 'node_modules/peer-server-client'));
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
    const compiler = join(kPackage, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [compiler, ...options, ...Object.keys(files)], { cwd: folder, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an application is typed: fields as on the wire, and nothing else', () => {
  const right = `
    import { connect, RequestError, type PeerObject } from 'peer-server-client';
    const peer = await connect({ url: 'wss://game.example/ws', iceServers: true });
    const lobby = await peer.join('lobby', { app_type: 'chess', watch: ['meta'] });
    for await (const { from, payload } of lobby.events('peer_joined')) {
      const who: PeerObject = payload;
      const total: number = lobby.total + from.length + who.alias.length;
      console.log(total);
    }
    const { session_id, peers } = await lobby.match({ group_size: 2, timeout_ms: 5000 });
    const call = peer.call(peers[0]!.fingerprint, { channels: { game: { ordered: false } } });
    (await call.channel('game')).send(session_id);
    const answer: string = (await peer.request('room_info', { room_id: 'r' })).payload.owner;
    await peer.room_update('r', { info: { map: 'dust' }, max_size: null });
    const voted = await peer.request('vote', { room_id: answer });
    try { await peer.kick('r', voted.type); } catch (error) { if (error instanceof RequestError) error.code.toFixed(); }
  `;
  const wrong = [
    [`peer.join('lobby', { app_type: 1 });`, 'string'],
    [`peer.request('room_info', { room: 'r' });`, 'No overload'],
    [`peer.on('peer_joined', ({ payload }) => payload.name);`, 'name'],
    [`peer.on('peer_join', () => {});`, 'peer_join'],
    [`(await peer.discover('lobby')).peer;`, 'peer'],
    [`peer.room_update('r', { max_size: 'four' });`, 'string'],
    [`peer.on('room_updated', ({ payload }) => payload.lock);`, 'lock'],
  ];
  const lines = [`import { connect } from 'peer-server-client';`, `const peer = await connect({ url: '' });`];
  const found = compile({ 'right.ts': right, 'wrong.ts': [...lines, ...wrong.map(([line]) => line)].join('\n') });
  assert.doesNotMatch(found, /right\.ts/);
  wrong.forEach(([, word], i) => assert.match(found, new RegExp(`wrong\\.ts\\(${i + 3},.*${word}`)));
});
