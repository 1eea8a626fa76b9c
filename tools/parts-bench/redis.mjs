// Servers of Redis in processes of their own, on free ports and without persistence: one alone, or the masters of a Redis Cluster among which
// the parts `peer:{k}` are spread.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';

const kSlots = 16384;
const run = promisify(execFile);

// Whatever ends this process, none of those that it has started goes on, and nothing of them is left.
const ends = [];
process.once('exit', () => ends.forEach((end) => end()));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
export function endWithUs(child, directory) {
  ends.push(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function command(port, ...words) {
  const { stdout } = await run('redis-cli', ['-e', '-p', String(port), ...words.map(String)]);
  return stdout.trim();
}

// `holds`: what is waited for, asked again and again; `what` says it in words.
export async function until(holds, what) {
  for (const end = performance.now() + 30_000; !(await holds()); await after(10)) {
    if (performance.now() > end) throw new Error(`not within 30 seconds: ${what}`);
  }
}

async function startServer(more) {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'parts-bench-'));
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no', ...more];
  const child = spawn('redis-server', words, { stdio: 'ignore' });
  endWithUs(child, directory);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const answers = () => command(port, 'PING').then((text) => text === 'PONG', () => false);
  await until(answers, `redis-server answers at ${port}`);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true });
  };
  return { port, pid: child.pid, stop, command: (...said) => command(port, ...said) };
}

export async function startSingle() {
  return [await startServer([])];
}

// So many masters, each with the slots of the same number of parts, or of one more.
export async function startCluster(masters, parts) {
  const servers = [];
  while (servers.length < masters) {
    const busPort = String(await freePort());
    servers.push(await startServer(['--cluster-enabled', 'yes', '--cluster-port', busPort, '--cluster-require-full-coverage', 'no']));
    servers.at(-1).busPort = busPort;
  }
  const [first] = servers;
  const slots = [];
  for (let part = 0; part < parts; ++part) slots.push(Number(await first.command('CLUSTER', 'KEYSLOT', `peer:{${part}}`)));
  slots.sort((a, b) => a - b);
  const bounds = servers.map((_, i) => (i === 0 ? 0 : slots[Math.floor((parts * i) / masters)]));
  for (const [i, server] of servers.entries()) {
    await server.command('CLUSTER', 'ADDSLOTSRANGE', bounds[i], (bounds[i + 1] ?? kSlots) - 1);
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await first.command('CLUSTER', 'MEET', '127.0.0.1', server.port, server.busPort);
  }
  for (const server of servers) {
    const isWhole = async () => {
      const info = await server.command('CLUSTER', 'INFO');
      return [`cluster_known_nodes:${masters}\r`, `cluster_slots_ok:${kSlots}\r`, 'cluster_state:ok'].every((text) => info.includes(text));
    };
    await until(isWhole, 'the Cluster is whole');
  }
  return servers;
}
