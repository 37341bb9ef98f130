import type { HealthLevel, OrchestratedService, OrchestrationSpec } from '../../api/kinds.ts';
import type { DependencyState } from '../dependencies/evaluate.ts';
import type { MissingReason, Reading } from '../reading.ts';
import type { Advice } from '../recommendations/facts.ts';
import type { ScalingFindings } from '../scaling/findings.ts';
import type { PartFindings } from './part.ts';
import type { ServiceScores } from '../scores/scores.ts';
import type { PodSnapshot, PodUsage, WorkloadSnapshot } from '../snapshot.ts';

/** What was found under targetRef. */
export type Target =
  | { readonly state: 'Found'; readonly workload: WorkloadSnapshot }
  | { readonly state: 'Absent'; readonly reason: 'TargetNotFound' | 'TargetKindUnknown' | 'TargetNotScalable' }
  /** The API server does not say at present, which says nothing of the workload. */
  | { readonly state: 'Absent'; readonly reason: 'TargetUnavailable' }
  /** `by` is the name of the older OrchestratedService in the same namespace. */
  | { readonly state: 'Absent'; readonly reason: 'TargetAlreadyManaged'; readonly by: string }
  /** The API server refused; `resource` as in RBAC rules, e.g. `deployments.apps` or `rollouts.argoproj.io/scale`. */
  | { readonly state: 'Absent'; readonly reason: 'Forbidden'; readonly verb: string; readonly resource: string };

/** Use of the pods, or why it is not known. Pods that are absent from `pods` have no figure. */
export type Usage =
  | { readonly kind: 'known'; readonly pods: ReadonlyMap<string, PodUsage> }
  | { readonly kind: 'missing'; readonly reason: MissingReason; readonly evidence: string };

/** One consistent view of everything that the status of a service depends on. */
export interface ServiceInput {
  /** The object as last read; its `status` is the one that was last written. */
  readonly service: Pick<OrchestratedService, 'metadata' | 'spec' | 'status'>;
  readonly target: Target;
  /** Pods that the workload owns, in any order. */
  readonly pods: readonly PodSnapshot[];
  /** How many pods match the selector but belong to others. */
  readonly strangers: number;
  readonly usage: Usage;
  /** By the name of the check. A check without an entry was not asked yet. */
  readonly readings: ReadonlyMap<string, Reading>;
  /** What evaluateDependencies gave. */
  readonly dependencies: readonly DependencyState[];
  /** What became of the decision about the replicas; absent where spec.scaling asks for none. */
  readonly scaling?: ScalingFindings | undefined;
  /** What the parts that act for the service add, in the order of their authority. */
  readonly parts?: readonly PartFindings[];
  /** What recommendations and scores follow from beside all this; without it they say less. */
  readonly advice?: Advice | undefined;
  readonly policy: OrchestrationSpec;
  /** Milliseconds since the epoch; it may be before moments in the status when the clock was set back. */
  readonly now: number;
}

/** Exact figures for Prometheus; the status holds rounded ones that move less often. */
export interface ServiceFigures {
  readonly health: HealthLevel | 'Unknown';
  /** 0 to 100; undefined before the first evidence. */
  readonly score: number | undefined;
  /** 0 to 1. */
  readonly confidence: number;
  readonly current: number;
  readonly ready: number;
  readonly desired: number;
  /** What Baton wants; absent where it does not scale. */
  readonly recommended?: number;
  /** What the predicted load needs; absent while it is not trusted. */
  readonly predicted?: number;
  /** `score` is undefined while there is no fresh evidence. */
  readonly signals: readonly { readonly name: string; readonly score: number | undefined }[];
  readonly scores: ServiceScores;
  /** How many there are. */
  readonly recommendations: number;
  /** How many metrics are unusual now; absent where none is watched. */
  readonly anomalies?: number;
  /** They move with time alone, so they are counted when somebody asks; ms since the epoch. */
  readonly objectivesAt: (now: number) => readonly {
    readonly name: string;
    readonly availability: number;
    readonly budgetRemaining: number;
    readonly burnRate: number;
  }[];
}
