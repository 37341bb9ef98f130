/**
 * Finds what is unusual in one metric series, as it comes. Contract:
 * - `observe(at, value)` with every figure; `state` then says whether the series is unusual now, since when, and by how much.
 * - A single unusual step is noise: three of the last five are an anomaly. Unusual steps do not enter the baseline, so a lasting one
 *   stays unusual until an hour of steps agree on a new level, which then is the baseline (`Rebaselined`).
 * - Nothing is unusual while it learns: two days of steps; with a given season that long and an hour.
 * - All moments are ms since the epoch and arguments. About 43 KiB are kept of a series.
 */
import { SeasonTracker } from './season-tracker.ts';
import { type Season, type Step, StepHistory, stepFor } from './steps.ts';
import { SortedWindow } from './window.ts';

export type AnomalyState =
  | { readonly kind: 'Learning' }
  | { readonly kind: 'Usual' }
  | {
      readonly kind: 'Unusual';
      /** When the first of its steps began. */
      readonly since: number;
      readonly direction: 'High' | 'Low';
      /** Of the last step that was unusual. */
      readonly value: number;
      readonly expected: number;
      readonly z: number;
    };

/** What changed with a step. */
export type AnomalyChange = 'Began' | 'Ended' | 'Rebaselined';

/** Iglewicz & Hoaglin's limit, and how much of the recent steps must be beyond it. */
const LIMIT = 3.5;
const RECENT = 5;
const ENOUGH = 3;
/** Deseasonalised steps whose median is the level: follows what changes over hours. */
const LEVEL_STEPS = 240;
/** Errors whose deviation is the scale: a day, so that every hour of the day has its part in it. */
const SCALE_STEPS = 1_440;
const LEARN_STEPS = 60;
const LEARN_SEASON_STEPS = 2 * SCALE_STEPS;
/** After so many steps in a row of which this share lies on one side, there is a new level. */
const LASTING_STEPS = 60;
const LASTING_SHARE = 0.8;
const SEASON_RATE = 0.1;
/** The scale is at least this share of the level. */
const FLOOR = 0.01;

/** See the top of this file. */
export class AnomalyDetector {
  readonly #history: StepHistory;
  readonly #tracker: SeasonTracker;
  readonly #level = new SortedWindow(LEVEL_STEPS);
  readonly #errors = new SortedWindow(SCALE_STEPS);
  readonly #given: boolean;
  #season: Float32Array = new Float32Array(1);
  /** Of the last steps that had a value: -1 low, 1 high, 0 usual; the newest last. */
  #sides: { readonly index: number; readonly side: -1 | 0 | 1 }[] = [];
  #state: AnomalyState = { kind: 'Learning' };

  constructor(season: Season) {
    const stepMs = stepFor(season);
    this.#history = new StepHistory(stepMs);
    this.#tracker = new SeasonTracker(season, stepMs);
    this.#given = season !== 'auto';
  }

  get state(): AnomalyState {
    return this.#state;
  }

  /** What changed, oldest first: a point ends no step or one, after a gap several. */
  observe(at: number, value: number): AnomalyChange[] {
    return this.#history.observe(at, value).flatMap((step) => this.#close(step) ?? []);
  }

  #close(step: Step): AnomalyChange | undefined {
    const steps = this.#tracker.update(this.#history);
    if (steps !== undefined && steps !== this.#season.length) this.#learnSeason(steps);
    if (Number.isNaN(step.value)) return undefined;
    const expected = this.#expected(step.index);
    const error = step.value - expected;
    const z = error / this.#scale(expected);
    const isReady = this.#isReady();
    const side = !isReady || Math.abs(z) <= LIMIT ? 0 : z > 0 ? 1 : -1;
    this.#sides = [...this.#sides.slice(1 - LASTING_STEPS), { index: step.index, side }];
    if (side === 0) this.#accept(step, error);
    if (!isReady) return undefined;
    return this.#isLasting() ? this.#rebaseline(step.index) : this.#judge(step, expected, z);
  }

  /** A season that has to be found is not known for sure before two days have shown one: each morning would be a fault. */
  #isReady(): boolean {
    const learned = this.#given ? this.#season.length + LEARN_STEPS : LEARN_SEASON_STEPS;
    const isSeasonSettled = this.#history.length >= learned && (!this.#given || this.#season.length > 1);
    return isSeasonSettled && Math.min(this.#errors.size, this.#level.size) >= LEARN_STEPS;
  }

  #slot = (index: number): number => index % this.#season.length;

  #expected(index: number): number {
    const level = this.#level.quantile(0.5);
    return (Number.isNaN(level) ? this.#history.at(index) : level) + (this.#season[this.#slot(index)] ?? 0);
  }

  /**
   * The modified z-score divides by MAD / 0.6745, and where more than half of the values are equal by 1.2533 mean deviations: Iglewicz &
   * Hoaglin, "How to Detect and Handle Outliers", ASQC Basic References in Quality Control 16 (1993).
   */
  #scale(expected: number): number {
    const deviation = this.#errors.medianDeviation() / 0.6745;
    const spread = deviation > 0 ? deviation : 1.2533 * this.#errors.meanDeviation();
    return Math.max(Number.isNaN(spread) ? 0 : spread, FLOOR * Math.abs(expected), Number.MIN_VALUE);
  }

  #accept({ index, value }: Step, error: number): void {
    const slot = this.#slot(index);
    const season = this.#season[slot] ?? 0;
    this.#level.push(value - season);
    this.#errors.push(error);
    if (this.#season.length > 1) this.#season[slot] = season + SEASON_RATE * error;
  }

  #judge({ value }: Step, expected: number, z: number): AnomalyChange | undefined {
    const beyond = this.#sides.slice(-RECENT).filter(({ side }) => side !== 0);
    const before = this.#state;
    if (before.kind === 'Unusual') {
      // It ends when all that made it is gone from the recent steps but one.
      if (beyond.length <= 1) {
        this.#state = { kind: 'Usual' };
        return 'Ended';
      }
      if (Math.abs(z) > LIMIT) this.#state = { ...before, direction: z > 0 ? 'High' : 'Low', value, expected, z };
      return undefined;
    }
    if (beyond.length < ENOUGH) {
      this.#state = { kind: 'Usual' };
      return undefined;
    }
    const since = (beyond[0]?.index ?? 0) * this.#history.stepMs;
    this.#state = { kind: 'Unusual', since, direction: z > 0 ? 'High' : 'Low', value, expected, z };
    return 'Began';
  }

  #isLasting(): boolean {
    const least = LASTING_SHARE * LASTING_STEPS;
    const count = (side: number): number => this.#sides.filter((one) => one.side === side).length;
    return this.#sides.length >= LASTING_STEPS && (count(1) >= least || count(-1) >= least);
  }

  #rebaseline(index: number): AnomalyChange {
    this.#level.clear();
    for (let at = index - LASTING_STEPS + 1; at <= index; at++) this.#levelFrom(at);
    this.#sides = [];
    this.#state = { kind: 'Usual' };
    return 'Rebaselined';
  }

  #levelFrom(index: number): void {
    const value = this.#history.at(index);
    if (!Number.isNaN(value)) this.#level.push(value - (this.#season[this.#slot(index)] ?? 0));
  }

  /** Each slot is the median over the seasons that are kept, of the distance from the mean of its season. */
  #learnSeason(steps: number): void {
    const values = this.#history.values();
    const first = (this.#history.openIndex ?? 0) - values.length;
    const seasons = Math.floor(values.length / steps);
    const from = values.length - seasons * steps;
    const means = Array.from({ length: seasons }, (_, season) => mean(values, from + season * steps, steps));
    this.#season = new Float32Array(steps);
    for (let at = 0; at < steps; at++) {
      const distances = means
        .map((mean, season) => (values[from + season * steps + at] ?? NaN) - mean)
        .filter((distance) => !Number.isNaN(distance));
      this.#season[(first + from + at) % steps] = median(distances);
    }
    this.#relearnScale(first, values, steps);
  }

  /** Errors against the season before: those against a mean that they are part of would be too small. */
  #relearnScale(first: number, values: Float32Array, steps: number): void {
    if (values.length >= 2 * steps) this.#errors.clear();
    this.#level.clear();
    for (let at = Math.max(steps, values.length - SCALE_STEPS); at < values.length; at++) {
      const error = (values[at] ?? NaN) - (values[at - steps] ?? NaN);
      if (!Number.isNaN(error)) this.#errors.push(error);
    }
    const last = first + values.length;
    for (let index = Math.max(first, last - LEVEL_STEPS); index < last; index++) this.#levelFrom(index);
  }
}

function mean(values: Float32Array, from: number, length: number): number {
  const known = values.subarray(from, from + length).filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function median(values: number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
