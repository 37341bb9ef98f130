import type { Hold } from './emergency/hold.ts';

/**
 * What decisions read of the cluster. Objects are projected to these on arrival and the rest of them is dropped, so a field that
 * is added here is paid for by every pod in the cluster. Moments are milliseconds since the epoch.
 */
export interface PodSnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The controlling owner, e.g. a ReplicaSet. */
  readonly owner: OwnerReference | undefined;
  readonly phase: string;
  readonly ready: boolean;
  /** When the condition Ready last changed its status. */
  readonly readyChangedAt?: number | undefined;
  /** When the kubelet took it on. */
  readonly startedAt?: number | undefined;
  readonly terminating: boolean;
  /** Absent until the scheduler has found one. */
  readonly node?: string | undefined;
  /** Of the node, where the API server copies it to the pod. */
  readonly zone?: string | undefined;
  readonly createdAt: number;
  readonly ip: string | undefined;
  readonly hostNetwork: boolean;
  /** Moments of container restarts that are known, oldest first, those of the last ten minutes at least. */
  readonly restarts: readonly number[];
  readonly oomKilledAt: number | undefined;
  /** The container that was killed then. */
  readonly oomKilledContainer?: string | undefined;
  /** Why a container waits where that is a fault: CrashLoopBackOff, ImagePullBackOff, ErrImagePull, InvalidImageName, CreateContainerConfigError ... */
  readonly waiting: string | undefined;
  /** The scheduler's message where it found no node. */
  readonly unschedulable: string | undefined;
  /** Shared by all pods of one owner that look the same. */
  readonly template: PodTemplateFacts;
}

export interface PodTemplateFacts {
  /** Those of one pod of them: labels that differ between pods of one owner are not told here. */
  readonly labels: Readonly<Record<string, string>>;
  /** Named container ports. */
  readonly ports: Readonly<Record<string, number>>;
  /**
   * What a utilization is a share of, cores and bytes: what is set for the pod as a whole (spec.resources), else the sum over the containers,
   * absent where one of them has none.
   */
  readonly requests: Resources;
  readonly limits: Resources;
  /** What such a pod takes of a node, a quota or a budget: also where some container has no request; with init containers and overhead. */
  readonly reserved: Resources;
  /** What is set for the pod as a whole; absent where nothing is. */
  readonly podLevel?: Sizes | undefined;
  /** Those that run as long as the pod: containers and sidecars. */
  readonly containers: readonly ContainerFacts[];
}

export interface ContainerFacts extends Sizes {
  readonly name: string;
}

export interface Sizes {
  readonly requests: Resources;
  readonly limits: Resources;
}

export interface Resources {
  readonly cpu?: number;
  readonly memory?: number;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A Deployment, StatefulSet, ReplicaSet, or any kind with a scale subresource. */
export interface WorkloadSnapshot {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Its own labels, of Deployments and StatefulSets; absent where it has none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its own controller, such as a Deployment's for a ReplicaSet. */
  readonly owner: OwnerReference | undefined;
  readonly terminating: boolean;
  readonly createdAt: number;
  readonly generation: number;
  /** Absent where the kind does not tell. */
  readonly observedGeneration: number | undefined;
  /** Why the workload's controller cannot create pods, where it says so. */
  readonly createFailure?: string;
  /** spec.replicas, or the scale subresource's. */
  readonly desired: number;
  /** What a halt took from it or added to it; absent where none holds it. */
  readonly hold?: Hold;
  /** What it had before it was held at zero until its turn to start; absent where it is not. */
  readonly startupReplicas?: number;
  /** A label selector as a string, as kubectl -l takes it. */
  readonly selector: string;
  readonly rollout: Rollout;
}

export type Rollout =
  /**
   * The last change was rolled out completely once (for a Deployment: Progressing with NewReplicaSetAvailable); pods that failed
   * since then do not make it Progressing again.
   */
  | { readonly state: 'Complete' }
  | {
      readonly state: 'Progressing';
      readonly message: string;
      /** Pods that are as they should be by now. */
      readonly updated?: number;
      /** Somebody holds it up on purpose. */
      readonly isPaused?: boolean;
    }
  /** The progress deadline passed. */
  | { readonly state: 'Stuck'; readonly message: string }
  /** A kind with nothing but a scale subresource does not tell. */
  | { readonly state: 'Untold' };

/** Use of one pod as metrics.k8s.io tells it, cores and bytes. */
export interface PodUsage {
  readonly cpu: number;
  readonly memory: number;
  /** The end of the window that it was measured over. */
  readonly at: number;
  /** Length of that window. */
  readonly windowMs?: number;
  /** Of each container; absent where that is not told. */
  readonly containers?: readonly ContainerUsage[];
  /** When it was measured, as the monotonic clock of this process has it; its age is counted from `at` where absent. */
  readonly measured?: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly cpu: number;
  readonly memory: number;
}
