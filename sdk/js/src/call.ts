// A call with one peer: an RTCPeerConnection by perfect negotiation over `signal` messages. docs/webrtc.md says why each
// rule is there. Steps run one after another, in the order of the messages.
import { CallError, RequestError } from './errors.js';
import { Emitter, patiently, type Patience } from './events.js';
import type { RtcStack } from './options.js';

export type CallState = 'ringing' | 'connecting' | 'connected' | 'closed';

export interface CallEvents {
  state: CallState;
  /** There is a way to the other side: for the first time or, after a failure, again. */
  connected: RTCPeerConnection;
  /** A channel is open. */
  channel: RTCDataChannel;
  track: RTCTrackEvent;
  /** A step has failed, and the call goes on. */
  error: unknown;
  closed: CallError;
}

export interface CallOptions extends Patience {
  /** Both sides make the same channels, in the same order: names, or names with options. By default `data`. */
  channels?: string[] | Record<string, RTCDataChannelInit>;
  /** What the other side is to hear and see. */
  media?: MediaStream | MediaStreamTrack[];
  /** Laid over `{bundlePolicy: 'max-bundle', iceServers}`. */
  configuration?: RTCConfiguration;
  /** For more: called with each new RTCPeerConnection. There is a second one when both sides call at once. */
  setUp?: (pc: RTCPeerConnection) => void;
}

/** What comes in `payload` of a `signal`; `call` is the sender's name of the call, `re` the receiver's. */
export interface Signal {
  signal_type: 'offer' | 'answer' | 'candidate' | 'bye';
  sdp?: string;
  candidate?: RTCIceCandidateInit;
  call?: string;
  re?: string;
}

/** @internal What a call needs of those who hold it. */
export interface CallHost {
  me(): string;
  signal(to: string, payload: Signal): Promise<unknown>;
  iceServers(): Promise<RTCIceServer[]>;
  rtc(): RtcStack;
  isHere(fingerprint: string): boolean;
}

/** Candidates and descriptions that wait; more are dropped. */
const kMaxWaiting = 256;
const kConnectTimeout = 30_000;
/** How long a call that has failed may take to find another way. */
const kRestartTimeout = 15_000;
const kYield = 2000;
/** A signal that was refused for its rate is sent again so many times. */
const kSendTries = 5;

const pause = (most: number) => new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)));

export class Call extends Emitter<CallEvents> {
  /** The other peer. */
  readonly fingerprint: string;
  state: CallState = 'ringing';
  /** The connection of this moment: before `connected` it may be replaced. */
  pc: RTCPeerConnection | undefined;
  /** @internal Our name of this call, and theirs. */
  readonly id = Math.random().toString(36).slice(2, 14);
  /** @internal */
  theirs: string | undefined;
  #host: CallHost;
  #options: CallOptions = {};
  #channels = new Map<string, RTCDataChannel>();
  #open = new Map<string, RTCDataChannel>();
  #held: Signal[] = [];
  #early: RTCIceCandidateInit[] = [];
  #waits = false;
  #ignores = false;
  #restarts = false;
  #last: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @internal */
  constructor(host: CallHost, fingerprint: string) {
    super();
    this.#host = host;
    this.fingerprint = fingerprint;
  }

  /** The other side has sent an offer that waits for `accept`. */
  get isRinging(): boolean {
    return this.#held.some(({ signal_type }) => signal_type === 'offer');
  }

  /** Takes the call. */
  accept(options: CallOptions = {}): this {
    if (this.state !== 'ringing') return this;
    this.#options = options;
    this.#waits = this.isRinging;
    this.#become('connecting');
    const { signal, timeout = kConnectTimeout } = options;
    this.connected({ signal, timeout }).catch((error) => this.finish('failed', 'no way to the other peer', error));
    this.#inTurn(async () => {
      await this.#connect();
      if (!this.#waits) await this.#offer();
    });
    for (const held of this.#held.splice(0)) this.hear(held);
    return this;
  }

  /** Resolves when there is a way to the other side. */
  connected(patience: Patience = {}): Promise<RTCPeerConnection> {
    return this.#when('connected', () => (this.state === 'connected' ? this.pc : undefined), patience);
  }

  /** One of `channels`, when it is open; without a name the first. */
  channel(name?: string, patience: Patience = {}): Promise<RTCDataChannel> {
    const wanted = name ?? this.#channelList()[0]?.[0] ?? '';
    return this.#when('channel', () => this.#open.get(wanted), patience);
  }

  /** Ends the call, or refuses it. The other side is told. */
  hang_up(): void {
    if (this.state === 'closed') return;
    this.#send({ signal_type: 'bye' }).catch(() => {});
    this.finish('closed', 'this side has hung up');
  }

  /** Looks for another way: the network has changed. */
  restart(): void {
    if (this.state !== 'connected') return;
    this.#inTurn(() => this.#offer({ iceRestart: true }));
  }

  #when<K extends 'connected' | 'channel', T>(type: K, ready: () => T | undefined, patience: Patience): Promise<T> {
    return patiently<T>(patience, `no '${type}'`, (resolve, reject) => {
      const look = () => {
        const value = ready();
        if (value !== undefined) resolve(value);
      };
      if (this.state === 'closed') return reject(new CallError('closed', 'the call has ended'));
      const offs = [this.on(type, look), this.on('closed', reject)];
      look();
      return () => offs.forEach((off) => off());
    });
  }

  #become(state: CallState): void {
    if (this.state === state) return;
    this.state = state;
    this.emit('state', state);
  }

  #channelList(): [string, RTCDataChannelInit][] {
    const { channels = this.#options.media ? [] : ['data'] } = this.#options;
    return Array.isArray(channels) ? channels.map((name) => [name, {}]) : Object.entries(channels);
  }

  // --- the connection

  async #connect(): Promise<void> {
    const iceServers = await this.#host.iceServers();
    if (this.state === 'closed') return;
    const { configuration, media = [], setUp } = this.#options;
    const pc: RTCPeerConnection = new (this.#host.rtc().RTCPeerConnection)({
      bundlePolicy: 'max-bundle',
      iceServers,
      ...configuration,
    });
    this.pc = pc;
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return; // some stacks fail on an empty one
      this.#send({ signal_type: 'candidate', candidate: candidate.toJSON() }, pc).catch(() => {});
    };
    pc.onnegotiationneeded = () => {
      if (!this.#waits) this.#inTurn(() => this.#offer());
    };
    pc.onconnectionstatechange = () => this.#look(pc);
    pc.ontrack = (event) => this.emit('track', event);
    this.#channels.clear();
    // Both sides make them: with `ondatachannel` a first message may be missed.
    this.#channelList().forEach(([name, init], id) => {
      const channel = pc.createDataChannel(name, { ...init, negotiated: true, id });
      this.#channels.set(name, channel);
      channel.addEventListener('open', () => {
        this.#open.set(name, channel);
        this.#isUp(pc);
        this.emit('channel', channel);
      });
    });
    const tracks = Array.isArray(media) ? media : media.getTracks();
    for (const track of tracks) pc.addTrack(track, ...(Array.isArray(media) ? [] : [media]));
    setUp?.(pc);
  }

  // Some stacks open channels before they say so.
  #isUp(pc: RTCPeerConnection): void {
    if (this.state === 'connected' && !this.#restarts) return;
    clearTimeout(this.#timer);
    this.#restarts = false;
    this.#become('connected');
    this.emit('connected', pc);
  }

  #look(pc: RTCPeerConnection): void {
    if (pc !== this.pc) return;
    const { connectionState } = pc;
    if (connectionState === 'connected') {
      this.#isUp(pc);
    } else if (this.state === 'connected') {
      if (connectionState === 'closed') return this.finish('hung_up', 'the connection was closed');
      const isLost = connectionState === 'failed' || connectionState === 'disconnected';
      if (isLost && !this.#host.isHere(this.fingerprint)) return this.finish('left', 'the other peer has gone');
      if (connectionState === 'failed') this.#tryAgain();
    } else if (connectionState === 'failed') {
      this.finish('failed', 'no way to the other peer');
    }
  }

  // One restart for a failure. The peer that does not give way makes it; the other one if nothing has come.
  #tryAgain(): void {
    if (this.#restarts) return this.finish('failed', 'the way to the other peer is lost');
    this.#restarts = true;
    this.#timer = setTimeout(() => this.finish('failed', 'the way to the other peer is lost'), kRestartTimeout);
    const yields = this.#host.me() < this.fingerprint;
    void (yields ? pause(kYield) : Promise.resolve()).then(() => this.#restarts && this.restart());
  }

  /** @internal The other peer has left. A connection that stands needs no server. */
  left(): void {
    if (this.state === 'connected' && this.pc?.connectionState === 'connected') return;
    this.finish('left', 'the other peer has left');
  }

  /** @internal */
  finish(code: string, message: string, cause?: unknown): void {
    if (this.state === 'closed') return;
    clearTimeout(this.#timer);
    this.#become('closed');
    this.pc?.close();
    this.emit('closed', new CallError(code, message, { cause }));
    this.end();
  }

  // --- negotiation

  /** @internal What the other side says. */
  hear(signal: Signal): void {
    if (this.state === 'ringing') {
      if (this.#held.length < kMaxWaiting) this.#held.push(signal);
      return;
    }
    const { signal_type: type, sdp, candidate } = signal;
    if (type === 'offer') this.#inTurn(() => this.#takeOffer(sdp!).finally(() => (this.#waits = false)));
    if (type === 'answer') this.#inTurn(() => this.#takeDescription({ type, sdp: sdp! }));
    if (type === 'candidate') this.#inTurn(() => this.#addCandidate(candidate!));
  }

  #inTurn(step: () => Promise<unknown>): void {
    this.#last = this.#last
      .then(() => (this.state === 'closed' ? undefined : step()))
      .catch((error) => {
        if (this.state === 'closed' || this.pc?.signalingState === 'closed') return;
        if (this.state === 'connected') this.emit('error', error);
        else this.finish('failed', (error as Error).message, error);
      });
  }

  async #offer(options?: RTCOfferOptions): Promise<void> {
    const pc = this.pc!;
    if (pc.signalingState === 'stable') await this.#describe(await pc.createOffer(options));
  }

  async #describe(description: RTCSessionDescriptionInit): Promise<void> {
    const pc = this.pc!;
    await pc.setLocalDescription(description);
    const sent = this.#send({ signal_type: description.type as 'offer', sdp: pc.localDescription!.sdp }, pc);
    sent.catch((error) => {
      if (this.state !== 'connected') this.finish('failed', (error as Error).message, error);
    });
  }

  async #takeOffer(sdp: string): Promise<void> {
    const collides = this.pc!.signalingState !== 'stable';
    this.#ignores = collides && this.#host.me() > this.fingerprint;
    if (this.#ignores) return; // the other side gives up its offer, and answers ours
    this.#waits = true;
    if (collides) await this.#giveUpOffer();
    await this.#takeDescription({ type: 'offer', sdp });
    await this.#describe(await this.pc!.createAnswer());
  }

  // A first offer goes together with its connection: a rollback leaves some browsers without candidates.
  async #giveUpOffer(): Promise<void> {
    const pc = this.pc!;
    if (pc.remoteDescription) return pc.setLocalDescription({ type: 'rollback' });
    this.pc = undefined;
    pc.close();
    await this.#connect();
  }

  async #takeDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const pc = this.pc!;
    if (description.type === 'answer' && pc.signalingState !== 'have-local-offer') return; // of an offer given up
    this.#ignores = false;
    await pc.setRemoteDescription(description);
    for (const candidate of this.#early.splice(0)) await this.#addCandidate(candidate);
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    const pc = this.pc!;
    if (this.#ignores || !pc.remoteDescription) {
      if (this.#early.length < kMaxWaiting) this.#early.push(candidate);
    } else {
      await pc.addIceCandidate(candidate).catch(() => {}); // of an offer that was given up
    }
  }

  // Sends again what was refused for its rate, as long as it is about the connection of this moment.
  async #send(signal: Signal, pc = this.pc): Promise<void> {
    for (let tries = 0; ; ++tries) {
      try {
        await this.#host.signal(this.fingerprint, { ...signal, call: this.id, re: this.theirs });
        return;
      } catch (error) {
        const isLimited = error instanceof RequestError && error.code === 429;
        if (!isLimited || tries === kSendTries) throw error;
        await pause(200 * 2 ** tries);
        if (pc !== this.pc) return;
      }
    }
  }
}
