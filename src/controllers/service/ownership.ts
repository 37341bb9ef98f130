import type { OwnerReference, PodSnapshot, WorkloadSnapshot } from '../../domain/snapshot.ts';
import { parseSelector } from '../project/selector.ts';
import { BY_FOREIGN, BY_NAMESPACE, BY_OWNER, BY_TARGET, type Caches, type CachedService, targetKey } from './caches.ts';

/** Kinds whose pods are never those of a workload of another kind. */
const OWN_PODS = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController', 'Node']);

/**
 * The pods of a workload: by the chain of controllers, never by labels alone, so that pods of others that carry the same labels do not
 * count. Kinds that Baton does not know may own pods through objects it does not watch: there the selector decides, minus what another known
 * kind owns.
 */
export function podsOf(workload: WorkloadSnapshot, caches: Caches): PodSnapshot[] {
  const pods = caches.pods.byIndex(BY_OWNER, workload.uid);
  if (workload.kind === 'StatefulSet' || workload.kind === 'ReplicaSet') return pods;
  for (const set of caches.replicaSets.byIndex(BY_OWNER, workload.uid)) {
    for (const pod of caches.pods.byIndex(BY_OWNER, set.uid)) pods.push(pod);
  }
  if (workload.kind === 'Deployment' || workload.selector === '') return pods;
  const known = new Set(pods);
  const matches = parseSelector(workload.selector);
  for (const pod of caches.pods.byIndex(BY_NAMESPACE, workload.namespace)) {
    if (!known.has(pod) && !OWN_PODS.has(pod.owner?.kind ?? '') && matches(pod.template.labels)) pods.push(pod);
  }
  return pods;
}

/** Keys of the services that look after `owner`, directly or through the ReplicaSet that it is. */
export function servicesOfOwner(namespace: string, owner: OwnerReference, caches: Caches): CachedService[] {
  const direct = byTarget(namespace, owner, caches);
  if (owner.kind !== 'ReplicaSet') return direct;
  const above = caches.replicaSets.get(`${namespace}/${owner.name}`);
  if (above?.uid !== owner.uid || above.owner === undefined) return direct;
  return direct.concat(byTarget(namespace, above.owner, caches));
}

/** An owner reference tells kind and name; its group is one of the few that services look after. */
function byTarget(namespace: string, owner: OwnerReference, caches: Caches): CachedService[] {
  const apps = caches.services.byIndex(BY_TARGET, targetKey('apps/v1', owner.kind, namespace, owner.name));
  if (apps.length > 0 || OWN_PODS.has(owner.kind) || owner.kind === 'Deployment') return apps;
  return servicesOfForeignKinds(namespace, caches);
}

/**
 * Services of this namespace whose target is of a kind outside apps/v1: their pods may hang on any owner. There are few, so all are looked
 * at again.
 */
export function servicesOfForeignKinds(namespace: string, caches: Caches): CachedService[] {
  return caches.services.byIndex(BY_FOREIGN, namespace);
}

/** Services with this targetRef: the one that looks after the workload and those that wait for it. */
export function servicesOfTarget(
  target: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string },
  caches: Pick<Caches, 'services'>,
): string[] {
  const { apiVersion, kind, namespace, name } = target;
  const services = caches.services.byIndex(BY_TARGET, targetKey(apiVersion, kind, namespace, name));
  return services.map((service) => `${service.namespace}/${service.name}`);
}
