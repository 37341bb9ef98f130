import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Signal } from '../health/signal.ts';
import { timestamp } from './conditions.ts';

export type SignalStatus = NonNullable<OrchestratedServiceStatus['signals']>[number];

/** Points by which the score of a signal must move before the status tells. */
export const NOTICEABLE = 5;

/**
 * What the status says of each signal: the previous figures until the score has moved by 5 points, the finding is another, or the level
 * of the service changed. So a figure that trembles causes no writes, and the comparison with the last status can be plain.
 */
export function signalStatuses(
  signals: readonly Signal[],
  previous: readonly SignalStatus[] | undefined,
  levelChanged: boolean,
  now: number,
): SignalStatus[] {
  return signals.map((signal) => {
    const before = previous?.find(({ name }) => name === signal.name);
    return before !== undefined && !levelChanged && stands(before, signal) ? before : written(signal, before, now);
  });
}

function stands(before: SignalStatus, signal: Signal): boolean {
  if (before.weight !== signal.weight || !tellsTheSame(before.evidence ?? '', signal)) return false;
  if (signal.state === 'missing') return before.score === undefined;
  return before.score !== undefined && Math.abs(before.score - signal.score) < NOTICEABLE;
}

/** Where all of the evidence is the finding, a longer sentence that begins alike is another. */
function tellsTheSame(before: string, { finding, evidence }: Signal): boolean {
  return finding === evidence ? before === evidence : before.startsWith(finding);
}

function written(signal: Signal, before: SignalStatus | undefined, now: number): SignalStatus {
  const { name, weight, value, evidence } = signal;
  const known = value === undefined ? { name, weight, evidence } : { name, value, weight, evidence };
  if (signal.state === 'missing') {
    // The moment goes with the last value, which stays to tell what was seen before the source fell silent.
    return before?.observedAt === undefined ? known : { ...known, observedAt: before.observedAt };
  }
  const score = Math.round(signal.score);
  const seenBefore = before?.score === score ? before.observedAt : undefined;
  return { ...known, score, observedAt: seenBefore ?? timestamp(now) };
}
