// Lists that come in pages, and the drawer beside them; namespaces, rooms, queues.
import { get, pathOf, query, repeat } from './api.js';
import { closeRoom, messageAll } from './dialogs.js';
import { count, duration, fill, h, setText, shortId, Table } from './dom.js';
import { onEvents, pace } from './events.js';
import { mayWrite, state } from './node.js';

const kPage = 100;

// What is open beside a list. `close` hears of its end.
export const drawer = {
  element: h('aside', { id: 'drawer', hidden: true, 'aria-label': 'Details' }),
  onClose: undefined,
  keys: {},
  open({ title, subtitle, body, keys = {}, onClose }) {
    this.close();
    const close = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close', on: { click: () => this.close() } }, '✕');
    fill(this.element, h('header', null, h('div', null, h('h2', null, title), subtitle && h('code', null, subtitle)), close), body);
    this.element.hidden = false;
    this.keys = keys;
    this.onClose = onClose;
  },
  // `isLeaving`: because another page comes.
  close(isLeaving = false) {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    fill(this.element);
    this.keys = {};
    const { onClose } = this;
    this.onClose = undefined;
    onClose?.(isLeaving);
    return true;
  },
};

// Says why a button does nothing for a token that may only read.
export function action(label, kind, run) {
  const may = mayWrite();
  return h('button', { type: 'button', class: kind, disabled: !may, title: may ? null : 'This token may only read.', on: { click: run } }, label);
}

// One page of a list of the API, kept up to date. `url(after)` is its path, `name` where its rows stand.
// `kinds`: of events that change it.
export class List {
  #afters = [''];
  #next;
  #table;
  #name;
  #url;
  #task;
  #stop;
  #generation = 0;
  #note = h('span', { class: 'note' });
  #back;
  #on;

  constructor({ table, name, url, kinds, onRows }) {
    this.#table = table;
    this.#name = name;
    this.#url = url;
    this.onRows = onRows;
    const button = (label, run) => h('button', { type: 'button', class: 'small', on: { click: run } }, label);
    this.#back = button('‹ Previous', () => this.#turn(() => this.#afters.pop()));
    this.#on = button('Next ›', () => this.#turn(() => this.#afters.push(this.#next)));
    this.footer = h('div', { class: 'pages' }, this.#note, this.#back, this.#on);
    this.element = h('div', { class: 'list' }, table.element, this.footer);
    this.#task = repeat(pace, () => this.#load());
    this.#stop = onEvents(kinds, () => this.#task.now());
  }

  async #load() {
    const generation = this.#generation;
    const page = await get(this.#url(query({ after: this.#afters[this.#afters.length - 1], limit: kPage })));
    if (generation !== this.#generation) return;
    this.#next = page.next;
    const rows = page[this.#name];
    this.#table.update(rows);
    this.onRows?.(rows);
    const first = (this.#afters.length - 1) * kPage;
    const isOnly = first === 0 && this.#next === undefined;
    setText(this.#note, rows.length === 0 || isOnly ? '' : `${count(first + 1)} to ${count(first + rows.length)}`);
    this.#back.disabled = this.#afters.length === 1;
    this.#on.disabled = this.#next === undefined;
    this.#back.hidden = this.#on.hidden = isOnly;
  }

  #turn(change) {
    change();
    this.#generation += 1;
    this.#table.restart();
    this.#task.now();
  }
  // Another list: from its beginning.
  restart() {
    this.#turn(() => { this.#afters = ['']; });
  }
  now() {
    this.#task.now();
  }
  close() {
    this.#task.stop();
    this.#stop();
  }
}

export const link = (hash, text) => h('a', { href: hash }, text);
export const hashOf = (page, values) => `#${page}${query(values)}`;

function openNamespace(ns, members, room) {
  const keys = mayWrite() ? { m: () => messageAll(ns, members) } : {};
  drawer.open({
    title: ns,
    subtitle: room ? 'room' : 'namespace',
    keys,
    body: [
      h('dl', { class: 'facts' },
        h('dt', null, 'Members'), h('dd', null, room?.max_size ? `${count(members)} of ${count(room.max_size)}` : count(members)),
        room && [h('dt', null, 'Owner'), h('dd', null, h('code', null, room.owner))]),
      h('div', { class: 'actions' },
        h('a', { class: 'button', href: hashOf('peers', { namespace: ns }) }, 'Show members'),
        action('Message all…', '', () => messageAll(ns, members)),
        room && action('Close the room…', 'danger', async () => { if (await closeRoom(ns)) drawer.close(); })),
    ],
  });
}

function bar(part) {
  // A drawing, not a style: styles in elements are not allowed on this page.
  const meter = h('meter', { min: 0, max: 1, high: 0.85, optimum: 0, 'aria-hidden': 'true' });
  meter.value = part;
  return meter;
}

export function namespaces() {
  const table = new Table({
    label: 'Namespaces',
    key: (row) => row.namespace,
    empty: 'No namespace has members.',
    open: (row) => openNamespace(row.namespace, row.peers),
    columns: [
      { title: 'Namespace', kind: 'wide', text: (row) => row.namespace, sort: (row) => row.namespace },
      { title: 'Members', kind: 'number', text: (row) => count(row.peers), sort: (row) => row.peers },
      { title: '', text: () => 'members', render: (row) => link(hashOf('peers', { namespace: row.namespace }), 'Show members') },
    ],
  });
  const list = new List({ table, name: 'namespaces', url: (page) => pathOf('namespaces') + page, kinds: ['join', 'leave'] });
  return { title: 'Namespaces', table, element: list.element, close: () => list.close() };
}

export function rooms() {
  const table = new Table({
    label: 'Rooms',
    key: (row) => row.room_id,
    empty: 'There is no room.',
    open: (row) => openNamespace(row.room_id, row.peer_count, row),
    columns: [
      { title: 'Room', kind: 'wide', text: (row) => row.room_id, sort: (row) => row.room_id },
      { title: 'Members', kind: 'number', text: (row) => (row.max_size ? `${row.peer_count} / ${row.max_size}` : row.peer_count), sort: (row) => row.peer_count },
      { title: '', text: (row) => `${row.peer_count}/${row.max_size}`, render: (row) => (row.max_size ? bar(row.peer_count / row.max_size) : '') },
      { title: 'Owner', kind: 'id', text: (row) => shortId(row.owner), hint: (row) => row.owner, render: (row) => link(hashOf('peers', { peer: row.owner }), shortId(row.owner)) },
    ],
  });
  const list = new List({ table, name: 'rooms', url: (page) => pathOf('rooms') + page, kinds: ['room', 'join', 'leave'] });
  return { title: 'Rooms', table, element: list.element, close: () => list.close() };
}

// How long matched tickets have waited: a bar for each bucket.
function waitsOf({ matches }) {
  const most = Math.max(1, ...matches.waits.map((bucket) => bucket.count));
  return matches.waits.map((bucket, i) => {
    const bound = bucket.up_to_ms ?? matches.waits[i - 1].up_to_ms;
    const text = `${bucket.up_to_ms ? 'up to' : 'beyond'} ${bound < 1000 ? `${bound} ms` : duration(bound)}`;
    return [h('dt', null, text), h('dd', null, bar(bucket.count / most), count(bucket.count))];
  });
}

export function queues() {
  const table = new Table({
    label: 'Queues',
    key: (row) => row.namespace,
    empty: 'Nobody waits for a match.',
    columns: [
      { title: 'Namespace', kind: 'wide', text: (row) => row.namespace, sort: (row) => row.namespace },
      { title: 'Waiting', kind: 'number', text: (row) => count(row.waiting), sort: (row) => row.waiting },
      { title: 'Longest wait', kind: 'number', text: (row) => duration(row.longest_wait_ms), sort: (row) => row.longest_wait_ms },
      { title: 'Strategy', text: (row) => row.strategy },
    ],
  });
  const waits = h('dl', { class: 'facts waits' });
  const note = h('p', { class: 'note' });
  const show = () => {
    const { details, rates } = state;
    if (!details) return;
    setText(note, `${count(details.matches.matched)} tickets of this node matched since its start, ${(rates.matches?.matched ?? 0).toFixed(1)} a second now.`);
    fill(waits, waitsOf(details));
  };
  const list = new List({ table, name: 'queues', url: (page) => pathOf('queues') + page, kinds: ['match', 'leave'], onRows: show });
  show();
  return {
    title: 'Queues',
    table,
    element: h('div', { class: 'split' }, list.element, h('section', { class: 'panel' }, h('h3', null, 'Waits of matched tickets'), waits, note)),
    close: () => list.close(),
  };
}
