import { type Patience } from './events.js';
import type { Taken } from './connection.js';
import type { AnyMessage, Incoming } from './messages.js';
type Matched = Incoming['matched']['payload'];
type Request = (type: string, fields: object, patience?: Patience, taken?: Taken) => Promise<AnyMessage>;
export declare class Matches {
    #private;
    constructor(request: Request);
    /** Resolves with the group. Who gives up earlier takes the ticket back. */
    find(namespace: string, fields: object, { signal, timeout }: Patience): Promise<Matched>;
    hear({ type, id, namespace, payload }: AnyMessage): void;
    end(namespace: string, code: 'expired' | 'replaced' | 'left'): void;
    /** The server has forgotten all tickets. Those that are on their way are sent again by the connection. */
    again(namespace: string): void;
    close(error: Error): void;
}
export {};
