import type { Health, HealthLevel } from '../../api/kinds.ts';
import { isWorse, levelOf, levelWithSpare } from './level.ts';

export interface Pending {
  /** The nearest to the present level that the evidence was at since then. */
  readonly level: HealthLevel;
  /** ms since the epoch. */
  readonly since: number;
}

export interface LevelState {
  readonly level: Health;
  readonly pending: Pending | undefined;
}

export interface Evidence {
  /** A fall needs this to be below the level. */
  readonly atBest: number;
  /** A rise needs this to be above the floor of the better level with points to spare. */
  readonly asLastSeen: number;
  /** How long a fall and a rise must last, ms. */
  readonly fall: number;
  readonly rise: number;
}

/**
 * The level follows the evidence after it was on the same side for the whole delay, and then only as far as the mildest it was in that
 * time; what goes further waits again. A `since` in the future (the clock was set back) counts from now.
 */
export function step(state: LevelState, evidence: Evidence, now: number): LevelState {
  const { level, pending } = state;
  if (level === 'Unknown') return { level: levelOf(evidence.asLastSeen), pending: undefined };
  const target = targetOf(level, evidence);
  if (target === undefined) return { level, pending: undefined };
  const falls = isWorse(target, level);
  const continues = pending !== undefined && pending.level !== level && isWorse(pending.level, level) === falls;
  const since = continues ? Math.min(pending.since, now) : now;
  const mildest = continues ? nearer(pending.level, target, falls) : target;
  if (now - since < (falls ? evidence.fall : evidence.rise)) return { level, pending: { level: mildest, since } };
  return step({ level: mildest, pending: undefined }, evidence, now);
}

/** When to look again; undefined when nothing waits. */
export function dueAt({ level, pending }: LevelState, { fall, rise }: Evidence): number | undefined {
  if (pending === undefined || level === 'Unknown') return undefined;
  return pending.since + (isWorse(pending.level, level) ? fall : rise);
}

function targetOf(level: HealthLevel, { atBest, asLastSeen }: Evidence): HealthLevel | undefined {
  const worse = levelOf(atBest);
  if (isWorse(worse, level)) return worse;
  const better = levelWithSpare(asLastSeen);
  return isWorse(level, better) ? better : undefined;
}

function nearer(a: HealthLevel, b: HealthLevel, falling: boolean): HealthLevel {
  return isWorse(a, b) === falling ? b : a;
}
