import { DISCOVERED_BY } from '../../api/annotations.ts';
import { deepEqual } from '../../domain/equal.ts';
import { DISCOVERABLE_KINDS, type DiscoverableKind } from '../../domain/discovery/rules.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { CacheChange } from '../ports.ts';
import { BY_DISCOVERY, type CachedService, DISCOVERED } from '../service/caches.ts';
import {
  candidateOf,
  keyOfWorkload,
  type NamespaceSnapshot,
  type WorkloadCaches,
  workloadsAbout,
  workloadsOf,
} from './facts.ts';

export interface DiscoveryTriggerOptions {
  readonly caches: WorkloadCaches;
  /** Whether there are rules, or anything is left of them. */
  readonly isOn: () => boolean;
  readonly hasRules: () => boolean;
  readonly enqueue: (key: string) => void;
  /** A service is gone, or is its people's now: there is room for another, and its name may be free. */
  readonly onRoom: () => void;
}

/** Turns changes in the caches into workloads to look at. While discovery is off it looks at nothing but that. */
export class DiscoveryTriggers {
  readonly #options: DiscoveryTriggerOptions;

  constructor(options: DiscoveryTriggerOptions) {
    this.#options = options;
    const { caches } = options;
    for (const kind of DISCOVERABLE_KINDS)
      workloadsOf(kind, caches).subscribe((change) => this.#workload(kind, change));
    caches.services.subscribe((change) => this.#service(change));
  }

  /** Everything that rules may fit, and everything that discovery made. */
  keys(): Set<string> {
    const { caches, hasRules } = this.#options;
    const made = caches.services.byIndex(BY_DISCOVERY, DISCOVERED).flatMap(workloadsAbout);
    const keys = new Set(made.map(keyOfWorkload));
    if (!hasRules()) return keys;
    for (const kind of DISCOVERABLE_KINDS) {
      for (const { namespace, name } of workloadsOf(kind, caches).list())
        keys.add(keyOfWorkload({ kind, namespace, name }));
    }
    return keys;
  }

  namespace({ old, new: now }: CacheChange<NamespaceSnapshot>): void {
    if (old && now && old.terminating === now.terminating && deepEqual(old.labels, now.labels)) return;
    const of = (now ?? old)?.name;
    for (const kind of DISCOVERABLE_KINDS) {
      for (const { namespace, name } of workloadsOf(kind, this.#options.caches).list()) {
        if (namespace === of) this.#options.enqueue(keyOfWorkload({ kind, namespace, name }));
      }
    }
  }

  #workload(kind: DiscoverableKind, { old, new: now }: CacheChange<WorkloadSnapshot>): void {
    if (!this.#options.isOn() || deepEqual(candidateOf(old), candidateOf(now))) return;
    const workload = now ?? old;
    if (workload) this.#options.enqueue(keyOfWorkload({ ...workload, kind }));
  }

  #service({ old, new: now }: CacheChange<CachedService>): void {
    if (!this.#options.isOn() && !isMade(old) && !isMade(now)) return;
    if (old && now && sameService(old, now)) return;
    for (const service of [old, now]) {
      for (const workload of service ? workloadsAbout(service) : []) this.#options.enqueue(keyOfWorkload(workload));
    }
    if (!now || (isMade(old) && !isMade(now))) this.#options.onRoom();
  }
}

const isMade = (service: CachedService | undefined): boolean =>
  service?.metadata.annotations?.[DISCOVERED_BY] !== undefined;

/** Statuses come all the time and are no news here. */
const sameService = ({ uid, metadata: a }: CachedService, { uid: other, metadata: b }: CachedService): boolean =>
  uid === other &&
  a.generation === b.generation &&
  a.deletionTimestamp === b.deletionTimestamp &&
  deepEqual([a.annotations, a.finalizers], [b.annotations, b.finalizers]);
