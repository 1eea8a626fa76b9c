// The lobby: who is here, a partner by chance or by choice, and words with it over a data channel.
import { connect } from '/peer-server-client.js';

const $ = (id) => document.getElementById(id);

// A peer for each tab, the same after a reload.
const publicKey = (sessionStorage.publicKey ??= `lobby ${crypto.getRandomValues(new Uint32Array(4)).join('-')}`);
const { port } = await (await fetch('/server.json')).json();
const secure = location.protocol === 'https:' ? 'wss' : 'ws';

let call; // with the partner

showState('connecting');
const peer = await connect({
  url: `${secure}://${location.hostname}:${port}/ws`,
  publicKey,
  iceServers: true,
  reconnect: { base: 500, cap: 3000 },
  timeout: 0,
});
peer.on('state', showState);
peer.on('closed', (error) => showState(error.message));
showState(peer.state);
paint($('my-avatar'), peer.fingerprint);
$('my-alias').textContent = peer.alias;

const lobby = await peer.join('lobby', { watch: ['meta', 'presence'] });
lobby.on('changed', showPeers);
showPeers();
peer.on('call', talk);
addEventListener('pagehide', () => peer.close()); // the others need not wait

// --- who is here

function showState(state) {
  $('state').dataset.state = state;
  $('state').textContent = { open: 'online', waiting: 'reconnecting', connecting: 'connecting' }[state] ?? state;
  $('match').disabled = state !== 'open' || $('match').dataset.searching === 'yes';
}

function paint(avatar, fingerprint) {
  avatar.style.setProperty('--hue', Number.parseInt(fingerprint.slice(0, 6), 16) % 360);
}

function showPeers() {
  const others = lobby.others();
  $('total').textContent = lobby.total;
  $('alone').hidden = others.length > 0;
  $('peers').replaceChildren(
    ...others.map(({ fingerprint, alias, away }) => {
      const item = document.createElement('li');
      item.classList.toggle('away', Boolean(away));
      const avatar = document.createElement('span');
      avatar.className = 'avatar';
      paint(avatar, fingerprint);
      const name = document.createElement('span');
      name.className = 'name';
      name.textContent = alias;
      const button = document.createElement('button');
      button.textContent = call?.fingerprint === fingerprint ? 'talking' : 'Talk';
      button.disabled = call?.fingerprint === fingerprint;
      button.onclick = () => talk(peer.call(fingerprint));
      item.append(avatar, name, button);
      return item;
    }),
  );
}

$('match').onclick = async () => {
  $('match').dataset.searching = 'yes';
  $('match').disabled = true;
  $('match').textContent = 'Looking for a partner …';
  try {
    const { peers } = await lobby.match({ group_size: 2 });
    const other = peers.find(({ fingerprint }) => fingerprint !== peer.fingerprint);
    talk(peer.call(other.fingerprint)); // both sides do: one of the two calls is made
  } catch (error) {
    note(error.message);
  }
  delete $('match').dataset.searching;
  $('match').textContent = 'Find a partner';
  $('match').disabled = peer.state !== 'open';
};

// --- words with the partner

async function talk(next) {
  if (call === next) return;
  call?.hang_up();
  call = next.accept();
  const name = lobby.peers.get(next.fingerprint)?.alias ?? 'somebody';
  $('partner').textContent = name;
  showLink('connecting');
  showPeers();
  next.on('closed', ({ message }) => {
    if (call !== next) return;
    call = undefined;
    note(`${name}: ${message}`);
    $('partner').textContent = 'No partner';
    showLink('');
    showPeers();
  });
  const channel = await next.channel().catch(() => {});
  if (!channel || call !== next) return;
  showLink('direct');
  note(`You are connected with ${name}.`);
  channel.onmessage = ({ data }) => say(data, 'theirs');
  $('form').onsubmit = (event) => {
    event.preventDefault();
    const words = $('text').value.trim();
    if (!words || channel.readyState !== 'open') return;
    channel.send(words);
    say(words, 'mine');
    $('text').value = '';
  };
  $('text').focus();
}

function showLink(link) {
  $('link').textContent = link;
  $('link').hidden = !link;
  $('text').disabled = $('send').disabled = link !== 'direct';
}

function say(words, whose) {
  const item = document.createElement('li');
  item.className = whose;
  item.textContent = words;
  $('words').append(item);
  if ($('words').children.length > 200) $('words').firstElementChild.remove();
  item.scrollIntoView({ block: 'end' });
}

const note = (words) => say(words, 'note');
