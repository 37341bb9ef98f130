import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { CachedService } from './caches.ts';

interface Entry {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: OrchestratedServiceStatus;
}

/**
 * The statuses that this process wrote and whose echo has not come back through the watch yet. Deriving from the stale one in the cache
 * would write the same change twice, or count a transition twice.
 */
export class WrittenStatuses {
  readonly #entries = new Map<string, Entry>();
  readonly #isNewer: (a: string, b: string) => boolean;

  /** `isNewer(a, b)` orders resourceVersions. */
  constructor(isNewer: (a: string, b: string) => boolean) {
    this.#isNewer = isNewer;
  }

  /** The service with the status that was last written: from the cache, unless ours is newer. */
  latest(key: string, service: CachedService): CachedService {
    const entry = this.#entries.get(key);
    if (!entry) return service;
    if (entry.uid === service.uid && this.#isNewer(entry.resourceVersion, service.resourceVersion)) {
      const { uid, resourceVersion, status } = entry;
      return { ...service, uid, resourceVersion, status, metadata: { ...service.metadata, resourceVersion } };
    }
    this.#entries.delete(key);
    return service;
  }

  has(key: string, resourceVersion: string): boolean {
    return this.#entries.get(key)?.resourceVersion === resourceVersion;
  }

  record(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
