// npm_peer.mjs <module> <file>: the PeerServer of npm with its defaults, but for its limit; its port is written into the file.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { PeerServer } = createRequire(import.meta.url)(process.argv[2]);
PeerServer({ host: '127.0.0.1', port: 0, concurrent_limit: 1e6 }, (server) =>
  writeFileSync(process.argv[3], `${server.address().port}\n`),
);
