import type { ScalePod } from '../../src/domain/scaling/pods.ts';
import { SimulatedPods } from './pods.ts';
import { type Point, spacing } from './series.ts';

/** What a scaler sees at one moment. */
export interface Look {
  /** ms since the epoch. */
  readonly at: number;
  readonly load: number;
  readonly current: number;
  readonly pods: () => ScalePod[];
  /** How long the last pod took that became ready, ms; undefined before the first. */
  readonly timeToReady: number | undefined;
}

export interface Scaler {
  /** The replicas that there should be from now on. */
  decide(look: Look): number;
}

export interface Situation {
  readonly podCapacity: number;
  /** Replicas to begin with, all ready. */
  readonly replicas: number;
  /** Durations in ms. */
  readonly startUpDelay: number;
  readonly interval: number;
}

export interface Figures {
  readonly underProvisionedSeconds: number;
  readonly podHours: number;
  readonly scaleEvents: number;
}

/**
 * Runs a load past a scaler and pods that take their time. Pods cost from their creation; under-provisioned is the time in which the load
 * is above the capacity of the ready ones. The load does not depend on them: what they cannot carry is neither lost nor sent again.
 */
export function simulate(points: readonly Point[], scaler: Scaler, situation: Situation): Figures {
  const { podCapacity, startUpDelay, interval } = situation;
  const begin = points[0]?.at ?? 0;
  const end = (points.at(-1)?.at ?? 0) + spacing(points);
  const pods = new SimulatedPods(situation.replicas, begin, startUpDelay);
  const figures = { underMs: 0, podMs: 0, scaleEvents: 0 };
  let next = 0;
  let firstStarted: number | undefined;
  for (let at = begin; at < end; at += interval) {
    while ((points[next + 1]?.at ?? Infinity) <= at) next++;
    const current = pods.count;
    const isMeasured = firstStarted !== undefined && at >= firstStarted + startUpDelay;
    const desired = scaler.decide({
      at,
      load: points[next]?.value ?? 0,
      current,
      pods: () => pods.snapshot(at),
      timeToReady: isMeasured ? startUpDelay : undefined,
    });
    if (desired !== current) {
      pods.scaleTo(desired, at);
      figures.scaleEvents++;
      if (desired > current) firstStarted ??= at;
    }
    const to = Math.min(at + interval, end);
    figures.podMs += pods.count * (to - at);
    figures.underMs += underProvisioned(points, next, pods, podCapacity, at, to);
  }
  return {
    underProvisionedSeconds: figures.underMs / 1_000,
    podHours: figures.podMs / 3_600_000,
    scaleEvents: figures.scaleEvents,
  };
}

/** Between two looks load and ready pods change at known moments only. */
function underProvisioned(
  points: readonly Point[],
  first: number,
  pods: SimulatedPods,
  podCapacity: number,
  from: number,
  to: number,
): number {
  const moments = [from, ...pods.changesBetween(from, to)];
  let index = first;
  for (let at = points[index + 1]?.at ?? Infinity; at < to; at = points[++index + 1]?.at ?? Infinity) moments.push(at);
  moments.sort((a, b) => a - b);
  let under = 0;
  index = first;
  for (const [place, at] of moments.entries()) {
    while ((points[index + 1]?.at ?? Infinity) <= at) index++;
    const isUnder = (points[index]?.value ?? 0) > pods.readyBy(at) * podCapacity * (1 + 1e-12);
    if (isUnder) under += (moments[place + 1] ?? to) - at;
  }
  return under;
}
