// Starts the server under test: env PEER_SERVER_BINARY names it. With PEER_DEV_CERT, which names
// tools/dev-cert, it speaks TLS; with PEER_COMPRESSED it compresses every message.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kSecure = Boolean(process.env.PEER_DEV_CERT);
export const kCompressed = Boolean(process.env.PEER_COMPRESSED);
export const kHttp = kSecure ? 'https' : 'http';
export const kWebSocket = kSecure ? 'wss' : 'ws';

// Where the certificate is made, if there is one.
function makeCertificate(directory) {
  if (!kSecure) return undefined;
  execFileSync(process.env.PEER_DEV_CERT, [directory]);
  return join(directory, 'cert.pem');
}

function settings(directory, certificate) {
  const values = ['port=0', 'host=127.0.0.1'];
  if (certificate) values.push(`tls_cert=${certificate}`, `tls_key=${join(directory, 'key.pem')}`);
  if (kCompressed) values.push('compression_enabled=true', 'compression_threshold=0');
  return values.flatMap((value) => ['--set', value]);
}

function portFrom(file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text.endsWith('\n') ? Number(text) : undefined;
}

// Resolves with the port as soon as the port file is complete.
function waitForPort(directory, child) {
  const file = join(directory, 'port');
  return new Promise((resolve, reject) => {
    const watcher = watch(directory, check);
    const timer = setTimeout(() => finish(reject, new Error('the server does not listen')), 20_000);
    const ended = (code) => finish(reject, new Error(`the server ended with ${code}`));
    child.once('exit', ended);
    function finish(settle, value) {
      watcher.close();
      clearTimeout(timer);
      child.off('exit', ended);
      settle(value);
    }
    function check() {
      const port = portFrom(file);
      if (port !== undefined) finish(resolve, port);
    }
    check();
  });
}

// `config`: the text of a configuration file. Returns {port, certificate, stop}; stop() ends the server and resolves with its exit code.
export async function startServer({ config = '' } = {}) {
  const binary = process.env.PEER_SERVER_BINARY;
  if (!binary) throw new Error('set PEER_SERVER_BINARY to the peer-server to test');
  const directory = mkdtempSync(join(tmpdir(), 'peer-node-'));
  const certificate = makeCertificate(directory);
  const file = join(directory, 'peer-server.yaml');
  writeFileSync(file, config);
  const child = spawn(
    binary,
    [
      ...['--config', file, '--port-file', join(directory, 'port')],
      ...settings(directory, certificate),
    ],
    { env: { PATH: process.env.PATH }, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    const code = await exited;
    rmSync(directory, { recursive: true, force: true });
    return code;
  };
  try {
    return { port: await waitForPort(directory, child), certificate, stop };
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
