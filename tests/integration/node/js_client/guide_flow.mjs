// One session of every kind, as an application writes it with the client. It runs where the agent is, so that
// it uses nothing but `client` and `options`. Resolves with what it has seen.
export async function guideFlow(url, name) {
  const { connect } = globalThis.client;
  const peers = [];
  const seen = {};
  const peer = async (alias, more = {}) => {
    const made = await connect({ ...globalThis.options, url, alias: `${name}-${alias}`, ...more });
    peers.push(made);
    return made;
  };
  const code = (promise) => promise.then(() => 'done', (error) => `${error.name} ${error.code} ${error.message}`);
  try {
    const alice = await peer('alice', { meta: { level: 3 } });
    const bob = await peer('bob');

    // Namespaces and metadata.
    const lobby = await alice.join(name, { app_type: 'chess', meta: { color: 'white' } });
    const comes = lobby.once('peer_joined');
    const bobs = await bob.join(name);
    seen.joined = (await comes).payload.alias;
    seen.list = [...bobs.peers.values()].map(({ alias, meta }) => ({ alias, meta }));
    await alice.metadata({ level: null, score: 7 });
    seen.meta = (await bob.discover(name)).peers[0].meta;

    // To one, and to all.
    const relays = bob.events('relay', 'broadcast');
    seen.ack = await alice.relay(bob.fingerprint, { move: 'e4' });
    await lobby.broadcast({ move: 'd5' });
    await lobby.broadcast('not for bob', { exclude: [bob.fingerprint] });
    await alice.signal(`${name}-bob`, [1]);
    seen.relay = (await relays.next()).value.payload;
    seen.broadcast = (await relays.next()).value.payload.data;

    // Partners.
    const [one, other] = await Promise.all([
      alice.match(name, { group_size: 2, criteria: { mode: 'ranked' } }),
      bobs.match({ group_size: 2, criteria: { mode: 'ranked' } }),
    ]);
    seen.matched = one.session_id === other.session_id && one.peers.length;
    seen.expired = await code(alice.match(name, { timeout_ms: 1 }));
    const given_up = new AbortController();
    const search = alice.match(name, {}, { signal: given_up.signal });
    await alice.ping();
    given_up.abort(new Error('no patience'));
    seen.aborted = await search.catch((error) => error.message);
    const cancelled = await code(alice.request('match_cancel', { namespace: name }));
    seen.cancelled = cancelled;

    // Rooms.
    const room = await alice.create_room(`${name} room`, { max_size: 2 });
    seen.room = [room.owner === alice.fingerprint, room.max_size, room.total];
    const guest = await bob.join_room(`${name} room`);
    seen.info = (await bob.room_info(`${name} room`)).peer_count;
    seen.notOwner = await code(bob.kick(`${name} room`, alice.fingerprint));
    const out = guest.once('closed');
    await alice.kick(`${name} room`, bob.fingerprint);
    seen.kicked = (await out).reason;
    seen.none = await code(bob.join_room('no such room'));

    // The end.
    seen.ice = (await alice.ice_servers()).ice_servers;
    const left = lobby.once('peer_left');
    bob.close();
    seen.left = (await left).from === bob.fingerprint;
    seen.total = lobby.total;
    seen.states = [alice.state, bob.state];
    seen.closed = await code(bob.ping());
    return seen;
  } finally {
    for (const made of peers) made.close();
  }
}

export const kSeen = (name) => ({
  joined: `${name}-bob`,
  list: [
    { alias: `${name}-alice`, meta: { level: 3, color: 'white' } },
    { alias: `${name}-bob`, meta: {} },
  ],
  meta: { score: 7, color: 'white' },
  ack: { delivered: 1, dropped: 0 },
  relay: { move: 'e4' },
  broadcast: { move: 'd5' },
  matched: 2,
  expired: `MatchError expired no match in '${name}': expired`,
  aborted: 'no patience',
  cancelled: 'RequestError 404 ticket not found',
  room: [true, 2, 1],
  info: 2,
  notOwner: 'RequestError 403 only room owner can kick',
  kicked: 'kick',
  none: 'RequestError 404 room not found',
  ice: [],
  left: true,
  total: 1,
  states: ['open', 'closed'],
  closed: 'ClosedError 1000 the connection is closed',
});
