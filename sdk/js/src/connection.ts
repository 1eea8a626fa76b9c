// The way to the server over all the WebSockets that it takes: registers, resumes, connects again. Requests
// come in and their answers go out as promises; everything else that the server says goes to the handlers.
// Both sides count the messages of a session (docs/protocol.md, "C.6 Session resume"): what the server
// has not handled stays in `outbox` and is sent again.
import { ChallengeError, ClosedError, ConnectionLostError, LimitError, type PeerServerError, RequestError } from './errors.js';
import { patiently, type Patience } from './events.js';
import { prove, publicKeyOf, randomKey } from './key.js';
import type { AnyMessage } from './messages.js';
import type { ConnectOptions, SocketClass } from './options.js';
import type { Session } from './protocol.js';
import { delayAfter } from './retry.js';

/** `waiting`: for the time of the next try. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

export interface Handlers {
  /** Registered: for the first time, or anew, when all that the server knew of us is gone. */
  registered(message: AnyMessage): void;
  /** `lost`: so many messages to us were dropped. `code`: what the connection before ended with. */
  resumed(message: AnyMessage, code: number): void;
  message(message: AnyMessage): void;
  state(state: State): void;
  closed(error: Error): void;
  meta(): Record<string, unknown> | undefined;
}

interface Request {
  id: number;
  type: string;
  text: string;
  /** On the present connection, or on an earlier one of the same session. */
  written: boolean;
  answered: boolean;
  /** Somebody waits for the answer. */
  wanted: boolean;
  /** Called at once when the answer comes, before the next message is looked at. */
  taken: Taken | undefined;
  resolve(message: AnyMessage): void;
  reject(error: unknown): void;
}

/** `isWanted`: false when the one who asked has given up meanwhile. */
export type Taken = (answer: AnyMessage, isWanted: boolean) => void;

const kMaxWaiting = 1024;
const kMaxWaitingLength = 1 << 20;
const kRegisterTimeout = 10_000;
const kPongTimeout = 10_000;
const kPingEvery = 32;
/** A connection that was open for so long was a good one: tries are counted anew. */
const kStable = 10_000;
/** An open socket that says nothing any more; not 1000, which would end the session. */
const kSilent = 4000;
/** The code when a newer connection has taken over. */
const kReplaced = 4001;

/** Doing these twice is doing them once: they may be sent again when nobody knows whether they arrived. */
const kRepeatable = new Set(['join', 'join_room', 'discover', 'room_info', 'ice_servers', 'metadata', 'ping']);

export class Connection {
  state: State = 'connecting';
  #options: ConnectOptions;
  #handlers: Handlers;
  #Socket: SocketClass;
  #socket: InstanceType<SocketClass> | undefined;
  #publicKey: string | undefined;
  #session: Session | undefined;
  /** The token before the session's, until the server has answered something: good as long as nothing has been handled. */
  #olderToken: string | undefined;
  /** Written and not answered: one on a connection that was given up may yet take over from a later one. */
  #openResumes = 0;
  #received = 0;
  /** What the server has handled for sure; those in `outbox` come behind. */
  #handled = 0;
  #outbox: Request[] = [];
  #outboxLength = 0;
  #lastId = 0;
  #tries = 0;
  #openedAt = 0;
  /** What the connection before ended with. */
  #code = 0;
  #reason = '';
  #refusals = 0;
  #refusal: RequestError | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #online = () => this.#tryAtOnce();

  constructor(options: ConnectOptions, handlers: Handlers) {
    this.#options = options;
    this.#handlers = handlers;
    const Socket = options.WebSocket ?? (globalThis.WebSocket as SocketClass | undefined);
    if (!Socket) throw new TypeError("there is no WebSocket here: pass one, {WebSocket} of the package 'ws'");
    this.#Socket = Socket;
    globalThis.addEventListener?.('online', this.#online);
  }

  /** To be called once. */
  start(): void {
    void this.#connect();
  }

  /** Sends it, now or when there is a connection again, and resolves with the message that answers it. */
  async request(type: string, fields: object, patience: Patience = {}, taken?: Taken): Promise<AnyMessage> {
    if (this.state === 'closed') throw new ClosedError(1000, 'the connection is closed');
    const id = ++this.#lastId;
    const text = JSON.stringify({ type, id, ...fields });
    this.#checkLength(text);
    const { requestTimeout = 30_000 } = this.#options;
    return patiently({ timeout: requestTimeout, ...patience }, `no answer to '${type}'`, (resolve, reject) => {
      const request = { id, type, text, written: false, answered: false, wanted: true, taken, resolve, reject };
      this.#outbox.push(request);
      this.#outboxLength += text.length;
      if (this.state === 'open') this.#write();
      return () => this.#forget(request);
    });
  }

  close(error: Error = new ClosedError(1000, 'closed by the application')): void {
    if (this.state === 'closed') return;
    this.#detach(1000);
    clearTimeout(this.#retry);
    globalThis.removeEventListener?.('online', this.#online);
    this.#become('closed');
    for (const request of [...this.#outbox]) request.reject(error);
    this.#handlers.closed(error);
  }

  #checkLength(text: string): void {
    const { maxMessageSize = 65_536 } = this.#options;
    if (text.length * 3 > maxMessageSize && new TextEncoder().encode(text).length > maxMessageSize) {
      throw new LimitError('too_long', `a message is longer than ${maxMessageSize} bytes`);
    }
    if (this.#outbox.length >= kMaxWaiting || this.#outboxLength + text.length > kMaxWaitingLength) {
      throw new LimitError('too_many_requests', 'too many messages wait for their answers');
    }
  }

  #become(state: State): void {
    this.state = state;
    this.#handlers.state(state);
  }

  // --- requests and their answers

  #write(): void {
    for (const request of this.#outbox) {
      if (request.written) continue;
      request.written = true;
      this.#socket!.send(request.text);
    }
  }

  // Nobody waits for it any more. What has been sent keeps its place in the count.
  #forget(request: Request): void {
    request.wanted = false;
    if (request.written) return;
    this.#remove(this.#outbox.indexOf(request));
  }

  #remove(index: number): void {
    const [request] = index < 0 ? [] : this.#outbox.splice(index, 1);
    this.#outboxLength -= request?.text.length ?? 0;
  }

  #answer(message: AnyMessage): void {
    this.#olderToken = undefined;
    this.#openResumes = 0;
    const request = this.#outbox.find(({ id }) => id === message.id);
    if (!request || request.answered) return;
    request.answered = true;
    while (this.#outbox[0]?.answered) {
      this.#remove(0);
      ++this.#handled;
    }
    if (message.type === 'error') return request.reject(refusalOf(message));
    request.taken?.(message, request.wanted);
    request.resolve(message);
  }

  // --- opening

  async #connect(): Promise<void> {
    const { url, token } = this.#options;
    this.#refusal = undefined;
    let credentials: string | undefined;
    try {
      this.#publicKey ??= this.#options.keyPair
        ? await publicKeyOf(this.#options.keyPair)
        : (this.#options.publicKey ?? randomKey());
      credentials = typeof token === 'function' ? await token() : token;
    } catch (error) {
      return this.close(error as Error);
    }
    if (this.state === 'closed') return;
    const socket = new this.#Socket(url);
    this.#socket = socket;
    this.#silence = setTimeout(() => this.#drop(1006, 'it took too long'), kRegisterTimeout);
    const register = () => this.#say('register', this.#registration(credentials));
    socket.onopen = () => {
      if (!this.#session) return register();
      this.#sayResume();
    };
    const inbox = oneAtATime((data: unknown) => {
      if (socket !== this.#socket) return;
      try {
        this.#take(JSON.parse(String(data)), register);
      } catch (error) {
        this.close(new ClosedError(1002, 'the server does not keep to the protocol', { cause: error }));
      }
    });
    socket.onmessage = ({ data }: { data: unknown }) => inbox.put(data);
    let failure = '';
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      inbox.empty();
      if (socket === this.#socket) this.#drop(code, reason || failure);
    };
    socket.onerror = ({ message = '' }: { message?: string }) => (failure = message); // `close` follows
  }

  #registration(token: string | undefined): object {
    const { alias, keyPair, iceServers, resume = true } = this.#options;
    return {
      public_key: this.#publicKey,
      alias,
      meta: this.#handlers.meta(),
      token,
      proof: keyPair ? true : undefined,
      want: iceServers === true ? ['ice_servers'] : undefined,
      resume: resume || undefined,
    };
  }

  #sayResume(): void {
    this.#say('resume', { token: this.#session!.token, received: this.#received });
    ++this.#openResumes;
  }

  #say(type: string, payload: unknown): void {
    this.#socket?.send(JSON.stringify({ type, payload }));
  }

  #take(message: AnyMessage, register: () => void): void {
    if (this.state === 'open') return this.#hear(message);
    const { type, payload } = message;
    if (type === 'auth_challenge') void this.#respond(payload);
    if (type === 'registered') this.#registered(message);
    if (type === 'resumed') this.#resumed(message);
    if (type !== 'error') return;
    if (this.#session && payload.code === 404) {
      --this.#openResumes;
      const older = this.#olderToken;
      this.#olderToken = undefined;
      // Without an older one the session is over, and the connection takes a registration.
      this.#session = older ? { ...this.#session, token: older } : undefined;
      older ? this.#sayResume() : register();
    } else {
      this.#refusal = refusalOf(message);
    }
  }

  async #respond(challenge: any): Promise<void> {
    const socket = this.#socket;
    const { keyPair, respond, url, audience = new URL(url).origin } = this.#options;
    try {
      const isOther = respond && challenge?.method !== 'key_proof';
      const payload = await (isOther ? respond(challenge) : prove(challenge, keyPair, audience));
      if (socket === this.#socket) this.#say('auth_response', payload);
    } catch (error) {
      this.close(error instanceof Error ? error : new ChallengeError('unknown_method', String(error)));
    }
  }

  #registered(message: AnyMessage): void {
    const requests = this.#outbox;
    this.#session = message.payload.session;
    this.#olderToken = undefined;
    this.#received = this.#handled = this.#outboxLength = this.#openResumes = 0;
    this.#outbox = [];
    this.#opened();
    this.#handlers.registered(message); // what it sends to come back comes first
    for (const request of requests) {
      if (!request.wanted) continue;
      if (request.written && !kRepeatable.has(request.type)) {
        request.reject(new ConnectionLostError('connection_lost', `nobody knows whether '${request.type}' was done`));
        continue;
      }
      request.written = false;
      this.#outbox.push(request);
      this.#outboxLength += request.text.length;
    }
    this.#write();
  }

  #resumed(message: AnyMessage): void {
    const { session, processed } = message.payload;
    --this.#openResumes;
    this.#olderToken = this.#session!.token;
    this.#session = session;
    this.#outbox.forEach((request, index) => (request.written = this.#handled + index < processed));
    this.#opened();
    this.#handlers.resumed(message, this.#code);
    this.#write();
  }

  #opened(): void {
    this.#openedAt = Date.now();
    this.#refusals = 0;
    this.#hasSpoken();
    this.#ping = setInterval(() => this.#sendPing(), this.#options.pingInterval ?? 25_000);
    this.#become('open');
  }

  // --- open

  #hear(message: AnyMessage): void {
    ++this.#received;
    this.#hasSpoken();
    if (message.id !== undefined) this.#answer(message);
    else if (message.type === 'error') this.#refusal = refusalOf(message);
    this.#handlers.message(message);
    if (this.#received % kPingEvery === 0 && this.#session) this.#sendPing();
  }

  #hasSpoken(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  // Shows that the server is there, and lets it forget what has come.
  #sendPing(): void {
    const payload = this.#session && { received: this.#received };
    this.request('ping', { payload }, { timeout: 0 }).catch(() => {});
    this.#silence ??= setTimeout(() => this.#drop(1006, 'the server is silent'), kPongTimeout);
  }

  // --- the end of a connection

  #detach(code: number): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#ping);
    this.#hasSpoken();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code);
    } catch {} // it was never open
  }

  #drop(code: number, reason: string): void {
    this.#detach(kSilent);
    this.#code = code;
    this.#reason = reason || `closed with ${code}`;
    const wasOpen = this.state === 'open';
    if (wasOpen && Date.now() - this.#openedAt > kStable) this.#tries = 0;
    const delay = this.#delay(code);
    if (delay === undefined) {
      return this.close(new ClosedError(code, this.#reason, { cause: this.#refusal }));
    }
    this.#become('waiting');
    this.#retry = setTimeout(() => this.#again(), delay);
  }

  #delay(code: number): number | undefined {
    const { reconnect = {}, token } = this.#options;
    if (reconnect === false) return undefined;
    const backoff = { base: 1000, cap: 30_000, ...reconnect };
    // A new token may help, once; a second refusal in a row is one of all tokens.
    if (code === 4003) return typeof token === 'function' && ++this.#refusals < 2 ? Math.random() * backoff.base : undefined;
    if (code === kReplaced && this.#olderToken && this.#openResumes > 0) return Math.random() * backoff.base; // by myself
    return delayAfter(code, this.#tries++, backoff);
  }

  #again(): void {
    this.#become('connecting');
    void this.#connect();
  }

  #tryAtOnce(): void {
    if (this.state !== 'waiting') return;
    clearTimeout(this.#retry);
    this.#again();
  }

  /** Why there is no connection: what the server said last that concerned no request, or how the last one ended. */
  get trouble(): PeerServerError | undefined {
    return this.#refusal ?? (this.#code === 0 ? undefined : new ClosedError(this.#code, this.#reason));
  }
}

// Browsers take a turn for each message. Node hands out all that came in one packet at once: there each waits for the
// next turn, so that who has awaited an answer has its listeners on before the next message is told.
function oneAtATime<T>(take: (value: T) => void): { put(value: T): void; empty(): void } {
  const nextTurn = (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate;
  const waiting: T[] = [];
  let isBusy = false;
  const next = () => {
    isBusy = waiting.length > 0;
    if (!isBusy) return;
    take(waiting.shift()!);
    nextTurn!(next);
  };
  return {
    put(value) {
      if (!nextTurn) return take(value);
      waiting.push(value);
      if (!isBusy) next();
    },
    empty() {
      while (waiting.length > 0) take(waiting.shift()!);
    },
  };
}

function refusalOf({ payload }: AnyMessage): RequestError {
  return new RequestError(payload?.code ?? 500, payload?.message ?? 'no reason given');
}
