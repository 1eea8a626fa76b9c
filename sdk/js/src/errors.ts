/** What every error of this client is. `code` says what happened: a number of the wire, or a word. */
export class PeerServerError extends Error {
  /** @internal */
  static readonly title: string = 'PeerServerError';
  readonly code: number | string;

  constructor(code: number | string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = (new.target as typeof PeerServerError).title;
  }
}

/** The server refused a request. `code`: 400, 401, 403, 404, 409, 429, 500, 503; the message is the server's. */
export class RequestError extends PeerServerError {
  /** @internal */
  static override readonly title = 'RequestError';
  declare readonly code: number;
}

/** The connection is closed for good. `code`: the WebSocket's close code, such as 4001. */
export class ClosedError extends PeerServerError {
  /** @internal */
  static override readonly title = 'ClosedError';
  declare readonly code: number;
}

/** Nobody can know whether a request was carried out. `code`: `connection_lost`. */
export class ConnectionLostError extends PeerServerError {
  /** @internal */
  static override readonly title = 'ConnectionLostError';
}

/** No answer within the time allowed. `code`: `timeout`. */
export class TimeoutError extends PeerServerError {
  /** @internal */
  static override readonly title = 'TimeoutError';
}

/** A challenge that this client does not answer. `code`: `audience`, `no_key` or `unknown_method`. */
export class ChallengeError extends PeerServerError {
  /** @internal */
  static override readonly title = 'ChallengeError';
}

/** A bound of this client has been reached. `code`: `too_long`, `too_many_requests` or `too_many_events`. */
export class LimitError extends PeerServerError {
  /** @internal */
  static override readonly title = 'LimitError';
}

/** A search for partners has ended without any. `code`: `expired`, `replaced` or `left`. */
export class MatchError extends PeerServerError {
  /** @internal */
  static override readonly title = 'MatchError';
}

/** A call has ended. `code`: `hung_up`, `failed`, `left` or `closed`. */
export class CallError extends PeerServerError {
  /** @internal */
  static override readonly title = 'CallError';
}
