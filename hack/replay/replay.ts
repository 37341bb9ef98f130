import { Baton } from './baton.ts';
import { Hpa } from './hpa.ts';
import type { Options } from './options.ts';
import { meanLoad, type Point, SeriesError } from './series.ts';
import { type Figures, simulate } from './simulate.ts';

const DAY = 86_400_000;
const PODS_AT_MEAN = 10;
/** Two years of looks every 15 s: more is a slip of the timestamps. */
const MOST_LOOKS = 5_000_000;

export interface Outcome {
  readonly hpa: Figures;
  readonly baton: Figures;
  readonly podCapacity: number;
  /** Share of the time in which Baton trusted its forecast. */
  readonly trustedShare: number;
}

/** Throws a SeriesError for a series that is too long, and for a load that is nothing all the time when no pod capacity is given. */
export function replay(points: readonly Point[], options: Options): Outcome {
  const { target, startUpDelay, interval, min, max, season, quantile } = options;
  const podCapacity = options.podCapacity ?? meanLoad(points) / PODS_AT_MEAN / target;
  if (!(podCapacity > 0)) throw new SeriesError('the load is 0 all the time: give --pod-capacity');
  const span = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  if (span > MOST_LOOKS * interval) {
    throw new SeriesError(`${Math.round(span / DAY)} days are too many for --interval ${interval / 1_000}s`);
  }
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
