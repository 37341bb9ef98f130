import type { MissingReason, Reading } from '../reading.ts';
import type { PodUsage } from '../snapshot.ts';
import type { Usage } from '../status/input.ts';
import { countActive, countReady, type Grouped, groupPods, type Sample, type ScalePod } from './pods.ts';

/** One entry of spec.scaling.metrics with what was measured. Figures are in their own unit: cores, bytes, whatever a query gives. */
export type ScaleMetric = ResourceMetric | TotalMetric;

/** CPU or memory of the pods, or of one container of each: in percent of the requests, or a mean per pod. */
export interface ResourceMetric {
  readonly type: 'Resource';
  readonly resource: 'cpu' | 'memory';
  /** Only this one counts; absent where the pods do as a whole. */
  readonly container?: string;
  readonly target: { readonly utilization: number } | { readonly average: number };
  readonly usage: Usage;
}

/**
 * One figure for the whole service, as autoscaling's External metrics are. With an `average` the figure is the total that the pods share
 * (requests a second, length of a queue); with a `value` it is compared as it is, and the ready pods grow and shrink by its ratio.
 */
export interface TotalMetric {
  readonly type: 'Total';
  /** For sentences. */
  readonly name: string;
  readonly target: { readonly average: number } | { readonly value: number };
  /** Undefined while it was not asked for yet. */
  readonly reading: Reading | undefined;
}

export type Proposal =
  | {
      readonly kind: 'proposal';
      readonly replicas: number;
      /** What was measured against what, without a verb that concludes. */
      readonly evidence: string;
      /** Share of the pods that had a figure, 0 to 1; absent where all had, or where it is not about pods. */
      readonly fresh?: number;
    }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly evidence: string };

export type FailureReason = MissingReason | 'RequestMissing' | 'NoPodMetrics';

export interface Situation {
  /** The replicas that the workload asks for now. */
  readonly current: number;
  readonly pods: readonly ScalePod[];
  readonly tolerance: { readonly up: number; readonly down: number };
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly monotonic: number;
}

/** Older figures count as missing. */
export const STALE_AFTER_MS = 90_000;
/** metrics-server's own window, where an answer names none. */
const DEFAULT_WINDOW_MS = 60_000;

/** How many replicas one metric asks for, before any limit. */
export function propose(metric: ScaleMetric, situation: Situation): Proposal {
  return metric.type === 'Resource' ? proposeByPods(metric, situation) : proposeByTotal(metric, situation);
}

/**
 * Thousandths, which is the grain of the HorizontalPodAutoscaler's arithmetic: what is a whole number of them is made exact, so that
 * 1.1 of 0.1 is 11 and not 12; finer figures stay as fine as they are.
 */
function milli(value: number): number {
  const scaled = value * 1_000;
  const whole = Math.round(scaled);
  return Math.abs(scaled - whole) <= 1e-9 * Math.max(1, Math.abs(whole)) ? whole : scaled;
}

/** Quantities of pods are rounded up to whole thousandths, as Quantity.MilliValue does. */
const wholeMilli = (value: number): number => Math.ceil(milli(value));

function proposeByPods(metric: ResourceMetric, situation: Situation): Proposal {
  const { usage, resource, target } = metric;
  const { pods, now } = situation;
  const what = measuredIn(metric);
  if (usage.kind === 'missing') return failed(usage.reason, usage.evidence);
  if (pods.length === 0) return failed('NoPodMetrics', `there is no pod whose ${what} could be measured`);
  const grouped = groupPods(pods, samplesOf(usage.pods, situation, metric), resource === 'cpu', now);
  if (grouped.counted.size === 0) return failed('NoPodMetrics', `no pod that is ready has a fresh figure of ${what}`);
  return 'utilization' in target
    ? proposeByUtilization(metric, target.utilization, grouped, situation)
    : proposeByAverage(metric, target.average, grouped, situation);
}

/** For sentences. */
export const measuredIn = ({ resource, container }: Pick<ResourceMetric, 'resource' | 'container'>): string =>
  container === undefined ? resource : `${resource} of container ${container}`;

/** What of a pod the metric is a share of, cores or bytes; undefined where that is not set. */
export const requestOf = (
  { template }: ScalePod,
  { resource, container }: Pick<ResourceMetric, 'resource' | 'container'>,
): number | undefined =>
  container === undefined
    ? template.requests[resource]
    : template.containers?.find(({ name }) => name === container)?.requests[resource];

/** Figures of pods that are fresh. */
export function samplesOf(
  usage: ReadonlyMap<string, PodUsage>,
  { pods, now, monotonic }: Pick<Situation, 'pods' | 'now' | 'monotonic'>,
  { resource, container }: Pick<ResourceMetric, 'resource' | 'container'>,
): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const { name } of pods) {
    const figure = usage.get(name);
    if (figure === undefined) continue;
    const { at, measured, windowMs = DEFAULT_WINDOW_MS } = figure;
    const age = measured === undefined ? now - at : monotonic - measured;
    const used = container === undefined ? figure : figure.containers?.find((each) => each.name === container);
    if (used === undefined || age > STALE_AFTER_MS) continue;
    samples.set(name, { milli: wholeMilli(used[resource]), at, windowMs });
  }
  return samples;
}

function proposeByUtilization(
  metric: ResourceMetric,
  target: number,
  grouped: Grouped,
  situation: Situation,
): Proposal {
  const requests = new Map<string, number>();
  for (const pod of situation.pods) {
    const request = requestOf(pod, metric);
    if (request === undefined) return failed('RequestMissing', missingRequest(pod, metric));
    requests.set(pod.name, wholeMilli(request));
  }
  const utilization = (figures: ReadonlyMap<string, number>): number => {
    let used = 0;
    let requested = 0;
    for (const [name, figure] of figures) {
      used += figure;
      requested += requests.get(name) ?? 0;
    }
    return percent(used, requested);
  };
  const now = utilization(grouped.counted);
  if (!Number.isFinite(now)) return failed('RequestMissing', `the requests of ${measuredIn(metric)} are 0`);
  const atFull = Math.max(100, target);
  const replicas = replicasFor(grouped, situation, {
    ratio: (figures) => utilization(figures) / target,
    whenMissing: (name) => Math.trunc(((requests.get(name) ?? 0) * atFull) / 100),
  });
  const evidence = `${measuredIn(metric)} at ${now} % of the requests, target ${target} %, ${countOf(grouped)}`;
  return { kind: 'proposal', replicas, evidence, ...freshOf(grouped) };
}

function missingRequest({ name, template }: ScalePod, { resource, container }: ResourceMetric): string {
  if (container !== undefined && !template.containers?.some((each) => each.name === container)) {
    return `pod ${name} has no container ${container}`;
  }
  const whose = container === undefined ? 'a container' : `the container ${container}`;
  return `pod ${name} has ${whose} without a ${resource} request, so there is nothing to take a percentage of`;
}

function proposeByAverage(metric: ResourceMetric, average: number, grouped: Grouped, situation: Situation): Proposal {
  const target = wholeMilli(average);
  const mean = (figures: ReadonlyMap<string, number>): number => {
    let sum = 0;
    for (const figure of figures.values()) sum += figure;
    return Math.trunc(sum / figures.size);
  };
  const replicas = replicasFor(grouped, situation, {
    ratio: (figures) => mean(figures) / target,
    whenMissing: () => target,
  });
  const unit = metric.resource === 'cpu' ? 'cores' : 'bytes';
  const at = mean(grouped.counted) / 1_000;
  const evidence = `${measuredIn(metric)} at ${shown(at)} ${unit} a pod, target ${shown(average)}, ${countOf(grouped)}`;
  return { kind: 'proposal', replicas, evidence, ...freshOf(grouped) };
}

/** Whole percent, rounded down. */
function percent(used: number, requested: number): number {
  if (requested === 0) return Number.NaN;
  if (Number.isSafeInteger(used * 100)) return Math.trunc((used * 100) / requested);
  return Number((BigInt(used) * 100n) / BigInt(requested));
}

interface Measure {
  /** Of current to target. */
  readonly ratio: (figures: ReadonlyMap<string, number>) => number;
  /** What a pod without a figure is taken to use when the others ask for fewer. */
  readonly whenMissing: (pod: string) => number;
}

/**
 * Where every pod counts, the ratio times the pods that count. Else once more with the doubtful pods taken against the direction: those
 * without a figure as at their target when going down and as idle when going up, unready ones as idle when going up. When that turns the
 * direction round, or brings it within the tolerance, nothing changes.
 */
function replicasFor({ counted, unready, missing }: Grouped, situation: Situation, measure: Measure): number {
  const { current } = situation;
  const first = measure.ratio(counted);
  const countsUnready = unready.length > 0 && first > 1;
  if (missing.length === 0 && !countsUnready) {
    return isNear(first, situation) ? current : Math.ceil(first * counted.size);
  }
  const all = new Map(counted);
  if (first !== 1) for (const name of missing) all.set(name, first < 1 ? measure.whenMissing(name) : 0);
  if (countsUnready) for (const name of unready) all.set(name, 0);
  const second = measure.ratio(all);
  const turned = (first < 1 && second > 1) || (first > 1 && second < 1);
  if (turned || isNear(second, situation)) return current;
  const replicas = Math.ceil(second * all.size);
  const isAgainst = (second < 1 && replicas > current) || (second > 1 && replicas < current);
  return isAgainst ? current : replicas;
}

const isNear = (ratio: number, { tolerance }: Situation): boolean =>
  1 - tolerance.down <= ratio && ratio <= 1 + tolerance.up;

function proposeByTotal(metric: TotalMetric, situation: Situation): Proposal {
  const { name, reading, target } = metric;
  const { now, current, pods } = situation;
  if (reading === undefined) return failed('NotAskedYet', `${name} was not asked for yet`);
  if (reading.kind === 'missing') return failed(reading.reason, `${name}: ${reading.evidence}`);
  if (reading.kind !== 'value' || !Number.isFinite(reading.value))
    return failed('InvalidValue', `${name} gave no figure`);
  if (now - reading.at > STALE_AFTER_MS) return failed('StaleData', `${name} was last read more than 90 s ago`);
  // There are no fewer than no pods, and a queue of minus three is none.
  const figure = Math.max(0, milli(reading.value));
  if ('average' in target) {
    const active = countActive(pods);
    const share = milli(target.average);
    const ratio = figure / (share * active);
    const evidence = `${name} at ${shown(reading.value)} for ${plural(active, 'pod')}, target ${shown(target.average)} a pod`;
    return { kind: 'proposal', replicas: isNear(ratio, situation) ? active : bounded(figure / share), evidence };
  }
  const ratio = figure / milli(target.value);
  const evidence = `${name} at ${shown(reading.value)}, target ${shown(target.value)}`;
  if (current === 0) return { kind: 'proposal', replicas: bounded(ratio), evidence };
  if (isNear(ratio, situation)) return { kind: 'proposal', replicas: current, evidence };
  if (pods.length === 0) return failed('NoTargets', `${name} is compared with the ready pods, and there is no pod`);
  const ready = countReady(pods);
  // What is overloaded loses no pod because few of them are ready, and with none ready a low figure says nothing of the load.
  const least = ratio > 1 || ready === 0 ? current : 0;
  const replicas = Math.max(least, bounded(ratio * ready));
  return { kind: 'proposal', replicas, evidence: `${evidence}, ${plural(ready, 'ready pod')}` };
}

const bounded = (replicas: number): number => Math.min(Math.ceil(replicas), 2 ** 31 - 1);

const failed = (reason: FailureReason, evidence: string): Proposal => ({ kind: 'failed', reason, evidence });

const freshOf = ({ counted, missing }: Grouped): { readonly fresh?: number } =>
  missing.length === 0 ? {} : { fresh: counted.size / (counted.size + missing.length) };

function countOf({ counted, unready, missing }: Grouped): string {
  const parts = [plural(counted.size, 'pod')];
  if (unready.length > 0) parts.push(`${unready.length} not ready`);
  if (missing.length > 0) parts.push(`${missing.length} without a figure`);
  return parts.join(' and ');
}

export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Four digits tell a person enough. */
export const shown = (value: number): string => String(Number(value.toPrecision(4)));
