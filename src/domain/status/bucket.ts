/** Holds back a service that flaps; a change of status takes one token. */
export interface Bucket {
  /** Tokens as the milliseconds in which they come back: whole numbers add up exactly. */
  readonly credit: number;
  /** When `credit` was counted, ms since the epoch. */
  readonly at: number;
}

export type Take =
  | { readonly allowed: true; readonly bucket: Bucket }
  /** `retryAt` is when the next token is there, ms since the epoch. */
  | { readonly allowed: false; readonly bucket: Bucket; readonly retryAt: number };

/** Time in which one token comes back, ms. */
const INTERVAL = 1_000;
const BURST = 10 * INTERVAL;

/** Undefined is a full bucket. A clock that was set back gives no tokens and takes none. */
export function take(bucket: Bucket | undefined, now: number): Take {
  const credit = bucket === undefined ? BURST : Math.min(BURST, bucket.credit + Math.max(0, now - bucket.at));
  if (credit >= INTERVAL) return { allowed: true, bucket: { credit: credit - INTERVAL, at: now } };
  return { allowed: false, bucket: { credit, at: now }, retryAt: now + INTERVAL - credit };
}
