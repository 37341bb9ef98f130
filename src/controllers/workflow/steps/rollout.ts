import type { LiveObject } from './ports.ts';

export type RolloutState =
  | { readonly state: 'Complete' }
  | { readonly state: 'Progressing' | 'Stuck'; readonly message: string };

interface Workload {
  readonly spec?: {
    readonly replicas?: number;
    readonly updateStrategy?: { readonly rollingUpdate?: { readonly partition?: number } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

const progressing = (message: string): RolloutState => ({ state: 'Progressing', message });
const COMPLETE: RolloutState = { state: 'Complete' };

/** As `kubectl rollout status` decides (kubernetes staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go). */
export function rolloutOf(kind: string, object: LiveObject): RolloutState {
  const workload = object as Workload;
  const { generation = 0, name } = object.metadata;
  if ((workload.status?.observedGeneration ?? 0) < generation) {
    return progressing(`the controller of ${kind} ${name} has not seen the last change yet`);
  }
  if (kind === 'Deployment') return deployment(workload);
  return kind === 'StatefulSet' ? statefulSet(workload) : daemonSet(workload);
}

function deployment({ spec, status = {} }: Workload): RolloutState {
  const condition = status.conditions?.find(({ type }) => type === 'Progressing');
  if (condition?.reason === 'ProgressDeadlineExceeded') {
    return { state: 'Stuck', message: condition.message ?? 'the rollout passed its progress deadline' };
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  if (updatedReplicas < wanted) return progressing(`${updatedReplicas} of ${wanted} pods are new`);
  if (replicas > updatedReplicas) return progressing(`${replicas - updatedReplicas} old pods have yet to end`);
  if (availableReplicas < updatedReplicas) {
    return progressing(`${availableReplicas} of ${updatedReplicas} new pods are available`);
  }
  return COMPLETE;
}

function statefulSet({ spec, status = {} }: Workload): RolloutState {
  const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status;
  const wanted = spec?.replicas ?? 1;
  if (readyReplicas < wanted) return progressing(`${readyReplicas} of ${wanted} pods are ready`);
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    const due = Math.max(0, wanted - partition);
    return updatedReplicas < due ? progressing(`${updatedReplicas} of ${due} pods are new`) : COMPLETE;
  }
  return currentRevision === updateRevision ? COMPLETE : progressing(`${updatedReplicas} of ${wanted} pods are new`);
}

function daemonSet({ status = {} }: Workload): RolloutState {
  const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled: updated = 0, numberAvailable = 0 } = status;
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods are new`);
  return numberAvailable < wanted ? progressing(`${numberAvailable} of ${wanted} pods are available`) : COMPLETE;
}
