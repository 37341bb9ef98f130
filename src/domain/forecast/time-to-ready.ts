import type { PodSnapshot } from '../snapshot.ts';

/** Readiness that came later than this came back, rather than for the first time. */
const LONGEST_MS = 30 * 60_000;
/** The newest pods tell what the next ones will need. */
const NEWEST = 20;

/** From creation until ready, ms: the median of the newest pods that never restarted; undefined where no pod tells. */
export function timeToReady(
  pods: readonly Pick<PodSnapshot, 'ready' | 'createdAt' | 'readyChangedAt' | 'restarts'>[],
): number | undefined {
  const times = pods
    .filter(({ ready, restarts }) => ready && restarts.length === 0)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .map(({ createdAt, readyChangedAt = Infinity }) => readyChangedAt - createdAt)
    .filter((time) => time >= 0 && time <= LONGEST_MS)
    .slice(0, NEWEST)
    .toSorted((a, b) => a - b);
  return times[times.length >> 1];
}
