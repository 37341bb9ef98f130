/** Holds back a service that flaps; a change of status takes one token. */
export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was counted, ms since the epoch. */
  readonly at: number;
}

export type Take =
  | { readonly allowed: true; readonly bucket: Bucket }
  /** `retryAt` is when the next token is there, ms since the epoch. */
  | { readonly allowed: false; readonly bucket: Bucket; readonly retryAt: number };

const BURST = 10;
/** Time in which one token comes back, ms. */
const INTERVAL = 1_000;

/** Undefined is a full bucket. A clock that was set back gives no tokens and takes none. */
export function take(bucket: Bucket | undefined, now: number): Take {
  const gained = bucket === undefined ? 0 : Math.max(0, now - bucket.at) / INTERVAL;
  const tokens = Math.min(BURST, (bucket?.tokens ?? BURST) + gained);
  if (tokens >= 1) return { allowed: true, bucket: { tokens: tokens - 1, at: now } };
  return { allowed: false, bucket: { tokens, at: now }, retryAt: now + Math.ceil((1 - tokens) * INTERVAL) };
}
