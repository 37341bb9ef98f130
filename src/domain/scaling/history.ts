import type { DirectionRules, Policy } from './rules.ts';
import type { Told } from './told.ts';

/** A count of replicas that the metrics asked for, and when by the monotonic clock, ms. */
interface Mark {
  readonly replicas: number;
  readonly at: number;
}

/** By how much the replicas were changed, and when by the monotonic clock, ms. */
interface Change {
  readonly by: number;
  readonly at: number;
}

/**
 * What scaling remembers of a service between decisions, in memory only: after a restart it begins with the replicas of that moment as its
 * one recommendation, as the HorizontalPodAutoscaler does. The recommendations are kept as two monotone queues, because only the lowest and
 * the highest of a window is ever asked for: so their number is bounded by that of different counts and not by the length of the window.
 */
export interface ScaleState {
  /** The replicas that were last seen or written. */
  readonly known: number;
  /** Rising: the first is the lowest of the window. */
  readonly lows: readonly Mark[];
  /** Falling: the first is the highest of the window. */
  readonly highs: readonly Mark[];
  readonly ups: readonly Change[];
  readonly downs: readonly Change[];
  /** How many times in a row the metrics could not decide, a sync period apart. */
  readonly failures: number;
  readonly failedAt: number | undefined;
  /** When somebody else last changed the replicas. */
  readonly changedByHandAt: number | undefined;
  /** What was last told of what limits the replicas; undefined while nothing is. */
  readonly told: Told | undefined;
}

export function beginAt(replicas: number, at: number): ScaleState {
  const first = [{ replicas, at }];
  return {
    known: replicas,
    lows: first,
    highs: first,
    ups: [],
    downs: [],
    failures: 0,
    failedAt: undefined,
    changedByHandAt: undefined,
    told: undefined,
  };
}

/** Remembers what the metrics asked for. A moment that is exactly a window old does not count any more. */
export function recommend(
  state: ScaleState,
  replicas: number,
  windows: { readonly up: DirectionRules; readonly down: DirectionRules },
  at: number,
): ScaleState {
  const mark = { replicas, at };
  const lows = within(state.lows, windows.up.windowMs, at).filter((low) => low.replicas < replicas);
  const highs = within(state.highs, windows.down.windowMs, at).filter((high) => high.replicas > replicas);
  return { ...state, lows: [...lows, mark], highs: [...highs, mark] };
}

/** Remembers that so many were kept because nothing better was known: what is known again takes nothing away before a window has passed. */
export function hold(state: ScaleState, replicas: number, { windowMs }: DirectionRules, at: number): ScaleState {
  const highs = within(state.highs, windowMs, at).filter((high) => high.replicas > replicas);
  return { ...state, highs: [...highs, { replicas, at }] };
}

export const within = (marks: readonly Mark[], windowMs: number, now: number): readonly Mark[] =>
  marks.filter(({ at }) => at > now - windowMs);

/** The state after the replicas were really changed: call it when the write went through, and only then. */
export function scaled(
  state: ScaleState,
  rules: { readonly up: DirectionRules; readonly down: DirectionRules },
  from: number,
  to: number,
  at: number,
): ScaleState {
  if (from === to) return state;
  const change = { by: Math.abs(to - from), at };
  const { ups, downs } = state;
  return to > from
    ? { ...state, known: to, ups: [...recent(ups, rules.up, at), change] }
    : { ...state, known: to, downs: [...recent(downs, rules.down, at), change] };
}

/** Both directions' periods look at both kinds of changes; an hour is more than the longest there is (30 minutes). */
function recent(changes: readonly Change[], { policies }: DirectionRules, now: number): readonly Change[] {
  const longest = policies.reduce((most, { periodMs }) => Math.max(most, periodMs), 1_800_000);
  return changes.filter(({ at }) => at > now - longest);
}

/** The replicas at the beginning of a policy's period. */
export function atPeriodStart(state: ScaleState, current: number, { periodMs }: Policy, now: number): number {
  return current - changed(state.ups, periodMs, now) + changed(state.downs, periodMs, now);
}

function changed(changes: readonly Change[], periodMs: number, now: number): number {
  let sum = 0;
  for (const { by, at } of changes) if (at > now - periodMs) sum += by;
  return sum;
}

/** How long until a change falls out of one of the periods, ms; undefined when none is in any. */
export function untilRelief(state: ScaleState, { policies }: DirectionRules, now: number): number | undefined {
  let soonest = Infinity;
  for (const { periodMs } of policies) {
    for (const { at } of [...state.ups, ...state.downs]) {
      if (at > now - periodMs) soonest = Math.min(soonest, at + periodMs - now);
    }
  }
  return soonest === Infinity ? undefined : soonest;
}
