import type { Reason } from '../../api/reasons.ts';
import type { Obstacle } from './facts.ts';
import type { Side } from './rules.ts';
import { type FailoverState, type Settled, standingOf } from './state.ts';

/** What is to be done while a state lasts; doing it again changes nothing. */
export type FailoverAct =
  | {
      readonly type: 'Scale';
      readonly side: Side;
      readonly from: number;
      readonly to: number;
      readonly fences: number | undefined;
    }
  | { readonly type: 'Select'; readonly from: Side; readonly to: Side; readonly epoch: number };

/** Something that people are told. */
export interface Told {
  readonly reason: Reason;
  readonly verdict: string;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
}

/** The next state, or what is done while this one stays. */
export type Next = { readonly state: FailoverState; readonly told?: Told } | Stay;
interface Stay {
  readonly stay: {
    readonly act?: FailoverAct | undefined;
    readonly waits?: Obstacle | undefined;
    readonly lookAgainInMs?: number;
  };
}

/** The grace period that pods have where nothing is written. */
export const GRACE_MS = 30_000;
export const POLL_MS = 1_000;

/** Idle, or Completed again where its cooldown still runs is not told apart: the cooldown follows from switchedAt. */
export const restingState = (state: FailoverState, now: number): Settled => ({
  ...standingOf(state, now),
  name: 'Idle',
});
