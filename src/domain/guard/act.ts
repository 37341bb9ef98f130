/** A workload: this very one (uid). */
export interface WorkloadReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface AutoscalerReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A Service of Kubernetes. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Bounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** Gives a workload another number of replicas. */
export interface ScaleAct {
  readonly type: 'Scale';
  readonly target: WorkloadReference;
  /** What it must ask for now: anything else means that somebody was faster. */
  readonly from: number;
  readonly to: number;
  /** Annotations of the workload, in the same write as the replicas; null takes one away. Kinds that are written through their scale carry none. */
  readonly annotations: Readonly<Record<string, string | null>>;
  /**
   * The annotations tell what the workload had: without them nothing is done. A kind that is written through its scale gets them in a write
   * before the replicas, and loses them in one after.
   */
  readonly isRemembered?: boolean;
}

/** Moves the bounds of a HorizontalPodAutoscaler. */
export interface MoveBoundsAct {
  readonly type: 'MoveBounds';
  readonly target: AutoscalerReference;
  readonly from: Bounds;
  readonly to: Bounds;
}

/** Asks the API server to evict a pod; a PodDisruptionBudget may refuse. */
export interface EvictAct {
  readonly type: 'Evict';
  readonly target: PodReference;
}

/** Rolls all pods of a workload, as kubectl rollout restart does. */
export interface RestartAct {
  readonly type: 'Restart';
  readonly target: WorkloadReference;
  /** The workload is stamped with it: a second act of that id is done already. */
  readonly id: string;
}

/** Goes back to the template of an earlier revision, as kubectl rollout undo does. */
export interface RollBackAct {
  readonly type: 'RollBack';
  readonly target: WorkloadReference;
  readonly id: string;
  /** The value of pod-template-hash (Deployment) or controller-revision-hash (StatefulSet) of its pods. */
  readonly revision: string;
}

export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The annotation that says by which act a workload was last rolled. */
export const ACT = 'baton.dev/act';

type Labels = Readonly<Record<string, string>>;

/** Gives a Service another selector, so that its traffic goes to other pods. */
export interface SelectAct {
  readonly type: 'Select';
  readonly target: ServiceReference;
  readonly from: Labels;
  readonly to: Labels;
  /** Kept in an annotation of the Service; an act with one that is not higher comes from a former leader. */
  readonly epoch: number;
}

/** Starts a workflow from a template, to heal a workload. */
export interface StartWorkflowAct {
  readonly type: 'StartWorkflow';
  /** What it is to heal. */
  readonly target: WorkloadReference;
  /** The workflow is stamped with it: a second act of that id is done already. */
  readonly id: string;
  /** Of the workflow, the same for each try of that id. */
  readonly name: string;
  /** The OrchestratedService. */
  readonly service: string;
  readonly template: string;
  readonly parameters?: readonly { readonly name: string; readonly value: string }[];
  readonly serviceAccountName?: string;
}

/** Everything that Baton does to what is not its own. */
export type Act = ScaleAct | MoveBoundsAct | EvictAct | RestartAct | RollBackAct | SelectAct | StartWorkflowAct;

/** What an act is for. */
export type Cause = 'Scaling' | 'Healing' | 'Startup' | 'Failover' | 'GivingBack' | 'Halt' | 'Resume';
