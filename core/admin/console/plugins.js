// Plugins of the node that is looked at: what they are asked, and with which options.
import { bus, get, pathOf, repeat } from './api.js';
import { count, fill, h, setText } from './dom.js';
import { state } from './node.js';

const kKinds = { broker: 'Broker', match_strategy: 'Matching', room_policy: 'Rooms', auth: 'Authentication' };

function optionRow({ name, set, value, secret, default: usual, expected }) {
  const shown = secret ? '(not shown)' : set ? value : usual === undefined ? '' : usual === '' ? '""' : usual;
  return h('tr', { class: set ? 'set' : null }, h('td', { class: 'id' }, name), h('td', { class: 'wide' }, shown),
    h('td', { class: 'wide muted' }, expected ?? ''), h('td', { class: 'muted' }, set ? 'set' : 'default'));
}

function card(plugin) {
  const numbers = { calls: h('b'), errors: h('b'), slow: h('b') };
  const counters = h('div', { class: 'chips' });
  const options = plugin.options.length === 0
    ? h('p', { class: 'note' }, 'It has no options.')
    : h('div', { class: 'table' }, h('table', { 'aria-label': `Options of ${plugin.as}` },
      h('thead', null, h('tr', null, ['Option', 'Value', 'Takes', ''].map((title) => h('th', { scope: 'col' }, title)))),
      h('tbody', null, plugin.options.map(optionRow))));
  const element = h('section', { class: 'panel plugin' },
    h('h3', null, h('span', { class: 'tag blue' }, kKinds[plugin.kind] ?? plugin.kind), ` ${plugin.as} `,
      h('small', null, `${plugin.as === plugin.name ? '' : `${plugin.name} `}${plugin.version}`)),
    h('p', { class: 'note' }, plugin.file),
    plugin.namespaces.length > 0 && h('p', { class: 'note' }, 'Serves ', plugin.namespaces.map((pattern) => h('span', { class: 'chip' }, pattern))),
    h('p', { class: 'counts' }, numbers.calls, ' calls ', numbers.errors, ' errors ', numbers.slow, ' slow'),
    counters, options);
  return {
    element,
    update(shown) {
      for (const [name, place] of Object.entries(numbers)) {
        setText(place, count(shown[name]));
        place.className = name !== 'calls' && shown[name] > 0 ? 'bad' : '';
      }
      fill(counters, Object.entries(shown.counters).map(([name, value]) => h('span', { class: 'chip' }, `${name} ${count(value)}`)));
    },
  };
}

export function plugins() {
  const place = h('div', { class: 'cards' });
  let cards = [];
  let shown = '';
  const task = repeat(() => 2000, async () => {
    const { node, plugins: list } = await get(pathOf('nodes', state.selected, 'plugins'));
    if (node !== shown) {
      shown = node;
      cards = list.map(card);
      fill(place, cards.map(({ element }) => element));
    }
    list.forEach((plugin, i) => cards[i].update(plugin));
  });
  const look = () => task.now();
  bus.addEventListener('selected', look);
  return {
    title: 'Plugins',
    element: place,
    close() {
      task.stop();
      bus.removeEventListener('selected', look);
    },
  };
}
