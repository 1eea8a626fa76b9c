/** What every error of this client is. `code` says what happened: a number of the wire, or a word. */
export declare class PeerServerError extends Error {
    readonly code: number | string;
    constructor(code: number | string, message: string, options?: ErrorOptions);
}
/** The server refused a request. `code`: 400, 401, 403, 404, 409, 429, 500, 503; the message is the server's. */
export declare class RequestError extends PeerServerError {
    readonly code: number;
}
/** The connection is closed for good. `code`: the WebSocket's close code, such as 4001. */
export declare class ClosedError extends PeerServerError {
    readonly code: number;
}
/** Nobody can know whether a request was carried out. `code`: `connection_lost`. */
export declare class ConnectionLostError extends PeerServerError {
}
/** No answer within the time allowed. `code`: `timeout`. */
export declare class TimeoutError extends PeerServerError {
}
/** A challenge that this client does not answer. `code`: `audience`, `no_key` or `unknown_method`. */
export declare class ChallengeError extends PeerServerError {
}
/** A bound of this client has been reached. `code`: `too_long`, `too_many_requests` or `too_many_events`. */
export declare class LimitError extends PeerServerError {
}
/** A search for partners has ended without any. `code`: `expired`, `replaced` or `left`. */
export declare class MatchError extends PeerServerError {
}
/** A call has ended. `code`: `hung_up`, `failed`, `left` or `closed`. */
export declare class CallError extends PeerServerError {
}
