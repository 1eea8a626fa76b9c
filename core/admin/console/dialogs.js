// Questions before something is done, and what is asked with them. Each resolves with whether it was
// done.
import { call, pathOf, query } from './api.js';
import { h, toast } from './dom.js';

let number = 0;

// `fields`: {name, label, kind: 'text' | 'json' | 'select' | 'check', value, options?, hint?}. `act(values)`
// does it, and returns what to say then; what it throws is shown, and the question stays.
function ask({ title, text, fields = [], action, isDangerous = false, act }) {
  const inputs = new Map();
  const rows = fields.map((field) => row(field, inputs));
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const cancel = h('button', { type: 'button' }, 'Cancel');
  const confirm = h('button', { type: 'submit', class: isDangerous ? 'danger' : 'primary' }, action);
  const form = h('form', null, h('h2', { id: 'question' }, title), text && h('p', null, text), rows, problem,
    h('div', { class: 'buttons' }, cancel, confirm));
  const dialog = h('dialog', { 'aria-labelledby': 'question' }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let isDone = false;
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(isDone);
    });
    cancel.addEventListener('click', () => dialog.close());
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      confirm.disabled = true;
      try {
        const said = await act(valuesOf(fields, inputs));
        isDone = true;
        dialog.close();
        toast(said);
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
        confirm.disabled = false;
      }
    });
    dialog.showModal();
    // What is dangerous is not done by a second Enter.
    (fields.length > 0 ? inputs.get(fields[0].name) : isDangerous ? cancel : confirm).focus();
  });
}

function row(field, inputs) {
  number += 1;
  const id = `field-${number}`;
  let input;
  if (field.kind === 'select') {
    const options = field.options.map(([value, label]) => h('option', { value }, label));
    input = h('select', { id }, options);
    input.value = field.value;
  } else if (field.kind === 'json') {
    input = h('textarea', { id, rows: 4, spellcheck: 'false', value: field.value });
  } else if (field.kind === 'check') {
    input = h('input', { id, type: 'checkbox', checked: field.value });
  } else {
    input = h('input', { id, type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: field.most, value: field.value ?? '' });
  }
  inputs.set(field.name, input);
  const label = h('label', { for: id }, field.label);
  if (field.kind === 'check') return h('div', { class: 'field check' }, input, label);
  return h('div', { class: 'field' }, label, input, field.hint && h('small', null, field.hint));
}

function valuesOf(fields, inputs) {
  const values = {};
  for (const { name, kind } of fields) {
    const input = inputs.get(name);
    values[name] = kind === 'check' ? input.checked : input.value;
    if (kind !== 'json') continue;
    try {
      JSON.parse(input.value);
    } catch {
      throw new Error('The message is no JSON.');
    }
  }
  return values;
}

const name = (peer) => (peer.alias ? `“${peer.alias}”` : peer.fingerprint.slice(0, 8));

export const disconnect = (peer) =>
  ask({
    title: `Disconnect ${name(peer)}?`,
    text: 'Its connection closes, and its session ends with it. It may connect again.',
    fields: [
      { name: 'reason', label: 'Reason', most: 123, hint: 'The peer is told.' },
      { name: 'code', label: 'Close code', value: '4000', hint: '4000 to 4999' },
    ],
    action: 'Disconnect',
    isDangerous: true,
    async act(values) {
      await call('DELETE', pathOf('peers', peer.fingerprint) + query(values));
      return `Disconnected ${name(peer)}.`;
    },
  });

const kDurations = [
  ['3600', 'an hour'], ['86400', 'a day'], ['604800', 'a week'], ['2592000', '30 days'],
  ['31536000', 'a year'], ['315360000', 'ten years'],
];

export const banPeer = (peer) =>
  ask({
    title: `Ban ${name(peer)}?`,
    text: 'A banned peer cannot register; of a banned address nobody can connect.',
    fields: [
      { name: 'target', label: 'Whom', kind: 'select', value: peer.fingerprint,
        options: [[peer.fingerprint, `this peer, ${peer.fingerprint.slice(0, 8)}`], [peer.address, `all of ${peer.address}`]] },
      { name: 'seconds', label: 'For', kind: 'select', value: '86400', options: kDurations },
      { name: 'reason', label: 'Reason', most: 200, hint: 'For operators: the peer is not told.' },
      { name: 'closes', label: 'Disconnect it now', kind: 'check', value: true },
    ],
    action: 'Ban',
    isDangerous: true,
    async act({ target, seconds, reason, closes }) {
      await ban(target, seconds, reason);
      if (closes) {
        // It may have gone by itself.
        const end = call('DELETE', pathOf('peers', peer.fingerprint) + query({ code: 4003, reason: 'banned' }));
        await end.catch((error) => { if (error.status !== 404) throw error; });
      }
      return `Banned ${target === peer.fingerprint ? name(peer) : target}.`;
    },
  });

const ban = (target, seconds, reason) =>
  call('PUT', pathOf('bans', target.trim()), { seconds: Number(seconds), ...(reason && { reason }) });

export const banAnybody = () =>
  ask({
    title: 'Ban',
    fields: [
      { name: 'target', label: 'Whom', hint: 'A fingerprint, an address, or a range such as 198.51.100.0/24.' },
      { name: 'seconds', label: 'For', kind: 'select', value: '86400', options: kDurations },
      { name: 'reason', label: 'Reason', most: 200, hint: 'For operators: nobody is told.' },
    ],
    action: 'Ban',
    isDangerous: true,
    async act({ target, seconds, reason }) {
      await ban(target, seconds, reason);
      return `Banned ${target}.`;
    },
  });

export const unban = (target) =>
  ask({
    title: 'Lift this ban?',
    text: target,
    action: 'Lift',
    async act() {
      await call('DELETE', pathOf('bans', target));
      return 'Lifted the ban.';
    },
  });

export const closeRoom = (room) =>
  ask({
    title: `Close the room “${room}”?`,
    text: 'All its members are put out, and the room is gone.',
    action: 'Close the room',
    isDangerous: true,
    async act() {
      await call('DELETE', pathOf('rooms', room));
      return `Closed the room “${room}”.`;
    },
  });

const kPayload = { name: 'payload', label: 'Payload', kind: 'json', value: '{"text": ""}',
  hint: 'JSON; it arrives as server_message.' };

// The payload stands in the body as it was written: it arrives byte for byte.
const send = async (path, { payload }) => {
  const { delivered, dropped } = await call('POST', path, `{"payload":${payload}}`);
  return `Delivered to ${delivered}${dropped > 0 ? `, dropped for ${dropped}` : ''}.`;
};

export const messagePeer = (peer) =>
  ask({
    title: `Message to ${name(peer)}`,
    fields: [kPayload],
    action: 'Send',
    act: (values) => send(pathOf('peers', peer.fingerprint, 'messages'), values),
  });

export const messageAll = (ns, members) =>
  ask({
    title: `Message to all ${members} in “${ns}”`,
    fields: [kPayload],
    action: `Send to ${members}`,
    isDangerous: members > 1,
    act: (values) => send(pathOf('namespaces', ns, 'messages'), values),
  });

export const drain = (node) =>
  ask({
    title: 'Drain this node?',
    text: 'It closes all connections and ends, as by SIGTERM. Whoever supervises it may start it again.',
    fields: [{ name: 'word', label: `To confirm, type ${node.slice(0, 4)}` }],
    action: 'Drain',
    isDangerous: true,
    async act({ word }) {
      if (word.trim() !== node.slice(0, 4)) throw new Error(`Type ${node.slice(0, 4)}.`);
      await call('POST', pathOf('drain'), {});
      return 'The node drains.';
    },
  });

export const help = () =>
  ask({
    title: 'Keys',
    fields: [],
    action: 'Close',
    text: h('dl', { class: 'keys' }, [
      ['1 – 8', 'the pages'], ['/', 'search'], ['j  k', 'next and previous row'], ['Enter', 'open the row'],
      ['m  d  b', 'message, disconnect, ban the open peer'], ['Esc', 'close'], ['t', 'light, dark, as the system'],
      ['?', 'this list'],
    ].map(([key, what]) => [h('dt', null, key), h('dd', null, what)])),
    act: async () => '',
  });
