export { connect, type Peer, type PeerEvents } from './peer.js';
export type { Namespace, NamespaceEvents } from './namespace.js';
export type { Call, CallEvents, CallOptions, CallState } from './call.js';
export type { State } from './connection.js';
export type { ConnectOptions, RtcStack, SocketClass } from './options.js';
export type { Patience } from './events.js';
export type { AnyMessage, Incoming, Outgoing, PeerObject } from './messages.js';
export { fingerprintOf, ownKeyPair, publicKeyOf } from './key.js';
export { CallError, ChallengeError, ClosedError, ConnectionLostError, LimitError, MatchError, PeerServerError, RequestError, TimeoutError, } from './errors.js';
