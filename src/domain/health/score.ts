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
  /** The best it can be, whatever the signals that are not seen just now would say: only below this a level may fall. */
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
  const sums = addUp(signals);
  const cap = capOf(limits, sums.failing === 'now' || sums.failing === 'standing');
  const known = sums.fresh + sums.lost;
  return {
    score: sums.fresh === 0 ? undefined : capped(sums.points / sums.fresh, cap),
    atBest: capped(mean(sums.best, known), capOf(limits, sums.failing === 'now')),
    asLastSeen: capped(mean(sums.points + sums.lostPoints, known), capOf(limits, sums.failing !== 'never')),
    confidence: sums.total === 0 ? 0 : sums.fresh / sums.total,
    cap,
  };
}

interface Sums {
  total: number;
  fresh: number;
  /** Weight of the signals that are missing now and were known before. */
  lost: number;
  points: number;
  lostPoints: number;
  /** Points with 100 for everything that is not seen just now. */
  best: number;
  /** How sure it is that a critical check fails: it is seen now, or it stands in the status, or it was so before it went missing. */
  failing: 'now' | 'standing' | 'before' | 'never';
}

function addUp(signals: readonly Signal[]): Sums {
  const sums: Sums = { total: 0, fresh: 0, lost: 0, points: 0, lostPoints: 0, best: 0, failing: 'never' };
  for (const signal of signals) {
    const { weight } = signal;
    const score = signal.state === 'fresh' ? signal.score : signal.remembered;
    const isSeen = signal.state === 'fresh' && signal.standing !== true;
    sums.total += weight;
    if (score === undefined) continue;
    sums.best += weight * (isSeen ? score : 100);
    if (signal.state === 'fresh') {
      sums.fresh += weight;
      sums.points += weight * score;
    } else {
      sums.lost += weight;
      sums.lostPoints += weight * score;
    }
    if (!signal.critical || score >= FAILING) continue;
    if (isSeen) sums.failing = 'now';
    else if (signal.state === 'fresh' && sums.failing !== 'now') sums.failing = 'standing';
    else if (sums.failing === 'never') sums.failing = 'before';
  }
  return sums;
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
