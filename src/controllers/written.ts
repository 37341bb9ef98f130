interface Entry<S> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: S;
}

/** An object as caches keep it. */
interface Cached<S> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly metadata: { readonly resourceVersion: string };
  readonly status?: S;
}

/**
 * The statuses that this process wrote and whose echo has not come back through the watch yet. Deriving from the stale one in the cache
 * would write the same change twice, or count a transition twice.
 */
export class WrittenStatuses<S, T extends Cached<S>> {
  readonly #entries = new Map<string, Entry<S>>();
  readonly #isNewer: (a: string, b: string) => boolean;

  /** `isNewer(a, b)` orders resourceVersions. */
  constructor(isNewer: (a: string, b: string) => boolean) {
    this.#isNewer = isNewer;
  }

  /** The object with the status that was last written: from the cache, unless ours is newer. */
  latest(key: string, object: T): T {
    const entry = this.#entries.get(key);
    if (!entry) return object;
    if (entry.uid === object.uid && this.#isNewer(entry.resourceVersion, object.resourceVersion)) {
      const { uid, resourceVersion, status } = entry;
      return { ...object, uid, resourceVersion, status, metadata: { ...object.metadata, resourceVersion } };
    }
    this.#entries.delete(key);
    return object;
  }

  has(key: string, resourceVersion: string): boolean {
    return this.#entries.get(key)?.resourceVersion === resourceVersion;
  }

  record(key: string, entry: Entry<S>): void {
    this.#entries.set(key, entry);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
