import { CallError } from './errors.js';
import { Emitter, type Patience } from './events.js';
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
export declare class Call extends Emitter<CallEvents> {
    #private;
    /** The other peer. */
    readonly fingerprint: string;
    state: CallState;
    /** The connection of this moment: before `connected` it may be replaced. */
    pc: RTCPeerConnection | undefined;
    /** The other side has sent an offer that waits for `accept`. */
    get isRinging(): boolean;
    /** Takes the call. */
    accept(options?: CallOptions): this;
    /** Resolves when there is a way to the other side. */
    connected(patience?: Patience): Promise<RTCPeerConnection>;
    /** One of `channels`, when it is open; without a name the first. */
    channel(name?: string, patience?: Patience): Promise<RTCDataChannel>;
    /** Ends the call, or refuses it. The other side is told. */
    hang_up(): void;
    /** Looks for another way: the network has changed. */
    restart(): void;
}
