#!/usr/bin/env node
// bench.mjs <peer-server> [option=value...]: PeerJS clients at the server of npm (package `peer`), and at ours, in turns; and native
// clients that do the same. See tools/README.md.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { cpuOf, memoryOf, startNpmPeer, startOurs } from './servers.mjs';
import { enter, enterAll, enterPairs } from './speakers.mjs';

const [binary, ...rest] = process.argv.slice(2);
if (!binary) {
  console.error('usage: bench.mjs PEER_SERVER [rounds=5] [seconds=2] [pairs=100] [flight=1] [size=300] [idle=10000] [connects=4000] [core=1]');
  process.exit(2);
}
const options = { rounds: 5, seconds: 2, pairs: 100, flight: 1, size: 300, idle: 10_000, connects: 4000, core: undefined };
for (const text of rest) {
  const [key, value] = text.split('=');
  if (!(key in options)) throw new Error(`no option ${key}`);
  options[key] = Number(value);
}

const targets = {
  'npm peer': { start: () => startNpmPeer(options.core), speaks: 'peerjs' },
  'peer-server, PeerJS': { start: () => startOurs(binary, options.core), speaks: 'peerjs' },
  'peer-server, native': { start: () => startOurs(binary, options.core), speaks: 'native' },
};

// Pairs that answer each message with one; each has so many under way (`flight`). Microseconds of CPU for a message.
async function relay(server, speaks) {
  const all = await enterPairs(server, speaks, options.pairs, options.size);
  let count = 0;
  for (const { client, frame } of all) {
    client.onText = () => {
      ++count;
      client.write(frame);
    };
  }
  for (let i = 0; i < all.length; i += 2) all[i].client.write(Buffer.concat(Array(options.flight).fill(all[i].frame)));
  const lasts = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  await lasts(500);
  const figures = [];
  const before = { count, cpu: cpuOf(server.pid), at: performance.now() };
  await lasts(1000 * options.seconds);
  const after = { count, cpu: cpuOf(server.pid), at: performance.now() };
  figures.push((after.cpu - before.cpu) / (after.count - before.count));
  figures.push(((after.count - before.count) * 1000) / (after.at - before.at));
  await Promise.all(all.map(({ client }) => client.destroy()));
  return figures;
}

// Clients that come and go, 64 at a time. CPU for each, and how many in a second.
async function connects(server, speaks) {
  let number = 0;
  const one = async () => {
    while (number < options.connects) await (await enter(server, speaks, `guest-${++number}`)).client.close();
  };
  const before = { cpu: cpuOf(server.pid), at: performance.now() };
  await Promise.all(Array.from({ length: 64 }, one));
  const seconds = (performance.now() - before.at) / 1000;
  return [(cpuOf(server.pid) - before.cpu) / options.connects, options.connects / seconds];
}

// Bytes of memory for each of many that are silent.
async function idle(server, speaks) {
  await Promise.all((await enterAll(server, speaks, 100, 'warm')).map(({ client }) => client.close()));
  const before = memoryOf(server.pid);
  const all = await enterAll(server, speaks, options.idle, 'idle');
  const bytes = (memoryOf(server.pid) - before) / options.idle;
  await Promise.all(all.map(({ client }) => client.destroy()));
  return bytes;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const figures = Object.fromEntries(Object.keys(targets).map((name) => [name, { cpu: [], rate: [], connectCpu: [], connectRate: [], bytes: [] }]));
for (let round = 0; round < options.rounds; ++round) {
  for (const [name, { start, speaks }] of Object.entries(targets)) {
    const server = await start();
    const its = figures[name];
    const [cpu, rate] = await relay(server, speaks);
    const [connectCpu, connectRate] = await connects(server, speaks);
    its.cpu.push(cpu);
    its.rate.push(rate);
    its.connectCpu.push(connectCpu);
    its.connectRate.push(connectRate);
    await server.stop();
    console.error(`${name}: ${cpu.toFixed(2)} us a message, ${Math.round(connectRate)} connects a second`);
  }
}
for (const [name, { start, speaks }] of Object.entries(targets)) {
  const server = await start(); // a new one, whose memory nobody has used
  figures[name].bytes.push(await idle(server, speaks));
  await server.stop();
}

const model = readFileSync('/proc/cpuinfo', 'utf8').match(/^model name\s*:\s*(.*)$/m)?.[1];
console.error(`\n${model}, ${cpus().length} cores, node ${process.version}, medians of ${options.rounds} rounds`);
const result = {};
for (const [name, its] of Object.entries(figures)) {
  result[name] = {
    cpu_us_per_message: Number(median(its.cpu).toFixed(2)),
    messages_per_second: Math.round(median(its.rate)),
    cpu_us_per_connect: Number(median(its.connectCpu).toFixed(1)),
    connects_per_second: Math.round(median(its.connectRate)),
    bytes_per_idle_client: Math.round(median(its.bytes)),
  };
}
console.error(result);
console.log(JSON.stringify({ options, model, result }));
process.exit(0);
