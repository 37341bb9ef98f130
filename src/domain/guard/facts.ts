import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import type { isSick } from '../healing/sick.ts';
import type {
  Act,
  Bounds,
  Cause,
  EvictAct,
  MoveBoundsAct,
  RestartAct,
  RollBackAct,
  ScaleAct,
  SelectAct,
  StartWorkflowAct,
} from './act.ts';
import type { Situation } from './situation.ts';

/** A version of an OrchestratedService, for which an act is done. */
export interface Asker {
  readonly uid: string;
  readonly generation: number;
  readonly terminating: boolean;
  readonly mode: OrchestratedServiceSpec['mode'];
  readonly suspended: boolean;
}

interface LiveObject {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly terminating: boolean;
}

export interface LiveWorkload extends LiveObject {
  readonly replicas: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface LiveAutoscaler extends LiveObject, Bounds {}

export type LivePod = LiveObject & Parameters<typeof isSick>[0];

/** A Service of Kubernetes. */
export interface LiveTraffic extends LiveObject {
  /** Undefined where it has none. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** Of the last switch, from its annotation; 0 before the first. */
  readonly epoch: number;
}

/** What an act is done to, as the API server has it at this moment. */
export type LiveOf<A extends Act> = A extends ScaleAct | RestartAct | RollBackAct | StartWorkflowAct
  ? LiveWorkload
  : A extends MoveBoundsAct
    ? LiveAutoscaler
    : A extends EvictAct
      ? LivePod
      : A extends SelectAct
        ? LiveTraffic
        : never;

/**
 * Everything that the guard knows when it looks at one act: nothing of it is from a cache, but for halts, which are written on condition of
 * the version that the cache has, so that the API server itself compares.
 */
export interface Facts<A extends Act = Act> {
  /** By the monotonic clock, at this moment. */
  readonly leads: boolean;
  readonly cause: Cause;
  /** What stands in the way beside all that. */
  readonly situation: Situation;
  /** The version that the act was decided on; undefined where something is given back that nobody looks after any more. */
  readonly decidedOn: Asker | undefined;
  /** What that object is by now; undefined when it is gone. */
  readonly asker: Asker | undefined;
  /** Undefined when it is gone. */
  readonly live: LiveOf<A> | undefined;
  /** The id of the emergency halt there is. */
  readonly halt: string | undefined;
  /** Why the act is no longer right, seen from `live`. */
  readonly objection: string | undefined;
}
