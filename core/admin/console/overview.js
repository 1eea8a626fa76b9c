// The first page: the last hour in plots, and what the node counts.
import { bus } from './api.js';
import { drain } from './dialogs.js';
import { bytes, count, duration, fill, h, millis, moment, percent, setText, short, shortId, Table } from './dom.js';
import { concerns, mayWrite, now, select, state } from './node.js';
import { Plot } from './plots.js';

const perSecond = (value) => `${short(value)} /s`;

// What each plot shows, and of the present what it takes from the details and the rates.
const kPlots = [
  { title: 'Peers', format: count, least: 4, series: [{ name: 'peers', label: '', tone: 'blue' }, { name: 'away', label: 'away', tone: 'amber' }],
    live: ({ peers, sessions }) => [peers, sessions.away] },
  { title: 'Messages a second', format: short, least: 5, series: [{ name: 'sent', label: 'out', tone: 'blue' }, { name: 'received', label: 'in', tone: 'teal' }],
    live: (_, { messages }) => [messages?.sent, messages?.received] },
  { title: 'Traffic a second', format: bytes, least: 1024, series: [{ name: 'sent_bytes', label: 'out', tone: 'blue' }, { name: 'received_bytes', label: 'in', tone: 'teal' }],
    live: (_, { network }) => [network?.sent_bytes, network?.received_bytes] },
  { title: 'Drops and errors a second', format: short, least: 1, series: [{ name: 'dropped', label: 'dropped', tone: 'red' }, { name: 'rate_limited', label: '429', tone: 'amber' }, { name: 'errors', label: 'errors', tone: 'grey' }],
    live: (_, { messages }) => [messages?.dropped, messages?.rate_limited, messages?.errors] },
  { title: 'Loop lag', format: millis, least: 1, series: [{ name: 'lag_ms', label: '', tone: 'teal' }],
    live: ({ lag_ms }) => [lag_ms] },
  { title: 'Processor', format: (cores) => percent(cores * 100), least: 0.1, series: [{ name: 'cpu', label: 'of a core', tone: 'teal' }],
    live: (_, { process }) => [process?.cpu_seconds] },
  { title: 'Memory', format: bytes, least: 16 * 2 ** 20, series: [{ name: 'resident_bytes', label: '', tone: 'blue' }],
    live: ({ process }) => [process.resident_bytes] },
  { title: 'Output that waits', format: bytes, least: 1024, series: [{ name: 'queued_bytes', label: '', tone: 'amber' }],
    live: ({ network }) => [network.queued_bytes] },
  { title: 'New connections a second', format: short, least: 2, series: [{ name: 'accepted', label: '', tone: 'blue' }, { name: 'refused', label: 'refused', tone: 'red' }],
    live: (_, { network }) => [network?.accepted, sum(network?.refusals)] },
  { title: 'Namespaces and rooms', format: count, least: 4, series: [{ name: 'namespaces', label: 'namespaces', tone: 'blue' }, { name: 'rooms', label: 'rooms', tone: 'teal' }],
    live: ({ namespaces, rooms }) => [namespaces, rooms] },
  { title: 'Waiting for a match', format: short, least: 4, series: [{ name: 'tickets', label: '', tone: 'blue' }, { name: 'matched', label: 'matched a second', tone: 'teal' }],
    live: ({ tickets }, { matches }) => [tickets, matches?.matched] },
  { title: 'Wait of the matched', format: millis, least: 100, series: [{ name: 'match_wait_ms', label: 'mean', tone: 'teal' }],
    live: (_, { matches }) => [matches?.matched > 0 ? matches.waited_ms / matches.matched : 0] },
];
const kBrokerPlot = { title: 'Round trip', format: millis, least: 1, series: [{ name: 'broker_ms', label: '', tone: 'teal' }],
  live: ({ broker }) => [broker.latency_us / 1000] };

const sum = (counts) => Object.values(counts ?? {}).reduce((all, one) => all + one, 0);

// A list of names with a number each; those that are 0 are left out.
class Numbers {
  #table;
  constructor(title, what, empty) {
    this.#table = new Table({
      label: title,
      empty,
      key: (row) => row.name,
      columns: [
        { title: what, text: (row) => row.name },
        { title: 'a second', kind: 'number', text: (row) => (row.rate > 0 ? short(row.rate) : '') },
        { title: 'since the start', kind: 'number', text: (row) => count(row.total) },
      ],
    });
    this.element = h('section', { class: 'panel' }, h('h3', null, title), this.#table.element);
  }
  update(totals, rates) {
    const rows = Object.entries(totals).map(([name, total]) => ({ name, total, rate: rates?.[name] ?? 0 }));
    this.#table.update(rows.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total));
  }
}

// Names and values, each written only when it changes.
class Facts {
  #list = h('dl', { class: 'facts' });
  #values = new Map();
  constructor(title, { more, top } = {}) {
    this.element = h('section', { class: 'panel' }, h('h3', null, title, more), top, this.#list);
  }
  update(facts) {
    for (const [name, value, tone] of facts) {
      if (!this.#values.has(name)) {
        const place = h('dd');
        this.#values.set(name, place);
        this.#list.append(h('dt', null, name), place);
      }
      const place = this.#values.get(name);
      setText(place, value);
      place.className = tone ?? '';
    }
  }
}

function nodesTable() {
  return new Table({
    label: 'Nodes',
    empty: '',
    key: (row) => row.node,
    open: (row) => { if (row.version) select(row.node); },
    columns: [
      { title: 'Node', kind: 'id', text: (row) => `${row.node} ${row.state}`, hint: (row) => row.node,
        render: (row) => [h('i', { class: `dot ${row.state === 'ok' ? 'ok' : 'bad'}` }), shortId(row.node)] },
      { title: 'State', text: (row) => row.state },
      { title: 'Version', text: (row) => row.version ?? '' },
      { title: 'Peers', kind: 'number', text: (row) => (row.peers === undefined ? '' : count(row.peers)) },
      { title: 'Lag', kind: 'number', text: (row) => (row.lag_ms === undefined ? '' : millis(row.lag_ms)) },
    ],
  });
}

function loopsTable() {
  return new Table({
    label: 'Event loops',
    empty: '',
    key: (row) => row.number,
    columns: [
      { title: 'Loop', text: (row) => row.number },
      { title: 'Connections', kind: 'number', text: (row) => count(row.connections) },
      { title: 'In', kind: 'number', text: (row) => perSecond(row.rates?.received ?? 0) },
      { title: 'Out', kind: 'number', text: (row) => perSecond(row.rates?.sent ?? 0) },
      { title: 'Queued', kind: 'number', text: (row) => bytes(row.queued_bytes) },
      { title: 'Lag', kind: 'number', text: (row) => millis(row.lag_ms) },
    ],
  });
}

function nodeFacts({ started_at, configured_at, reload_succeeded, certificate_ends, process, network, sessions }) {
  const facts = [
    ['Started', `${moment(started_at)}, ${duration(now() - started_at)} ago`],
    ['Configured', reload_succeeded ? moment(configured_at) : `${moment(configured_at)}; a reload since then was refused`, reload_succeeded ? '' : 'bad'],
    ['Certificate', certificate_ends ? `until ${moment(certificate_ends)}` : 'none: no TLS', certificate_ends && certificate_ends - now() < 14 * 86_400_000 ? 'warn' : ''],
    ['Connections', `${count(network.connections)}, ${count(network.unregistered)} of them not registered yet`],
    ['Descriptors', `${count(process.max_fds)} at most`],
    ['Queued output', `${bytes(network.queued_bytes)} of ${bytes(network.max_queued_bytes)}`],
    ['Sessions', `${count(sessions.resumable)} may resume, ${count(sessions.away)} away, ${count(sessions.parked)} parked`],
    ['Resumed', `${count(sessions.resumed)}, and ${count(sessions.expired)} did not come back`],
    ['Log lines lost', count(process.log_lines_lost), process.log_lines_lost > 0 ? 'warn' : ''],
  ];
  return facts;
}

const kBrokerTones = { connected: 'good', standalone: '', degraded: 'bad', resyncing: 'warn' };
const brokerFacts = (broker) => broker.state === 'standalone' ? [['State', 'standalone: this node knows no others']] : [
  ['State', broker.state, kBrokerTones[broker.state]],
  ['Nodes', count(broker.nodes)],
  ...(broker.parts_away > 0 ? [['Parts out of reach', count(broker.parts_away), 'bad']] : []),
  ['Round trip', millis(broker.latency_us / 1000)],
  ['Waiting for it', `${count(broker.queued_messages)} messages, ${bytes(broker.queued_bytes)}`],
  ['Unanswered', count(broker.pending)],
  ['Dropped', count(broker.dropped), broker.dropped > 0 ? 'warn' : ''],
];

export function overview() {
  const plots = [...kPlots, kBrokerPlot].map((plot) => ({ ...plot, plot: new Plot(plot) }));
  const brokerPlot = plots[kPlots.length].plot;
  const alerts = h('ul', { class: 'alerts', role: 'status' });
  const nodes = nodesTable();
  const loops = loopsTable();
  const types = new Numbers('Messages of peers, by type', 'Type', 'No message yet.');
  const errors = new Numbers('Error replies, by code', 'Code', 'No error yet.');
  const refusals = new Numbers('Turned away, by reason', 'Reason', 'Nobody was turned away.');
  const drainButton = h('button', { type: 'button', class: 'small danger', on: { click: () => drain(state.me.node) } }, 'Drain…');
  const facts = new Facts('Node', { more: drainButton });
  const broker = new Facts('Broker', { top: brokerPlot.element });
  let said = '';

  function showConcerns() {
    const list = concerns();
    const text = list.map((concern) => concern.text).join('\n');
    if (text === said) return;
    said = text;
    fill(alerts, list.map((concern) => h('li', { class: concern.isBad ? 'bad' : 'warn' }, concern.text)));
  }
  function showNode() {
    const { details, rates } = state;
    if (!details) return;
    for (const { plot, live } of plots) plot.live = live(details, rates);
    brokerPlot.element.hidden = details.broker.state === 'standalone';
    loops.update(details.loops.map((loop, number) => ({ ...loop, number, rates: rates.loops?.[number] })));
    types.update(details.messages.by_type, rates.messages?.by_type);
    errors.update(details.errors, rates.errors);
    refusals.update(details.network.refusals, rates.network?.refusals);
    facts.update(nodeFacts(details));
    broker.update(brokerFacts(details.broker));
    drainButton.hidden = !mayWrite() || state.selected !== state.me.node;
    nodes.select(state.selected);
    showConcerns();
  }
  const showPast = () => plots.forEach(({ plot }) => plot.draw(state.past));
  const showNodes = () => {
    nodes.update([...state.nodes, ...state.missing.map((node) => ({ node, state: 'no answer' }))]);
    nodes.select(state.selected);
  };
  const listeners = { node: showNode, past: showPast, selected: showPast, nodes: showNodes };
  for (const [name, listener] of Object.entries(listeners)) bus.addEventListener(name, listener);
  showNodes();
  showNode();
  showPast();
  return {
    title: 'Overview',
    table: nodes,
    element: h('div', { class: 'overview' }, alerts, h('div', { class: 'plots' }, plots.slice(0, kPlots.length).map(({ plot }) => plot.element)),
      h('div', { class: 'panels' }, h('section', { class: 'panel' }, h('h3', null, 'Nodes'), nodes.element), broker.element, h('section', { class: 'panel' }, h('h3', null, 'Event loops'), loops.element),
        facts.element, errors.element, types.element, refusals.element)),
    close() {
      for (const [name, listener] of Object.entries(listeners)) bus.removeEventListener(name, listener);
      plots.forEach(({ plot }) => plot.close());
    },
  };
}

