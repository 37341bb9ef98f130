import type { Clock } from '../runtime/clock.ts';

/** Looks after the writes of a client that may write only for a time. */
export interface WriteFence {
  /** Asked before each attempt, when the connection is there and nothing but sending is left. */
  mayWrite(): boolean;
  /** A write is being sent. */
  onSent(): void;
  /** It has ended, `isAnswered` where an answer says what became of it. */
  onEnded(isAnswered: boolean): void;
  /** How much longer a write that was sent waits for its answer when it is given up, milliseconds. */
  readonly patienceMs: number;
}

/** A write that was not sent, because another replica may lead by now. */
export class Fenced extends Error {
  override name = 'Fenced';
}

interface LeaderFenceOptions {
  /** Whether this replica leads, by the monotonic clock, at this moment. */
  readonly leads: () => boolean;
  /** For so long a write without an answer is taken to be on its way, milliseconds. */
  readonly onItsWayMs: number;
  readonly clock: Clock;
}

/** A write of a process that is told to stop is answered in some milliseconds, or by nobody. */
const PATIENCE_MS = 1_000;

/**
 * The writes of a leader. Kubernetes has no fencing tokens, so this is what a leader can do: send nothing once its lease may be over, and give the
 * lease back only when all that it sent has ended. What is in the network for longer than all others wait is decided by the resourceVersion.
 */
export class LeaderFence implements WriteFence {
  readonly patienceMs = PATIENCE_MS;
  readonly #options: LeaderFenceOptions;
  #unansweredAt = Number.NEGATIVE_INFINITY;
  #onItsWay = 0;

  constructor(options: LeaderFenceOptions) {
    this.#options = options;
  }

  mayWrite(): boolean {
    return this.#options.leads();
  }

  onSent(): void {
    this.#onItsWay += 1;
  }

  onEnded(isAnswered: boolean): void {
    this.#onItsWay -= 1;
    if (!isAnswered) this.#unansweredAt = this.#options.clock.monotonic();
  }

  /** Whether nothing that was sent can still arrive; what nobody waits for any more counts as well. */
  get isQuiet(): boolean {
    const { clock, onItsWayMs } = this.#options;
    return this.#onItsWay === 0 && clock.monotonic() - this.#unansweredAt >= onItsWayMs;
  }
}
