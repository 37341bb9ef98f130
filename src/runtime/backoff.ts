export interface BackoffPolicy {
  /** Upper bound of the first delay, milliseconds. */
  initialMs: number;
  factor: number;
  /** No delay is longer, milliseconds. */
  maxMs: number;
}

/**
 * Delay before attempt number `attempt + 1` (`attempt` counts failures so far, from 1), milliseconds.
 * Half of it is fixed and half drawn ("equal jitter"), so that clients which failed together do not return together and
 * no client returns at once. `random` gives 0 <= x < 1.
 */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: () => number): number {
  const exponent = Math.min(Math.max(attempt, 1) - 1, 64);
  const full = Math.min(policy.maxMs, policy.initialMs * policy.factor ** exponent);
  return full / 2 + (full / 2) * random();
}
