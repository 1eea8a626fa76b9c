// The session of docs/clients.md, run as it is written there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startServer } from './server.mjs';

let server;
before(async () => (server = await startServer()));
after(async () => assert.equal(await server.stop(), 0));

function printedSession() {
  const page = readFileSync(new URL('../../../docs/clients.md', import.meta.url), 'utf8');
  const [, example] = page.match(/```javascript\n([\s\S]*?)```/);
  return example.replace(/localhost:\d+/, `127.0.0.1:${server.port}`);
}

test('the printed session: an offer is answered', async () => {
  const client = spawn(process.execPath, ['--input-type=module', '--eval', printedSession()], {
    cwd: new URL('.', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const deadline = setTimeout(() => client.kill(), 20_000);
  let output = '';
  for await (const chunk of client.stdout) {
    output += chunk;
    if (output.includes('\n')) break;
  }
  clearTimeout(deadline);
  client.kill();
  assert.match(output, /alice got \{ signal_type: 'answer', sdp: '\.\.\.' \}/);
});
