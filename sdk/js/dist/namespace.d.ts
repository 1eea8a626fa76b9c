import { Emitter, type Patience } from './events.js';
import type { Fields, Incoming, PeerObject } from './messages.js';
/** The messages of the server that concern one namespace; `closed`: this peer is no longer in it. */
export interface NamespaceEvents extends Pick<Incoming, 'peer_joined' | 'peer_left' | 'peer_updated' | 'peer_away' | 'peer_back' | 'broadcast' | 'matched' | 'room_updated' | 'room_closed' | 'kick' | 'server_message'> {
    /** `peers` is another one. */
    changed: ReadonlyMap<string, PeerObject>;
    closed: {
        reason: string;
    };
}
/** How it was entered: what is sent when it has to be entered again. */
export interface Entry {
    type: 'join' | 'join_room' | 'create_room';
    payload: Record<string, unknown>;
}
export declare class Namespace extends Emitter<NamespaceEvents> {
    #private;
    /** Its name; that of a room is its `room_id`. */
    readonly namespace: string;
    /** How many peers are in it. */
    total: number;
    /** Of a room that has been changed, or that this peer has made. */
    owner: string | undefined;
    max_size: number | undefined;
    /** Of a managed room that has been changed: nobody new comes in; whether it is listed; what its owner says of it. */
    locked: boolean | undefined;
    public: boolean | undefined;
    info: Record<string, unknown> | undefined;
    /**
     * The peers by fingerprint, in the order of their joins, this one included: the first 50 of a
     * namespace and who came later; `discover` has the others.
     */
    get peers(): ReadonlyMap<string, PeerObject>;
    /** The peers but for this one. */
    others(): PeerObject[];
    broadcast(data: unknown, { exclude, ...patience }?: Patience & {
        exclude?: string[];
    }): Promise<{
        delivered: number;
        dropped: number;
    }>;
    match(fields?: Fields<'match', 'namespace'>, patience?: Patience): Promise<{
        namespace: string;
        session_id: string;
        peers: PeerObject[];
        teams?: import("./protocol.js").Fingerprint[][];
    }>;
    leave(patience?: Patience): Promise<void>;
}
/** Key by key; null removes. */
export declare function merged(meta: Record<string, unknown> | undefined, changes: Record<string, unknown>): Record<string, unknown>;
