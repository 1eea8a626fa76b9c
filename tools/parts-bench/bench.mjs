#!/usr/bin/env node
// bench.mjs <peer-server> [option=value...]: what operations between nodes cost one Redis, and the busiest of three masters of a Redis Cluster with
// several parts, in turns. See tools/README.md.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';

import { cpuOf } from '../peerjs-bench/servers.mjs';
import { runRound } from './load.mjs';
import { startNodes, takes } from './nodes.mjs';
import { startCluster, startSingle } from './redis.mjs';

// At the most: CPU of the busiest master, and of the nodes, against one Redis (docs/decisions.md).
const kGoals = { 'scripted route': 0.45, register: 0.45, broadcast: 0.5, join: 0.55, leave: 0.55, 'known route': 0.55 };
const kGoalOfNodes = 1.1;

const [binary, ...rest] = process.argv.slice(2);
if (!binary) {
  console.error('usage: bench.mjs PEER_SERVER [rounds=7] [seconds=240] [peers=1500] [parts=64] [broadcasts=2] [signals=4] [together=300] [json=1]');
  process.exit(2);
}
const options = { rounds: 7, seconds: 240, peers: 1500, masters: 3, nodes: 3, parts: 64, broadcasts: 2, signals: 4, together: 300, json: 0 };
for (const text of rest) {
  const [key, value] = text.split('=');
  if (!(key in options)) throw new Error(`no option ${key}`);
  options[key] = Number(value);
}
options.peers -= options.peers % options.nodes;

const brokerAt = (addr, parts) => ({ name: 'redis', options: { addr, legacy_channels: false, parts } });
if (!takes(binary, brokerAt('127.0.0.1:1', options.parts))) throw new Error(`${binary} takes no such option 'parts'`);

async function start() {
  const [one] = await startSingle();
  running.push(one);
  const masters = await startCluster(options.masters, options.parts);
  running.push(...masters);
  const single = brokerAt(`127.0.0.1:${one.port}`, 1);
  const several = brokerAt(masters.map(({ port }) => `127.0.0.1:${port}`).join(','), options.parts);
  const arrangements = {};
  for (const [name, redis, broker] of [['single', [one], single], ['parts', masters, several]]) {
    arrangements[name] = { redis, nodes: await startNodes(binary, broker, options.nodes), rows: {} };
    running.push(...arrangements[name].nodes);
  }
  return arrangements;
}

// What Redis says of itself since the last CONFIG RESETSTAT: scripts that it ran, and reads from sockets.
async function countsOf(redis) {
  const counts = { scripts: 0, reads: 0 };
  for (const server of redis) {
    const info = await server.command('INFO', 'all');
    counts.scripts += Number(info.match(/^cmdstat_evalsha:calls=(\d+)/m)?.[1] ?? 0);
    counts.reads += Number(info.match(/^total_reads_processed:(\d+)/m)[1]);
  }
  return counts;
}

const cpuOfAll = (processes) => processes.map(({ pid }) => cpuOf(pid));
const since = (before, processes) => cpuOfAll(processes).map((cpu, i) => cpu - before[i]);
const sum = (values) => values.reduce((all, value) => all + value, 0);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// `measure` of runRound(): microseconds of CPU for an operation, of the busiest Redis, of all of them and of all nodes.
function measureIn({ redis, nodes, rows }) {
  return async (name, count, work) => {
    for (const server of redis) await server.command('CONFIG', 'RESETSTAT');
    const [redisBefore, nodesBefore] = [cpuOfAll(redis), cpuOfAll(nodes)];
    await work();
    const [ofRedis, ofNodes] = [since(redisBefore, redis), since(nodesBefore, nodes)];
    const { scripts, reads } = await countsOf(redis);
    const row = (rows[name] ??= { busiest: [], all: [], nodes: [], scripts: [], reads: [], count });
    row.scripts.push(scripts / count);
    row.reads.push(reads / count);
    row.busiest.push(Math.max(...ofRedis) / count);
    row.all.push(sum(ofRedis) / count);
    row.nodes.push(sum(ofNodes) / count);
  };
}

async function check({ nodes, redis }) {
  for (const node of nodes) {
    const { state, dropped } = await node.stats();
    if (state !== 'connected' || dropped !== 0) throw new Error(`a node is ${state} and has dropped ${dropped} messages:\n${node.output()}`);
  }
  for (const server of redis) {
    const left = await server.command('EVAL', "return #redis.call('KEYS', 'peer:{*}:p:*') + #redis.call('KEYS', 'peer:{*}:sm:*')", 0);
    if (left !== '0') throw new Error(`${left} registrations and namespaces are left in Redis`);
  }
}

function put(arrangements) {
  const rows = {};
  for (const [name, { count }] of Object.entries(arrangements.single.rows)) {
    const [single, parts] = [arrangements.single.rows[name], arrangements.parts.rows[name]];
    const figures = (row) => ({
      busiest_us: median(row.busiest),
      all_us: median(row.all),
      nodes_us: median(row.nodes),
      scripts: median(row.scripts),
      reads: median(row.reads),
    });
    rows[name] = {
      operations: count,
      single: figures(single),
      parts: figures(parts),
      busiest_ratio: median(parts.busiest) / median(single.busiest),
      nodes_ratio: median(parts.nodes) / median(single.nodes),
      goal: kGoals[name],
    };
  }
  return rows;
}

function print(rows) {
  const line = (...cells) => console.error(cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(12))).join(''));
  line('us of CPU for', 'one Redis', 'busiest', 'ratio', 'goal', 'all of them', '| nodes', 'with parts', 'ratio', 'goal', '| scripts', 'reads');
  const both = (one, other) => `${one.toFixed(1)} / ${other.toFixed(1)}`;
  for (const [name, { single, parts, busiest_ratio: ratio, nodes_ratio: ofNodes, goal }] of Object.entries(rows)) {
    const verdict = goal === undefined ? '' : `${goal.toFixed(2)} ${ratio <= goal ? 'ok' : 'NO'}`;
    const verdictOfNodes = goal === undefined ? '' : `${kGoalOfNodes} ${ofNodes <= kGoalOfNodes ? 'ok' : 'NO'}`;
    const numbers = [single.busiest_us, parts.busiest_us].map((value) => value.toFixed(2));
    line(name, ...numbers, ratio.toFixed(2), verdict, parts.all_us.toFixed(2), single.nodes_us.toFixed(1), parts.nodes_us.toFixed(1), ofNodes.toFixed(2), verdictOfNodes, both(single.scripts, parts.scripts), both(single.reads, parts.reads));
  }
}

const running = [];
const began = performance.now();
let failed = null;
try {
  const arrangements = await start();
  const load = [];
  let round = 0;
  // The first round of each is not counted: scripts are new to Redis, memory to the nodes.
  for (; round <= options.rounds; ++round) {
    const soFar = (performance.now() - began) / 1000;
    if (round > 3 && soFar + (soFar / round) > options.seconds) break;
    for (const arrangement of Object.values(arrangements)) {
      if (round === 1) arrangement.rows = {};
      await runRound(arrangement.nodes, options, round, measureIn(arrangement));
      await check(arrangement);
    }
    load.push(loadavg()[0]);
    console.error(`round ${round} of ${options.rounds}: ${Math.round((performance.now() - began) / 1000)} s`);
  }
  for (const arrangement of Object.values(arrangements)) {
    const milliseconds = 3000;
    await measureIn(arrangement)('idle, a second', milliseconds / 1000, () => after(milliseconds));
  }
  const rows = put(arrangements);
  const model = readFileSync('/proc/cpuinfo', 'utf8').match(/^model name\s*:\s*(.*)$/m)?.[1];
  console.error(
    `\n${model}, ${cpus().length} cores, load ${Math.max(...load).toFixed(1)} at the most, medians of ${round - 1} rounds; ` +
      `${options.nodes} nodes; one Redis, and ${options.masters} masters with ${options.parts} parts`,
  );
  print(rows);
  if (options.json) console.log(JSON.stringify({ options, model, load, rounds: round - 1, rows }));
} catch (failure) {
  failed = failure;
}
for (const one of running.reverse()) await one.stop();
if (failed) console.error(failed.stack);
process.exit(failed ? 1 : 0);
