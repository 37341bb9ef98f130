import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { deepEqual } from '../equal.ts';
import { formatDuration } from '../duration.ts';
import type { Side } from './rules.ts';

/** Why traffic is moved: the active side is down; a person's order; the way back; another service that this one goes along with. */
export type FailoverCause = 'Failure' | 'Order' | 'Failback' | 'Follow';

/** What holds in every state. Moments are ms since the epoch. */
interface Standing {
  /** The side that the Service selects, as far as Baton moved it. */
  readonly active: Side;
  /** Rises with each switch, before it: an act that carries an older one comes from a former leader. */
  readonly epoch: number;
  /** When this state began. */
  readonly since: number;
  /** When traffic was last moved. */
  readonly switchedAt?: number | undefined;
  /** The last spec.failover.desired that was carried out: an order is carried out once. */
  readonly ordered?: Side | undefined;
  /** No attempt that nobody ordered before this. */
  readonly retryAt?: number | undefined;
  /** The Standby's own replicas, while Baton has it at another count. */
  readonly resting?: number | undefined;
  /** The Primary's own replicas, while it is fenced and the Standby serves. */
  readonly fenced?: number | undefined;
  /** The side that does not serve is still to be brought to the count that it has at rest. */
  readonly untidy?: boolean | undefined;
}

/** One move of the traffic, from its decision to its end. */
export interface Move {
  readonly to: Side;
  readonly cause: FailoverCause;
  /** Pods that must be ready at `to` before anything is taken from the other side. */
  readonly wanted: number;
  /** When the service was first seen down; the decision itself where nothing was. */
  readonly suspectedAt: number;
  readonly decidedAt: number;
  readonly preparedAt?: number | undefined;
  readonly fencedAt?: number | undefined;
  readonly movedAt?: number | undefined;
  /** Replicas of the side that is left, as they were when it was fenced. */
  readonly leaving?: number | undefined;
}

/** How long the parts of the last move took, ms. */
export interface Took {
  readonly detection: number;
  readonly preparation: number;
  readonly fencing: number;
  readonly switch: number;
}

export type Settled = Standing &
  (
    | { readonly name: 'Idle' }
    /** The active side is down, but not for long enough. */
    | { readonly name: 'Suspected' }
    /** A move is due, and something stands in its way. */
    | {
        readonly name: 'Refused';
        readonly to: Side;
        readonly cause: FailoverCause;
        readonly suspectedAt: number;
        readonly reason: Reason;
        readonly message: string;
      }
    /** Traffic was moved, and its cooldown runs. */
    | { readonly name: 'Completed'; readonly took: Took }
  );

/** `Preparing`: the pods of `to` start. `Fencing`: those of the other side end. `Switching`: the selector. `Verifying`: the endpoints. */
export type Moving = Standing & Move & { readonly name: 'Preparing' | 'Fencing' | 'Switching' | 'Verifying' };

export type FailoverState = Settled | Moving;

export const isMoving = (state: FailoverState): state is Moving =>
  state.name === 'Preparing' || state.name === 'Fencing' || state.name === 'Switching' || state.name === 'Verifying';

/** What holds in every state, of any state, for the one that begins at `since`. */
export function standingOf(state: FailoverState, since: number): Standing {
  const { active, epoch, switchedAt, ordered, retryAt, resting, fenced, untidy } = state;
  return { active, epoch, since, switchedAt, ordered, retryAt, resting, fenced, untidy };
}

export function moveOf(state: Moving): Move {
  const { to, cause, wanted, suspectedAt, decidedAt, preparedAt, fencedAt, movedAt, leaving } = state;
  return { to, cause, wanted, suspectedAt, decidedAt, preparedAt, fencedAt, movedAt, leaving };
}

/** Two states that are written alike. */
export const sameState = (a: FailoverState, b: FailoverState): boolean => deepEqual(writeState(a), writeState(b));

type Status = NonNullable<OrchestratedServiceStatus['failover']>;

const at = (ms: number): string => new Date(ms).toISOString();

/** As it is kept in status.failover; what is undefined is left out. */
export function writeState(state: FailoverState): Status {
  const { name, active, epoch, since, switchedAt, ordered, retryAt, resting, fenced, untidy } = state;
  return {
    state: name,
    active,
    epoch,
    since: at(since),
    ...(switchedAt !== undefined && { switchedAt: at(switchedAt) }),
    ...(ordered !== undefined && { ordered }),
    ...(retryAt !== undefined && { retryAt: at(retryAt) }),
    ...(resting !== undefined && { restingReplicas: resting }),
    ...(fenced !== undefined && { fencedReplicas: fenced }),
    ...(untidy === true && { tidying: true }),
    ...(isMoving(state) && writeMove(state)),
    ...(state.name === 'Refused' && writeRefusal(state)),
    ...(state.name === 'Completed' && { took: writeTook(state.took) }),
  };
}

function writeMove({
  to,
  cause,
  wanted,
  suspectedAt,
  decidedAt,
  preparedAt,
  fencedAt,
  movedAt,
  leaving,
}: Move): Partial<Status> {
  return {
    to,
    cause,
    wantedReplicas: wanted,
    suspectedAt: at(suspectedAt),
    decidedAt: at(decidedAt),
    ...(preparedAt !== undefined && { preparedAt: at(preparedAt) }),
    ...(fencedAt !== undefined && { fencedAt: at(fencedAt) }),
    ...(movedAt !== undefined && { movedAt: at(movedAt) }),
    ...(leaving !== undefined && { leavingReplicas: leaving }),
  };
}

function writeRefusal({
  to,
  cause,
  suspectedAt,
  reason,
  message,
}: Extract<Settled, { name: 'Refused' }>): Partial<Status> {
  return { to, cause, suspectedAt: at(suspectedAt), reason, message };
}

const writeTook = (took: Took): NonNullable<Status['took']> => ({
  detection: formatDuration(took.detection),
  preparation: formatDuration(took.preparation),
  fencing: formatDuration(took.fencing),
  switch: formatDuration(took.switch),
});
