// What is known of the nodes: which there are, which one is looked at, what it is doing, how fast,
// and what it did in the last hour.
import { ApiError, bus, get, pathOf, query, repeat, tell } from './api.js';

const kDay = 86_400_000;

// The samples of one place. A node that has started anew goes on where the one before has ended.
class Past {
  at = [];
  series = {};
  interval = 5000;
  span = 3_600_000;

  add({ at, series, interval_ms }) {
    this.interval = interval_ms;
    this.span = interval_ms * 720;
    this.at.push(...at);
    for (const [name, values] of Object.entries(series)) (this.series[name] ??= []).push(...values);
    const old = this.at.findIndex((time) => time > this.at[this.at.length - 1] - this.span);
    if (old > 0) {
      this.at.splice(0, old);
      for (const values of Object.values(this.series)) values.splice(0, old);
    }
  }
  get last() {
    return this.at[this.at.length - 1] ?? 0;
  }
}

export const state = {
  me: undefined, // {name, role, node}
  nodes: [],
  missing: [], // ids of nodes that live, and do not answer
  selected: '', // a node_id
  details: undefined,
  trouble: '', // why there are no newer details
  rates: {}, // a second: as `details`, of what is counted there
  past: new Past(),
  clock: 0, // what the server's clock is ahead of ours, in ms
};

export const mayWrite = () => state.me?.role === 'write';
export const now = () => Date.now() + state.clock;

// How fast numbers grew between two answers; of what is not counted in both: 0.
function growth(before, after, seconds) {
  const rates = {};
  for (const [name, value] of Object.entries(after)) {
    if (typeof value === 'number') rates[name] = Math.max(0, (value - (before?.[name] ?? value)) / seconds);
    else if (value && typeof value === 'object') rates[name] = growth(before?.[name], value, seconds);
  }
  return rates;
}

export function select(node, past = new Past()) {
  if (node === state.selected) return;
  Object.assign(state, { selected: node, details: undefined, trouble: '', rates: {}, past });
  tell('selected');
  lookAtNode?.now();
  lookBack?.now();
}

async function takeDetails() {
  const node = state.selected;
  const before = state.details;
  let details;
  try {
    details = await get(pathOf('nodes', node));
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 503)) await find(node);
    if (error.status === 503 && node === state.selected) {
      state.trouble = error.message;
      tell('node');
    }
    throw error;
  }
  if (node !== state.selected) return;
  state.trouble = '';
  state.clock = details.now - Date.now();
  const isSame = before?.started_at === details.started_at && details.now > before.now;
  if (isSame) state.rates = growth(before, details, (details.now - before.now) / 1000);
  state.details = details;
  tell('node');
}

// The node that was looked at does not answer. If it was this one, it has started anew, under another
// id; of another one nothing is known but that.
async function find(node) {
  const me = await get(pathOf('token'));
  const wasOwn = node === state.me.node;
  state.me = me;
  if (wasOwn || !state.missing.includes(node)) select(me.node, wasOwn ? state.past : undefined);
}

async function takePast() {
  const node = state.selected;
  const { past } = state;
  const history = await get(pathOf('nodes', node, 'history') + query({ after: past.last || undefined }));
  if (node !== state.selected || past !== state.past || history.at.length === 0) return;
  past.add(history);
  tell('past');
}

async function takeNodes() {
  const { nodes, missing = [] } = await get(pathOf('nodes'));
  Object.assign(state, { nodes, missing });
  tell('nodes');
}

let lookAtNode;
let lookBack;
let lookAround;

// `me`: whose token it is.
export async function start(me) {
  state.me = me;
  state.selected = me.node;
  await takeNodes();
  lookAtNode = repeat(() => 1000, takeDetails);
  lookBack = repeat(() => Math.min(state.past.interval, 5000), takePast);
  lookAround = repeat(() => 3000, takeNodes);
}

export function stop() {
  for (const task of [lookAtNode, lookBack, lookAround]) task?.stop();
  Object.assign(state, { me: undefined, nodes: [], missing: [], selected: '', details: undefined, trouble: '', rates: {}, past: new Past() });
}

bus.addEventListener('found', () => lookAround?.now());

// The highest value of the last minute.
function recent(name) {
  const { at, series } = state.past;
  let most = 0;
  for (let i = at.length - 1; i >= 0 && at[i] > now() - 60_000; i -= 1) most = Math.max(most, series[name][i]);
  return most;
}

// What an operator should look at, the worst first: {text, isBad}.
export function concerns() {
  const { details, rates, trouble, missing } = state;
  const list = missing.map((node) => ({ text: `Node ${node.slice(0, 8)} does not answer: what it has is not shown.`, isBad: true }));
  if (trouble) list.push({ text: `What is shown is old: ${trouble}.`, isBad: true });
  if (trouble || !details) return list;
  const lag = Math.max(details.lag_ms, recent('lag_ms'));
  const add = (isTrue, text, isBad = false) => isTrue && list.push({ text, isBad });
  const { broker, messages, network, process } = details;
  add(details.state !== 'ok', 'The node drains: it takes no new clients.', true);
  add(broker.state === 'degraded' || broker.state === 'resyncing', `The broker is ${broker.state}: other nodes are seen late or not at all.`, true);
  add(!details.reload_succeeded, 'The last reload was refused: the configuration before it counts. The log says why.', true);
  const left = details.certificate_ends ? details.certificate_ends - details.now : Infinity;
  add(left < 14 * kDay, left < 0 ? 'The certificate has ended.' : `The certificate ends in ${Math.floor(left / kDay)} days.`, left < 3 * kDay);
  add(lag > 100, `An event loop let tasks wait for ${Math.round(lag)} ms in the last minute.`, lag > 1000);
  add(details.peers >= 0.9 * details.max_peers, `${details.peers} of max_peers ${details.max_peers} are taken.`, details.peers >= details.max_peers);
  add(network.queued_bytes > 0.75 * network.max_queued_bytes, 'Queues are three quarters full: broadcasts are dropped for slow readers.', true);
  add(rates.messages?.dropped > 0 || recent('dropped') > 0, `Messages were dropped in the last minute; ${messages.dropped} since the start.`);
  add((rates.network?.shed ?? 0) > 0, 'Connections are refused for want of file descriptors.', true);
  add((rates.process?.log_lines_lost ?? 0) > 0, 'Log lines are lost.');
  return list.sort((a, b) => b.isBad - a.isBad);
}
