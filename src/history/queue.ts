import type { Batch, DecisionRow, LoadPoint } from './rows.ts';

/** More would hold up the thread and those who wait for it, and each point of another series is a page in the log. */
const BATCH_POINTS = 1_000;
const BATCH_DECISIONS = 200;

export interface QueueLimits {
  readonly points: number;
  readonly decisions: number;
}

/**
 * What waits to be written. It never says no: when it is full, the oldest goes. Points and decisions are apart, so that many of the one do not
 * cost the other.
 */
export class RowQueue {
  readonly #limits: QueueLimits;
  readonly #points: LoadPoint[] = [];
  readonly #decisions: DecisionRow[] = [];
  readonly #onDropped: (table: keyof Batch, rows: number) => void;

  constructor(limits: QueueLimits, onDropped: (table: keyof Batch, rows: number) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  get isEmpty(): boolean {
    return this.#points.length === 0 && this.#decisions.length === 0;
  }

  /** Whether there is enough for a batch that need not wait for more. */
  get isBatch(): boolean {
    return this.#points.length >= BATCH_POINTS || this.#decisions.length >= BATCH_DECISIONS;
  }

  addPoint(point: LoadPoint): void {
    this.#points.push(point);
    if (this.#points.length <= this.#limits.points) return;
    this.#points.shift();
    this.#onDropped('points', 1);
  }

  addDecision(decision: DecisionRow): void {
    this.#decisions.push(decision);
    if (this.#decisions.length <= this.#limits.decisions) return;
    this.#decisions.shift();
    this.#onDropped('decisions', 1);
  }

  /** The oldest rows, which are no longer in the queue then. */
  take(): Batch {
    return {
      points: this.#points.splice(0, BATCH_POINTS),
      decisions: this.#decisions.splice(0, BATCH_DECISIONS),
    };
  }
}
