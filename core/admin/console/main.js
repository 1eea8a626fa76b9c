// The console: the sign-in, what stands around each page, and keys.
import { bus, get, hasToken, pathOf, query, setToken } from './api.js';
import { bans } from './bans.js';
import { help } from './dialogs.js';
import { count, duration, fill, h, setText, shortId } from './dom.js';
import * as events from './events.js';
import { drawer, namespaces, queues, rooms } from './lists.js';
import * as node from './node.js';
import { overview } from './overview.js';
import { peers } from './peers.js';
import { plugins } from './plugins.js';

const { state } = node;
const kPages = {
  overview: { title: 'Overview', make: overview },
  peers: { title: 'Peers', make: peers, count: () => state.nodes.reduce((sum, { peers: here }) => sum + here, 0) },
  namespaces: { title: 'Namespaces', make: namespaces, count: () => state.details?.namespaces },
  rooms: { title: 'Rooms', make: rooms, count: () => state.details?.rooms },
  queues: { title: 'Queues', make: queues, count: () => state.details?.tickets },
  bans: { title: 'Bans', make: bans },
  plugins: { title: 'Plugins', make: plugins },
  events: { title: 'Events', make: events.events },
};
const kNames = Object.keys(kPages);

const app = document.getElementById('app');
let page; // what is shown
let shell; // what stands around it; undefined: nobody is signed in

// --- Light and dark ---

const kThemes = ['system', 'light', 'dark'];
function useTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('peer-server-theme', theme);
}
useTheme(localStorage.getItem('peer-server-theme') ?? 'system');
function nextTheme() {
  const at = kThemes.indexOf(document.documentElement.dataset.theme);
  useTheme(kThemes[(at + 1) % kThemes.length]);
  shell?.showTheme();
}

// --- The address: #peers?namespace=lobby ---

function read() {
  const [name, values] = location.hash.slice(1).split('?');
  return { name: name in kPages ? name : 'overview', values: Object.fromEntries(new URLSearchParams(values)) };
}
// Writes the address of what is shown already.
function go(name, values) {
  history.replaceState(null, '', `#${name}${query(values)}`);
}

function show() {
  if (!shell) return;
  const { name, values } = read();
  drawer.close(true);
  page?.close();
  page = kPages[name].make(values, go);
  fill(shell.main, page.element);
  document.title = `${page.title} · peer-server`;
  for (const [other, place] of Object.entries(shell.links)) {
    if (other === name) place.setAttribute('aria-current', 'page');
    else place.removeAttribute('aria-current');
  }
  shell.main.scrollTop = 0;
}

// --- What stands around a page ---

function makeShell() {
  const dot = h('i', { class: 'dot' });
  const health = h('span');
  const since = h('span', { class: 'muted' });
  const nodes = h('select', { 'aria-label': 'Node', on: { change: () => node.select(nodes.value) } });
  const theme = h('button', { type: 'button', class: 'quiet', on: { click: nextTheme } });
  const role = h('span', { class: 'muted', title: 'The token, and what it may do' }, `${state.me.name}${state.me.role === 'read' ? ', read only' : ''}`);
  const out = h('button', { type: 'button', class: 'quiet', on: { click: () => signOut('') } }, 'Sign out');
  const keys = h('button', { type: 'button', class: 'quiet wide-only', 'aria-label': 'Keys', title: 'Keys', on: { click: help } }, '?');
  const links = {};
  const counts = {};
  const side = h('nav', { 'aria-label': 'Pages' }, kNames.map((name, i) => {
    counts[name] = h('span', { class: 'count' });
    links[name] = h('a', { href: `#${name}` }, h('kbd', null, i + 1), h('span', null, kPages[name].title), counts[name]);
    return links[name];
  }));
  const main = h('main', { tabindex: '-1' });
  const lost = h('div', { class: 'lost', role: 'alert', hidden: true }, 'The server does not answer. This page asks again every second; what it shows may be old.');
  fill(app, h('div', { class: 'shell' },
    h('header', { class: 'bar' }, h('b', { class: 'brand' }, 'peer-server'), nodes, h('span', { class: 'health' }, dot, health), since,
      h('span', { class: 'space' }), role, theme, keys, out), side, h('div', { class: 'middle' }, lost, main), drawer.element));

  function showNode() {
    const { details } = state;
    const list = node.concerns();
    const isBad = list.some((concern) => concern.isBad);
    dot.className = `dot ${lost.hidden ? (isBad ? 'bad' : list.length > 0 ? 'warn' : details ? 'ok' : '') : 'bad'}`;
    setText(health, !lost.hidden ? 'no answer' : !details ? '' : list.length === 0 ? 'all is well' : list.length === 1 ? 'one thing to look at' : `${list.length} things to look at`);
    health.title = list.map((concern) => concern.text).join('\n');
    setText(since, details ? `${details.version}, up ${duration(node.now() - details.started_at)}` : '');
    for (const name of kNames) {
      const value = kPages[name].count?.();
      setText(counts[name], value === undefined ? '' : count(value));
    }
  }
  let areMany = state.nodes.length > 1;
  function showNodes() {
    if (state.nodes.length > 1 !== areMany) {
      areMany = !areMany; // a column more, or less
      show();
    }
    const known = [...new Set([state.selected, ...state.nodes.map((one) => one.node)])].filter((one) => one);
    const text = known.join();
    if (nodes.dataset.known !== text) {
      nodes.dataset.known = text;
      fill(nodes, known.map((one) => h('option', { value: one }, `node ${shortId(one)}`)));
    }
    nodes.value = state.selected;
    nodes.disabled = known.length < 2;
    showNode();
  }
  const setLost = (isLost) => () => {
    lost.hidden = !isLost;
    showNode();
  };
  const listeners = { node: showNode, nodes: showNodes, selected: showNodes, lost: setLost(true), found: setLost(false) };
  for (const [name, listener] of Object.entries(listeners)) bus.addEventListener(name, listener);
  const showTheme = () => setText(theme, { system: '◐ auto', light: '○ light', dark: '● dark' }[document.documentElement.dataset.theme]);
  showTheme();
  showNodes();
  return {
    main,
    links,
    showTheme,
    close() {
      for (const [name, listener] of Object.entries(listeners)) bus.removeEventListener(name, listener);
    },
  };
}

// --- Who it is ---

function signOut(message) {
  setToken('');
  drawer.close(true);
  page?.close();
  shell?.close();
  page = shell = undefined;
  node.stop();
  events.stop();
  askForToken(message);
}

function askForToken(message) {
  const box = h('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-describedby': 'problem' });
  const problem = h('p', { id: 'problem', class: 'problem', role: 'alert' }, message);
  const form = h('form', { class: 'sign-in' }, h('h1', null, 'peer-server'), h('label', { for: 'token' }, 'Token'), box, problem,
    h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
    h('p', { class: 'note' }, 'admin_token, or one of admin_tokens. It stays in this tab, until you sign out or close it.'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setToken(box.value.trim());
    signIn();
  });
  document.title = 'peer-server';
  fill(app, form);
  box.focus();
}

async function signIn() {
  try {
    const me = await get(pathOf('token'));
    await node.start(me);
    events.start();
    shell = makeShell();
    show();
  } catch (error) {
    if (error.status === 401) return askForToken('The server does not know this token.');
    // It is starting, perhaps: a page that is loaded again keeps its token.
    if (error.status !== 0) return askForToken(error.message);
    fill(app, h('p', { class: 'empty' }, 'The server does not answer. Trying again…'));
    setTimeout(signIn, 1000);
  }
}

bus.addEventListener('signed-out', () => shell && signOut('The server does not take this token any more.'));
addEventListener('hashchange', show);

// --- Keys ---

addEventListener('keydown', (event) => {
  if (!shell || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const isTyping = event.target.closest?.('input, textarea, select');
  if (event.key === 'Escape') {
    if (isTyping) event.target.blur();
    else if (!drawer.close()) shell.main.focus();
    return;
  }
  if (isTyping) return;
  const number = Number(event.key);
  if (number >= 1 && number <= kNames.length) location.hash = `#${kNames[number - 1]}`;
  else if (event.key === '/' && page.search) page.search.select();
  else if (event.key === '/') location.hash = '#peers';
  else if (event.key === 'j') page.table?.move(1);
  else if (event.key === 'k') page.table?.move(-1);
  else if (event.key === 't') nextTheme();
  else if (event.key === '?') help();
  else if (event.key in drawer.keys) drawer.keys[event.key]();
  else return;
  event.preventDefault();
});

if (hasToken()) signIn();
else askForToken('');
