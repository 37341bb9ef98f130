import type { Clock } from './contract.ts';

/** A signal that aborts after some time, or when the one it was made from does. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, rather than the caller giving up. */
  expired(): boolean;
  /** Must be called when the work is done: frees the timer and the listener. */
  end(): void;
}

/** A timer that is later than this was kept waiting with all else in this process: stopped, or without its share of the processor. */
const LATE_MS = 100;

// AbortSignal.any and AbortSignal.timeout keep their listeners until they are collected; checks make thousands a minute.
/**
 * `ms` in which this process was at work: where it stood still, what has come meanwhile is not read yet when the timer fires, and silence would be
 * blamed on whoever was asked. So the time that the timer was late is given once more, at most `ms`, and only once: what is late again expires.
 */
export function deadlineWithin(clock: Clock, parent: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  let expired = false;
  const giveUp = (): void => controller.abort();
  const expire = (): void => {
    expired = true;
    controller.abort();
  };
  const due = clock.monotonic() + ms;
  let timer = clock.setTimeout(() => {
    const late = Math.min(clock.monotonic() - due, ms);
    if (late <= LATE_MS) expire();
    else timer = clock.setTimeout(expire, late);
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
