// The servers that are compared, each in a process of its own, and what the system says of a process.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(new URL('../../tests/integration/node/package.json', import.meta.url));
const kNpmPeer = fileURLToPath(new URL('npm_peer.mjs', import.meta.url));

async function start(program, args, core) {
  const directory = mkdtempSync(join(tmpdir(), 'peerjs-bench-'));
  const file = join(directory, 'port');
  const pinned = core === undefined ? [program, ...args(file)] : ['taskset', '-c', String(core), program, ...args(file)];
  const child = spawn(pinned[0], pinned.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async (signal = 'SIGKILL') => {
    child.kill(signal);
    await ended;
    rmSync(directory, { recursive: true });
  };
  for (let tries = 0; tries < 500; ++tries) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (text.endsWith('\n')) return { port: Number(text), pid: child.pid, stop };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await stop();
  throw new Error(`${program} does not listen`);
}

export function startNpmPeer(core) {
  return start(process.execPath, (file) => [kNpmPeer, require.resolve('peer'), file], core);
}

const kSettings = [
  'host=127.0.0.1',
  'port=0',
  'loops=1',
  'rate_limit_per_sec=1000000000',
  'rate_limit_burst=1000000000',
  'fanout_limit_per_sec=0',
  'max_connections_per_ip=0',
  'plugins.dialects=[{"name": "peerjs"}, {"name": "y_webrtc"}]',
].flatMap((value) => ['--set', value]);

export function startOurs(binary, core) {
  return start(binary, (file) => [...kSettings, '--port-file', file], core);
}

// Under callgrind, as tools/instructions has it: `stop()` resolves with the instructions in user space since the start.
export async function startCounted(binary) {
  const directory = mkdtempSync(join(tmpdir(), 'peerjs-bench-'));
  // Neither library may choose its code by the machine's processor.
  process.env.SIMDJSON_FORCE_IMPLEMENTATION = 'westmere';
  process.env.GLIBC_TUNABLES = 'glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM';
  const flags = ['--tool=callgrind', '--callgrind-out-file=/dev/null', `--log-file=${directory}/valgrind.%p`, binary];
  const server = await start('valgrind', (file) => [...flags, ...kSettings, '--set', 'log_level=error', '--port-file', file]);
  const stop = async () => {
    await server.stop('SIGTERM');
    const text = readFileSync(join(directory, `valgrind.${server.pid}`), 'utf8');
    rmSync(directory, { recursive: true });
    return Number(text.match(/Collected : *([0-9]+)/)[1]);
  };
  return { ...server, stop };
}

// CPU time of all threads, in microseconds.
export function cpuOf(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1000;
}

// Anonymous memory, in bytes.
export function memoryOf(pid) {
  const [, kilobytes] = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Anonymous:\s+(\d+) kB/m);
  return Number(kilobytes) * 1024;
}
