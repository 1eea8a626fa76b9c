import { LimitError, TimeoutError } from './errors.js';

/** How long something may take: until the signal aborts, and for at most `timeout` milliseconds (0: no limit). */
export interface Patience {
  signal?: AbortSignal;
  timeout?: number;
}

/** So many events wait in an iterator for the one who iterates; one more ends it. */
const kMaxWaiting = 1024;

type Listener = (value: any) => void;

/** Typed events: listeners, promises of the next one, and async iterators. */
export class Emitter<Events extends object> {
  #listeners = new Map<keyof Events, Set<Listener>>();
  #ended = false;
  #endings = new Set<() => void>();

  /** Calls the listener at each event of this type. Returns what takes it off again. */
  on<K extends keyof Events>(type: K, listener: (value: Events[K]) => void): () => void {
    let listeners = this.#listeners.get(type);
    if (!listeners) this.#listeners.set(type, (listeners = new Set()));
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** The next event of this type, or the next that `accepts` takes. */
  once<K extends keyof Events>(
    type: K,
    { accepts = () => true, ...patience }: Patience & { accepts?: (value: Events[K]) => boolean } = {},
  ): Promise<Events[K]> {
    return patiently(patience, `no '${String(type)}' came`, (resolve) =>
      this.on(type, (value) => accepts(value) && resolve(value)),
    );
  }

  /** All events of these types from now on, until the object they come from is closed. */
  events<K extends keyof Events>(...types: K[]): AsyncIterableIterator<Events[K]> {
    const waiting: Events[K][] = [];
    let wake: (() => void) | undefined;
    let done = this.#ended;
    let failure: Error | undefined;
    const stop = () => {
      done = true;
      for (const off of offs) off();
      this.#endings.delete(stop);
      wake?.();
    };
    const offs = types.map((type) =>
      this.on(type, (value) => {
        if (waiting.length === kMaxWaiting) {
          failure = new LimitError('too_many_events', `${kMaxWaiting} events wait in an iterator`);
          return stop();
        }
        waiting.push(value);
        wake?.();
      }),
    );
    if (done) stop();
    else this.#endings.add(stop);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (waiting.length === 0 && !done) await new Promise<void>((resolve) => (wake = resolve));
        if (waiting.length > 0) return { value: waiting.shift()!, done: false };
        if (failure) throw failure;
        return { value: undefined, done: true };
      },
      async return() {
        stop();
        waiting.length = 0;
        return { value: undefined, done: true };
      },
    };
  }

  /** @internal A listener that throws hinders nobody; its error is the page's. */
  emit<K extends keyof Events>(type: K, value: Events[K]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** @internal */
  hears(type: keyof Events): boolean {
    return (this.#listeners.get(type)?.size ?? 0) > 0;
  }

  /** @internal Nothing comes any more: iterators end. */
  end(): void {
    this.#ended = true;
    for (const stop of [...this.#endings]) stop();
  }
}

/**
 * @internal A promise that `start` settles, or the signal, or the time. What `start` returns is called
 * when it is settled, whichever way.
 */
export function patiently<T>(
  { signal, timeout = 0 }: Patience,
  late: string,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => (() => void) | void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let stop: (() => void) | void;
    let settled = false;
    const timer =
      timeout > 0 ? setTimeout(() => fail(new TimeoutError('timeout', `${late} within ${timeout} ms`)), timeout) : undefined;
    const abort = () => fail(signal!.reason);
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      stop?.();
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    signal?.addEventListener('abort', abort);
    stop = start((value) => {
      settle();
      resolve(value);
    }, fail);
    if (settled) stop?.();
  });
}
