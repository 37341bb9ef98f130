/**
 * The forecast of one load series. Contract for whoever feeds it:
 * - `observe(at, load)` with every figure of the load, in any unit that does not depend on the number of replicas (the total of the pods,
 *   requests a second of the service). It gives back the steps that are over: these are to be kept, and after a restart they are fed first,
 *   oldest first, three of the longest seasons of them (`HISTORY_STEPS`). Nothing else has to last.
 * - `setHorizon(ms)` when it was measured how long a pod takes from its creation until it is ready: that time and one interval of the
 *   controller.
 * - `predict(now)` as often as wanted: the load that the pods which are started now have to carry, or why there is no such figure.
 * - Replicas are `ceil(load / target per pod)`, and `max(reactive, that)` is what to ask for; see `wishFor` (wish.ts).
 * - All moments are ms since the epoch and arguments. About 36 KiB are kept of a series. To feed three days takes some 60 ms: let other work
 *   have its turn between two series.
 */
import { bestSmoothing, startState, type Stretch } from './fit.ts';
import { HoltWinters } from './holt-winters.ts';
import { SeasonTracker } from './season-tracker.ts';
import { type Season, type Step, StepHistory, stepFor } from './steps.ts';
import { SlowMean, Trust } from './trust.ts';
import { SortedWindow } from './window.ts';

export interface ForecastOptions {
  readonly season: Season;
  /** Of the errors that were made so far, the share that the predicted load covers; 0 to 1. */
  readonly quantile: number;
  /** How far ahead, ms. */
  readonly horizonMs: number;
}

export type Prediction =
  | (Figures & {
      readonly kind: 'Trusted';
      /** The highest load expected until then, and the margin that is in it. */
      readonly load: number;
      readonly margin: number;
      /** ms since the epoch. */
      readonly until: number;
    })
  | (Figures & { readonly kind: 'Untrusted'; readonly reason: UntrustedReason });

/**
 * NoSeason: none was found, and a supposed day is no good either. Learning: too few forecasts were compared with what came.
 */
export type UntrustedReason = 'NoSeason' | 'Learning' | 'NoBetterThanNaive' | 'StaleData';

export interface Figures {
  readonly seasonMs: number | undefined;
  /** See trust.ts; undefined without a record. */
  readonly mase: number | undefined;
  readonly gain: number | undefined;
}

/** As old as a metric may be. */
const STALE_AFTER_MS = 90_000;
/** A record spans one season, or at least this many steps; trust needs a quarter of a season. */
const SHORTEST_RECORD = 240;
const FEWEST_OUTCOMES = 30;
const BEGIN_EVERY = 60;

/** A forecast that waits for its step to be over. */
interface Open {
  readonly index: number;
  readonly forecast: number;
  readonly last: number;
  readonly mean: number;
}

interface Model {
  readonly steps: number;
  readonly trust: Trust;
  readonly errors: SortedWindow;
  smoother: HoltWinters;
  refitIn: number;
}

/** See the top of this file. */
export class LoadForecaster {
  readonly #history: StepHistory;
  readonly #season: SeasonTracker;
  readonly #quantile: number;
  readonly #mean = new SlowMean();
  #lead: number;
  #horizonMs: number;
  #open: Open[] = [];
  #model: Model | undefined;
  #beginIn = 0;
  #observedAt = -Infinity;

  constructor({ season, quantile, horizonMs }: ForecastOptions) {
    const stepMs = stepFor(season);
    this.#history = new StepHistory(stepMs, { holdMs: STALE_AFTER_MS });
    this.#season = new SeasonTracker(season, stepMs, { supposesDay: true });
    this.#quantile = quantile;
    this.#horizonMs = horizonMs;
    this.#lead = leadOf(horizonMs, stepMs);
  }

  setHorizon(horizonMs: number): void {
    const lead = leadOf(horizonMs, this.#history.stepMs);
    this.#horizonMs = horizonMs;
    if (lead === this.#lead) return;
    this.#lead = lead;
    this.#open = [];
  }

  /** The steps that are over now, by their beginning: what the history store keeps. */
  observe(at: number, load: number): { readonly at: number; readonly load: number }[] {
    if (!Number.isFinite(load)) return [];
    const steps = this.#history.observe(at, load);
    for (const step of steps) this.#close(step);
    this.#observedAt = Math.max(this.#observedAt, at);
    return steps
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ index, value }) => ({ at: index * this.#history.stepMs, load: value }));
  }

  predict(now: number): Prediction {
    const model = this.#model;
    const last = (this.#history.openIndex ?? 0) - 1;
    const figures = figuresOf(model, this.#history.stepMs);
    const untrusted = (reason: UntrustedReason): Prediction => ({ kind: 'Untrusted', reason, ...figures });
    if (Math.abs(now - this.#observedAt) > STALE_AFTER_MS) return untrusted('StaleData');
    if (model === undefined) return untrusted('Learning');
    if (!model.trust.isTrusted) return untrusted(this.#whyNot(model));
    const until = now + this.#horizonMs;
    // A clock that was set on would ask for the far future.
    const end = Math.min(Math.floor(until / this.#history.stepMs), last + this.#lead);
    let highest = -Infinity;
    for (let index = last + 1; index <= Math.max(end, last + 1); index++) {
      highest = Math.max(highest, model.smoother.forecast(last, index));
    }
    const margin = model.errors.quantile(this.#quantile);
    return { kind: 'Trusted', load: Math.max(0, highest + margin), margin, until, ...figures };
  }

  #whyNot(model: Model): UntrustedReason {
    if (isYoung(model)) return 'Learning';
    return this.#season.isSupposed ? 'NoSeason' : 'NoBetterThanNaive';
  }

  #close(step: Step): void {
    this.#mean.update(step.value);
    const steps = this.#season.update(this.#history);
    if (steps !== this.#model?.steps) this.#begin(steps);
    else if (this.#model !== undefined) this.#advance(this.#model, step);
  }

  /** Where too much is missing to begin with, it is tried again when some more was seen. */
  #begin(steps: number | undefined): void {
    this.#model = undefined;
    this.#beginIn--;
    if (steps === undefined || this.#beginIn > 0) return;
    this.#model = this.#build(steps);
    this.#beginIn = this.#model === undefined ? BEGIN_EVERY : 0;
  }

  #advance(model: Model, { index, value }: Step): void {
    this.#compare(model, index, value);
    model.smoother.update(index, value);
    model.refitIn--;
    if (model.refitIn <= 0) this.#refit(model);
    const due = index + this.#lead;
    const forecast = model.smoother.forecast(index, due);
    this.#open.push({ index: due, forecast, last: value, mean: this.#mean.value });
  }

  #compare(model: Model, index: number, actual: number): void {
    while ((this.#open[0]?.index ?? Infinity) < index) this.#open.shift();
    const due = this.#open[0];
    if (due?.index !== index || Number.isNaN(actual)) return;
    this.#open.shift();
    model.errors.push(actual - due.forecast);
    model.trust.judge({ ...due, actual, seasonalNaive: this.#history.at(index - model.steps) });
  }

  /** What is already known counts: the first season makes the start, the rest is gone through as if it came now. */
  #build(steps: number, seasons = Infinity): Model | undefined {
    const stretch = this.#stretch(seasons * steps);
    const start = startState(stretch, steps);
    if (start === undefined) return undefined;
    const smoothing = bestSmoothing(start, stretch, this.#lead);
    const record = Math.max(steps, SHORTEST_RECORD);
    const model: Model = {
      steps,
      trust: new Trust(record, Math.max(steps / 4, FEWEST_OUTCOMES)),
      errors: new SortedWindow(Math.min(record, 1_440)),
      smoother: new HoltWinters(start, smoothing),
      refitIn: Infinity,
    };
    this.#open = [];
    for (let at = steps; at < stretch.values.length; at++) {
      this.#advance(model, { index: stretch.first + at, value: stretch.values[at] ?? NaN });
    }
    model.refitIn = refitAfter(steps);
    return model;
  }

  /** Other parameters may be better by now; what was no good for a whole season begins anew with what the last two were like. */
  #refit(model: Model): void {
    model.refitIn = refitAfter(model.steps);
    if (!model.trust.isTrusted && model.trust.count >= model.steps) {
      this.#model = this.#build(model.steps, 2) ?? model;
      return;
    }
    const stretch = this.#stretch();
    const start = startState(stretch, model.steps);
    if (start !== undefined) model.smoother = model.smoother.with(bestSmoothing(start, stretch, this.#lead));
  }

  #stretch(longest = Infinity): Stretch {
    const all = this.#history.values();
    const values = all.subarray(Math.max(0, all.length - longest));
    return { first: (this.#history.openIndex ?? 0) - values.length, values };
  }
}

/** From the last step that is over to the one in which the horizon ends. */
const leadOf = (horizonMs: number, stepMs: number): number => Math.ceil(horizonMs / stepMs) + 1;

const refitAfter = (steps: number): number => Math.max(Math.ceil(steps / 4), SHORTEST_RECORD);

const isYoung = ({ trust, steps }: Model): boolean => trust.count < Math.max(steps / 4, FEWEST_OUTCOMES);

function figuresOf(model: Model | undefined, stepMs: number): Figures {
  if (model === undefined) return { seasonMs: undefined, mase: undefined, gain: undefined };
  const { mase, gain } = model.trust.record;
  const known = (figure: number): number | undefined => (model.trust.count === 0 ? undefined : figure);
  return { seasonMs: model.steps * stepMs, mase: known(mase), gain: known(gain) };
}
