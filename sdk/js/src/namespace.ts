// A namespace or room that this peer is in: who else is there, live, and what is said there.
import { Emitter, type Patience } from './events.js';
import type { AnyMessage, Fields, Incoming, PeerObject } from './messages.js';
import type { Peer } from './peer.js';

/** The messages of the server that concern one namespace; `closed`: this peer is no longer in it. */
export interface NamespaceEvents
  extends Pick<
    Incoming,
    | 'peer_joined'
    | 'peer_left'
    | 'peer_updated'
    | 'peer_away'
    | 'peer_back'
    | 'broadcast'
    | 'matched'
    | 'room_updated'
    | 'room_closed'
    | 'kick'
    | 'server_message'
  > {
  /** `peers` is another one. */
  changed: ReadonlyMap<string, PeerObject>;
  closed: { reason: string };
}

/** How it was entered: what is sent when it has to be entered again. */
export interface Entry {
  type: 'join' | 'join_room' | 'create_room';
  payload: Record<string, unknown>;
}

export class Namespace extends Emitter<NamespaceEvents> {
  /** Its name; that of a room is its `room_id`. */
  readonly namespace: string;
  /** How many peers are in it. */
  total = 0;
  /** Of a room that has been changed, or that this peer has made. */
  owner: string | undefined;
  max_size: number | undefined;
  /** Of a managed room that has been changed: nobody new comes in; whether it is listed; what its owner says of it. */
  locked: boolean | undefined;
  public: boolean | undefined;
  info: Record<string, unknown> | undefined;
  #peers = new Map<string, PeerObject>();
  #peer: Peer;
  /** @internal */
  entry: Entry;

  /** @internal */
  constructor(peer: Peer, namespace: string, entry: Entry) {
    super();
    this.#peer = peer;
    this.namespace = namespace;
    this.entry = entry;
  }

  /**
   * The peers by fingerprint, in the order of their joins, this one included: the first 50 of a
   * namespace and who came later; `discover` has the others.
   */
  get peers(): ReadonlyMap<string, PeerObject> {
    return this.#peers;
  }

  /** The peers but for this one. */
  others(): PeerObject[] {
    return [...this.#peers.values()].filter(({ fingerprint }) => fingerprint !== this.#peer.fingerprint);
  }

  broadcast(data: unknown, { exclude, ...patience }: Patience & { exclude?: string[] } = {}) {
    return this.#peer.broadcast(this.namespace, data, { exclude }, patience);
  }

  match(fields: Fields<'match', 'namespace'> = {}, patience: Patience = {}) {
    return this.#peer.match(this.namespace, fields, patience);
  }

  leave(patience: Patience = {}) {
    return this.#peer.leave(this.namespace, patience);
  }

  /** @internal What a peer_list says, the first or one that is to be compared with what was known. */
  list(peers: PeerObject[], total: number, isFirst: boolean): void {
    const before = this.#peers;
    this.#peers = new Map(peers.map((peer) => [peer.fingerprint, peer]));
    this.total = total;
    if (!isFirst) {
      const news = (type: 'peer_joined' | 'peer_left', payload: any) =>
        this.#tell({ type, from: payload.fingerprint, namespace: this.namespace, payload, ts: Date.now() });
      const isWhole = peers.length >= total;
      for (const fingerprint of before.keys()) {
        if (isWhole && !this.#peers.has(fingerprint)) news('peer_left', { fingerprint });
      }
      for (const [fingerprint, peer] of this.#peers) if (!before.has(fingerprint)) news('peer_joined', peer);
    }
    this.emit('changed', this.#peers);
  }

  /** @internal A message of the server about this namespace. */
  hear(message: AnyMessage): void {
    const { type, from = '', payload } = message;
    const known = this.#peers.get(from);
    if (type === 'peer_joined') {
      if (!known) ++this.total;
      this.#peers.set(from, payload);
    } else if (type === 'peer_left') {
      this.total = Math.max(0, this.total - 1);
      this.#peers.delete(from);
    } else if (type === 'room_updated') {
      const { owner, max_size, locked, public: isPublic, info } = payload;
      Object.assign(this, { owner, max_size, locked, public: isPublic, info });
    } else if (known && type === 'peer_updated') {
      this.#peers.set(from, { ...known, meta: merged(known.meta, payload.meta) });
    } else if (known && type === 'peer_away') {
      this.#peers.set(from, { ...known, away: true });
    } else if (known && type === 'peer_back') {
      const { away, ...rest } = known;
      this.#peers.set(from, rest);
    }
    this.#tell(message);
    if (type.startsWith('peer_')) this.emit('changed', this.#peers);
  }

  // Listeners of the namespace hear it, and those of the peer.
  #tell(message: AnyMessage): void {
    this.emit(message.type as 'kick', message as any);
    this.#peer.emit(message.type as 'kick', message as any);
  }

  /** @internal */
  close(reason: string): void {
    this.emit('closed', { reason });
    this.end();
  }
}

/** Key by key; null removes. */
export function merged(
  meta: Record<string, unknown> | undefined,
  changes: Record<string, unknown>,
): Record<string, unknown> {
  const result = { ...meta, ...changes };
  for (const [key, value] of Object.entries(result)) if (value === null) delete result[key];
  return result;
}
