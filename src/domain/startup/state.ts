import type { OrchestratedServiceStatus } from '../../api/kinds.ts';

type StartupStatus = NonNullable<OrchestratedServiceStatus['startup']>;

/** How far the start of a service has come: in the status, all of it. Moments are ms since the epoch. */
export interface StartupState {
  /**
   * Waiting: to be at zero until what it waits for is up, or until there is a workload. Starting: not up yet, although nothing is in the way.
   * RolledBack: to be at zero because another one failed.
   */
  readonly state: StartupStatus['state'];
  /** Of this state. */
  readonly since: number;
  /** How often it was raised, or could start by itself, in this sequence. */
  readonly attempts: number;
  /** When it was raised in this sequence; undefined for what was not, which is never taken down. */
  readonly raisedAt: number | undefined;
  /** The replicas that it had, while it is to be at zero, or was and is to be raised. */
  readonly replicas: number | undefined;
  /** When it was seen at zero. */
  readonly downAt: number | undefined;
  /** Somebody scaled it while it was held. */
  readonly byHand: boolean;
  /** Of the spec for which it failed or was rolled back. */
  readonly generation: number | undefined;
  /** Whose failure it was rolled back for. */
  readonly cause: Cause | undefined;
}

export interface Cause {
  /** `namespace/name` */
  readonly key: string;
  readonly generation: number;
}

/** A state that was just entered. */
export const enter = (
  state: StartupState['state'],
  now: number,
  more: Partial<Omit<StartupState, 'state' | 'since'>> = {},
): StartupState => ({
  attempts: 0,
  raisedAt: undefined,
  replicas: undefined,
  downAt: undefined,
  byHand: false,
  generation: undefined,
  cause: undefined,
  ...more,
  state,
  since: now,
});

/** The workload is to be at zero. */
export const isToBeDown = ({ state, replicas }: StartupState): boolean =>
  replicas !== undefined && state !== 'Starting';

/** The workload is at zero and is to be raised. */
export const isToBeRaised = ({ state, replicas }: StartupState): boolean =>
  replicas !== undefined && state === 'Starting';

const moment = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
// Exact: the order in which services were raised is the order in which they are taken down again.
const written = (at: number): string => new Date(at).toISOString();

export function readStartup(status: StartupStatus | undefined): StartupState | undefined {
  if (status === undefined) return undefined;
  const { state, since, attempts, raisedAt, replicas, downAt, byHand = false, generation, cause } = status;
  return {
    state,
    since: Date.parse(since),
    attempts,
    raisedAt: moment(raisedAt),
    replicas,
    downAt: moment(downAt),
    byHand,
    generation,
    cause,
  };
}

export function writeStartup(given: StartupState): StartupStatus {
  const { state, since, attempts, raisedAt, replicas, downAt, byHand, generation, cause } = given;
  return {
    state,
    since: written(since),
    attempts,
    ...(raisedAt !== undefined && { raisedAt: written(raisedAt) }),
    ...(replicas !== undefined && { replicas }),
    ...(downAt !== undefined && { downAt: written(downAt) }),
    ...(byHand && { byHand }),
    ...(generation !== undefined && { generation }),
    ...(cause && { cause: { key: cause.key, generation: cause.generation } }),
  };
}
