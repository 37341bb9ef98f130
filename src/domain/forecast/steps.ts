/**
 * The shortest step: the controller looks at metrics every 15 s. The longest season then has as many steps as a day has minutes, so that
 * what is kept of a series has one bound whatever its season is.
 */
const SHORTEST_STEP = 15_000;
const STEPS_A_SEASON = 1_440;
const AUTO_STEP = 60_000;

/** Three of the longest seasons: one to begin with, one to compare it with, one to spare. */
export const HISTORY_STEPS = 3 * STEPS_A_SEASON;

/** `auto`: looked for in the series; a number: given, in ms. */
export type Season = 'auto' | number;

/** Length of a step in ms such that a given season is a whole number of steps: 60 s for a day or an unknown season, 7 minutes for a week. */
export function stepFor(season: Season): number {
  if (season === 'auto') return AUTO_STEP;
  if (!(season >= 4 * SHORTEST_STEP)) throw new RangeError(`a season of ${season} ms is shorter than a minute`);
  return season / Math.min(STEPS_A_SEASON, Math.floor(season / SHORTEST_STEP));
}

/** A step that is over. `value` is the mean of its points and `peak` the highest, NaN where there was none. */
export interface Step {
  readonly index: number;
  readonly value: number;
  readonly peak: number;
}

/**
 * Points at any moments become evenly spaced steps, counted from the epoch, and the last `capacity` of them are kept. Points that are
 * older than the open step (a clock that was set back, an answer that was overtaken) are left out.
 */
export class StepHistory {
  readonly stepMs: number;
  readonly #values: Float32Array;
  #open: { index: number; sum: number; count: number; peak: number } | undefined;
  readonly #hold: number;
  #first = Infinity;

  /** A step without points takes the value before it when that is at most `holdMs` old. */
  constructor(stepMs: number, { capacity = HISTORY_STEPS, holdMs = 0 } = {}) {
    this.stepMs = stepMs;
    this.#hold = Math.floor(holdMs / stepMs);
    this.#values = new Float32Array(capacity).fill(NaN);
  }

  /** Steps that this point ends, oldest first; of a gap longer than the capacity only the end. */
  observe(at: number, value: number): Step[] {
    const index = Math.floor(at / this.stepMs);
    if (!Number.isFinite(Math.fround(value)) || !Number.isFinite(index)) return [];
    const open = this.#open;
    if (open !== undefined && index < open.index) return [];
    if (open !== undefined && index === open.index) {
      open.sum += value;
      open.count++;
      open.peak = Math.max(open.peak, value);
      return [];
    }
    this.#open = { index, sum: value, count: 1, peak: value };
    return open === undefined ? [] : this.#close(open.index, open.sum / open.count, open.peak, index);
  }

  #close(index: number, value: number, peak: number, until: number): Step[] {
    this.#first = Math.min(this.#first, index);
    const from = Math.max(index, until - this.#values.length);
    const steps: Step[] = [];
    for (let at = from; at < until; at++) {
      const isHeld = at - index <= this.#hold;
      this.#values[at % this.#values.length] = isHeld ? value : NaN;
      steps.push({
        index: at,
        value: this.#values[at % this.#values.length] ?? NaN,
        peak: isHeld ? Math.fround(peak) : NaN,
      });
    }
    return steps;
  }

  /** Index of the step that is still open: everything before it is closed. Undefined before the first point. */
  get openIndex(): number | undefined {
    return this.#open?.index;
  }

  /** How many closed steps there are from the first one kept to the last. */
  get length(): number {
    if (this.#open === undefined) return 0;
    return Math.max(0, Math.min(this.#values.length, this.#open.index - this.#first));
  }

  /** NaN where nothing is known. */
  at(index: number): number {
    const open = this.#open?.index ?? -Infinity;
    if (index >= open || index < open - this.length) return NaN;
    return this.#values[index % this.#values.length] ?? NaN;
  }

  /** The closed steps, oldest first. */
  values(): Float32Array {
    const length = this.length;
    const from = (this.#open?.index ?? 0) - length;
    return Float32Array.from({ length }, (_, offset) => this.at(from + offset));
  }
}
