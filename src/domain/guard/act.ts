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
}

/** Moves the bounds of a HorizontalPodAutoscaler. */
export interface MoveBoundsAct {
  readonly type: 'MoveBounds';
  readonly target: AutoscalerReference;
  readonly from: Bounds;
  readonly to: Bounds;
}

/** Everything that Baton does to what is not its own. */
export type Act = ScaleAct | MoveBoundsAct;

/** What an act is for. */
export type Cause = 'Scaling';
