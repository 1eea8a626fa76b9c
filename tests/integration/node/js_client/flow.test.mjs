// One session of every kind with the JavaScript client, against a server: in Node 20 with `ws`, in Node 22 with its own WebSocket,
// and in the browsers that there are.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { startServer } from '../server.mjs';
import { kNode22, NodeAgent, startBrowsers } from './agents.mjs';
import { guideFlow, kSeen } from './guide_flow.mjs';

let server;
let browsers;
const agents = [];

before(async () => {
  server = await startServer();
  browsers = await startBrowsers();
});

after(async () => {
  for (const agent of agents) agent.close();
  await browsers?.close();
  assert.equal(await server?.stop(), 0);
});

function nodeAgent(settings) {
  const agent = new NodeAgent(settings);
  agents.push(agent);
  return agent;
}

async function flow(agent, name) {
  const seen = await agent.run(guideFlow, `ws://127.0.0.1:${server.port}/ws`, name);
  assert.deepEqual(seen, kSeen(name));
}

test("the guide's flow in Node with the package ws", () => flow(nodeAgent({ socket: 'ws' }), 'node'));

test("the guide's flow in Node 22 with its own WebSocket", { skip: !existsSync(kNode22) }, () =>
  flow(nodeAgent({ program: kNode22 }), 'node22'),
);

for (const name of ['chromium', 'firefox']) {
  test(`the guide's flow in ${name}`, { skip: !process.env[`PEER_${name.toUpperCase()}`] }, async () => {
    await flow(await browsers[name](), name);
  });
}

test('without a WebSocket the client says what to do', { skip: Boolean(globalThis.WebSocket) }, async () => {
  const { connect } = await import('../../../../sdk/js/dist/peer-server-client.js');
  await assert.rejects(connect({ url: 'ws://127.0.0.1/ws' }), /pass one, \{WebSocket\} of the package 'ws'/);
});
