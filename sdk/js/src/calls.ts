// The calls of a peer, by the other's fingerprint, and who is told of which signal.
import { Call, type CallHost, type CallOptions, type Signal } from './call.js';

/** Calls that nobody has accepted; one more and the oldest is forgotten. */
const kMaxRinging = 64;

export class Calls {
  #host: CallHost & { ring(call: Call): void };
  #calls = new Map<string, Call>();
  /** The other side's name of the call that ended last. */
  #ended = new Map<string, string>();
  #network = () => this.restart();

  constructor(host: CallHost & { ring(call: Call): void }) {
    this.#host = host;
    globalThis.addEventListener?.('online', this.#network);
    (globalThis.navigator as any)?.connection?.addEventListener?.('change', this.#network);
  }

  call(fingerprint: string, options: CallOptions): Call {
    if (fingerprint === this.#host.me()) throw new TypeError('a peer cannot call itself');
    return (this.#calls.get(fingerprint) ?? this.#add(fingerprint)).accept(options);
  }

  #add(fingerprint: string): Call {
    const ringing = [...this.#calls.values()].filter(({ state }) => state === 'ringing');
    if (ringing.length >= kMaxRinging) ringing[0]!.finish('closed', 'too many calls ring');
    const call = new Call(this.#host, fingerprint);
    this.#calls.set(fingerprint, call);
    call.on('closed', () => {
      if (this.#calls.get(fingerprint) === call) this.#calls.delete(fingerprint);
      if (call.theirs === undefined) return;
      this.#ended.delete(fingerprint);
      this.#ended.set(fingerprint, call.theirs);
      if (this.#ended.size > kMaxRinging) this.#ended.delete(this.#ended.keys().next().value!);
    });
    return call;
  }

  hear(from: string, signal: Signal): void {
    if (from === this.#host.me() || !isSignal(signal)) return;
    const { signal_type: type, call: theirs, re } = signal;
    if (theirs !== undefined && this.#ended.get(from) === theirs) return;
    let call = this.#calls.get(from);
    if (re !== undefined && re !== call?.id) return; // to a call that is over
    if (call?.theirs !== undefined && theirs !== undefined && call.theirs !== theirs) {
      if (type === 'bye' || type === 'answer') return;
      call.finish('hung_up', 'the other peer calls anew');
      call = undefined;
    }
    if (type === 'bye') return call?.finish('hung_up', 'the other peer has hung up');
    if (!call && type === 'answer') return;
    call ??= this.#add(from);
    call.theirs ??= theirs;
    const wasRinging = call.isRinging;
    call.hear(signal);
    if (call.isRinging && !wasRinging) this.#host.ring(call);
  }

  left(fingerprint: string): void {
    if (!this.#host.isHere(fingerprint)) this.#calls.get(fingerprint)?.left();
  }

  restart(): void {
    for (const call of this.#calls.values()) call.restart();
  }

  hangUp(): void {
    for (const call of [...this.#calls.values()]) call.hang_up();
  }

  close(): void {
    globalThis.removeEventListener?.('online', this.#network);
    (globalThis.navigator as any)?.connection?.removeEventListener?.('change', this.#network);
    for (const call of [...this.#calls.values()]) call.finish('closed', 'the peer is closed');
  }
}

// Other payloads of `signal` are the application's.
function isSignal(signal: any): signal is Signal {
  switch (signal?.signal_type) {
    case 'offer':
    case 'answer':
      return typeof signal.sdp === 'string';
    case 'candidate':
      return typeof signal.candidate?.candidate === 'string' && signal.candidate.candidate !== '';
    case 'bye':
      return true;
    default:
      return false;
  }
}
