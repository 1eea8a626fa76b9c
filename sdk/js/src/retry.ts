// Whether and when to connect again, by the code of a close: docs/protocol.md, "Close codes".

/** Milliseconds: the delay before the n-th try is anything up to `base` times 2^n, and up to `cap`. */
export interface Backoff {
  base: number;
  cap: number;
}

/** "Try again later": the server is full. */
const kLater = 1013;

/** Codes after which one connects again; 1005 and 1006: no close frame came; 1012, 1014: of proxies. */
const kAgain = new Set([1001, 1005, 1006, 1011, 1012, kLater, 1014, 4002, 4008]);

/** The delay before the next try in milliseconds, with full jitter; undefined: there is none. */
export function delayAfter(
  code: number,
  tries: number,
  { base, cap }: Backoff,
  random: () => number = Math.random,
): number | undefined {
  if (!kAgain.has(code)) return undefined;
  const most = Math.min(cap, base * 2 ** Math.min(tries, 20));
  if (code === kLater) return cap / 2 + (random() * cap) / 2;
  return random() * most;
}
