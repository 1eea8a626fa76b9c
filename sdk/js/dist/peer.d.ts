import type { Call, CallOptions } from './call.js';
import { type State } from './connection.js';
import { type PeerServerError } from './errors.js';
import { Emitter, type Patience } from './events.js';
import type { Answer, AnyMessage, Fields, Incoming, Outgoing } from './messages.js';
import { Namespace } from './namespace.js';
import type { ConnectOptions } from './options.js';
/** The messages of the server by their types, and what happens to the connection. */
export interface PeerEvents extends Incoming {
    /** `connecting`, `open`, `waiting` (for the next try), `closed`. */
    state: State;
    /** Registered anew: the server had forgotten this peer. Its namespaces are being entered again. */
    reregistered: {
        fingerprint: string;
        alias: string;
    };
    /** So many messages to this peer were dropped. The lists of its namespaces are asked for again. */
    lost: {
        lost: number;
    };
    /** Another peer calls: `accept()` it. */
    call: Call;
    /** For good, and why. */
    closed: PeerServerError | Error;
}
type Meta = Record<string, unknown>;
/** Connects and registers. Tries again, as `options.reconnect` says, until `options.timeout` is over. */
export declare function connect(options: ConnectOptions): Promise<Peer>;
export declare class Peer extends Emitter<PeerEvents> {
    #private;
    fingerprint: string;
    alias: string;
    /** Another peer has the alias: it does not lead here. */
    alias_taken: boolean;
    get state(): State;
    /** The namespaces and rooms that this peer is in, by name. */
    get namespaces(): ReadonlyMap<string, Namespace>;
    /** Any request, also of a room policy. Resolves with the message that answers it. */
    request<T extends keyof Outgoing>(type: T, payload: Outgoing[T] extends {
        payload: infer P;
    } ? P : undefined, patience?: Patience): Promise<Answer<T>>;
    request<T extends string>(type: T extends keyof Outgoing ? never : T, payload?: unknown, patience?: Patience): Promise<AnyMessage>;
    /** Enters a namespace, or a room of that name. */
    join(namespace: string, fields?: Fields<'join', 'namespace'>, patience?: Patience): Promise<Namespace>;
    join_room(room_id: string, fields?: Fields<'join_room', 'room_id'>, patience?: Patience): Promise<Namespace>;
    create_room(room_id: string, fields?: Fields<'create_room', 'room_id'>, patience?: Patience): Promise<Namespace>;
    leave(namespace: string, patience?: Patience): Promise<void>;
    /** One page of the peers of a namespace. */
    discover(namespace: string, fields?: Fields<'discover', 'namespace'>, patience?: Patience): Promise<{
        namespace: string;
        peers: import("./protocol.js").PeerObject[];
        total: number;
    }>;
    signal(to: string, payload: unknown, patience?: Patience): Promise<{
        delivered: number;
        dropped: number;
    }>;
    relay(to: string, payload: unknown, patience?: Patience): Promise<{
        delivered: number;
        dropped: number;
    }>;
    broadcast(namespace: string, data: unknown, { exclude }?: {
        exclude?: string[];
    }, patience?: Patience): Promise<{
        delivered: number;
        dropped: number;
    }>;
    /** Resolves with the group when there is one. When the signal aborts or the time is over the ticket is taken back. */
    match(namespace: string, fields?: Fields<'match', 'namespace'>, patience?: Patience): Promise<{
        namespace: string;
        session_id: string;
        peers: import("./protocol.js").PeerObject[];
        teams?: import("./protocol.js").Fingerprint[][];
    }>;
    room_info(room_id: string, patience?: Patience): Promise<{
        room_id: string;
        owner: import("./protocol.js").Fingerprint;
        max_size: number;
        peer_count: number;
    }>;
    /** One page of the public rooms; `after`: `next` of an earlier page. */
    list_rooms({ after, limit, ...patience }?: Patience & {
        after?: string;
        limit?: number;
    }): Promise<{
        rooms: {
            room_id: string;
            owner: import("./protocol.js").Fingerprint;
            max_size: number;
            peer_count: number;
            has_password: boolean;
            locked: boolean;
            info?: Record<string, unknown>;
        }[];
        next?: string;
    }>;
    kick(room_id: string, fingerprint: string, patience?: Patience): Promise<void>;
    /** Nobody new comes in. This one and the next ones are for the owners of managed rooms. */
    room_lock(room_id: string, patience?: Patience): Promise<void>;
    room_unlock(room_id: string, patience?: Patience): Promise<void>;
    /** Changes what is named; null removes. */
    room_update(room_id: string, fields: Fields<'room_update', 'room_id'>, patience?: Patience): Promise<void>;
    /** Another member owns the room. */
    room_transfer(room_id: string, fingerprint: string, patience?: Patience): Promise<void>;
    /** Out, and not in again for so many seconds; 0: as long as the room lives. */
    room_ban(room_id: string, fingerprint: string, { seconds, ...patience }?: Patience & {
        seconds?: number;
    }): Promise<void>;
    room_unban(room_id: string, fingerprint: string, patience?: Patience): Promise<void>;
    /** The room ends: all members, this one too, get `room_closed`. */
    room_close(room_id: string, patience?: Patience): Promise<void>;
    /** Merges into this peer's `meta`; null removes a key. */
    metadata(meta: Meta, patience?: Patience): Promise<void>;
    ice_servers(patience?: Patience): Promise<{
        ice_servers: import("./protocol.js").IceServer[];
        ttl_ms: number;
    }>;
    /** A new token in the place of one that ends. */
    auth_refresh(token: string, patience?: Patience): Promise<{
        expires_ms: number;
    }>;
    /** The round trip to the server, in milliseconds. */
    ping(patience?: Patience): Promise<number>;
    /** Calls a peer, or accepts its call; there is one call between two peers. */
    call(fingerprint: string, options?: CallOptions): Call;
    /** Leaves for good: the others see `peer_left` at once. Calls end. */
    close(): void;
}
export {};
