import { DISCOVERED_BY } from '../../api/annotations.ts';
import type { KnownService } from '../../domain/discovery/decide.ts';
import { DISCOVERABLE_KINDS, type DiscoverableKind } from '../../domain/discovery/rules.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Cache, WatchedCache } from '../ports.ts';
import { BY_STANDBY, BY_TARGET, type Caches, type CachedService, targetKey } from '../service/caches.ts';
import { FINALIZER } from '../service/reconciler.ts';
import type { LiveCandidate, WorkloadName } from './ports.ts';

export type WorkloadCaches = Pick<Caches, 'services' | 'deployments' | 'statefulSets'>;

/** A namespace, as rules select it. */
export interface NamespaceSnapshot {
  readonly namespace: undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
}

export const workloadsOf = (kind: DiscoverableKind, caches: WorkloadCaches): WatchedCache<WorkloadSnapshot> =>
  kind === 'Deployment' ? caches.deployments : caches.statefulSets;

/** `Kind/namespace/name` */
export const keyOfWorkload = ({ kind, namespace, name }: WorkloadName): string => `${kind}/${namespace}/${name}`;

export function workloadOfKey(key: string): WorkloadName {
  const [kind, namespace = '', name = ''] = key.split('/');
  return { kind: kind === 'StatefulSet' ? 'StatefulSet' : 'Deployment', namespace, name };
}

/** The workload as a candidate; undefined where it is going. */
export function candidateOf(workload: WorkloadSnapshot | undefined): LiveCandidate | undefined {
  if (workload === undefined || workload.terminating) return undefined;
  const { labels = {}, hold, startupReplicas } = workload;
  return { labels, isHeld: hold !== undefined || startupReplicas !== undefined };
}

/** Every service that has the workload as its target or its standby. */
export function servicesAbout({ kind, namespace, name }: WorkloadName, services: Cache<CachedService>): KnownService[] {
  const target = targetKey('apps/v1', kind, namespace, name);
  const about = services.byIndex(BY_TARGET, target).map((service) => known(service, false));
  return [...about, ...services.byIndex(BY_STANDBY, target).map((service) => known(service, true))];
}

function known({ name, metadata }: CachedService, isStandbyOnly: boolean): KnownService {
  return {
    name,
    discoveredBy: metadata.annotations?.[DISCOVERED_BY],
    isStandbyOnly,
    createdAt: metadata.creationTimestamp,
    isGoing: metadata.deletionTimestamp !== undefined,
    isHolding: metadata.finalizers?.includes(FINALIZER) ?? false,
  };
}

/** The workloads that a service is about, as far as discovery knows such kinds. */
export function workloadsAbout({ namespace, spec }: CachedService): WorkloadName[] {
  return [spec.targetRef, spec.failover?.standbyRef].flatMap((ref) => {
    const kind = DISCOVERABLE_KINDS.find((one) => one === ref?.kind && ref.apiVersion === 'apps/v1');
    return kind === undefined || ref === undefined ? [] : [{ kind, namespace, name: ref.name }];
  });
}
