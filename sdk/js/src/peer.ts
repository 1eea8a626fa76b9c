// What an application holds: one peer, over all its connections. Requests are methods with the names of the
// wire; what the server says is an event with the name of its type.
import { Calls } from './calls.js';
import type { Call, CallOptions } from './call.js';
import { Connection, type State, type Taken } from './connection.js';
import { ClosedError, ConnectionLostError, RequestError, TimeoutError, type PeerServerError } from './errors.js';
import { Emitter, patiently, type Patience } from './events.js';
import { Matches } from './matches.js';
import type { Answer, AnyMessage, Fields, Incoming, Outgoing } from './messages.js';
import { merged, Namespace, type Entry } from './namespace.js';
import type { ConnectOptions, RtcStack } from './options.js';

/** The messages of the server by their types, and what happens to the connection. */
export interface PeerEvents extends Incoming {
  /** `connecting`, `open`, `waiting` (for the next try), `closed`. */
  state: State;
  /** Registered anew: the server had forgotten this peer. Its namespaces are being entered again. */
  reregistered: { fingerprint: string; alias: string };
  /** So many messages to this peer were dropped. The lists of its namespaces are asked for again. */
  lost: { lost: number };
  /** Another peer calls: `accept()` it. */
  call: Call;
  /** For good, and why. */
  closed: PeerServerError | Error;
}

type Meta = Record<string, unknown>;

/** A room that has no owner yet after a restart of the server may get one within this time. */
const kRoomTries = 6;

/** Connects and registers. Tries again, as `options.reconnect` says, until `options.timeout` is over. */
export async function connect(options: ConnectOptions): Promise<Peer> {
  const peer = new Peer(options);
  return peer.opened(options).catch((error) => {
    peer.close();
    throw error;
  });
}

export class Peer extends Emitter<PeerEvents> {
  fingerprint = '';
  alias = '';
  /** Another peer has the alias: it does not lead here. */
  alias_taken = false;
  #options: ConnectOptions;
  #connection: Connection;
  #meta: Meta | undefined;
  #namespaces = new Map<string, Namespace>();
  #matches: Matches;
  #calls: Calls;
  #ice: { servers: RTCIceServer[]; until: number } = { servers: [], until: 0 };

  /** @internal */
  constructor(options: ConnectOptions) {
    super();
    this.#options = options;
    this.#meta = options.meta;
    const request = (type: string, fields: object, patience?: Patience, taken?: Taken) =>
      this.#connection.request(type, fields, patience, taken);
    this.#matches = new Matches(request);
    this.#calls = new Calls({
      me: () => this.fingerprint,
      signal: (to, payload) => request('signal', { to, payload }),
      iceServers: () => this.#iceServers(),
      ring: (call) => this.emit('call', call),
      isHere: (fingerprint) => [...this.#namespaces.values()].some(({ peers }) => peers.has(fingerprint)),
      rtc: () => {
        const stack: RtcStack = options.rtc ?? (globalThis as any);
        if (stack.RTCPeerConnection) return stack;
        throw new TypeError("there is no RTCPeerConnection here: pass a stack, {rtc} of '@roamhq/wrtc' or 'werift'");
      },
    });
    this.#connection = new Connection(options, {
      registered: (message) => this.#registered(message),
      resumed: (message, code) => this.#resumed(message, code),
      message: (message) => this.#hear(message),
      state: (state) => this.emit('state', state),
      closed: (error) => this.#closed(error),
      meta: () => this.#meta,
    });
  }

  /** @internal */
  opened({ signal, timeout = 15_000 }: Patience): Promise<Peer> {
    return patiently<Peer>({ signal, timeout }, 'no connection', (resolve, reject) => {
      const offs = [
        this.on('state', (state) => state === 'open' && queueMicrotask(() => resolve(this))),
        this.on('closed', reject),
      ];
      this.#connection.start();
      return () => offs.forEach((off) => off());
    }).catch((error) => {
      if (error instanceof TimeoutError) error.cause ??= this.#connection.trouble;
      throw error;
    });
  }

  get state(): State {
    return this.#connection.state;
  }

  /** The namespaces and rooms that this peer is in, by name. */
  get namespaces(): ReadonlyMap<string, Namespace> {
    return this.#namespaces;
  }

  /** Any request, also of a room policy. Resolves with the message that answers it. */
  request<T extends keyof Outgoing>(
    type: T,
    payload: Outgoing[T] extends { payload: infer P } ? P : undefined,
    patience?: Patience,
  ): Promise<Answer<T>>;
  request<T extends string>(
    type: T extends keyof Outgoing ? never : T,
    payload?: unknown,
    patience?: Patience,
  ): Promise<AnyMessage>;
  request(type: string, payload?: unknown, patience?: Patience): Promise<any> {
    return this.#connection.request(type, { payload }, patience);
  }

  /** Enters a namespace, or a room of that name. */
  join(namespace: string, fields: Fields<'join', 'namespace'> = {}, patience?: Patience): Promise<Namespace> {
    return this.#enter({ type: 'join', payload: { namespace, ...fields } }, namespace, patience);
  }

  join_room(room_id: string, fields: Fields<'join_room', 'room_id'> = {}, patience?: Patience): Promise<Namespace> {
    return this.#enter({ type: 'join_room', payload: { room_id, ...fields } }, room_id, patience);
  }

  create_room(room_id: string, fields: Fields<'create_room', 'room_id'> = {}, patience?: Patience): Promise<Namespace> {
    return this.#enter({ type: 'create_room', payload: { room_id, ...fields } }, room_id, patience);
  }

  async leave(namespace: string, patience?: Patience): Promise<void> {
    this.#left(namespace, 'left');
    await this.request('leave', { namespace }, patience);
  }

  /** One page of the peers of a namespace. */
  async discover(namespace: string, fields: Fields<'discover', 'namespace'> = {}, patience?: Patience) {
    return (await this.request('discover', { namespace, ...fields }, patience)).payload;
  }

  async signal(to: string, payload: unknown, patience?: Patience) {
    return (await this.#connection.request('signal', { to, payload }, patience)).payload as Answer<'signal'>['payload'];
  }

  async relay(to: string, payload: unknown, patience?: Patience) {
    return (await this.#connection.request('relay', { to, payload }, patience)).payload as Answer<'relay'>['payload'];
  }

  async broadcast(namespace: string, data: unknown, { exclude }: { exclude?: string[] } = {}, patience?: Patience) {
    return (await this.request('broadcast', { namespace, data, exclude }, patience)).payload;
  }

  /** Resolves with the group when there is one. When the signal aborts or the time is over the ticket is taken back. */
  match(namespace: string, fields: Fields<'match', 'namespace'> = {}, patience: Patience = {}) {
    return this.#matches.find(namespace, fields, patience);
  }

  async room_info(room_id: string, patience?: Patience) {
    return (await this.request('room_info', { room_id }, patience)).payload;
  }

  /** One page of the public rooms; `after`: `next` of an earlier page. */
  async list_rooms({ after, limit, ...patience }: Patience & { after?: string; limit?: number } = {}) {
    const payload = { after, limit };
    return (await this.#connection.request('list_rooms', { payload }, patience)).payload as Answer<'list_rooms'>['payload'];
  }

  async kick(room_id: string, fingerprint: string, patience?: Patience): Promise<void> {
    await this.request('kick', { room_id, fingerprint }, patience);
  }

  /** Nobody new comes in. This one and the next ones are for the owners of managed rooms. */
  async room_lock(room_id: string, patience?: Patience): Promise<void> {
    await this.request('room_lock', { room_id }, patience);
    this.#remember(room_id, { locked: true });
  }

  async room_unlock(room_id: string, patience?: Patience): Promise<void> {
    await this.request('room_unlock', { room_id }, patience);
    this.#remember(room_id, { locked: false });
  }

  /** Changes what is named; null removes. */
  async room_update(room_id: string, fields: Fields<'room_update', 'room_id'>, patience?: Patience): Promise<void> {
    await this.request('room_update', { room_id, ...fields }, patience);
    this.#remember(room_id, fields);
  }

  /** Another member owns the room. */
  async room_transfer(room_id: string, fingerprint: string, patience?: Patience): Promise<void> {
    await this.request('room_transfer', { room_id, fingerprint }, patience);
  }

  /** Out, and not in again for so many seconds; 0: as long as the room lives. */
  async room_ban(
    room_id: string,
    fingerprint: string,
    { seconds, ...patience }: Patience & { seconds?: number } = {},
  ): Promise<void> {
    await this.request('room_ban', { room_id, fingerprint, seconds }, patience);
  }

  async room_unban(room_id: string, fingerprint: string, patience?: Patience): Promise<void> {
    await this.request('room_unban', { room_id, fingerprint }, patience);
  }

  /** The room ends: all members, this one too, get `room_closed`. */
  async room_close(room_id: string, patience?: Patience): Promise<void> {
    await this.request('room_close', { room_id }, patience);
  }

  /** Merges into this peer's `meta`; null removes a key. */
  async metadata(meta: Meta, patience?: Patience): Promise<void> {
    await this.request('metadata', { meta }, patience);
    this.#meta = merged(this.#meta, meta);
  }

  async ice_servers(patience?: Patience) {
    return (await this.request('ice_servers', undefined, patience)).payload;
  }

  /** A new token in the place of one that ends. */
  async auth_refresh(token: string, patience?: Patience) {
    return (await this.request('auth_refresh', { token }, patience)).payload;
  }

  /** The round trip to the server, in milliseconds. */
  async ping(patience?: Patience): Promise<number> {
    const start = performance.now();
    await this.request('ping', undefined, patience);
    return performance.now() - start;
  }

  /** Calls a peer, or accepts its call; there is one call between two peers. */
  call(fingerprint: string, options: CallOptions = {}): Call {
    return this.#calls.call(fingerprint, options);
  }

  /** Leaves for good: the others see `peer_left` at once. Calls end. */
  close(): void {
    this.#calls.hangUp();
    this.#connection.close();
  }

  // --- what happens to the connection

  #know({ payload }: AnyMessage): void {
    this.fingerprint = payload.fingerprint;
    this.alias = payload.alias;
    this.alias_taken = payload.alias_taken === true;
    if (payload.ice_servers) this.#keepIce(payload);
  }

  #registered(message: AnyMessage): void {
    const isFirst = this.fingerprint === '';
    this.#know(message);
    if (isFirst) return;
    this.emit('reregistered', message.payload);
    for (const namespace of this.#namespaces.values()) void this.#comeBack(namespace);
  }

  #resumed(message: AnyMessage, code: number): void {
    this.#know(message);
    const { lost } = message.payload;
    this.emit('resumed', message as Incoming['resumed']);
    if (lost > 0) {
      this.emit('lost', { lost });
      for (const namespace of this.#namespaces.values()) void this.#comeBack(namespace);
    }
    // What cut the connection may have cut the calls; a server that went away has not.
    if (code !== 1001) this.#calls.restart();
  }

  #closed(error: Error): void {
    this.#matches.close(error);
    this.#calls.close();
    for (const namespace of this.#namespaces.keys()) this.#left(namespace, 'closed');
    this.emit('closed', error);
    this.end();
  }

  // --- namespaces

  async #enter(entry: Entry, name: string, patience?: Patience): Promise<Namespace> {
    await this.#connection.request(entry.type, { payload: entry.payload }, patience, (answer, isWanted) => {
      if (!isWanted) return void this.request('leave', { namespace: name }).catch(() => {});
      const known = this.#namespaces.get(name);
      const namespace = known ?? new Namespace(this, name, entry);
      namespace.entry = entry;
      this.#namespaces.set(name, namespace);
      this.#list(namespace, answer, !known);
    });
    const namespace = this.#namespaces.get(name);
    if (!namespace) throw new ClosedError(1000, `'${name}' was left at once`);
    return namespace;
  }

  #list(namespace: Namespace, { type, payload }: AnyMessage, isFirst: boolean): void {
    if (type === 'room_created') {
      const self = { fingerprint: this.fingerprint, alias: this.alias, meta: this.#meta ?? {} };
      namespace.list([self], 1, isFirst);
      ({ owner: namespace.owner, max_size: namespace.max_size } = payload);
    } else {
      namespace.list(payload.peers, payload.total, isFirst);
    }
  }

  // Enters again, after the server has forgotten this peer or dropped messages to it. Who made a room makes
  // it again if it is gone; its members wait for that.
  async #comeBack(namespace: Namespace): Promise<void> {
    const { entry, namespace: name } = namespace;
    const join: Entry = entry.type === 'create_room' ? { type: 'join_room', payload: { room_id: name } } : entry;
    for (let tries = 0; this.#namespaces.get(name) === namespace; ++tries) {
      try {
        const taken: Taken = (answer) => {
          if (this.#namespaces.get(name) === namespace) this.#list(namespace, answer, false);
        };
        const send = ({ type, payload }: Entry) => this.#connection.request(type, { payload }, {}, taken);
        await send(join).catch((error) => {
          if (join !== entry && error.code === 404) return send(entry);
          throw error;
        });
        return this.#matches.again(name);
      } catch (error) {
        if (error instanceof ConnectionLostError) return; // it begins anew with the next connection
        const mayComeBack = error instanceof RequestError && [404, 409, 429, 503].includes(error.code);
        if (!mayComeBack || tries === kRoomTries) return this.#left(name, (error as Error).message);
      }
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** tries * (0.5 + Math.random())));
    }
  }

  // How the room is to be when it has to be made again.
  #remember(room_id: string, fields: object): void {
    const entry = this.#namespaces.get(room_id)?.entry;
    if (entry?.type === 'create_room') Object.assign(entry.payload, fields);
  }

  #left(name: string, reason: string): void {
    const namespace = this.#namespaces.get(name);
    this.#namespaces.delete(name);
    this.#matches.end(name, 'left');
    namespace?.close(reason);
  }

  // --- what the server says

  #hear(message: AnyMessage): void {
    const { type, from = '', namespace = '' } = message;
    this.#matches.hear(message);
    if (type === 'signal') this.#calls.hear(from, message.payload);
    const about = this.#namespaces.get(namespace);
    if (about) about.hear(message);
    else this.emit(type as 'kick', message as Incoming['kick']);
    if (type === 'peer_left') this.#calls.left(from);
    if (type === 'kick' || type === 'room_closed') this.#left(namespace, type);
  }

  // --- STUN and TURN servers

  #keepIce({ ice_servers, ttl_ms }: { ice_servers: RTCIceServer[]; ttl_ms: number }): void {
    // Asked for again in time: after half of their life.
    this.#ice = { servers: ice_servers, until: ttl_ms === 0 ? Infinity : Date.now() + ttl_ms / 2 };
  }

  async #iceServers(): Promise<RTCIceServer[]> {
    const { iceServers = [] } = this.#options;
    if (typeof iceServers !== 'boolean') return iceServers;
    if (iceServers && Date.now() >= this.#ice.until) this.#keepIce(await this.ice_servers());
    return this.#ice.servers;
  }
}
