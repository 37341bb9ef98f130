import type { FailoverFacts, Obstacle } from './facts.ts';
import { move } from './moving.ts';
import type { FailoverAct, Told } from './next.ts';
import { settle } from './settled.ts';
import { type FailoverState, isMoving } from './state.ts';

export interface Step {
  readonly state: FailoverState;
  /** To be carried out only where `state` is the one that went in: what is not written yet would not survive. */
  readonly act: FailoverAct | undefined;
  readonly told: readonly Told[];
  /** Why a move does not go on. */
  readonly waits: Obstacle | undefined;
  /** When to look again although nothing changes, ms; Infinity: it follows events. */
  readonly lookAgainInMs: number;
}

/**
 * What lies ahead of a clock that was set back is of now, and is written so: it would stay ahead at each look, and what waits for it would wait
 * until the clock has caught up.
 */
function caughtUp(state: FailoverState, { rules }: FailoverFacts, now: number): FailoverState {
  const { since, switchedAt = now, retryAt = now } = state;
  const suspectedAt = 'suspectedAt' in state ? state.suspectedAt : now;
  const latestRetry = now + rules.cooldown;
  if (Math.max(since, switchedAt, suspectedAt) <= now && retryAt <= latestRetry) return state;
  const past: FailoverState = {
    ...state,
    since: Math.min(since, now),
    switchedAt: state.switchedAt && Math.min(switchedAt, now),
    retryAt: state.retryAt && Math.min(retryAt, latestRetry),
  };
  return 'suspectedAt' in past ? { ...past, suspectedAt: Math.min(suspectedAt, now) } : past;
}

/**
 * The next state, as far as it follows from these facts, and what to do while it lasts. Nothing is remembered but the state, and every state
 * may be entered again by another process: what was done is seen in the facts, and is not done twice.
 */
export function step(before: FailoverState, facts: FailoverFacts, now: number): Step {
  let state = caughtUp(before, facts, now);
  const told: Told[] = [];
  for (;;) {
    const next = isMoving(state) ? move(state, facts, now) : settle(state, facts, now);
    if ('stay' in next) {
      const { act, waits, lookAgainInMs = Infinity } = next.stay;
      // In a state that is not written yet nothing is done: the next look comes at once.
      const isWritten = state === before;
      return {
        state,
        act: isWritten ? act : undefined,
        told,
        waits,
        lookAgainInMs: isWritten || !act ? lookAgainInMs : 0,
      };
    }
    const isOver = next.state.active !== state.active || (isMoving(state) && !isMoving(next.state));
    state = next.state;
    if (next.told) told.push(next.told);
    // What follows then follows from facts about the other side, and from its health.
    if (isOver) return { state, act: undefined, told, waits: undefined, lookAgainInMs: 0 };
  }
}
