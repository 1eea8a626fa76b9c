import { Call, type CallHost, type CallOptions, type Signal } from './call.js';
export declare class Calls {
    #private;
    constructor(host: CallHost & {
        ring(call: Call): void;
    });
    call(fingerprint: string, options: CallOptions): Call;
    hear(from: string, signal: Signal): void;
    left(fingerprint: string): void;
    restart(): void;
    hangUp(): void;
    close(): void;
}
