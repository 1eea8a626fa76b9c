export type Fingerprint = string;
export type Id = string | number;
export type Timestamp = number;
export type Ticket = string;
export type PeerObject = {
    fingerprint: Fingerprint;
    alias: string;
    alias_taken?: true;
    proved?: true;
    app_type?: string;
    away?: true;
    meta?: Record<string, unknown>;
};
export type IceServer = {
    urls: string[];
    username?: string;
    credential?: string;
};
export type Watch = ("meta" | "presence")[] | null;
export type Session = {
    token: string;
    window_ms: number;
};
/** What the server sends, by type. */
export interface ServerMessages {
    /** The peer is registered. */
    registered: {
        type: "registered";
        id?: Id;
        from: Fingerprint;
        payload: {
            fingerprint: Fingerprint;
            alias: string;
            alias_taken?: true;
            session?: Session;
            ice_servers?: IceServer[];
            ttl_ms?: number;
        };
    };
    /** The connection carries the session from now on. */
    resumed: {
        type: "resumed";
        id?: Id;
        from: Fingerprint;
        payload: {
            fingerprint: Fingerprint;
            alias: string;
            alias_taken?: true;
            session: Session;
            processed: number;
            lost: number;
        };
    };
    /** Members of a namespace or a room, in the order of their joins. */
    peer_list: {
        type: "peer_list";
        id?: Id;
        payload: {
            namespace: string;
            peers: PeerObject[];
            total: number;
        };
    };
    /** A peer has joined. */
    peer_joined: {
        type: "peer_joined";
        from: Fingerprint;
        namespace: string;
        payload: PeerObject;
        ts: Timestamp;
    };
    /** A peer has left, was kicked, or is gone. */
    peer_left: {
        type: "peer_left";
        from: Fingerprint;
        namespace: string;
        payload: {
            fingerprint: Fingerprint;
        };
        ts: Timestamp;
    };
    /** The meta of a member has changed; for those who watch. */
    peer_updated: {
        type: "peer_updated";
        from: Fingerprint;
        namespace: string;
        payload: {
            fingerprint: Fingerprint;
            meta: Record<string, unknown>;
        };
        ts: Timestamp;
    };
    /** A member has lost its connection, and may come back; for those who watch. */
    peer_away: {
        type: "peer_away";
        from: Fingerprint;
        namespace: string;
        payload: {
            fingerprint: Fingerprint;
        };
        ts: Timestamp;
    };
    /** A member that was away is back; for those who watch. */
    peer_back: {
        type: "peer_back";
        from: Fingerprint;
        namespace: string;
        payload: {
            fingerprint: Fingerprint;
        };
        ts: Timestamp;
    };
    /** A payload that another peer, or the peer itself, has sent. */
    signal: {
        type: "signal";
        from: Fingerprint;
        to: Fingerprint;
        payload?: unknown;
        ts: Timestamp;
    };
    /** A payload that another peer, or the peer itself, has sent. */
    relay: {
        type: "relay";
        from: Fingerprint;
        to: Fingerprint;
        payload?: unknown;
        ts: Timestamp;
    };
    /** Data that another member has sent to all. */
    broadcast: {
        type: "broadcast";
        from: Fingerprint;
        namespace: string;
        payload: {
            namespace: string;
            data?: unknown;
        };
        ts: Timestamp;
    };
    /** The request waits for partners. */
    match: {
        type: "match";
        id?: Id;
        payload: {
            status: "waiting";
            ticket?: Ticket;
            waiting?: number;
            estimate_ms?: number;
        };
    };
    /** The peers of a new group. */
    matched: {
        type: "matched";
        id?: Id;
        namespace: string;
        payload: {
            namespace: string;
            session_id: string;
            peers: PeerObject[];
            teams?: Fingerprint[][];
        };
        ts: Timestamp;
    };
    /** The ticket has ended because its peer asked for it. */
    match_cancelled: {
        type: "match_cancelled";
        id?: Id;
        payload: {
            ticket: Ticket;
        };
    };
    /** The ticket has ended because its time is over. */
    match_expired: {
        type: "match_expired";
        payload: {
            ticket: Ticket;
            namespace: string;
        };
    };
    /** The room exists, and the peer owns it. */
    room_created: {
        type: "room_created";
        id?: Id;
        payload: {
            room_id: string;
            owner: Fingerprint;
            max_size: number;
        };
    };
    /** What is known of a room. */
    room_info: {
        type: "room_info";
        id?: Id;
        payload: {
            room_id: string;
            owner: Fingerprint;
            max_size: number;
            peer_count: number;
        };
    };
    /** A page of public rooms. next: there may be more. */
    room_list: {
        type: "room_list";
        id?: Id;
        payload: {
            rooms: {
                room_id: string;
                owner: Fingerprint;
                max_size: number;
                peer_count: number;
                has_password: boolean;
                locked: boolean;
                info?: Record<string, unknown>;
            }[];
            next?: string;
        };
    };
    /** The room has another owner or another size, or, of a managed room, is otherwise than it was. */
    room_updated: {
        type: "room_updated";
        namespace: string;
        payload: {
            room_id: string;
            owner: Fingerprint;
            max_size: number;
            locked?: boolean;
            public?: boolean;
            info?: Record<string, unknown>;
        };
        ts: Timestamp;
    };
    /** The room has ended. */
    room_closed: {
        type: "room_closed";
        namespace: string;
        payload: {
            room_id: string;
            reason?: string;
        };
        ts: Timestamp;
    };
    /** The operator's backend has something to say, to this peer or to all members of a namespace. */
    server_message: {
        type: "server_message";
        namespace?: string;
        payload: unknown;
        ts: Timestamp;
    };
    /** The peer was removed from a room. */
    kick: {
        type: "kick";
        from: Fingerprint;
        namespace: string;
        payload: {
            room_id: string;
            fingerprint: Fingerprint;
        };
        ts: Timestamp;
    };
    /** The STUN and TURN servers of the configuration, as RTCPeerConnection takes them. */
    ice_servers: {
        type: "ice_servers";
        id?: Id;
        payload: {
            ice_servers: IceServer[];
            ttl_ms: number;
        };
    };
    /** The answer to ping. */
    pong: {
        type: "pong";
        id?: Id;
    };
    /** A request was refused. */
    error: {
        type: "error";
        id?: Id;
        payload: {
            code: number;
            message: string;
        };
    };
    /** A request without a reply of its own was done. */
    ack: {
        type: "ack";
        id: Id;
        payload: {
            delivered: number;
            dropped: number;
        };
    };
    /** The authentication plugin asks; its payload is the plugin's. */
    auth_challenge: {
        type: "auth_challenge";
        id?: Id;
        payload: unknown;
    };
    /** Answers auth_refresh: the rights are those of the newer token. */
    auth_refreshed: {
        type: "auth_refreshed";
        id?: Id;
        payload: {
            expires_ms: number;
        };
    };
}
/** What a client sends, by type. */
export interface ClientMessages {
    /** The first message of a connection. */
    register: {
        type: "register";
        id?: Id;
        payload: {
            public_key?: string | null;
            alias?: string | null;
            meta?: Record<string, unknown> | null;
            resume?: boolean | null;
        };
    };
    /** The first message of a connection that is to carry a session. */
    resume: {
        type: "resume";
        id?: Id;
        payload: {
            token: string;
            received: number;
        };
    };
    /** Enters a namespace, or a room of that name. */
    join: {
        type: "join";
        id?: Id;
        payload: {
            namespace: string;
            app_type?: string | null;
            version?: string | null;
            meta?: Record<string, unknown> | null;
            watch?: Watch;
        };
    };
    /** Leaves a namespace or a room. */
    leave: {
        type: "leave";
        id?: Id;
        payload: {
            namespace: string;
        };
    };
    /** Lists the peers of a namespace. */
    discover: {
        type: "discover";
        id?: Id;
        payload: {
            namespace: string;
            limit?: number | null;
            after?: string | null;
        };
    };
    /** Sends a payload to one peer. */
    signal: {
        type: "signal";
        id?: Id;
        to: string;
        payload?: unknown;
    };
    /** Sends a payload to one peer. */
    relay: {
        type: "relay";
        id?: Id;
        to: string;
        payload?: unknown;
    };
    /** Sends data to all other members of a namespace. */
    broadcast: {
        type: "broadcast";
        id?: Id;
        payload: {
            namespace: string;
            data?: unknown;
            exclude?: string[] | null;
        };
    };
    /** Asks for partners in a namespace. */
    match: {
        type: "match";
        id?: Id;
        payload: {
            namespace: string;
            group_size?: number | null;
            criteria?: Record<string, unknown> | null;
            timeout_ms?: number | null;
            party?: {
                id: string;
                size: number;
            } | null;
            teams?: {
                count: number;
                size: number;
            } | null;
        };
    };
    /** Ends the ticket in a namespace. */
    match_cancel: {
        type: "match_cancel";
        id?: Id;
        payload: {
            namespace: string;
        };
    };
    /** Makes a room and enters it. */
    create_room: {
        type: "create_room";
        id?: Id;
        payload: {
            room_id: string;
            max_size?: number | null;
            watch?: Watch;
            password?: string | null;
            locked?: boolean | null;
            public?: boolean | null;
            info?: Record<string, unknown> | null;
            invited?: string[] | null;
        };
    };
    /** Enters a room. */
    join_room: {
        type: "join_room";
        id?: Id;
        payload: {
            room_id: string;
            watch?: Watch;
            password?: string | null;
        };
    };
    /** Asks about a room. */
    room_info: {
        type: "room_info";
        id?: Id;
        payload: {
            room_id: string;
        };
    };
    /** Removes a member from a room. */
    kick: {
        type: "kick";
        id?: Id;
        payload: {
            room_id: string;
            fingerprint: string;
        };
    };
    /** Changes the peer's meta. */
    metadata: {
        type: "metadata";
        id?: Id;
        payload: {
            meta: Record<string, unknown>;
        };
    };
    /** Asks for a pong. */
    ping: {
        type: "ping";
        id?: Id;
        payload?: {
            received?: number | null;
        };
    };
    /** Asks for the STUN and TURN servers. */
    ice_servers: {
        type: "ice_servers";
        id?: Id;
    };
    /** Answers auth_challenge; the payload is the plugin's. */
    auth_response: {
        type: "auth_response";
        id?: Id;
        payload?: unknown;
    };
    /** Shows a newer token, whose rights replace those that the peer has. */
    auth_refresh: {
        type: "auth_refresh";
        id?: Id;
        payload: {
            token: string;
        };
    };
    /** Lists public rooms; after: next of an earlier page. */
    list_rooms: {
        type: "list_rooms";
        id?: Id;
        payload?: {
            after?: string | null;
            limit?: number | null;
        };
    };
}
/** What a client sends to rooms of the policy `managed`, by type. */
export interface ManagedRoomMessages {
    /** Nobody new comes in. */
    room_lock: {
        type: "room_lock";
        id?: Id;
        payload: {
            room_id: string;
        };
    };
    /** Everybody may come in again. */
    room_unlock: {
        type: "room_unlock";
        id?: Id;
        payload: {
            room_id: string;
        };
    };
    /** Changes what the owner has set; null removes. */
    room_update: {
        type: "room_update";
        id?: Id;
        payload: {
            room_id: string;
            password?: string | null;
            public?: boolean | null;
            info?: Record<string, unknown> | null;
            max_size?: number | null;
            invited?: string[] | null;
        };
    };
    /** Another member owns the room. */
    room_transfer: {
        type: "room_transfer";
        id?: Id;
        payload: {
            room_id: string;
            fingerprint: string;
        };
    };
    /** A peer is put out, and does not come in again. */
    room_ban: {
        type: "room_ban";
        id?: Id;
        payload: {
            room_id: string;
            fingerprint: string;
            seconds?: number | null;
        };
    };
    /** A ban ends. */
    room_unban: {
        type: "room_unban";
        id?: Id;
        payload: {
            room_id: string;
            fingerprint: string;
        };
    };
    /** The room ends. */
    room_close: {
        type: "room_close";
        id?: Id;
        payload: {
            room_id: string;
        };
    };
}
