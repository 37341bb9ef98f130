import type { Stretch } from './fit.ts';
import type { StepHistory } from './steps.ts';

/** How many steps one figure lasts, and where among them a new one comes: blocks of steps begin at `phase` modulo `steps`. */
export interface Cadence {
  readonly steps: number;
  readonly phase: number;
}

export const EACH_STEP: Cadence = { steps: 1, phase: 0 };

/** Divisors of an hour, so that a day is a whole number of blocks. */
const LENGTHS = [60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2];
/** By chance so many changes are not all as far apart. */
const CHANGES = 24;

/** Finds how often a series has a new figure: a query may be evaluated every five minutes only, and is looked at every 15 s. */
export class CadenceFinder {
  #changes: number[] = [];
  #value = NaN;

  /** `step` is the index of the step in which the value was seen. */
  observe(step: number, value: number): void {
    if (value === this.#value) return;
    this.#value = value;
    if (step !== this.#changes.at(-1)) this.#changes = [...this.#changes.slice(1 - CHANGES), step];
  }

  /** For a season of so many steps. */
  cadenceFor(season: number): Cadence {
    const [first = 0] = this.#changes;
    if (this.#changes.length < CHANGES) return EACH_STEP;
    const fits = (length: number): boolean =>
      season % length === 0 && this.#changes.every((change) => (change - first) % length === 0);
    const steps = LENGTHS.find(fits) ?? 1;
    return { steps, phase: first % steps };
  }
}

export const blockOf = (step: number, { steps, phase }: Cadence): number => Math.floor((step - phase) / steps);

export const isEndOfBlock = (step: number, { steps, phase }: Cadence): boolean => (step + 1 - phase) % steps === 0;

/** The mean of the steps of a block, NaN where there was none. */
export function meanOfBlock(history: StepHistory, block: number, { steps, phase }: Cadence): number {
  let sum = 0;
  let count = 0;
  for (let step = block * steps + phase; step < (block + 1) * steps + phase; step++) {
    const value = history.at(step);
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? NaN : sum / count;
}

/** The blocks that are over, at most the last `longest` of them. */
export function blocksOf(history: StepHistory, cadence: Cadence, longest = Infinity): Stretch {
  const open = history.openIndex ?? 0;
  const end = blockOf(open, cadence);
  const begin = blockOf(open - history.length + cadence.steps - 1, cadence);
  const first = Math.max(begin, end - longest);
  const values = Float32Array.from({ length: Math.max(0, end - first) }, (_, at) =>
    meanOfBlock(history, first + at, cadence),
  );
  return { first, values };
}
