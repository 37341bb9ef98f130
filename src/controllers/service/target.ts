import { asServing, servingRef, type WorkloadRef } from '../../domain/failover/serving.ts';
import type { Target } from '../../domain/status/input.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Cache } from '../ports.ts';
import { BY_TARGET, type Caches, type CachedService, targetKey } from './caches.ts';

/** Reads a workload of a kind outside apps/v1 through its scale subresource. Rejects when `signal` aborts. */
export type ReadForeign = (
  reference: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string },
  signal: AbortSignal,
) => Promise<Target>;

/** What the workload is that serves for the service, and whether this service is the one that may look after it. */
export async function findTarget(
  service: CachedService,
  caches: Caches,
  readForeign: ReadForeign,
  signal: AbortSignal,
): Promise<Target> {
  const older = olderService(service, caches);
  if (older) return { state: 'Absent', reason: 'TargetAlreadyManaged', by: older.name };
  const found = await findWorkload(servingRef(service), service.namespace, caches, readForeign, signal);
  return found.state === 'Found' ? { ...found, workload: asServing(service, found.workload) } : found;
}

/** What is under a reference to a workload of that namespace. */
export async function findWorkload(
  { apiVersion, kind, name }: WorkloadRef,
  namespace: string,
  caches: Caches,
  readForeign: ReadForeign,
  signal: AbortSignal,
): Promise<Target> {
  const cache = cacheOf(kind, apiVersion, caches);
  const isStatefulSet = cache !== undefined && cache === caches.statefulSets;
  // All but StatefulSets may have their pods through ReplicaSets.
  const unread = unreadOf(caches.pods) ?? (isStatefulSet ? undefined : unreadOf(caches.replicaSets));
  if (unread) return unread;
  if (cache === undefined) return readForeign({ apiVersion, kind, namespace, name }, signal);
  const workload = cache.get(`${namespace}/${name}`);
  return unreadOf(cache) ?? (workload ? { state: 'Found', workload } : { state: 'Absent', reason: 'TargetNotFound' });
}

/** Where a workload of apps/v1 is kept; undefined for any other kind. */
export function cacheOf(
  kind: string,
  apiVersion: string,
  caches: Pick<Caches, 'deployments' | 'statefulSets' | 'replicaSets'>,
): Cache<WorkloadSnapshot> | undefined {
  if (apiVersion !== 'apps/v1') return undefined;
  switch (kind) {
    case 'Deployment':
      return caches.deployments;
    case 'StatefulSet':
      return caches.statefulSets;
    case 'ReplicaSet':
      return caches.replicaSets;
    default:
      return undefined;
  }
}

/** A cache that was never full is empty for another reason than the cluster; one that was full goes on with what it had. */
function unreadOf({ problem, synced }: Pick<Cache<unknown>, 'problem' | 'synced'>): Target | undefined {
  if (problem?.reason === 'Forbidden') {
    return { state: 'Absent', reason: 'Forbidden', verb: problem.verb, resource: problem.resource };
  }
  return synced ? undefined : { state: 'Absent', reason: 'TargetUnavailable' };
}

/** Of two services for one workload the older looks after it; equal ages are told apart by uid. One in deletion gives way. */
export function olderService(service: CachedService, caches: Pick<Caches, 'services'>): CachedService | undefined {
  const { apiVersion, kind, name } = service.spec.targetRef;
  const rivals = caches.services.byIndex(BY_TARGET, targetKey(apiVersion, kind, service.namespace, name));
  if (rivals.length < 2) return undefined;
  const first = rivals.reduce((oldest, rival) => (comesBefore(rival, oldest) ? rival : oldest));
  return first.uid === service.uid ? undefined : first;
}

export function comesBefore(a: CachedService, b: CachedService): boolean {
  const [goingA, goingB] = [a, b].map((service) => service.metadata.deletionTimestamp !== undefined);
  if (goingA !== goingB) return goingB === true;
  const [createdA, createdB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return createdA === createdB ? a.uid < b.uid : createdA < createdB;
}
