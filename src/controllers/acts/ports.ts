import type { Reason } from '../../api/reasons.ts';
import type {
  AutoscalerReference,
  EvictAct,
  MoveBoundsAct,
  PodReference,
  RestartAct,
  RollBackAct,
  ScaleAct,
  SelectAct,
  ServiceReference,
  StartWorkflowAct,
  WorkloadReference,
} from '../../domain/guard/act.ts';
import type { Permit } from '../../domain/guard/examine.ts';
import type { Asker, LiveAutoscaler, LivePod, LiveTraffic, LiveWorkload } from '../../domain/guard/facts.ts';

/** Baton lacks a permission; in the words of RBAC rules. */
export interface Forbidden {
  readonly kind: 'forbidden';
  readonly verb: string;
  readonly resource: string;
}

/** What became of a write; rejects where trying again may help. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  /** Somebody was faster. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  /** The API server, or an admission policy or webhook, refused. */
  | { readonly kind: 'refused'; readonly message: string }
  /** A PodDisruptionBudget allows no eviction now. */
  | { readonly kind: 'blocked'; readonly message: string }
  | Forbidden;

/** It was done before: by this process, which was not answered, or by one that died. */
export interface Already {
  readonly kind: 'already';
}

/** What became of an act. */
export type ActOutcome =
  | WriteOutcome
  | Already
  /** The guard objects, by the policy of that name. */
  | { readonly kind: 'objected'; readonly policy: string; readonly reason: Reason; readonly message: string };

/** Reads from the API server, never from a cache. Undefined: it is gone. Rejects where trying again may help. */
export interface LivePort {
  asker(
    reference: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<Asker | undefined>;
  workload(reference: WorkloadReference, signal: AbortSignal): Promise<LiveWorkload | Forbidden | undefined>;
  pod(reference: PodReference, signal: AbortSignal): Promise<LivePod | Forbidden | undefined>;
  autoscaler(reference: AutoscalerReference, signal: AbortSignal): Promise<LiveAutoscaler | Forbidden | undefined>;
  traffic(reference: ServiceReference, signal: AbortSignal): Promise<LiveTraffic | Forbidden | undefined>;
}

/** Writes what was permitted, on condition that it is still at the version that the guard saw. */
export interface ActPort {
  scale(permit: Permit<ScaleAct>, signal: AbortSignal): Promise<WriteOutcome>;
  moveBounds(permit: Permit<MoveBoundsAct>, signal: AbortSignal): Promise<WriteOutcome>;
  evict(permit: Permit<EvictAct>, signal: AbortSignal): Promise<WriteOutcome>;
  restart(permit: Permit<RestartAct>, signal: AbortSignal): Promise<WriteOutcome>;
  rollBack(permit: Permit<RollBackAct>, signal: AbortSignal): Promise<WriteOutcome>;
  select(permit: Permit<SelectAct>, signal: AbortSignal): Promise<WriteOutcome>;
  startWorkflow(permit: Permit<StartWorkflowAct>, signal: AbortSignal): Promise<WriteOutcome | Already>;
}
