import type { OwnerReference, PodSnapshot, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Cache } from '../ports.ts';
import { parseSelector } from '../project/selector.ts';
import {
  BY_FOREIGN,
  BY_NAMESPACE,
  BY_OWNER,
  BY_STANDBY,
  BY_TARGET,
  type Caches,
  type CachedService,
  targetKey,
} from './caches.ts';

/** Kinds that have no scale, and are owned by none that has: their pods are never those of a workload of another kind. */
const ENDS = new Set(['DaemonSet', 'Job', 'Node']);
/** Pods own StatefulSets which own pods (LeaderWorkerSet); nobody goes deeper, and a ring of owners must end. */
const DEEPEST = 8;

/**
 * The pods of a workload: by the chain of controllers, never by labels alone, so that pods of others that carry the same labels do not
 * count. Kinds that Baton does not know may own pods through objects it does not watch: there the selector decides where the chain leads to
 * nothing that is known.
 */
export function podsOf(workload: WorkloadSnapshot, caches: Caches): PodSnapshot[] {
  if (workload.apiVersion !== 'apps/v1') return podsOfForeign(workload, caches);
  const pods = caches.pods.byIndex(BY_OWNER, workload.uid);
  if (workload.kind !== 'Deployment') return pods;
  for (const set of caches.replicaSets.byIndex(BY_OWNER, workload.uid)) {
    for (const pod of caches.pods.byIndex(BY_OWNER, set.uid)) pods.push(pod);
  }
  return pods;
}

function podsOfForeign(workload: WorkloadSnapshot, caches: Caches): PodSnapshot[] {
  const matches = parseSelector(workload.selector);
  // Pods of one owner have one answer.
  const answers = new Map<string, boolean | undefined>();
  return caches.pods.byIndex(BY_NAMESPACE, workload.namespace).filter((pod) => {
    const { owner } = pod;
    if (owner && !answers.has(owner.uid)) answers.set(owner.uid, leadsTo(workload, owner, caches));
    return (owner && answers.get(owner.uid)) ?? matches(pod.template.labels);
  });
}

/** Whether the chain of controllers leads to the workload; undefined where it ends in something that Baton does not know. */
function leadsTo(workload: WorkloadSnapshot, owner: OwnerReference, caches: Caches): boolean | undefined {
  for (const { kind, uid, isEnd } of chainOf(workload.namespace, owner, caches)) {
    if (uid === workload.uid) return true;
    // Another one of its kind: those never own each other.
    if (isEnd || kind === workload.kind) return false;
  }
  return undefined;
}

interface Link extends OwnerReference {
  /** Whether surely nobody owns this; a pod without an owner may still be of a workload whose selector matches. */
  readonly isEnd: boolean;
}

/** The owner, its owner and so on, as far as Baton knows them, and the first that it does not know. */
function* chainOf(namespace: string, owner: OwnerReference, caches: Caches): Generator<Link> {
  let link = owner;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const { kind, name, uid } = link;
    const object = cacheOf(kind, caches)?.get(`${namespace}/${name}`);
    const above = object?.uid === uid ? object : undefined;
    yield {
      kind,
      name,
      uid,
      isEnd: ENDS.has(kind) || (above !== undefined && above.owner === undefined && kind !== 'Pod'),
    };
    if (!above?.owner) return;
    link = above.owner;
  }
}

function cacheOf(
  kind: string,
  caches: Caches,
): Pick<Cache<{ uid: string; owner: OwnerReference | undefined }>, 'get'> | undefined {
  switch (kind) {
    case 'ReplicaSet':
      return caches.replicaSets;
    case 'Deployment':
      return caches.deployments;
    case 'StatefulSet':
      return caches.statefulSets;
    case 'Pod':
      return caches.pods;
    default:
      return undefined;
  }
}

/** The services that look after `owner`, or after something that owns it, or may do so. */
export function servicesOfOwner(namespace: string, owner: OwnerReference, caches: Caches): CachedService[] {
  const found: CachedService[] = [];
  for (const link of chainOf(namespace, owner, caches)) {
    found.push(...servicesOfWorkload(targetKey('apps/v1', link.kind, namespace, link.name), caches));
    if (link.isEnd) return found;
  }
  return found.concat(servicesOfForeignKinds(namespace, caches));
}

/**
 * Services of this namespace whose target is of a kind outside apps/v1: their pods may hang on any owner. There are few, so all are looked
 * at again.
 */
export function servicesOfForeignKinds(namespace: string, caches: Caches): CachedService[] {
  return caches.services.byIndex(BY_FOREIGN, namespace);
}

/** Services with this workload as their target or as their standby. */
export const servicesOfWorkload = (target: string, { services }: Pick<Caches, 'services'>): CachedService[] => [
  ...services.byIndex(BY_TARGET, target),
  ...services.byIndex(BY_STANDBY, target),
];

/** The one that looks after the workload, those that wait for it, and those that would fail over to it. */
export function servicesOfTarget(
  target: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string },
  caches: Pick<Caches, 'services'>,
): string[] {
  const { apiVersion, kind, namespace, name } = target;
  const services = servicesOfWorkload(targetKey(apiVersion, kind, namespace, name), caches);
  return services.map((service) => `${service.namespace}/${service.name}`);
}
