import type { Cadence } from './cadence.ts';
import { bestSmoothing, startState, type Stretch } from './fit.ts';
import { HoltWinters } from './holt-winters.ts';
import { SlowMean, Trust } from './trust.ts';
import { ErrorBands } from './error-bands.ts';

/** A record spans one season, or at least this many blocks; trust needs a quarter of a season. */
const SHORTEST_RECORD = 240;
const FEWEST_OUTCOMES = 60;
/** Of errors, the most that are kept. */
const MOST_ERRORS = 1_440;
/** A rise by so many deviations of the errors is none of them. */
const SURE = 4;

/** How far ahead, in blocks: to the last one that the horizon may touch, and as many as it is long. */
export interface Reach {
  readonly lead: number;
  readonly long: number;
}

/** The mean of a block, and the highest figure in it; NaN where there was none. */
export interface Block {
  readonly index: number;
  readonly value: number;
  readonly peak: number;
}

/** A forecast that waits for its block to be over. */
interface Open {
  readonly index: number;
  readonly forecast: number;
  readonly last: number;
  readonly mean: number;
}

/** What is known of one season of a load, in blocks of steps that have one figure together, and how good its forecasts were. */
export class SeasonModel {
  readonly cadence: Cadence;
  /** Length of the season. */
  readonly blocks: number;
  readonly trust: Trust;
  readonly #errors: ErrorBands;
  readonly #mean = new SlowMean();
  #smoother: HoltWinters;
  #reach: Reach;
  #open: Open[] = [];
  #last = 0;
  #refitIn: number;

  /** What is already known counts: the first season makes the start, the rest is gone through as if it came now. */
  static from(stretch: Stretch, blocks: number, cadence: Cadence, reach: Reach): SeasonModel | undefined {
    const start = startState(stretch, blocks);
    if (start === undefined) return undefined;
    const smoother = new HoltWinters(start, bestSmoothing(start, stretch, reach.lead));
    const model = new SeasonModel(smoother, blocks, cadence, reach);
    for (const [at, value] of stretch.values.entries()) {
      const index = stretch.first + at;
      if (at < blocks) model.#mean.update(value);
      else model.advance({ index, value, peak: value }, stretch.values[at - blocks] ?? NaN);
    }
    model.#last = stretch.first + stretch.values.length - 1;
    model.#refitIn = model.#refitAfter;
    return model;
  }

  private constructor(smoother: HoltWinters, blocks: number, cadence: Cadence, reach: Reach) {
    const record = recordOf(blocks);
    this.cadence = cadence;
    this.blocks = blocks;
    this.trust = new Trust(record, Math.max(blocks / 4, FEWEST_OUTCOMES));
    this.#errors = new ErrorBands(Math.min(record, MOST_ERRORS));
    this.#smoother = smoother;
    this.#reach = reach;
    this.#refitIn = this.#refitAfter;
  }

  get isYoung(): boolean {
    return this.trust.count < Math.max(this.blocks / 4, FEWEST_OUTCOMES);
  }

  /** No good for a whole record. */
  get isHopeless(): boolean {
    return !this.trust.isTrusted && this.trust.count >= recordOf(this.blocks);
  }

  /** With so many blocks another one may begin in its place: what was before is over. */
  get fewestToBegin(): number {
    return this.blocks + recordOf(this.blocks);
  }

  get isToBeRefitted(): boolean {
    return this.#refitIn <= 0;
  }

  get #refitAfter(): number {
    return Math.ceil(Math.max(this.blocks / 4, SHORTEST_RECORD / this.cadence.steps));
  }

  setReach(reach: Reach): void {
    if (reach.lead === this.#reach.lead && reach.long === this.#reach.long) return;
    this.#reach = reach;
    this.#open = [];
  }

  /** A block that is over, and the value of one season before. */
  advance({ index, value, peak }: Block, seasonalNaive: number): void {
    const { lead } = this.#reach;
    this.#mean.update(value);
    this.#compare(index, value, Number.isNaN(peak) ? value : peak, seasonalNaive);
    this.#smoother.update(index, value);
    this.#last = index;
    this.#refitIn--;
    const due = index + lead;
    const forecast = this.#smoother.forecast(index, due);
    this.#open.push({ index: due, forecast, last: value, mean: this.#mean.value });
  }

  #compare(index: number, actual: number, peak: number, seasonalNaive: number): void {
    while ((this.#open[0]?.index ?? Infinity) < index) this.#open.shift();
    const due = this.#open[0];
    if (due?.index !== index || Number.isNaN(actual)) return;
    this.#open.shift();
    this.#errors.push(due.forecast, peak - due.forecast);
    this.trust.judge({ ...due, actual, seasonalNaive });
  }

  #highest(from: number, to: number): number {
    let highest = -Infinity;
    for (let index = from; index <= to; index++) {
      highest = Math.max(highest, this.#smoother.forecast(this.#last, index));
    }
    return highest;
  }

  /** Until the end of block `until`, or as far as forecasts are judged. Undefined while it is not to be trusted. */
  predict(until: number, quantile: number): { readonly load: number; readonly margin: number } | undefined {
    const next = this.#last + 1;
    const highest = this.#highest(next, Math.max(next, Math.min(until, this.#last + this.#reach.lead)));
    const rise = highest - this.#smoother.forecast(this.#last, this.#last);
    const isSure = this.trust.isDraw && rise > SURE * this.trust.deviation;
    if (!this.trust.isTrusted && !isSure) return undefined;
    const margin = this.#errors.quantile(highest, quantile);
    return { load: Math.max(0, highest + margin), margin };
  }

  /** Other parameters may be better by now. */
  refit(stretch: Stretch): void {
    this.#refitIn = this.#refitAfter;
    const start = startState(stretch, this.blocks);
    if (start !== undefined) this.#smoother = this.#smoother.with(bestSmoothing(start, stretch, this.#reach.lead));
  }
}

const recordOf = (blocks: number): number => Math.max(blocks, SHORTEST_RECORD);
