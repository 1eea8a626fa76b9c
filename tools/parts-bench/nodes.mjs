// Nodes of one cluster, each in a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endWithUs, until } from './redis.mjs';

const kSettings = [
  'host=127.0.0.1',
  'port=0',
  'loops=1',
  'rate_limit_per_sec=1000000000',
  'rate_limit_burst=1000000000',
  'send_buffer_size=100000',
  'max_connections_per_ip=0',
];

function argumentsOf(broker) {
  return [...kSettings, `plugins.broker=${JSON.stringify(broker)}`].flatMap((value) => ['--set', value]);
}

// Whether this server takes these options of the broker.
export function takes(binary, broker) {
  return spawnSync(binary, ['--check-config', ...argumentsOf(broker)], { stdio: 'ignore' }).status === 0;
}

async function startNode(binary, broker) {
  const directory = mkdtempSync(join(tmpdir(), 'parts-bench-'));
  const file = join(directory, 'port');
  const child = spawn(binary, [...argumentsOf(broker), '--port-file', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(child, directory);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const listens = () => {
    if (child.exitCode !== null) throw new Error(`${binary} has ended:\n${output}`);
    return existsSync(file) && readFileSync(file, 'utf8').endsWith('\n');
  };
  await until(listens, `${binary} listens`);
  const port = Number(readFileSync(file, 'utf8'));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true });
  };
  const stats = async () => (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()).broker;
  return { port, pid: child.pid, stop, stats, output: () => output };
}

// So many, which know of each other.
export async function startNodes(binary, broker, count) {
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(binary, broker)));
  for (const node of nodes) {
    const isThere = async () => {
      const { state, nodes: known } = await node.stats();
      return state === 'connected' && known === count;
    };
    await until(isThere, `a node of ${count} is part of the cluster:\n${node.output()}`);
  }
  return nodes;
}
