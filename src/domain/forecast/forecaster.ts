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
import { blockOf, blocksOf, CadenceFinder, isEndOfBlock, meanOfBlock } from './cadence.ts';
import { type Reach, SeasonModel } from './model.ts';
import { SeasonTracker } from './season-tracker.ts';
import { type Season, type Step, StepHistory, stepFor } from './steps.ts';

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
/** Where too much of a season is missing to begin with, it is tried again after so many steps. */
const BEGIN_EVERY = 60;

/** See the top of this file. */
export class LoadForecaster {
  readonly #history: StepHistory;
  readonly #season: SeasonTracker;
  readonly #cadence = new CadenceFinder();
  readonly #quantile: number;
  #horizonMs: number;
  #model: SeasonModel | undefined;
  /** Of the open block. */
  #peak = NaN;
  #beginIn = 0;
  #observedAt = -Infinity;

  constructor({ season, quantile, horizonMs }: ForecastOptions) {
    const stepMs = stepFor(season);
    this.#history = new StepHistory(stepMs, { holdMs: STALE_AFTER_MS });
    this.#season = new SeasonTracker(season, stepMs, { supposesDay: true });
    this.#quantile = quantile;
    this.#horizonMs = horizonMs;
  }

  setHorizon(horizonMs: number): void {
    this.#horizonMs = horizonMs;
    this.#model?.setReach(this.#reach(this.#model.cadence.steps));
  }

  /** The steps that are over now, by their beginning: what the history store keeps. */
  observe(at: number, load: number): { readonly at: number; readonly load: number }[] {
    if (!Number.isFinite(load)) return [];
    const steps = this.#history.observe(at, load);
    for (const step of steps) this.#close(step);
    this.#cadence.observe(Math.floor(at / this.#history.stepMs), load);
    this.#observedAt = Math.max(this.#observedAt, at);
    return steps
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ index, value }) => ({ at: index * this.#history.stepMs, load: value }));
  }

  predict(now: number): Prediction {
    const model = this.#model;
    const figures = figuresOf(model, this.#history.stepMs);
    const untrusted = (reason: UntrustedReason): Prediction => ({ kind: 'Untrusted', reason, ...figures });
    if (Math.abs(now - this.#observedAt) > STALE_AFTER_MS) return untrusted('StaleData');
    if (model === undefined) return untrusted('Learning');
    const until = now + this.#horizonMs;
    const predicted = model.predict(blockOf(Math.floor(until / this.#history.stepMs), model.cadence), this.#quantile);
    return predicted === undefined
      ? untrusted(this.#whyNot(model))
      : { kind: 'Trusted', ...predicted, until, ...figures };
  }

  #whyNot(model: SeasonModel): UntrustedReason {
    if (model.isYoung) return 'Learning';
    return this.#season.isSupposed ? 'NoSeason' : 'NoBetterThanNaive';
  }

  #close({ index, peak }: Step): void {
    const steps = this.#season.update(this.#history, this.#cadence.cadenceFor(60));
    const model = this.#model;
    if (model === undefined || steps !== model.blocks * model.cadence.steps) return this.#begin(steps);
    if (!(this.#peak > peak)) this.#peak = peak;
    if (!isEndOfBlock(index, model.cadence)) return undefined;
    const block = blockOf(index, model.cadence);
    const value = meanOfBlock(this.#history, block, model.cadence);
    model.advance(
      { index: block, value, peak: this.#peak },
      meanOfBlock(this.#history, block - model.blocks, model.cadence),
    );
    this.#peak = NaN;
    return model.isToBeRefitted ? this.#refit(model) : undefined;
  }

  #begin(steps: number | undefined): void {
    this.#model = undefined;
    this.#beginIn--;
    if (steps === undefined || this.#beginIn > 0) return;
    this.#model = this.#build(steps);
    this.#beginIn = this.#model === undefined ? BEGIN_EVERY : 0;
  }

  #build(steps: number, longest = Infinity): SeasonModel | undefined {
    const cadence = this.#cadence.cadenceFor(steps);
    const blocks = steps / cadence.steps;
    this.#peak = NaN;
    return SeasonModel.from(blocksOf(this.#history, cadence, longest), blocks, cadence, this.#reach(cadence.steps));
  }

  /** What was no good for a whole season, or goes by the wrong blocks, begins anew. */
  #refit(model: SeasonModel): void {
    const { cadence, blocks, isHopeless } = model;
    const steps = blocks * cadence.steps;
    const is = this.#cadence.cadenceFor(steps);
    const isOther = is.steps !== cadence.steps || is.phase !== cadence.phase;
    if (isOther || isHopeless) this.#model = this.#build(steps, isHopeless ? model.fewestToBegin : Infinity) ?? model;
    if (this.#model === model) model.refit(blocksOf(this.#history, cadence));
  }

  /** From the last block that is over to the one in which the horizon ends. */
  #reach(steps: number): Reach {
    const long = Math.ceil(this.#horizonMs / (steps * this.#history.stepMs));
    return { lead: long + 1, long };
  }
}

function figuresOf(model: SeasonModel | undefined, stepMs: number): Figures {
  if (model === undefined) return { seasonMs: undefined, mase: undefined, gain: undefined };
  const { mase, gain } = model.trust.record;
  const known = (figure: number): number | undefined => (model.trust.count === 0 ? undefined : figure);
  return { seasonMs: model.blocks * model.cadence.steps * stepMs, mase: known(mase), gain: known(gain) };
}
