import { createHash } from 'node:crypto';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { AnomalyDetector } from '../../domain/forecast/anomaly.ts';
import { LoadForecaster } from '../../domain/forecast/forecaster.ts';
import { HISTORY_STEPS, stepFor } from '../../domain/forecast/steps.ts';
import { timeToReady } from '../../domain/forecast/time-to-ready.ts';
import { type ShownTrust, shownTrust, trustVerdict, untrusted } from '../../domain/forecast/verdict.ts';
import { wishFor } from '../../domain/forecast/wish.ts';
import type { Anomaly, PredictionFindings } from '../../domain/scaling/findings.ts';
import type { ActiveScaling } from '../../domain/scaling/from-spec.ts';
import { isLoad, measure, type Measured, type PredictionRules, predictionRules } from '../../domain/scaling/load.ts';
import { measuredIn, type ScaleMetric } from '../../domain/scaling/metrics.ts';
import type { Wish } from '../../domain/scaling/scale.ts';
import type { PodSnapshot } from '../../domain/snapshot.ts';
import type { LoadHistory } from './ports.ts';

export interface PredictorOptions {
  readonly history: LoadHistory;
  /** How often each service is looked at, ms. */
  readonly intervalMs: number;
  /** Over all services; what is beyond is neither predicted nor watched. */
  readonly mostSeries?: number;
  /** A fault of the program. */
  readonly onFault: (error: unknown) => void;
}

/** What one look at a service has. */
export interface Seen {
  readonly key: string;
  readonly scaling: ActiveScaling;
  /** One for each of `scaling.metrics`. */
  readonly metrics: readonly ScaleMetric[];
  readonly pods: readonly PodSnapshot[];
  readonly current: number;
  /** Of going up. */
  readonly tolerance: number;
  /** ms since the epoch. */
  readonly now: number;
  readonly monotonic: number;
}

export interface Foreseen {
  /** What a trusted forecast asks for. */
  readonly wish: Wish | undefined;
  readonly prediction: PredictionFindings | undefined;
  readonly anomalies: readonly Anomaly[];
  readonly unjudged?: ReadonlyMap<string, 'Reading' | 'Learning'>;
}

type Point = Pick<Measured, 'at' | 'value'>;

/** One metric of one service. */
interface Series {
  /** `namespace/service/metric`, as the history keeps it. */
  readonly key: string;
  readonly name: string;
  /** What it was made from: another query or season is another series. */
  readonly made: string;
  readonly detector: AnomalyDetector;
  /** Absent where nothing is predicted. */
  readonly forecaster: LoadForecaster | undefined;
  /** Points that came while the history is read; undefined when that is over. */
  waiting: Point[] | undefined;
  fedUntil: number;
  /** The last step that the history has. */
  keptUntil: number;
  perPod: number | undefined;
  anomaly: Anomaly | undefined;
  shown: ShownTrust | undefined;
  isDropped: boolean;
}

interface Entry {
  readonly series: (Series | undefined)[];
  timeToReadyMs: number | undefined;
}

/** 79 KiB of each at most, see docs/prediction.md. */
const MOST_SERIES = 1_000;
/** Until a pod was seen to become ready. */
const SUPPOSED_TIME_TO_READY_MS = 60_000;
/** A measured time that differs by less than this share is the same: another horizon is judged anew. */
const SAME_TIME_SHARE = 0.2;
/** The history answers within seconds. */
const MOST_WAITING = 240;
/** Points of the history that are fed in one go: some ms. */
const AT_ONCE = 240;

/** Predicts the load of services, and finds what is unusual in their metrics. */
export class Predictor {
  readonly #options: PredictorOptions;
  readonly #entries = new Map<string, Entry>();
  #count = 0;
  readonly #most: number;
  /** One series after the other, so that a restart with a thousand of them does not stop everything else. */
  #warming: Promise<void> = Promise.resolve();

  constructor(options: PredictorOptions) {
    this.#options = options;
    this.#most = options.mostSeries ?? MOST_SERIES;
  }

  /** How many metric series are kept in memory, and at most. */
  get series(): { readonly followed: number; readonly limit: number } {
    return { followed: this.#count, limit: this.#most };
  }

  look(seen: Seen): Foreseen {
    const rules = predictionRules(seen.scaling);
    const entry = this.#entries.get(seen.key) ?? { series: [], timeToReadyMs: undefined };
    this.#entries.set(seen.key, entry);
    for (const dropped of entry.series.splice(seen.metrics.length)) this.#drop(dropped);
    for (const [index, metric] of seen.metrics.entries()) {
      const series = this.#seriesOf(entry, index, metric, rules, seen);
      const measured = measure(metric, seen);
      if (series === undefined || measured === undefined) continue;
      series.perPod = measured.perPod ?? series.perPod;
      if (series.waiting === undefined) this.#feed(series, measured);
      else if (series.waiting.length < MOST_WAITING) series.waiting.push(measured);
    }
    const anomalies = entry.series.flatMap((series) => series?.anomaly ?? []);
    return { ...(rules ? this.#predict(entry, rules, seen) : NOTHING), anomalies, unjudged: unjudgedOf(entry) };
  }

  forget(key: string): void {
    for (const series of this.#entries.get(key)?.series ?? []) this.#drop(series);
    this.#entries.delete(key);
  }

  #drop(series: Series | undefined): void {
    if (series === undefined) return;
    series.isDropped = true;
    this.#count--;
  }

  #seriesOf(
    entry: Entry,
    index: number,
    metric: ScaleMetric,
    rules: PredictionRules | undefined,
    { key, scaling, now }: Seen,
  ): Series | undefined {
    const id = idOf(scaling, index);
    const forecast = isLoad(metric) ? rules : undefined;
    const made = `${id} ${forecast !== undefined} ${forecast?.season} ${forecast?.quantile}`;
    const known = entry.series[index];
    if (known?.made === made) return known;
    this.#drop(known);
    entry.series[index] = undefined;
    if (this.#count >= this.#most) return undefined;
    this.#count++;
    const series = begin(`${key}/${id}`, made, metric, forecast);
    entry.series[index] = series;
    if (forecast !== undefined) this.#warm(series, now - HISTORY_STEPS * stepFor(forecast.season));
    return series;
  }

  #warm(series: Series, since: number): void {
    series.waiting = [];
    this.#warming = this.#warming.then(() => this.#recall(series, since)).catch(this.#options.onFault);
  }

  /** What the history has first, then what came meanwhile. */
  async #recall(series: Series, since: number): Promise<void> {
    if (series.isDropped) return;
    const { at, value } = await this.#options.history.loadSeries(series.key, since);
    series.keptUntil = at.at(-1) ?? -Infinity;
    for (let from = 0; from < at.length && !series.isDropped; from += AT_ONCE) {
      for (let index = from; index < Math.min(from + AT_ONCE, at.length); index++) {
        this.#feed(series, { at: at[index] ?? NaN, value: value[index] ?? NaN });
      }
      await othersTurn();
    }
    const { waiting = [] } = series;
    series.waiting = undefined;
    for (const point of waiting) this.#feed(series, point);
  }

  /** The same answer is seen at several looks, and counts once. */
  #feed(series: Series, { at, value }: Point): void {
    if (!(at > series.fedUntil) || series.isDropped) return;
    series.fedUntil = at;
    for (const step of series.forecaster?.observe(at, value) ?? []) {
      if (step.at > series.keptUntil) this.#options.history.appendLoad(series.key, step.at, step.load);
    }
    series.detector.observe(at, value);
    series.anomaly = anomalyOf(series);
  }

  #predict(entry: Entry, rules: PredictionRules, seen: Seen): Pick<Foreseen, 'wish' | 'prediction'> {
    const horizonMs = rules.horizon === 'auto' ? this.#horizon(entry, seen.pods) : rules.horizon;
    const { current, tolerance, now } = seen;
    let wish: Wish | undefined;
    let first: PredictionFindings['trusted'] | undefined;
    for (const series of entry.series) {
      if (series?.forecaster === undefined) continue;
      series.forecaster.setHorizon(horizonMs);
      const prediction =
        series.waiting === undefined ? series.forecaster.predict(now) : ({ kind: 'Untrusted', ...READING } as const);
      series.shown = shownTrust(prediction, series.shown);
      const one = wishFor(prediction, { loadPerPod: series.perPod ?? NaN, current, tolerance });
      if (one !== undefined && one.replicas > (wish?.replicas ?? -1)) wish = one;
      // The first that is trusted, else the first: the one that asks for most may be another one each minute.
      const verdict = trustVerdict(series.name, prediction, series.shown);
      if (first === undefined || (first.status === 'False' && verdict.status === 'True')) first = verdict;
    }
    const trusted = first ?? notFollowed(seen, this.#most);
    return { wish, prediction: { trusted, replicas: wish?.replicas } };
  }

  /** A pod that is created now is ready after that, and one look later at the latest it would have been created. */
  #horizon(entry: Entry, pods: readonly PodSnapshot[]): number {
    const measured = timeToReady(pods);
    const known = entry.timeToReadyMs;
    const isSame = known !== undefined && Math.abs((measured ?? known) - known) <= known * SAME_TIME_SHARE;
    if (!isSame) entry.timeToReadyMs = measured;
    return (entry.timeToReadyMs ?? SUPPOSED_TIME_TO_READY_MS) + this.#options.intervalMs;
  }
}

const NOTHING = { wish: undefined, prediction: undefined };
const READING = { reason: 'Learning', seasonMs: undefined, mase: undefined, gain: undefined } as const;

function begin(key: string, made: string, metric: ScaleMetric, rules: PredictionRules | undefined): Series {
  const season = rules?.season ?? 'auto';
  const name = metric.type === 'Resource' ? measuredIn(metric) : metric.name;
  const horizonMs = SUPPOSED_TIME_TO_READY_MS;
  return {
    key,
    name,
    made,
    detector: new AnomalyDetector(season),
    forecaster: rules && new LoadForecaster({ season, quantile: rules.quantile, horizonMs }),
    waiting: undefined,
    fedUntil: -Infinity,
    keptUntil: -Infinity,
    perPod: undefined,
    anomaly: undefined,
    shown: undefined,
    isDropped: false,
  };
}

/** Queries are long; another query is another series. */
function idOf({ metrics }: ActiveScaling, index: number): string {
  const { resource, containerResource, prometheus } = metrics[index] ?? {};
  if (resource) return resource.name;
  if (containerResource) return `${containerResource.name}-of-${containerResource.container}`;
  return `query-${createHash('sha256')
    .update(prometheus?.query ?? '')
    .digest('hex')
    .slice(0, 12)}`;
}

function anomalyOf({ detector: { state }, anomaly, name }: Series): Anomaly | undefined {
  if (state.kind !== 'Unusual') return undefined;
  const { since, direction, value, expected } = state;
  if (anomaly?.since === since && anomaly.direction === direction) return anomaly;
  return { metric: name, since, direction, value, expected };
}

function unjudgedOf({ series }: Entry): NonNullable<Foreseen['unjudged']> {
  const unjudged = new Map<string, 'Reading' | 'Learning'>();
  for (const one of series) {
    if (one?.waiting !== undefined) unjudged.set(one.name, 'Reading');
    else if (one?.detector.state.kind === 'Learning') unjudged.set(one.name, 'Learning');
  }
  return unjudged;
}

function notFollowed({ metrics }: Seen, most: number): PredictionFindings['trusted'] {
  if (metrics.some(isLoad)) return untrusted('TooManySeries', `${most} metric series are followed already`);
  return untrusted('NothingToPredict', 'no metric of this service is a load');
}
