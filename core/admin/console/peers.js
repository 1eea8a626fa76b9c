// Peers: the list with its search, and one of them.
import { ApiError, get, pathOf, query, repeat } from './api.js';
import { banPeer, disconnect, messageAll, messagePeer } from './dialogs.js';
import { count, duration, fill, h, millis, moment, setText, short, shortId, Table, toast } from './dom.js';
import { onEvents } from './events.js';
import { action, drawer, hashOf, link, List } from './lists.js';
import { now, state } from './node.js';

function columns() {
  return [
    { title: 'Peer', text: (row) => `${row.away} ${row.alias}`, sort: (row) => row.alias.toLowerCase(),
      render: (row) => [h('i', { class: `dot ${row.away ? 'warn' : 'ok'}`, title: row.away ? 'away' : 'connected' }), row.alias] },
    { title: 'Fingerprint', kind: 'id extra', text: (row) => shortId(row.fingerprint), hint: (row) => row.fingerprint },
    { title: 'Namespaces', kind: 'wide', text: (row) => row.namespaces.join(', '), hint: (row) => row.namespaces.join('\n') },
    { title: 'Address', kind: 'id extra', text: (row) => row.address, sort: (row) => row.address },
    ...(state.nodes.length > 1 ? [{ title: 'Node', kind: 'id', text: (row) => shortId(row.node), hint: (row) => row.node, sort: (row) => row.node }] : []),
    { title: 'Connected', kind: 'number', text: (row) => duration(now() - row.connected_at), hint: (row) => moment(row.connected_at), sort: (row) => -row.connected_at },
    { title: 'Round trip', kind: 'number', text: (row) => (row.rtt_ms === undefined ? '' : millis(row.rtt_ms)), sort: (row) => row.rtt_ms ?? -1 },
    { title: 'Queue', kind: 'number', text: (row) => (row.queue ? count(row.queue) : ''), sort: (row) => row.queue ?? 0 },
    { title: 'Messages', kind: 'number', text: (row) => (row.messages === undefined ? '' : count(row.messages)), sort: (row) => row.messages ?? 0 },
  ];
}

// Everything about one peer, kept up to date until the drawer closes.
function openPeer(fingerprint, onClose) {
  const names = ['State', 'Node', 'Address', 'Connected', 'Round trip', 'Queue', 'Messages'];
  const values = Object.fromEntries(names.map((name) => [name, h('dd')]));
  const chips = h('div', { class: 'chips' });
  const meta = h('pre');
  const actions = h('div', { class: 'actions' });
  const title = h('span', null, shortId(fingerprint));
  let peer;
  let before;

  const after = (done) => done && task.now();
  const keys = {
    m: () => peer && messagePeer(peer),
    d: () => peer && disconnect(peer).then(after),
    b: () => peer && banPeer(peer).then(after),
  };
  function show() {
    setText(title, peer.alias || shortId(fingerprint));
    const speed = before && before.at !== peer.at ? ((peer.messages - before.messages) * 1000) / (peer.at - before.at) : 0;
    setText(values.State, peer.away ? 'away: it may resume' : 'connected');
    setText(values.Node, peer.node);
    setText(values.Address, peer.address);
    setText(values.Connected, `${duration(now() - peer.connected_at)}, since ${moment(peer.connected_at)}`);
    setText(values['Round trip'], peer.rtt_ms === undefined ? 'not measured yet' : millis(peer.rtt_ms));
    setText(values.Queue, peer.queue ? `${count(peer.queue)} not taken yet` : 'empty');
    setText(values.Messages, `${count(peer.messages ?? 0)} sent by it${speed > 0 ? `, ${short(speed)} a second` : ''}`);
    setText(meta, JSON.stringify(peer.meta, null, 2));
    const known = peer.namespaces.join('\n');
    if (chips.dataset.known !== known) {
      chips.dataset.known = known;
      fill(chips, peer.namespaces.map((ns) => h('a', { class: 'chip', href: hashOf('peers', { namespace: ns }) }, ns)));
      if (peer.namespaces.length === 0) fill(chips, h('span', { class: 'note' }, 'none'));
    }
  }
  const task = repeat(() => 1000, async () => {
    try {
      const shown = await get(pathOf('peers', fingerprint));
      before = peer;
      peer = { ...shown, at: Date.now() };
      actions.hidden = false;
      show();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      setText(values.State, peer ? 'gone' : 'not connected');
      actions.hidden = true;
    }
  });
  const stop = onEvents(['leave', 'ban'], () => task.now());
  fill(actions, action('Message…', '', keys.m), action('Disconnect…', 'danger', keys.d), action('Ban…', 'danger', keys.b));
  drawer.open({
    title,
    subtitle: fingerprint,
    keys: state.me.role === 'write' ? keys : {},
    body: [actions, h('dl', { class: 'facts' }, names.map((name) => [h('dt', null, name), values[name]])),
      h('h3', null, 'Namespaces and rooms'), chips, h('h3', null, 'Meta'), meta],
    onClose(isLeaving) {
      task.stop();
      stop();
      if (!isLeaving) onClose();
    },
  });
}

// `go(page, values)` changes the address of the page.
export function peers({ namespace = '', search = '', peer = '' }, go) {
  const filter = { namespace, search };
  const nobody = () => (filter.search ? `No peer whose alias has “${filter.search}” in it.` : 'No peer is connected.');
  const table = new Table({
    label: 'Peers',
    columns: columns(),
    key: (row) => row.fingerprint,
    empty: nobody(),
    open: (row) => open(row.fingerprint),
  });
  const list = new List({ table, name: 'peers', kinds: ['register', 'leave', 'join', 'room'],
    url: (page) => pathOf('peers') + query(filter) + (query(filter) ? page.replace('?', '&') : page) });
  const box = h('input', { type: 'search', placeholder: 'Alias or fingerprint', 'aria-label': 'Search peers', spellcheck: 'false', autocomplete: 'off', value: search });
  let typing;
  box.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      filter.search = box.value.trim();
      table.empty = nobody();
      go('peers', { ...filter });
      list.restart();
    }, 200);
  });
  const chip = namespace !== '' && h('span', { class: 'chip' }, `in “${namespace}”`, link(hashOf('peers', { search }), ' ✕'));
  const toAll = namespace !== '' && action('Message all…', 'small', () => sendAll(namespace));

  function open(fingerprint) {
    openPeer(fingerprint, () => {
      table.select(undefined);
      go('peers', { ...filter });
      list.now();
    });
    table.select(fingerprint);
    go('peers', { ...filter, peer: fingerprint });
  }
  if (peer !== '') open(peer);
  return {
    title: 'Peers',
    table,
    search: box,
    element: h('div', null, h('div', { class: 'toolbar' }, box, chip, toAll), list.element),
    close() {
      clearTimeout(typing);
      list.close();
    },
  };
}

async function sendAll(ns) {
  try {
    // How many it concerns is part of the question.
    const { namespaces } = await get(pathOf('namespaces') + query({ limit: 500 }));
    const { rooms } = await get(pathOf('rooms') + query({ limit: 500 }));
    const members = namespaces.find((row) => row.namespace === ns)?.peers ?? rooms.find((row) => row.room_id === ns)?.peer_count;
    await messageAll(ns, members ?? 'members');
  } catch (error) {
    toast(error.message, true);
  }
}

