import { FAILING } from './checks.ts';
import type { Signal } from './signal.ts';

export interface Limits {
  readonly desired: number;
  readonly ready: number;
  readonly minReplicas: number;
}

export type Cap = 'NoneReady' | 'CriticalCheck' | 'BelowMinimum';

const CAPS: Readonly<Record<Cap, number>> = { NoneReady: 0, CriticalCheck: 39, BelowMinimum: 69 };

export interface Score {
  /** Over fresh signals, with caps: what the status shows. Undefined while nothing is fresh. */
  readonly score: number | undefined;
  /** The best it can be, whatever the signals that have gone missing would say: only below this a level may fall. */
  readonly atBest: number;
  /** With missing signals as they were last seen: only with this a level may rise. */
  readonly asLastSeen: number;
  /** Share of the weight that is fresh, 0 to 1. */
  readonly confidence: number;
  readonly cap: Cap | undefined;
}

/**
 * The weighted mean of the signals. Missing data alone must not move the level, and a mean over fewer signals may well be another one;
 * so a signal that has gone missing takes part in the two bounds that levels move by, while one that never was known takes part in none.
 */
export function scoreOf(signals: readonly Signal[], limits: Limits): Score {
  let fresh = 0;
  let total = 0;
  let lost = 0;
  let points = 0;
  let lostPoints = 0;
  let failing = false;
  let failedLast = false;
  for (const signal of signals) {
    total += signal.weight;
    if (signal.state === 'fresh') {
      fresh += signal.weight;
      points += signal.weight * signal.score;
      failing ||= signal.critical && signal.score < FAILING;
    } else if (signal.remembered !== undefined) {
      lost += signal.weight;
      lostPoints += signal.weight * signal.remembered;
      failedLast ||= signal.critical && signal.remembered < FAILING;
    }
  }
  const cap = capOf(limits, failing);
  const lastCap = capOf(limits, failing || failedLast);
  return {
    score: fresh === 0 ? undefined : capped(points / fresh, cap),
    atBest: capped(mean(points + lost * 100, fresh + lost), cap),
    asLastSeen: capped(mean(points + lostPoints, fresh + lost), lastCap),
    confidence: total === 0 ? 0 : fresh / total,
    cap,
  };
}

function capOf({ desired, ready, minReplicas }: Limits, failing: boolean): Cap | undefined {
  if (desired > 0 && ready === 0) return 'NoneReady';
  if (failing) return 'CriticalCheck';
  return ready < minReplicas ? 'BelowMinimum' : undefined;
}

function mean(points: number, weight: number): number {
  return weight === 0 ? 0 : points / weight;
}

/** Rounded to a billionth, so that sums of binary fractions do not miss a threshold that they reach on paper. */
function capped(score: number, cap: Cap | undefined): number {
  const rounded = Math.round(score * 1e9) / 1e9;
  return cap === undefined ? rounded : Math.min(rounded, CAPS[cap]);
}

/** A whole number for the status that is on the same side of every threshold as the exact score. */
export function wholeScore(score: number): number {
  return score > 0 ? Math.max(1, Math.floor(score)) : 0;
}
