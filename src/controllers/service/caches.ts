import { DISCOVERED_BY } from '../../api/annotations.ts';
import type { Orchestration, OrchestratedService } from '../../api/kinds.ts';
import { dependencyKeys } from '../../domain/dependencies/evaluate.ts';
import { workloadRefs } from '../../domain/failover/serving.ts';
import { healingWorkflow } from '../../domain/healing/rules.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { WatchedCache } from '../ports.ts';
import type { BudgetSnapshot } from '../project/budget.ts';

/** An OrchestratedService as caches keep it: with the names that every cached object has at the top. */
export type CachedService = OrchestratedService & {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** The caches that a service's health is derived from, with the names of their indexes. */
export interface Caches {
  readonly services: WatchedCache<CachedService>;
  readonly orchestrations: WatchedCache<Pick<Orchestration, 'metadata' | 'spec' | 'status'>>;
  readonly pods: WatchedCache<PodSnapshot>;
  readonly replicaSets: WatchedCache<WorkloadSnapshot>;
  readonly deployments: WatchedCache<WorkloadSnapshot>;
  readonly statefulSets: WatchedCache<WorkloadSnapshot>;
  readonly budgets: WatchedCache<BudgetSnapshot>;
}

export const BY_OWNER = 'owner';
export const BY_NAMESPACE = 'namespace';
export const BY_TARGET = 'target';
export const BY_DEPENDENCY = 'dependency';
/** Services by the workload that is to take over from their target. */
export const BY_STANDBY = 'standby';
/** Services by the Service of Kubernetes whose traffic they move, and by the OrchestratedService that they follow. */
export const BY_TRAFFIC = 'traffic';
export const BY_FOLLOWED = 'followed';
/** Services by namespace with a workload that is not of apps/v1. */
export const BY_FOREIGN = 'foreign';

/** Services by namespace that are started in order. */
export const BY_STARTUP = 'startup';
/** Services by the WorkflowTemplate from which they are healed, `namespace/name`. */
export const BY_HEALING = 'healing';
/** Services that discovery made, all under one value. */
export const BY_DISCOVERY = 'discovery';
export const DISCOVERED = 'discovered';

/** `Kind.group/namespace/name`: versions of one group are the same workload. */
export const targetKey = (apiVersion: string, kind: string, namespace: string, name: string): string =>
  `${kind}.${apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''}/${namespace}/${name}`;

/** The index functions of each cache. */
export const INDEXES = {
  services: {
    [BY_TARGET]: ({ namespace, spec: { targetRef } }: CachedService) =>
      targetKey(targetRef.apiVersion, targetRef.kind, namespace, targetRef.name),
    [BY_STANDBY]: ({ namespace, spec: { failover } }: CachedService) =>
      failover &&
      targetKey(failover.standbyRef.apiVersion, failover.standbyRef.kind, namespace, failover.standbyRef.name),
    [BY_TRAFFIC]: ({ namespace, spec: { failover } }: CachedService) =>
      failover && `${namespace}/${failover.serviceName}`,
    [BY_FOLLOWED]: ({ namespace, spec: { failover } }: CachedService) =>
      failover?.follow === undefined ? undefined : `${namespace}/${failover.follow}`,
    [BY_DEPENDENCY]: (service: CachedService) => dependencyKeys(service.namespace, service.spec.dependsOn),
    [BY_FOREIGN]: ({ namespace, spec }: CachedService) =>
      workloadRefs({ spec }).every(({ apiVersion }) => apiVersion === 'apps/v1') ? undefined : namespace,
    [BY_DISCOVERY]: ({ metadata }: CachedService) =>
      metadata.annotations?.[DISCOVERED_BY] === undefined ? undefined : DISCOVERED,
    [BY_HEALING]: ({ namespace, spec }: CachedService) => {
      const template = healingWorkflow(spec.healing)?.template;
      return template && `${namespace}/${template}`;
    },
    [BY_STARTUP]: ({ namespace, spec }: CachedService) => (spec.startup === undefined ? undefined : namespace),
  },
  pods: {
    [BY_OWNER]: (pod: PodSnapshot) => pod.owner?.uid,
    [BY_NAMESPACE]: (pod: PodSnapshot) => pod.namespace,
  },
  replicaSets: { [BY_OWNER]: (set: WorkloadSnapshot) => set.owner?.uid },
} as const;
