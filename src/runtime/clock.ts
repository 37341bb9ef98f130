/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/**
 * Everything in the runtime that depends on time takes a Clock, so that tests run on virtual time.
 * Durations are measured with `monotonic`, which no correction of the wall clock moves.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for timestamps that people or other processes read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds (any length; negative counts as 0). */
  setTimeout(fn: () => void, ms: number): Timer;
}

// Node fires at once, with a warning, when a delay does not fit into 31 bits.
const LONGEST_NODE_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(fn, ms) {
    let left = Math.max(0, ms);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const part = Math.min(left, LONGEST_NODE_TIMEOUT_MS);
      left -= part;
      handle = setTimeout(() => (left > 0 ? arm() : fn()), part);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** `promise`, or a rejection with the signal's reason as soon as it aborts. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** `promise`, or a rejection after `ms` milliseconds; what it waited for goes on. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}
