/** How long something may take: until the signal aborts, and for at most `timeout` milliseconds (0: no limit). */
export interface Patience {
    signal?: AbortSignal;
    timeout?: number;
}
/** Typed events: listeners, promises of the next one, and async iterators. */
export declare class Emitter<Events extends object> {
    #private;
    /** Calls the listener at each event of this type. Returns what takes it off again. */
    on<K extends keyof Events>(type: K, listener: (value: Events[K]) => void): () => void;
    /** The next event of this type, or the next that `accepts` takes. */
    once<K extends keyof Events>(type: K, { accepts, ...patience }?: Patience & {
        accepts?: (value: Events[K]) => boolean;
    }): Promise<Events[K]>;
    /** All events of these types from now on, until the object they come from is closed. */
    events<K extends keyof Events>(...types: K[]): AsyncIterableIterator<Events[K]>;
}
