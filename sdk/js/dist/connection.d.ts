import { type PeerServerError } from './errors.js';
import { type Patience } from './events.js';
import type { AnyMessage } from './messages.js';
import type { ConnectOptions } from './options.js';
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
/** `isWanted`: false when the one who asked has given up meanwhile. */
export type Taken = (answer: AnyMessage, isWanted: boolean) => void;
export declare class Connection {
    #private;
    state: State;
    constructor(options: ConnectOptions, handlers: Handlers);
    /** To be called once. */
    start(): void;
    /** Sends it, now or when there is a connection again, and resolves with the message that answers it. */
    request(type: string, fields: object, patience?: Patience, taken?: Taken): Promise<AnyMessage>;
    close(error?: Error): void;
    /** Why there is no connection: what the server said last that concerned no request, or how the last one ended. */
    get trouble(): PeerServerError | undefined;
}
