import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { FailoverRules, Side } from './rules.ts';

/** What stands in the way, in a sentence. */
export interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
}

/** One of the two workloads, as the cache has it. */
export interface SideFacts {
  /** As kind/name. */
  readonly name: string;
  /** Replicas that it asks for; undefined where there is no such workload, or it cannot be read. */
  readonly desired: number | undefined;
  /** Surely there is no such workload, or it is being deleted: nothing can be given back to it. */
  readonly isGone: boolean;
  readonly ready: number;
  /** The count in the annotation of a fenced workload, as it was last read. */
  readonly fencedReplicas: number | undefined;
}

/** Everything that a step follows from. What only some states need is asked for in those: undefined elsewhere. */
export interface FailoverFacts {
  /** Ms since the epoch. */
  readonly now: number;
  readonly rules: FailoverRules;
  readonly mode: OrchestratedServiceSpec['mode'];
  /** The OrchestratedService is being deleted: what was taken is given back, and nothing new begins. */
  readonly isGoing: boolean;
  /** Of the active side: Down is Critical or Failed by fresh evidence; Unknown is no evidence for either. */
  readonly health: 'Up' | 'Down' | 'Unknown';
  /** Why it is down. */
  readonly because: string;
  readonly sides: Readonly<Record<Side, SideFacts>>;
  /** What stands in the way of every move. */
  readonly obstacle: Obstacle | undefined;
  /** What stands in the way of moves that nobody ordered. */
  readonly freeze: Obstacle | undefined;
  /** Moving would not help: the cause is elsewhere. */
  readonly elsewhere: Obstacle | undefined;
  /** The side whose selector the Service has; Other for neither, undefined where it is not known. */
  readonly selects: Side | 'Other' | undefined;
  /** In the annotation of the Service. */
  readonly epoch: number;
  /** The Service, and its selector as text. */
  readonly service: { readonly name: string; readonly selector: string };
  /** Whether no pod of the side that is left is there any more, as the API server has it now: terminating is there. */
  readonly podsGone: boolean | undefined;
  /** Endpoints of the Service, as the API server has them now: ready ones of the side it moves to, and any of the other. */
  readonly endpoints: { readonly arrived: number; readonly left: number } | undefined;
  /** Where the service that this one follows has its traffic; undefined while it moves, or there is none. */
  readonly followed: Side | undefined;
  /** spec.suspend: nothing begins, and what was begun is undone. */
  readonly isSuspended: boolean;
  /** Somebody with more authority acts on the workload, or an act was refused. */
  readonly held: Obstacle | undefined;
}

/** Why nothing is begun at present. */
export const pause = ({ held, isSuspended, isGoing }: FailoverFacts): Obstacle | undefined =>
  held ?? (isSuspended && !isGoing ? { reason: 'Suspended', message: 'spec.suspend is true' } : undefined);

/**
 * Why Baton is to do no more for the service: no move begins, and one that has not moved traffic yet is undone, because a primary that was
 * fenced would serve nobody for as long. What was taken is given back whatever the mode.
 */
export function withdrawal({ isGoing, isSuspended, mode }: FailoverFacts): Obstacle | undefined {
  const because = (message: string): Obstacle => ({ reason: 'FailoverAborted', message });
  if (isGoing) return because('the OrchestratedService is being deleted');
  if (isSuspended) return because('spec.suspend is true');
  return mode === 'Enforce' ? undefined : because(`mode is ${mode}`);
}
