import type { Target } from './input.ts';
import type { Reason } from '../../api/reasons.ts';
import { formatDuration } from '../duration.ts';
import { isWorse } from '../health/level.ts';
import type { Signal } from '../health/signal.ts';
import type { Assessment } from './assess.ts';
import { advise } from './conditions.ts';
import type { SignalStatus } from './signals.ts';

export interface Explanation {
  readonly reason: Reason;
  /** What happened, why, and what to do; built from what the status shows, so that it moves only when that does. */
  readonly message: string;
}

interface Loss {
  readonly signal: Signal;
  readonly shown: SignalStatus;
  /** Points times weight. */
  readonly points: number;
}

const TELLING: ReadonlySet<Reason> = new Set<Reason>(['ImagePullFailing', 'PodsCrashing', 'PodsUnschedulable']);

/** The most telling reason for the level of a workload that was found. `delays` are those of the hysteresis, ms. */
export function explain(
  assessment: Assessment,
  shown: readonly SignalStatus[],
  delays: { readonly fall: number; readonly rise: number },
): Explanation {
  const { level, pending } = assessment.level;
  if (assessment.kept !== undefined) return assessment.kept;
  const losses = lossesOf(assessment.signals, shown);
  if (assessment.awaited) return explainAwaited(losses, assessment.everAvailable);
  if (level === 'Unknown') return { reason: 'NoEvidence', message: advise('nothing is known yet', 'NoEvidence') };
  if (assessment.signals[0]?.reason === 'ScaledToZero') {
    return { reason: 'ScaledToZero', message: advise('the workload asks for no pods', 'ScaledToZero') };
  }
  const cause = causeOf(assessment, losses);
  const waits = pending !== undefined && isWorse(pending.level, level);
  if (waits && level === 'Healthy') {
    const then = `${pending.level} follows when this has lasted ${formatDuration(delays.fall)}`;
    return { reason: 'FallPending', message: `${cause?.message ?? 'the evidence is worse'}; ${then}` };
  }
  if (pending?.level === 'Healthy') {
    const message = `the evidence is good again; Healthy follows when this has lasted ${formatDuration(delays.rise)}`;
    return { reason: 'RisePending', message };
  }
  if (level === 'Healthy') {
    const first = losses[0];
    return {
      reason: 'Healthy',
      message: first === undefined ? 'all evidence is good' : `healthy, though ${evidenceOf(first)}`,
    };
  }
  const standing = `the level is ${level} since before evidence went missing or with too few points to rise`;
  return cause ?? { reason: level, message: advise(standing, level) };
}

/** Signals that are not at 100, the one that costs most first. */
function lossesOf(signals: readonly Signal[], shown: readonly SignalStatus[]): Loss[] {
  const losses: Loss[] = [];
  for (const [index, signal] of signals.entries()) {
    const status = shown[index];
    if (signal.state === 'missing' || status?.score === undefined || status.score >= 100) continue;
    losses.push({ signal, shown: status, points: signal.weight * (100 - status.score) });
  }
  return losses.sort((a, b) => b.points - a.points);
}

function evidenceOf({ signal, shown }: Loss): string {
  const evidence = shown.evidence ?? '';
  return signal.reason === 'CheckFailing' ? `check ${signal.name}: ${evidence}` : evidence;
}

function causeOf({ cap, signals }: Assessment, losses: readonly Loss[]): Explanation | undefined {
  const availability = losses.find(({ signal }) => signal.name === 'availability');
  if (cap === 'NoneReady' && availability !== undefined) return explainLoss(availability, losses);
  if (cap === 'CriticalCheck') {
    const failing = losses.find(({ signal }) => signal.critical);
    if (failing !== undefined) return explainLoss(failing, losses);
  }
  if (cap === 'BelowMinimum' && availability === undefined) {
    const evidence = `${signals[0]?.evidence ?? ''}, fewer than scaling.minReplicas`;
    return { reason: 'BelowMinimum', message: advise(evidence, 'BelowMinimum') };
  }
  const [first] = losses;
  return first === undefined ? undefined : explainLoss(first, losses);
}

/** Why pods are not ready is told by what the containers do, and that is in the evidence of stability. */
function explainLoss(loss: Loss, losses: readonly Loss[]): Explanation {
  const { reason, name } = loss.signal;
  const other = losses.find(({ signal }) => signal.name === 'stability');
  const containers = name === 'availability' && TELLING.has(reason) ? other : undefined;
  const evidence = containers === undefined ? evidenceOf(loss) : `${evidenceOf(loss)}; ${evidenceOf(containers)}`;
  return { reason, message: advise(evidence, reason) };
}

/** A workload that is not available yet is told by what holds it up, where that is known. */
function explainAwaited(losses: readonly Loss[], everAvailable: boolean): Explanation {
  const availability = losses.find(({ signal }) => signal.name === 'availability');
  if (availability !== undefined && TELLING.has(availability.signal.reason)) return explainLoss(availability, losses);
  const evidence = availability === undefined ? 'the workload is not available' : evidenceOf(availability);
  if (everAvailable) {
    return { reason: 'Starting', message: advise(`${evidence}; it was scaled up from zero`, 'Starting') };
  }
  return { reason: 'NeverAvailable', message: advise(`${evidence}; it was never available so far`, 'NeverAvailable') };
}

/** Why there is no workload to look at. */
export function explainAbsent(target: Exclude<Target, { state: 'Found' }>, name: string): Explanation {
  const { reason } = target;
  switch (reason) {
    case 'TargetNotFound':
      return { reason, message: advise(`${name} does not exist`, reason) };
    case 'TargetKindUnknown':
      return { reason, message: advise(`the API server knows no kind like that of ${name}`, reason) };
    case 'TargetNotScalable':
      return { reason, message: advise(`the kind of ${name} has no scale subresource`, reason) };
    case 'TargetUnavailable':
      return { reason, message: advise(`the API server does not say at present how ${name} is`, reason) };
    case 'TargetAlreadyManaged':
      return { reason, message: advise(`${target.by} looks after ${name} already`, reason) };
    case 'Forbidden': {
      const evidence = `Baton may not ${target.verb} ${target.resource}, so nothing is known of ${name}`;
      return {
        reason,
        message: `${evidence}; grant ${target.verb} on ${target.resource} to the ServiceAccount of Baton`,
      };
    }
  }
}

/** Missing signals by weight, heaviest first: the reason is that of the first. */
export function explainMissing(signals: readonly Signal[], shown: readonly SignalStatus[]): Explanation | undefined {
  const missing = signals.filter(({ state }) => state === 'missing').sort((a, b) => b.weight - a.weight);
  const [first] = missing;
  if (first === undefined) return undefined;
  const parts = missing.slice(0, 3).map(({ name }) => {
    const evidence = shown.find((signal) => signal.name === name)?.evidence ?? '';
    return `${name} has no fresh evidence (${evidence})`;
  });
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return { reason: first.reason, message: advise(parts.join(', ') + more, first.reason) };
}
