import type { Reason } from '../../api/reasons.ts';
import { cut } from './names.ts';

/** Characters that the CRD leaves to the evidence of a signal. */
export const EVIDENCE_LIMIT = 512;

/** Weights of the signals that every service has; checks bring their own. */
export const WEIGHTS = { availability: 40, rollout: 10, stability: 20, resources: 10, dependencies: 10 } as const;

interface SignalBase {
  readonly name: string;
  readonly weight: number;
  /** What was measured, with its unit. It begins so that the signal can read its score back from it (see `remembered`). */
  readonly value: string | undefined;
  /** What was seen, without a full stop. */
  readonly evidence: string;
  /** The part of the evidence that is told at once when it changes; the rest waits until the score moves. */
  readonly finding: string;
  /** A check whose failing caps the score. */
  readonly critical: boolean;
}

export interface FreshSignal extends SignalBase {
  readonly state: 'fresh';
  /** 0 to 100, exact. */
  readonly score: number;
  /** Why it is not 100. */
  readonly reason: Reason;
  /** Not seen now but taken over from the status, whose figures are rounded: no ground to let a level fall. */
  readonly standing?: true;
}

/** There is no evidence now, and that says nothing about the service. */
interface MissingSignal extends SignalBase {
  readonly state: 'missing';
  readonly reason: Reason;
  /** The score of the last value in the status; undefined where there never was one. */
  readonly remembered: number | undefined;
}

export type Signal = FreshSignal | MissingSignal;

/** What the status last said of a signal. */
export interface LastSignal {
  readonly value?: string | undefined;
  readonly score?: number | undefined;
  readonly evidence?: string | undefined;
}

interface MissingFacts {
  readonly name: string;
  readonly weight: number;
  readonly critical: boolean;
  readonly reason: Reason;
  readonly evidence: string;
  readonly last: LastSignal | undefined;
  /** The score that a value stands for. */
  readonly scoreOf: (value: string) => number | undefined;
  /** The reason to give while the score of a source that was not asked yet still stands. */
  readonly whenBad: Reason;
}

/**
 * A signal without evidence. After a restart a source that was not asked yet is no news: what the status said of it still stands, or
 * every restart would write each status twice.
 */
export function missingSignal({
  name,
  weight,
  critical,
  reason,
  evidence,
  last,
  scoreOf,
  whenBad,
}: MissingFacts): Signal {
  const value = last?.value;
  const base = { name, weight, critical, value };
  if (reason === 'NotAskedYet' && last?.score !== undefined) {
    const { score, evidence: before = '' } = last;
    return { ...base, state: 'fresh', score, evidence: before, finding: '', reason: whenBad, standing: true };
  }
  const remembered = value === undefined ? undefined : scoreOf(value);
  const finding = `${reason}: `;
  return { ...base, state: 'missing', evidence: cut(finding + evidence, EVIDENCE_LIMIT), finding, reason, remembered };
}

export function clampScore(score: number): number {
  return Math.min(100, Math.max(0, score));
}

/** Four significant digits: enough to read the score back from. */
export function formatFigure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
