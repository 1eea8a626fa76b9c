import type { Backoff } from './retry.js';

/** A WebSocket class: the browser's, Node 22's, or that of the package `ws`. */
export type SocketClass = new (url: string, protocols?: string[]) => {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: any;
  onmessage: any;
  onclose: any;
  onerror: any;
};

/** Where RTCPeerConnection comes from: the page itself, or a package such as `@roamhq/wrtc` or `werift`. */
export interface RtcStack {
  RTCPeerConnection: any;
}

export interface ConnectOptions {
  /** Where the server is: `wss://game.example/ws`. */
  url: string;
  /** The text that the fingerprint is made of. Without it and without `keyPair` a name is made up. */
  publicKey?: string;
  /** A P-256 or Ed25519 key, such as `ownKeyPair()` has: it is proved to servers that ask for it. */
  keyPair?: CryptoKeyPair;
  /** What a challenge must be for; by default the origin of `url`. */
  audience?: string;
  alias?: string;
  meta?: Record<string, unknown>;
  /** A token for servers that take tokens, or what gets a new one: it is asked before each connection. */
  token?: string | (() => string | Promise<string>);
  /** Answers challenges of other auth plugins than auth_keyproof. Resolves with the payload of `auth_response`. */
  respond?: (challenge: any) => unknown;
  /** true: calls use the server's STUN and TURN servers. Or the list to be used. */
  iceServers?: boolean | RTCIceServer[];
  /** false: nothing is kept for this peer while its connection is down. */
  resume?: boolean;
  /** How to connect again; false: never. By default up to 1 s, 2 s, 4 s and so on, up to 30 s. */
  reconnect?: Partial<Backoff> | false;
  /** How long a request waits for its answer; by default 30,000 ms. */
  requestTimeout?: number;
  /** Milliseconds from one ping to the next; by default 25,000. */
  pingInterval?: number;
  /** The server's `max_message_size`; longer messages are refused here. By default 65,536 bytes. */
  maxMessageSize?: number;
  /** By default that of the page or of Node 22. */
  WebSocket?: SocketClass;
  /** By default that of the page. */
  rtc?: RtcStack;
  /** Ends the attempt to connect. */
  signal?: AbortSignal;
  /** How long `connect` tries; by default 15,000 ms. */
  timeout?: number;
}
