import type { Orchestration } from '../../api/kinds.ts';
import { dependencyKeys } from '../../domain/dependencies/evaluate.ts';
import { deepEqual } from '../../domain/equal.ts';
import type { OwnerReference, PodSnapshot, PodTemplateFacts, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { CacheChange } from '../ports.ts';
import type { BudgetSnapshot } from '../project/budget.ts';
import type { PodProjector } from '../project/pod.ts';
import { BY_DEPENDENCY, BY_OWNER, type Caches, type CachedService, targetKey } from './caches.ts';
import { servicesOfForeignKinds, servicesOfOwner, servicesOfWorkload } from './ownership.ts';
import type { PodGroups } from './pod-groups.ts';

export interface TriggerOptions {
  readonly caches: Caches;
  readonly groups: PodGroups;
  readonly projector: PodProjector;
  readonly enqueue: (key: string) => void;
  /** Whether what is enqueued is looked at. A replica that does not lead need not find out whom each of 10,000 pods concerns. */
  readonly acts: () => boolean;
  /** Whether this process wrote that version of the service. */
  readonly isOwnWrite: (key: string, resourceVersion: string) => boolean;
}

/** Turns changes in the caches into keys of services to look at; together with the reconciler's own timers this is all that wakes them. */
export class Triggers {
  readonly #options: TriggerOptions;

  constructor(options: TriggerOptions) {
    this.#options = options;
    const { caches } = options;
    caches.services.subscribe((change) => this.#service(change));
    caches.pods.subscribe((change) => this.#pod(change));
    caches.replicaSets.subscribe((change) => this.#replicaSet(change));
    caches.deployments.subscribe((change) => this.#workload(change));
    caches.statefulSets.subscribe((change) => this.#workload(change));
    caches.budgets.subscribe((change) => this.#budget(change));
    caches.orchestrations.subscribe((change) => this.#halt(change));
  }

  /** Everything anew, e.g. when this replica begins to lead. */
  all(): void {
    for (const service of this.#options.caches.services.list()) this.#enqueue(service);
  }

  /** The use of a pod moved. */
  usage(namespace: string, podName: string): void {
    const pod = this.#options.caches.pods.get(`${namespace}/${podName}`);
    if (pod) this.#wake(pod);
  }

  #service(change: CacheChange<CachedService>): void {
    const { old, new: now } = change;
    // Our own status writes come back here; what they mean to others was told when they were derived.
    if (now && this.#options.isOwnWrite(change.key, now.resourceVersion)) return;
    this.#options.enqueue(change.key);
    if (old && now && old.metadata.generation === now.metadata.generation && !isGoing(now)) return;
    for (const service of [old, now]) if (service) this.#rivalsOf(service);
    if (!old || !now || dependenciesOf(old) !== dependenciesOf(now)) this.#dependants(change.key);
  }

  #pod(change: CacheChange<PodSnapshot>): void {
    const { old, new: now } = change;
    const moves = !old || !now || !sameGroup(old, now);
    if (old && moves) this.#leaves(old);
    if (now && moves && this.#options.groups.add(now)) this.#askersOf(now);
    if (!now) this.#options.projector.forget(old);
    if (old && now && samePod(old, now)) return;
    // One that was set free or adopted concerns both sides.
    for (const pod of moves ? [old, now] : [now]) if (pod) this.#wake(pod);
  }

  #leaves(pod: PodSnapshot): void {
    const { groups, projector } = this.#options;
    if (!groups.remove(pod)) return;
    if (pod.owner) projector.forgetOwner(pod.owner.uid);
    this.#askersOf(pod);
  }

  #wake(pod: PodSnapshot): void {
    const { caches, acts } = this.#options;
    if (!acts()) return;
    const services = pod.owner
      ? servicesOfOwner(pod.namespace, pod.owner, caches)
      : servicesOfForeignKinds(pod.namespace, caches);
    for (const service of services) this.#enqueue(service);
  }

  /** Services whose selector matches this pod, whoever owns it: the first or the last pod of an owner may make an overlap or end it. */
  #askersOf(pod: PodSnapshot): void {
    for (const key of this.#options.groups.askersOf(pod.namespace, pod.template.labels)) this.#options.enqueue(key);
  }

  #replicaSet(change: CacheChange<WorkloadSnapshot>): void {
    this.#workload(change);
    const [early] = change.type === 'added' ? this.#options.caches.pods.byIndex(BY_OWNER, change.new.uid) : [];
    if (early) this.#askersOf(early);
  }

  #workload({ old, new: now }: CacheChange<WorkloadSnapshot>): void {
    const workload = this.#options.acts() ? (now ?? old) : undefined;
    if (workload && old?.owner?.uid !== now?.owner?.uid) this.#owners(workload.namespace, old?.owner, now?.owner);
    // What is owned by nobody, if it is known, keeps its pods from other kinds.
    if (workload && !(old && now)) this.#foreign(workload.namespace);
    if (old && now && sameWorkload(old, now)) return;
    if (!workload) return;
    const { apiVersion, kind, namespace, name } = workload;
    for (const service of servicesOfWorkload(targetKey(apiVersion, kind, namespace, name), this.#options.caches)) {
      this.#enqueue(service);
    }
  }

  /** Whoever was held back by a halt may go on, and nothing else tells those from whom it took nothing. */
  #halt({ old, new: now }: CacheChange<Pick<Orchestration, 'status'>>): void {
    const { id, state } = now?.status?.halt ?? {};
    const before = old?.status?.halt;
    if ((before?.id !== id || before?.state !== state) && state !== 'Halting') this.all();
  }

  /** Its status follows every pod; only which pods it protects matters. */
  #budget({ old, new: now }: CacheChange<BudgetSnapshot>): void {
    const budget = now ?? old;
    if (!budget || (old && now && old.selector === now.selector)) return;
    for (const service of this.#options.caches.services.list()) {
      if (service.namespace === budget.namespace) this.#enqueue(service);
    }
  }

  /** Pods may have arrived before what leads from them to the service, and may have lost it again. */
  #owners(namespace: string, ...owners: readonly (OwnerReference | undefined)[]): void {
    for (const owner of owners) {
      for (const service of owner ? servicesOfOwner(namespace, owner, this.#options.caches) : [])
        this.#enqueue(service);
    }
    this.#foreign(namespace);
  }

  #foreign(namespace: string): void {
    for (const service of servicesOfForeignKinds(namespace, this.#options.caches)) this.#enqueue(service);
  }

  #rivalsOf({ namespace, spec: { targetRef } }: CachedService): void {
    const target = targetKey(targetRef.apiVersion, targetRef.kind, namespace, targetRef.name);
    for (const rival of servicesOfWorkload(target, this.#options.caches)) this.#enqueue(rival);
  }

  /** Whoever leads here over dependencies: a ring may have closed or opened. */
  #dependants(key: string): void {
    const seen = new Set([key]);
    for (const reached of seen) {
      for (const dependant of this.#options.caches.services.byIndex(BY_DEPENDENCY, reached)) {
        seen.add(`${dependant.namespace}/${dependant.name}`);
      }
    }
    for (const reached of seen) this.#options.enqueue(reached);
  }

  #enqueue({ namespace, name }: CachedService): void {
    this.#options.enqueue(`${namespace}/${name}`);
  }
}

const isGoing = (service: CachedService): boolean => service.metadata.deletionTimestamp !== undefined;

const dependenciesOf = (service: CachedService): string =>
  dependencyKeys(service.namespace, service.spec.dependsOn).join();

/** Pods of one owner carry the same labels; of one without an owner they may be edited. */
const sameGroup = (a: PodSnapshot, b: PodSnapshot): boolean =>
  a.owner?.uid === b.owner?.uid && (a.owner !== undefined || sameLabels(a.template.labels, b.template.labels));

const sameLabels = (a: PodTemplateFacts['labels'], b: PodTemplateFacts['labels']): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

/** Whether nothing changed that a decision reads; heartbeats of kubelets and annotations of others cause events too. */
function samePod(a: PodSnapshot, b: PodSnapshot): boolean {
  return (
    a.ready === b.ready &&
    a.phase === b.phase &&
    a.terminating === b.terminating &&
    a.ip === b.ip &&
    a.restarts === b.restarts &&
    a.oomKilledAt === b.oomKilledAt &&
    a.waiting === b.waiting &&
    a.unschedulable === b.unschedulable &&
    a.template === b.template &&
    a.owner?.uid === b.owner?.uid
  );
}

function sameWorkload(a: WorkloadSnapshot, b: WorkloadSnapshot): boolean {
  return (
    a.uid === b.uid &&
    a.desired === b.desired &&
    a.generation === b.generation &&
    a.observedGeneration === b.observedGeneration &&
    a.terminating === b.terminating &&
    a.selector === b.selector &&
    a.createFailure === b.createFailure &&
    deepEqual(a.hold, b.hold) &&
    a.startupReplicas === b.startupReplicas &&
    a.rollout.state === b.rollout.state &&
    ('message' in a.rollout ? a.rollout.message : '') === ('message' in b.rollout ? b.rollout.message : '')
  );
}
