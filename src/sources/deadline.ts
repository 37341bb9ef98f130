import type { Clock } from './contract.ts';

/** A signal that aborts after some time, or when the one it was made from does. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, rather than the caller giving up. */
  expired(): boolean;
  /** Must be called when the work is done: frees the timer and the listener. */
  end(): void;
}

// AbortSignal.any and AbortSignal.timeout keep their listeners until they are collected; checks make thousands a minute.
export function deadlineWithin(clock: Clock, parent: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  let expired = false;
  const giveUp = (): void => controller.abort();
  const timer = clock.setTimeout(() => {
    expired = true;
    controller.abort();
  }, ms);
  if (parent.aborted) giveUp();
  parent.addEventListener('abort', giveUp, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    end: () => {
      timer.cancel();
      parent.removeEventListener('abort', giveUp);
    },
  };
}

/** A duration as evidence shows it. */
export function inWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
