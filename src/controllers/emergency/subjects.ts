import { dependencyKeys } from '../../domain/dependencies/evaluate.ts';
import type { HeldWorkload, Subject } from '../../domain/emergency/plan.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import { BY_STANDBY, BY_TARGET, type Caches, type CachedService, targetKey } from '../service/caches.ts';
import { cacheOf, olderService } from '../service/target.ts';

type SubjectCaches = Pick<Caches, 'services' | 'deployments' | 'statefulSets' | 'replicaSets'>;

/** A subject with the objects that are behind it. */
export interface KnownSubject extends Subject {
  /** Undefined where nobody looks after the workload any more. */
  readonly service: CachedService | undefined;
  readonly target: WorkloadSnapshot | undefined;
}

/** A write whose echo has not come back through the watch yet. */
export interface Written {
  readonly resourceVersion: string;
  readonly replicas: number;
  readonly hold: WorkloadSnapshot['hold'];
}

export interface SubjectSources {
  readonly caches: SubjectCaches;
  /** The targets of services of kinds outside apps/v1 by the keys of these, as last read. */
  readonly foreign: ReadonlyMap<string, WorkloadSnapshot>;
  /** Who else gives it replicas. */
  readonly autoscalerOf: (workload: WorkloadSnapshot) => Subject['autoscaler'];
  /** What was written last, where the snapshot is older than that. */
  readonly written: (workload: WorkloadSnapshot) => Written | undefined;
}

/** Every service that looks after its target, then every workload that is held though nobody looks after it any more. */
export function subjectsOf({ caches, foreign, autoscalerOf, written }: SubjectSources): KnownSubject[] {
  const subjects: KnownSubject[] = [];
  for (const service of caches.services.list()) {
    if (isGoing(service)) {
      // Kinds outside apps/v1 are not in a cache: what is held of them is known as long as their service has its finalizer.
      const left = current(foreign.get(`${service.namespace}/${service.name}`), written);
      if (left?.hold) subjects.push(orphanOf(left));
      continue;
    }
    if (olderService(service, caches)) continue;
    const workload = current(workloadOf(service, caches, foreign), written);
    subjects.push({ ...subjectOf(service, workload), autoscaler: workload && autoscalerOf(workload) });
    const standby = current(standbyOf(service, caches), written);
    if (standby) subjects.push({ ...standbySubject(service, standby), autoscaler: autoscalerOf(standby) });
  }
  for (const cache of [caches.deployments, caches.statefulSets, caches.replicaSets]) {
    for (const snapshot of cache.list()) {
      if (snapshot.hold === undefined || snapshot.owner !== undefined || isLookedAfter(snapshot, caches)) continue;
      const workload = current(snapshot, written);
      if (workload?.hold) subjects.push(orphanOf(workload));
    }
  }
  return subjects;
}

/** Whether any workload is held at all; cheap, because it is asked each second of thousands. */
export function isAnythingHeld({ caches, foreign }: Omit<SubjectSources, 'written'>): boolean {
  for (const cache of [caches.deployments, caches.statefulSets, caches.replicaSets]) {
    for (const { hold } of cache.list()) if (hold !== undefined) return true;
  }
  for (const { hold } of foreign.values()) if (hold !== undefined) return true;
  return false;
}

/** A service as halts see it. */
export function subjectOf(service: CachedService, target: WorkloadSnapshot | undefined): KnownSubject {
  const { namespace, name, spec, status } = service;
  return {
    key: `${namespace}/${name}`,
    namespace,
    service,
    target,
    priority: spec.priority,
    dependsOn: dependencyKeys(namespace, spec.dependsOn),
    isOrphan: false,
    mode: spec.mode,
    suspended: spec.suspend === true,
    onHalt: spec.emergency?.onHalt,
    raiseTo: spec.emergency?.replicas ?? spec.scaling?.maxReplicas,
    autoscaler: undefined,
    workload: target && heldWorkload(target),
    remembered: status?.failover?.active === 'Standby' ? undefined : rememberedOf(status),
  };
}

/** The status is about the workload that serves. */
function rememberedOf(status: CachedService['status']): Subject['remembered'] {
  const { id, originalReplicas: original = 0 } = status?.halt ?? {};
  return id === undefined || original === 0 ? undefined : { id, original };
}

/** The other workload of a service that can fail over: it may be the one that serves. */
function standbySubject(service: CachedService, standby: WorkloadSnapshot): KnownSubject {
  const subject = subjectOf(service, standby);
  const { status } = service;
  const remembered = status?.failover?.active === 'Standby' ? rememberedOf(status) : undefined;
  return { ...subject, key: `${subject.key}/standby`, raiseTo: undefined, remembered };
}

function standbyOf({ namespace, spec }: CachedService, caches: SubjectCaches): WorkloadSnapshot | undefined {
  const ref = spec.failover?.standbyRef;
  return ref && cacheOf(ref.kind, ref.apiVersion, caches)?.get(`${namespace}/${ref.name}`);
}

function orphanOf(target: WorkloadSnapshot): KnownSubject {
  const { namespace, name, kind } = target;
  return {
    key: `${namespace}/${kind.toLowerCase()}/${name}`,
    namespace,
    service: undefined,
    target,
    priority: 'Normal',
    dependsOn: [],
    isOrphan: true,
    mode: 'Enforce',
    suspended: false,
    onHalt: undefined,
    raiseTo: undefined,
    autoscaler: undefined,
    workload: heldWorkload(target),
    remembered: undefined,
  };
}

const heldWorkload = ({ desired, hold, terminating, apiVersion }: WorkloadSnapshot): HeldWorkload => ({
  replicas: desired,
  hold,
  terminating,
  isTwoWrites: apiVersion !== 'apps/v1',
});

function workloadOf(
  { namespace, name, spec: { targetRef } }: CachedService,
  caches: SubjectCaches,
  foreign: SubjectSources['foreign'],
): WorkloadSnapshot | undefined {
  const cache = cacheOf(targetRef.kind, targetRef.apiVersion, caches);
  return cache ? cache.get(`${namespace}/${targetRef.name}`) : foreign.get(`${namespace}/${name}`);
}

function current(
  workload: WorkloadSnapshot | undefined,
  written: SubjectSources['written'],
): WorkloadSnapshot | undefined {
  const newer = workload && written(workload);
  if (workload === undefined || newer === undefined) return workload;
  const { hold: _, ...rest } = workload;
  const { resourceVersion, replicas, hold } = newer;
  return { ...rest, resourceVersion, desired: replicas, ...(hold && { hold }) };
}

const isGoing = (service: CachedService): boolean => service.metadata.deletionTimestamp !== undefined;

function isLookedAfter({ apiVersion, kind, namespace, name }: WorkloadSnapshot, { services }: SubjectCaches): boolean {
  const target = targetKey(apiVersion, kind, namespace, name);
  const owners = [...services.byIndex(BY_TARGET, target), ...services.byIndex(BY_STANDBY, target)];
  return owners.some((service) => !isGoing(service));
}
