// The console (docs/console.md) in Chromium (env PEER_CHROMIUM): what an operator does, and what hostile
// peers cannot do to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client } from './client.mjs';
import { ask, bench, click, close, kReadToken, open, openPeer, press, put, register, roundTrip, shows, wait } from './console_bench.mjs';

before(() => bench.start());
after(() => bench.stop());

test('a peer is disconnected after a question, and not before', async () => {
  const client = await register('Rude');
  const page = await open({ hash: '#peers' });
  await openPeer(page, 'Rude');
  await press(page, 'Disconnect…', '#drawer');
  await shows(page, 'Disconnect “Rude”?');
  await press(page, 'Cancel', 'dialog');
  await wait(page, () => !document.querySelector('dialog'));
  await roundTrip(client);
  await page.press('d');
  await put(page, 'Reason', 'go home');
  await put(page, 'Close code', '4321');
  await press(page, 'Disconnect', 'dialog');
  assert.deepEqual(await client.closed, { code: 4321, reason: 'go home' });
  await shows(page, 'Disconnected “Rude”.');
  await close(page);
});

test('what the server refuses is said in the question', async () => {
  const client = await register('Alice');
  const page = await open({ hash: '#peers' });
  await openPeer(page, 'Alice');
  await page.press('d');
  await put(page, 'Close code', '1000');
  await press(page, 'Disconnect', 'dialog');
  await shows(page, 'code must be from 4000 to 4999');
  await roundTrip(client);
  client.ws.close();
  await close(page);
});

test('a peer is banned, listed, and let in again', async () => {
  const client = await register('Spam');
  const page = await open({ hash: '#peers' });
  await openPeer(page, 'Spam');
  await page.press('b');
  await put(page, 'Reason', 'sells watches');
  await press(page, 'Ban', 'dialog');
  assert.equal((await client.closed).code, 4003);
  const again = await Client.connect(bench.server.port);
  again.send({ type: 'register', payload: { public_key: 'key of Spam' } });
  assert.deepEqual((await again.next('error')).payload, { code: 401, message: 'banned' });
  await shows(page, 'Banned “Spam”.');
  await page.press('Escape', '6');
  await shows(page, 'sells watches');
  await click(page, 'sells watches', 'Lift…');
  await press(page, 'Lift', 'dialog');
  await shows(page, 'Nobody is banned.');
  (await register('Spam')).ws.close();
  await close(page);
});

test('a room is closed, and its members hear why', async () => {
  const client = await register('Host');
  client.send({ type: 'create_room', payload: { room_id: 'den/1 ?#' } });
  await client.next('room_created');
  const page = await open({ hash: '#rooms' });
  await click(page, 'den/1 ?#');
  await press(page, 'Close the room…', '#drawer');
  await press(page, 'Close the room', 'dialog');
  assert.equal((await client.next('room_closed')).payload.reason, 'closed by the operator');
  await shows(page, 'There is no room.');
  client.ws.close();
  await close(page);
});

test('a message to a namespace arrives as it was written', async () => {
  const client = await register('Reader', ['hall/&?']);
  const page = await open({ hash: '#namespaces' });
  await click(page, 'hall/&?');
  await press(page, 'Message all…', '#drawer');
  await put(page, 'Payload', '{"text": "five minutes", ');
  await press(page, 'Send to 1', 'dialog');
  await shows(page, 'The message is no JSON.');
  await put(page, 'Payload', '{"text": "five  minutes", "n": 1.50}');
  const text = new Promise((resolve) => client.ws.once('message', (data) => resolve(data.toString())));
  await press(page, 'Send to 1', 'dialog');
  assert.match(await text, /^{"type":"server_message","namespace":"hall\/&\?","payload":{"text": "five  minutes", "n": 1.50},"ts":\d+}$/);
  await shows(page, 'Delivered to 1.');
  client.ws.close();
  await close(page);
});

test('markup in an alias, a namespace, meta, a room and a reason is text', async () => {
  const bad = (n) => `<img src=x onerror="globalThis.hacked=${n}"><script>globalThis.hacked=${n}</script>`;
  const client = await register(bad(1), [bad(2)], { meta: { [bad(3)]: bad(4) } });
  client.send({ type: 'create_room', payload: { room_id: bad(5) } });
  await client.next('room_created');
  client.send({ type: 'match', payload: { namespace: bad(2), group_size: 2 } });
  await client.next('match');
  const page = await open({ hash: '#peers' });
  await openPeer(page, bad(1));
  for (const n of [1, 2, 5]) await shows(page, bad(n));
  await shows(page, JSON.stringify(bad(4)));
  await page.press('b');
  await put(page, 'Reason', bad(6));
  await press(page, 'Ban', 'dialog');
  await client.closed;
  await shows(page, `Banned “${bad(1)}”.`);
  await page.press('Escape', '6');
  await shows(page, bad(6));
  const other = await register(`${bad(1)}!`, [bad(2)]);
  other.send({ type: 'create_room', payload: { room_id: bad(5) } });
  await other.next('room_created');
  other.send({ type: 'match', payload: { namespace: bad(2), group_size: 2 } });
  await other.next('match');
  for (const [key, n] of [['3', 2], ['4', 5], ['5', 2]]) {
    await page.press(key);
    await shows(page, bad(n));
  }
  await page.press('8');
  for (const n of [1, 2, 5]) await shows(page, bad(n));
  const made = () => [globalThis.hacked, document.querySelectorAll('main img, main script, #drawer img, #toasts img, dialog img').length];
  assert.deepEqual(await page.run(made), [null, 0]);
  other.ws.close();
  await close(page);
  for (const { target } of (await ask('/v1/bans')).bans) await ask(`/v1/bans/${target}`, 'DELETE');
});

test('a token that may only read has no buttons that change something', async () => {
  const client = await register('Safe');
  const page = await open({ hash: '#peers', token: kReadToken });
  await shows(page, 'grafana, read only');
  await openPeer(page, 'Safe');
  await wait(page, () => {
    const buttons = [...document.querySelectorAll('#drawer .actions button')];
    return buttons.length === 3 && buttons.every((button) => button.disabled);
  });
  await page.press('d');
  assert.equal(await page.run(() => document.querySelector('dialog')), null);
  client.ws.close();
  await close(page);
});
