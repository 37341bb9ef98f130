import { holdOf } from '../../domain/emergency/hold.ts';
import type { Rollout, WorkloadSnapshot } from '../../domain/snapshot.ts';
import { keptReplicas } from '../../domain/startup/kept.ts';
import { controllerOf, moment, type RawMeta } from './meta.ts';
import { formatSelector, type LabelSelector } from './selector.ts';

/** The part of Deployments, StatefulSets and ReplicaSets that is looked at. */
export interface RawWorkload {
  metadata: RawMeta;
  spec?: {
    replicas?: number;
    selector?: LabelSelector;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

export const projectDeployment = (raw: RawWorkload): WorkloadSnapshot => ({
  ...project(raw, 'Deployment', deploymentRollout),
  ...labelsOf(raw.metadata),
});
export const projectStatefulSet = (raw: RawWorkload): WorkloadSnapshot => ({
  ...project(raw, 'StatefulSet', statefulSetRollout),
  ...labelsOf(raw.metadata),
});
/** A ReplicaSet is a link from pods to what owns it, and a workload of its own where nothing does. */
export const projectReplicaSet = (raw: RawWorkload): WorkloadSnapshot => {
  // Of the many old ReplicaSets of Deployments nobody asks for the selector.
  const lean = controllerOf(raw.metadata) ? { ...raw, spec: { replicas: raw.spec?.replicas ?? 0 } } : raw;
  return project(lean, 'ReplicaSet', replicaSetRollout);
};

function project(
  raw: RawWorkload,
  kind: string,
  rollout: (raw: RawWorkload, desired: number) => Rollout,
): WorkloadSnapshot {
  const { metadata, spec, status } = raw;
  const desired = spec?.replicas ?? 1;
  return {
    apiVersion: 'apps/v1',
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    owner: controllerOf(metadata),
    terminating: metadata.deletionTimestamp !== undefined,
    createdAt: moment(metadata.creationTimestamp) ?? 0,
    generation: metadata.generation ?? 0,
    observedGeneration: status?.observedGeneration,
    ...createFailureOf(raw),
    desired,
    ...holdStatus(raw.metadata),
    ...keptOf(raw.metadata),
    selector: formatSelector(spec?.selector),
    rollout: rollout(raw, desired),
  };
}

/** What rules of discovery select by. */
const labelsOf = ({ labels }: RawMeta): Pick<WorkloadSnapshot, 'labels'> => (labels === undefined ? {} : { labels });

/** A ReplicaSet has the annotations of its Deployment, which are that one's business. */
function holdStatus(metadata: RawMeta): Pick<WorkloadSnapshot, 'hold'> {
  const hold = controllerOf(metadata) ? undefined : holdOf(metadata.annotations);
  return hold === undefined ? {} : { hold };
}

function keptOf(metadata: RawMeta): Pick<WorkloadSnapshot, 'startupReplicas'> {
  const kept = controllerOf(metadata) ? undefined : keptReplicas(metadata.annotations);
  return kept === undefined ? {} : { startupReplicas: kept };
}

/** Why a Deployment cannot create pods: a quota, or an admission policy. */
function createFailureOf({ status }: RawWorkload): Pick<WorkloadSnapshot, 'createFailure'> {
  const failure = status?.conditions?.find(({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True');
  return failure?.message === undefined ? {} : { createFailure: failure.message.slice(0, 256).toWellFormed() };
}

/** As `kubectl rollout status` decides (kubernetes staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go). */
function deploymentRollout({ status }: RawWorkload, desired: number): Rollout {
  const progressing = status?.conditions?.find((condition) => condition.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    return { state: 'Stuck', message: progressing.message ?? 'the progress deadline passed' };
  }
  // A rollout whose pods became available once is over, whatever happens to its pods later: that is availability, not rollout.
  if (progressing?.reason === 'NewReplicaSetAvailable') return { state: 'Complete' };
  const updated = status?.updatedReplicas ?? 0;
  const isPaused = progressing?.reason === 'DeploymentPaused';
  const going = (message: string): Rollout => ({ state: 'Progressing', message, updated, isPaused });
  if (updated < desired) return going(`${updated} of ${desired} pods are updated`);
  const old = (status?.replicas ?? 0) - updated;
  if (old > 0) return going(`${old} old pods are still there`);
  const available = status?.availableReplicas ?? 0;
  if (available < updated) return going(`${available} of ${updated} updated pods are available`);
  return { state: 'Complete' };
}

function statefulSetRollout({ spec, status }: RawWorkload, desired: number): Rollout {
  if (spec?.updateStrategy?.type === 'OnDelete') return { state: 'Complete' };
  if (status === undefined || status.updateRevision === undefined)
    return { state: 'Progressing', message: 'no pod was created yet' };
  if (status.updateRevision === status.currentRevision) return { state: 'Complete' };
  const wanted = desired - (spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
  const updated = status.updatedReplicas ?? 0;
  return updated >= wanted
    ? { state: 'Complete' }
    : { state: 'Progressing', message: `${updated} of ${wanted} pods are updated`, updated };
}

const replicaSetRollout = (): Rollout => ({ state: 'Complete' });
