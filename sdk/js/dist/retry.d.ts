/** Milliseconds: the delay before the n-th try is anything up to `base` times 2^n, and up to `cap`. */
export interface Backoff {
    base: number;
    cap: number;
}
/** The delay before the next try in milliseconds, with full jitter; undefined: there is none. */
export declare function delayAfter(code: number, tries: number, { base, cap }: Backoff, random?: () => number): number | undefined;
