// Makes what users get, from src/: dist/peer-server-client.js, one file, and its types beside it. src/protocol.ts comes
// from docs/protocol.schema.json. With `--check` nothing is written, and what differs ends it with 1.
//   node build.mjs [--check]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import { typesOf } from './generate_types.mjs';

const kHere = fileURLToPath(new URL('.', import.meta.url));
const kCheck = process.argv.includes('--check');
const differing = [];

// The file is this text, or becomes it.
function settle(file, text) {
  const path = join(kHere, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  differing.push(file);
  if (!kCheck) writeFileSync(path, text);
}

const schema = readFileSync(join(kHere, '../../docs/protocol.schema.json'), 'utf8');
settle('src/protocol.ts', typesOf(JSON.parse(schema)));

const made = mkdtempSync(join(tmpdir(), 'peer-server-client-'));
try {
  const compiler = join(kHere, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', kHere, '--outDir', made], { stdio: 'inherit' });
  await build({
    entryPoints: [join(kHere, 'src/index.ts')],
    outfile: join(made, 'peer-server-client.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    banner: { js: '// peer-server-client, made from sdk/js/src by sdk/js/build.mjs. License: MIT.' },
  });
  for (const file of readdirSync(made)) settle(`dist/${file}`, readFileSync(join(made, file), 'utf8'));
  for (const file of readdirSync(join(kHere, 'dist'))) {
    if (readdirSync(made).includes(file)) continue;
    differing.push(`dist/${file}`);
    if (!kCheck) rmSync(join(kHere, 'dist', file));
  }
} finally {
  rmSync(made, { recursive: true });
}

if (kCheck && differing.length > 0) {
  console.error(`not current: ${differing.join(', ')}; run 'npm ci && npm run build' in sdk/js`);
  process.exit(1);
}
