// Bans: who is kept out, how long, why.
import { pathOf } from './api.js';
import { banAnybody, unban } from './dialogs.js';
import { duration, h, moment, shortId, Table } from './dom.js';
import { action, List } from './lists.js';
import { now } from './node.js';

export function bans() {
  const lift = async (row) => {
    if (await unban(row.target)) list.now();
  };
  const isPeer = (row) => /^[0-9a-f]{64}$/.test(row.target);
  const table = new Table({
    label: 'Bans',
    key: (row) => row.target,
    empty: 'Nobody is banned.',
    columns: [
      { title: 'Whom', kind: 'id', text: (row) => (isPeer(row) ? shortId(row.target) : row.target), hint: (row) => row.target },
      { title: '', text: (row) => (isPeer(row) ? 'peer' : row.target.includes('/') ? 'range' : 'address') },
      { title: 'Ends in', kind: 'number', text: (row) => duration(row.ends_at - now()), hint: (row) => moment(row.ends_at), sort: (row) => row.ends_at },
      { title: 'Reason', kind: 'wide', text: (row) => row.reason ?? '' },
      { title: '', text: () => 'lift', render: (row) => action('Lift…', 'small', () => lift(row)) },
    ],
  });
  const list = new List({ table, name: 'bans', url: (page) => pathOf('bans') + page, kinds: ['ban'] });
  const add = action('Ban…', 'small', async () => {
    if (await banAnybody()) list.now();
  });
  return {
    title: 'Bans',
    table,
    element: h('div', null, h('div', { class: 'toolbar' }, add, h('span', { class: 'note' }, 'Live connections stay until they are closed.')), list.element),
    close: () => list.close(),
  };
}
