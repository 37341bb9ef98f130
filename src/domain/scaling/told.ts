import type { LimitReason } from './limits.ts';

/** What is told of a limit, which is less hasty than the limit itself. */
export interface Told {
  readonly reason: LimitReason;
  /** The replicas there were, and those that were decided on. */
  readonly current: number;
  readonly desired: number;
  /** When either last changed, by the monotonic clock, ms. */
  readonly changedAt: number;
  /** Another reason, and since when there has been no other than it. */
  readonly next: { readonly reason: LimitReason; readonly since: number } | undefined;
  /** How long another reason has to hold, ms. */
  readonly holdMs: number;
  /** The hindrance that was told, for as long as it lasts. */
  readonly hindrance?: LimitReason | undefined;
}

interface Situation {
  readonly current: number;
  readonly desired: number;
  /** What is the matter with the workload now, whether or not it limits anything. */
  readonly hindrance?: LimitReason | undefined;
}

const HOLD_MS = 60_000;
const LONGEST_HOLD_MS = 16 * HOLD_MS;

/**
 * Why the replicas are limited, as the status has it. A figure at a boundary moves a little with every look, and the reason with it though the
 * replicas stay: so another reason is told when it has held for a minute, and then for twice as long each time, until the replicas change.
 * It is told at once where they have changed within a minute, where a capacity budget comes or goes, because others act on that, and once for each
 * rollout or used up quota that is in the way, and when that is over: these are no noise.
 */
export function tell(
  before: Told | undefined,
  reason: LimitReason,
  { current, desired, hindrance }: Situation,
  at: number,
): Told {
  const isSame = before?.current === current && before.desired === desired;
  const changedAt = before !== undefined && isSame ? before.changedAt : at;
  const isHindered = hindrance !== undefined && (reason === hindrance || before?.hindrance === hindrance);
  const lasting = isHindered ? { hindrance } : {};
  const now: Told = { reason, current, desired, changedAt, next: undefined, holdMs: HOLD_MS, ...lasting };
  if (before === undefined || at - changedAt < HOLD_MS) return now;
  const { holdMs } = before;
  if (reason === before.reason) return { ...now, holdMs };
  const isNews = reason === hindrance && before.hindrance !== hindrance;
  const isOver = before.reason === before.hindrance && before.hindrance !== hindrance;
  if (isNews || isOver) return { ...now, holdMs };
  if (reason === 'CapacityBudget' || before.reason === 'CapacityBudget') return now;
  const next = before.next?.reason === reason ? before.next : { reason, since: at };
  if (at - next.since < holdMs) return { ...now, reason: before.reason, next, holdMs };
  return { ...now, holdMs: Math.min(2 * holdMs, LONGEST_HOLD_MS) };
}
