import { Baton } from './baton.ts';
import { Hpa } from './hpa.ts';
import type { Options } from './options.ts';
import { meanLoad, type Point, SeriesError } from './series.ts';
import { type Figures, simulate } from './simulate.ts';

const PODS_AT_MEAN = 10;

export interface Outcome {
  readonly hpa: Figures;
  readonly baton: Figures;
  readonly podCapacity: number;
  /** Share of the time in which Baton trusted its forecast. */
  readonly trustedShare: number;
}

/** Throws a SeriesError for a load that is nothing all the time, when no pod capacity is given. */
export function replay(points: readonly Point[], options: Options): Outcome {
  const { target, startUpDelay, interval, min, max, season, quantile } = options;
  const podCapacity = options.podCapacity ?? meanLoad(points) / PODS_AT_MEAN / target;
  if (!(podCapacity > 0)) throw new SeriesError('the load is 0 all the time: give --pod-capacity');
  const loadPerPod = podCapacity * target;
  const replicas = Math.min(max, Math.max(min, Math.ceil((points[0]?.value ?? 0) / loadPerPod)));
  const situation = { podCapacity, replicas, startUpDelay, interval };
  const baton = new Baton({ loadPerPod, min, max, interval, season, quantile });
  return {
    hpa: simulate(points, new Hpa({ loadPerPod, min, max }), situation),
    baton: simulate(points, baton, situation),
    podCapacity,
    trustedShare: baton.trustedShare,
  };
}
