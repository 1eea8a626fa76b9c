import type { ClientMessages, ManagedRoomMessages, PeerObject, ServerMessages, Timestamp } from './protocol.js';
export type { PeerObject };
interface OperatorMessages {
    server_message: {
        type: 'server_message';
        namespace?: string;
        payload: unknown;
        ts: Timestamp;
    };
}
/** All messages of the server, by type. */
export type Incoming = ServerMessages & OperatorMessages;
/** All requests of a client, by type. */
export type Outgoing = ClientMessages & ManagedRoomMessages;
/** The types of what answers a request; all others are answered by `ack`. */
interface AnswerTypes {
    join: 'peer_list';
    join_room: 'peer_list';
    discover: 'peer_list';
    match: 'match' | 'matched';
    match_cancel: 'match_cancelled';
    create_room: 'room_created';
    room_info: 'room_info';
    list_rooms: 'room_list';
    ice_servers: 'ice_servers';
    auth_refresh: 'auth_refreshed';
    ping: 'pong';
}
export type Answer<T> = Incoming[T extends keyof AnswerTypes ? AnswerTypes[T] : 'ack'];
/** Any message, before its type has been looked at. */
export interface AnyMessage {
    type: string;
    id?: string | number;
    from?: string;
    namespace?: string;
    payload?: any;
    ts?: number;
}
/** The fields of a request beside those that name what it is about. */
export type Fields<T extends keyof Outgoing, Named extends string> = Outgoing[T] extends {
    payload: infer P;
} ? Omit<P, Named> & {
    [field: string]: unknown;
} : never;
