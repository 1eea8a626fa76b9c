// Serves these examples and the client, and runs the server that they talk to; tools/demo starts it. Enter, or a line on
// the standard input, restarts the server: the pages show what that looks like.
//   node serve.mjs SERVER [--port 8000] [--server-port 8080] [argument of the server...]
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const kHere = fileURLToPath(new URL('.', import.meta.url));
const kClient = fileURLToPath(new URL('../dist/peer-server-client.js', import.meta.url));
const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

const [program, ...rest] = process.argv.slice(2);
if (!program) {
  console.error('usage: node serve.mjs SERVER [--port 8000] [--server-port 8080] [argument of the server...]');
  process.exit(2);
}
const option = (name, otherwise) => {
  const at = rest.indexOf(name);
  return at < 0 ? otherwise : Number(rest.splice(at, 2)[1]);
};
const port = option('--port', 8000);
let serverPort = option('--server-port', 8080);

const folder = mkdtempSync(join(tmpdir(), 'peer-demo-'));
const portFile = join(folder, 'port');

// Resolves with the server's process when it listens.
function startServer() {
  rmSync(portFile, { force: true });
  const settings = ['--set', `port=${serverPort}`, '--port-file', portFile, ...rest];
  const child = spawn(program, settings, { stdio: ['ignore', 'inherit', 'inherit'] });
  child.ended = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, look);
    const failed = () => reject(new Error('the server does not start'));
    child.once('error', reject).once('exit', failed);
    function look() {
      const text = existsSync(portFile) ? readFileSync(portFile, 'utf8') : '';
      if (!text.endsWith('\n')) return;
      watcher.close();
      child.off('exit', failed);
      serverPort = Number(text);
      resolve(child);
    }
    look();
  });
}

function fileOf(url) {
  const { pathname } = new URL(url, 'http://localhost');
  if (pathname.endsWith('/peer-server-client.js')) return kClient;
  const path = join(kHere, normalize(decodeURIComponent(pathname)));
  const file = path.endsWith('/') ? `${path}index.html` : path;
  return file.startsWith(kHere) && extname(file) in kTypes && existsSync(file) && statSync(file).isFile()
    ? file
    : undefined;
}

function answer(request, response) {
  if (request.url === '/') return response.writeHead(302, { Location: '/lobby/' }).end();
  if (request.url === '/server.json') {
    return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ port: serverPort }));
  }
  let file;
  try {
    file = fileOf(request.url);
  } catch {} // no URL
  if (!file) return response.writeHead(404).end('not found');
  response.writeHead(200, { 'Content-Type': kTypes[extname(file)], 'Cache-Control': 'no-store' });
  if (extname(file) !== '.html') return createReadStream(file).pipe(response);
  // The pages name the server's usual port, so that they can be read and copied as they are.
  response.end(readFileSync(file, 'utf8').replace('localhost:8080', `localhost:${serverPort}`));
}

let server = await startServer();
let isStopping = false;
const pages = createServer(answer);
try {
  await new Promise((resolve, reject) => pages.once('error', reject).listen(port, resolve));
} catch (error) {
  console.error(`the pages cannot be served: ${error.message}; --port takes another port`);
  server.kill('SIGTERM');
  process.exit(1);
}
console.log(`open http://localhost:${pages.address().port}/ in two tabs; Enter restarts the server`);

async function restart() {
  const old = server;
  old.kill('SIGTERM');
  await old.ended;
  if (isStopping) return;
  server = await startServer();
  console.log('restarted');
}

async function stop() {
  isStopping = true;
  server.kill('SIGTERM');
  await server.ended;
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

let last = Promise.resolve();
createInterface({ input: process.stdin }).on('line', () => (last = last.then(restart)));
process.on('SIGINT', stop).on('SIGTERM', stop);
