// What happens, as the server tells it while it happens. Where it cannot, pages ask again and again.
import { bus, hasToken, headers, query, tell } from './api.js';
import { h, moment, setText, shortId, Table } from './dom.js';

const kMost = 300;
const kSilence = 6000; // ms; the server says something every second

export const stream = { isOpen: false, log: [], seen: 0 };

// How long a page waits until it asks again, in ms; it asks at once when something happens.
export const pace = () => (stream.isOpen ? 5000 : 800);

let attempt; // an AbortController; undefined: nobody listens
let timer;

function take(block) {
  let kind = 'message';
  const lines = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) kind = line.slice(6).trim();
    else if (line.startsWith('data:')) lines.push(line.slice(5));
  }
  if (lines.length === 0) return;
  let data;
  try {
    data = JSON.parse(lines.join('\n'));
  } catch {
    return;
  }
  stream.seen += 1;
  stream.log.unshift({ number: stream.seen, kind, data });
  stream.log.length = Math.min(stream.log.length, kMost);
  tell('event', { kind, data });
}

async function listen(signal) {
  const response = await fetch('v1/events', { headers: headers(), cache: 'no-store', signal });
  if (!response.ok || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) return false;
  stream.isOpen = true;
  tell('stream');
  tell('event', { kind: 'open', data: {} });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (true) {
    const silence = setTimeout(() => reader.cancel(), kSilence);
    const { value, done } = await reader.read();
    clearTimeout(silence);
    if (done) return true;
    const blocks = (text + value).replaceAll('\r\n', '\n').split('\n\n');
    text = blocks.pop();
    blocks.forEach(take);
  }
}

async function run(signal, pause = 500) {
  let wasOpen = false;
  try {
    wasOpen = await listen(signal);
  } catch {
    wasOpen = stream.isOpen;
  }
  if (signal.aborted) return;
  stream.isOpen = false;
  tell('stream');
  const next = wasOpen ? 500 : Math.min(pause * 2, 10_000);
  if (hasToken()) timer = setTimeout(() => run(signal, next), next);
}

// A browser has few connections for all its tabs, so a page that nobody sees gives its own back.
function look() {
  if (document.hidden) {
    attempt?.abort();
    attempt = undefined;
    clearTimeout(timer);
    stream.isOpen = false;
  } else if (!attempt) {
    attempt = new AbortController();
    run(attempt.signal);
  }
}

export function start() {
  document.addEventListener('visibilitychange', look);
  look();
}

export function stop() {
  document.removeEventListener('visibilitychange', look);
  attempt?.abort();
  attempt = undefined;
  clearTimeout(timer);
  Object.assign(stream, { isOpen: false, log: [], seen: 0 });
}

// Calls `task` soon after events of these kinds, however many come.
export function onEvents(kinds, task) {
  let isDue = false;
  const listener = ({ detail }) => {
    if (isDue || (detail.kind !== 'open' && !kinds.includes(detail.kind))) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      task();
    }, 150);
  };
  bus.addEventListener('event', listener);
  return () => bus.removeEventListener('event', listener);
}

const kTones = { register: 'good', leave: 'grey', join: 'teal', match: 'blue', room: 'blue', ban: 'bad', drop: 'warn', lost: 'warn' };

// Of an event what has no column of its own.
function rest({ ts, node, alias, fingerprint, namespace, room_id, ...others }) {
  return Object.entries(others).map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ');
}

export function events() {
  const table = new Table({
    label: 'Events',
    key: (row) => row.number,
    isLog: true,
    open: ({ data: { fingerprint } }) => { if (fingerprint) location.hash = `#peers${query({ peer: fingerprint })}`; },
    empty: 'Nothing has happened since this page was opened.',
    columns: [
      { title: 'Time', text: (row) => moment(row.data.ts ?? Date.now()).slice(11), hint: (row) => moment(row.data.ts ?? 0) },
      { title: 'Event', text: (row) => row.kind, render: (row) => h('span', { class: `tag ${kTones[row.kind] ?? ''}` }, row.kind) },
      { title: 'Peer', text: (row) => row.data.alias ?? '' },
      { title: 'Fingerprint', kind: 'id', text: (row) => shortId(row.data.fingerprint ?? ''), hint: (row) => row.data.fingerprint },
      { title: 'Namespace', text: (row) => row.data.namespace ?? row.data.room_id ?? '' },
      { title: 'More', kind: 'wide', text: (row) => rest(row.data) },
    ],
  });
  const note = h('p', { class: 'note' });
  const show = () => {
    setText(note, stream.isOpen ? `The last ${kMost} events, as they happen.` : 'The server does not tell of events now.');
    table.update(stream.log);
  };
  const stopListening = onEvents(Object.keys(kTones), show);
  bus.addEventListener('stream', show);
  show();
  return {
    title: 'Events',
    table,
    element: h('div', null, h('div', { class: 'toolbar' }, note), table.element),
    close() {
      stopListening();
      bus.removeEventListener('stream', show);
    },
  };
}
