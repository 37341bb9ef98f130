import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { requestOf, type ResourceMetric, samplesOf, type ScaleMetric, STALE_AFTER_MS } from './metrics.ts';
import { groupPods, type ScalePod } from './pods.ts';
import { STRATEGIES } from './strategies.ts';

type Scaling = NonNullable<OrchestratedServiceSpec['scaling']>;

/** spec.scaling.prediction with every default filled in. */
export interface PredictionRules {
  /** ms where it is given. */
  readonly season: 'auto' | number;
  /** ms where it is given. */
  readonly horizon: 'auto' | number;
  readonly quantile: number;
}

/** Undefined where load is not to be predicted; without a word in the spec the strategy says. */
export function predictionRules({ prediction, strategy }: Scaling): PredictionRules | undefined {
  if (!(prediction?.enabled ?? isPredictive(strategy))) return undefined;
  const { season = 'auto', horizon = 'auto', quantile = 0.9 } = prediction ?? {};
  return { season: autoOr(season), horizon: autoOr(horizon), quantile };
}

const isPredictive = (strategy: Scaling['strategy']): boolean =>
  strategy !== undefined && STRATEGIES[strategy].prediction;

const autoOr = (text: string): 'auto' | number => (text === 'auto' ? text : parseDuration(text));

/** Where it is false the figure depends on the number of pods, or is none of load: it can be unusual, and cannot be forecast. */
export const isLoad = (metric: ScaleMetric): boolean =>
  metric.type === 'Resource' ? metric.resource === 'cpu' : 'average' in metric.target;

/** One point of the series of a metric. */
export interface Measured {
  /** ms since the epoch. */
  readonly at: number;
  /** Of a load the total of the service; of memory the mean over the pods. */
  readonly value: number;
  /** What one pod is to carry of it; undefined where that is not known. */
  readonly perPod: number | undefined;
}

interface Moment {
  readonly pods: readonly ScalePod[];
  /** ms since the epoch. */
  readonly now: number;
  readonly monotonic: number;
}

/** Running pods without a figure: up to this share of all, the others stand for them. */
const MISSING_SHARE = 0.1;

/** Undefined while too little of it is known: a part of a load would look like a smaller one. */
export function measure(metric: ScaleMetric, moment: Moment): Measured | undefined {
  if (metric.type === 'Resource') return measurePods(metric, moment);
  const { reading, target } = metric;
  if (reading?.kind !== 'value' || !Number.isFinite(reading.value)) return undefined;
  if (moment.now - reading.at > STALE_AFTER_MS) return undefined;
  return {
    at: Math.min(reading.at, moment.now),
    value: reading.value,
    perPod: 'average' in target ? target.average : undefined,
  };
}

function measurePods(metric: ResourceMetric, moment: Moment): Measured | undefined {
  const { usage, resource, target } = metric;
  if (usage.kind === 'missing') return undefined;
  const samples = samplesOf(usage.pods, moment, metric);
  const { counted, missing } = groupPods(moment.pods, samples, resource === 'cpu', moment.now);
  const all = counted.size + missing.length;
  if (counted.size === 0 || missing.length > all * MISSING_SHARE) return undefined;
  let sum = 0;
  let latest = -Infinity;
  for (const [name, milli] of counted) {
    sum += milli / 1_000;
    latest = Math.max(latest, samples.get(name)?.at ?? -Infinity);
  }
  // The clock of a node may run ahead of ours; a point of the future would keep out all that follow.
  const at = Math.min(latest, moment.now);
  const mean = sum / counted.size;
  if (resource === 'memory') return { at, value: mean, perPod: undefined };
  const perPod =
    'average' in target ? target.average : ((meanRequest(moment.pods, metric) ?? NaN) * target.utilization) / 100;
  return { at, value: mean * all, perPod: perPod > 0 ? perPod : undefined };
}

/** Cores; undefined where a pod has none. */
function meanRequest(pods: readonly ScalePod[], metric: ResourceMetric): number | undefined {
  let sum = 0;
  for (const pod of pods) {
    const request = requestOf(pod, metric);
    if (request === undefined) return undefined;
    sum += request;
  }
  return pods.length === 0 ? undefined : sum / pods.length;
}
