import { blocksOf, type Cadence, EACH_STEP } from './cadence.ts';
import { findSeason } from './season.ts';
import type { Season, StepHistory } from './steps.ts';

const SEARCH_EVERY = 180;
/** A season that is known is questioned this often. */
const QUESTION_EVERY = 720;
/** The cycles of clocks and calendars, ms. */
const PERIODS = [3_600_000, 2 * 3_600_000, 6 * 3_600_000, 12 * 3_600_000, 86_400_000, 7 * 86_400_000];

const DAY = 86_400_000;

/**
 * Keeps the season of a history up to date: given, or looked for every few hours and not changed for a little. With `supposesDay`, until
 * one is found and as soon as one day was seen, a day is supposed: most loads have that season, and whoever asks for it has to test
 * what follows from it.
 */
export class SeasonTracker {
  readonly #given: number | undefined;
  readonly #periods: readonly number[];
  readonly #supposed: number | undefined;
  #found: number | undefined;
  #wait = 0;

  constructor(season: Season, stepMs: number, { supposesDay = false } = {}) {
    this.#given = season === 'auto' ? undefined : Math.round(season / stepMs);
    this.#supposed = supposesDay && season === 'auto' ? DAY / stepMs : undefined;
    this.#periods = PERIODS.map((ms) => ms / stepMs);
  }

  /** Steps of the season; undefined while there is none, or less than one was seen of a given one. Call it once for each step. */
  update(history: StepHistory, cadence = EACH_STEP): number | undefined {
    if (this.#given !== undefined) return history.length >= this.#given ? this.#given : undefined;
    this.#wait--;
    if (this.#wait <= 0) this.#search(history, cadence);
    if (this.#found !== undefined) return this.#found;
    return this.#supposed !== undefined && history.length >= this.#supposed ? this.#supposed : undefined;
  }

  /** Neither given nor found. */
  get isSupposed(): boolean {
    return this.#given === undefined && this.#found === undefined;
  }

  /** Figures that are seen several times would resemble each other: each counts once. */
  #search(history: StepHistory, cadence: Cadence): void {
    const inBlocks = (steps: number): number => steps / cadence.steps;
    const known = this.#found === undefined ? undefined : Math.round(inBlocks(this.#found));
    const { values } = blocksOf(history, cadence);
    const found = findSeason(values, this.#periods.map(inBlocks), known);
    this.#found = found === undefined ? this.#found : found.steps * cadence.steps;
    // At multiples of one interval of history: a season is found when it was seen twice, and not much later.
    const interval = this.#found === undefined ? SEARCH_EVERY : QUESTION_EVERY;
    this.#wait = interval - (history.length % interval);
  }
}
