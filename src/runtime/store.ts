import { orAborted, systemClock, type Clock } from './clock.ts';

/** What every projected object keeps of its `metadata`. `namespace` is absent for cluster-scoped kinds. */
export interface Projected {
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of stores and queues. */
export function keyOf(object: { readonly namespace?: string | undefined; readonly name: string }): string {
  return object.namespace ? `${object.namespace}/${object.name}` : object.name;
}

export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Orders resourceVersions of one kind: decimal numbers of any size, compared without parsing them
 * (comparing them is part of the API since Kubernetes 1.35, and true of every server backed by etcd before).
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly old: undefined; readonly new: T }
  | { readonly type: 'updated'; readonly key: string; readonly old: T; readonly new: T }
  | { readonly type: 'deleted'; readonly key: string; readonly old: T; readonly new: undefined };

/**
 * Why a store is not, or no longer, kept up to date. `Missing`: the API server does not know the resource (its CRD is not
 * installed); `Forbidden`: RBAC does not allow `verb`; `Unavailable`: no answer, or an error that will pass.
 */
export interface StoreProblem {
  readonly reason: 'Missing' | 'Forbidden' | 'Unavailable';
  readonly verb: 'list' | 'watch';
  /** `plural.group`, or `plural` of the core group, as RBAC and `kubectl` write it. */
  readonly resource: string;
  readonly message: string;
}

/**
 * What controllers see of a cache: reads are synchronous and cost no request. An empty store that is not `synced` says
 * nothing about the cluster: look at `synced` (and `problem`) before drawing conclusions from absence.
 */
export interface ReadonlyStore<T extends Projected> {
  readonly size: number;
  /** True from the first complete list on; stays true while a later problem makes the content older. */
  readonly synced: boolean;
  readonly problem: StoreProblem | undefined;
  get(key: string): T | undefined;
  list(): IterableIterator<T>;
  /** Objects whose index function gave `value`; the array is the caller's. Throws for an index that was not declared. */
  byIndex(index: string, value: string): T[];
  /** Resolves when synced; rejects with the signal's reason when aborted. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /**
   * Calls `listener` after each change, synchronously, when the store already shows it (after a relist: shows all of it).
   * It hears nothing of what was there before: iterate `list()` for that. Returns the function that unsubscribes.
   */
  subscribe(listener: (change: Change<T>) => void): () => void;
  /**
   * Resolves true as soon as the store has seen `resourceVersion` (of one's own write to `key`) or anything newer, false
   * after `timeoutMs` or on abort. Waiting for it before the next decision keeps a controller from acting twice.
   */
  whenSeen(
    key: string,
    resourceVersion: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean>;
}

/** Values of an object under one index; undefined or an empty list leaves it out. */
export type IndexFunction<T> = (object: T) => string | readonly string[] | undefined;
export type Indexes<T> = Readonly<Record<string, IndexFunction<T>>>;

interface Waiter {
  readonly key: string;
  readonly version: string;
  readonly finish: (seen: boolean) => void;
}

class Index<T extends Projected> {
  readonly #of: IndexFunction<T>;
  readonly #keys = new Map<string, Set<string>>();

  constructor(of: IndexFunction<T>) {
    this.#of = of;
  }

  keys(value: string): Iterable<string> {
    return this.#keys.get(value) ?? [];
  }

  move(key: string, before: T | undefined, after: T | undefined): void {
    const old = before && this.#of(before);
    const now = after && this.#of(after);
    if (old === now) return; // the common case: an owner or a namespace that does not change
    for (const value of valuesOf(old)) this.#remove(value, key);
    for (const value of valuesOf(now)) this.#add(value, key);
  }

  #add(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys) keys.add(key);
    else this.#keys.set(value, new Set([key]));
  }

  #remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys?.delete(key) && keys.size === 0) this.#keys.delete(value);
  }
}

function valuesOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** The writable side of a store; only the reflector that fills it holds this type. */
export class Store<T extends Projected> implements ReadonlyStore<T> {
  readonly #items = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  readonly #onListenerError: (error: unknown) => void;
  readonly #whenSynced = Promise.withResolvers<void>();
  #synced = false;
  #version = '';
  problem: StoreProblem | undefined;

  /** A listener that throws is reported to `onListenerError`; the store and the other listeners go on. */
  constructor(options: {
    indexes?: Indexes<T>;
    clock?: Clock;
    onListenerError: (error: unknown) => void;
  }) {
    this.#clock = options.clock ?? systemClock;
    this.#onListenerError = options.onListenerError;
    for (const [name, of] of Object.entries(options.indexes ?? {})) this.#indexes.set(name, new Index(of));
  }

  get size(): number {
    return this.#items.size;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** resourceVersion up to which the collection was seen; empty before the first list. */
  get version(): string {
    return this.#version;
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  list(): IterableIterator<T> {
    return this.#items.values();
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index ${name}; declared: ${[...this.#indexes.keys()].join(', ') || 'none'}`);
    const found: T[] = [];
    for (const key of index.keys(value)) {
      const item = this.#items.get(key);
      if (item) found.push(item);
    }
    return found;
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return;
    await (signal ? orAborted(this.#whenSynced.promise, signal) : this.#whenSynced.promise);
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  whenSeen(
    key: string,
    resourceVersion: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean> {
    if (this.#hasSeen(key, resourceVersion)) return Promise.resolve(true);
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const abort = (): void => waiter.finish(false);
      const timer = this.#clock.setTimeout(abort, timeoutMs);
      const waiter: Waiter = {
        key,
        version: resourceVersion,
        finish: (seen) => {
          this.#waiters.delete(waiter);
          timer.cancel();
          signal?.removeEventListener('abort', abort);
          resolve(seen);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** One watch event ADDED or MODIFIED. An object older than the one held is ignored: a replayed event never goes back. */
  upsert(item: T): void {
    const key = keyOf(item);
    const old = this.#items.get(key);
    if (old?.uid === item.uid && compareVersions(item.resourceVersion, old.resourceVersion) < 0) return;
    this.#set(key, old, item);
    this.#sawVersion(item.resourceVersion);
    this.#emitReplacement(key, old, item);
    this.#settleWaiters();
  }

  /** One watch event DELETED, with the object's last resourceVersion. */
  delete(key: string, resourceVersion: string): void {
    const old = this.#items.get(key);
    this.#sawVersion(resourceVersion);
    if (old) {
      this.#set(key, old, undefined);
      this.#emit({ type: 'deleted', key, old, new: undefined });
    }
    this.#settleWaiters();
  }

  /** A bookmark: the collection is known up to this version without a change. */
  advance(resourceVersion: string): void {
    this.#sawVersion(resourceVersion);
    this.#settleWaiters();
  }

  /**
   * The result of a complete list at `resourceVersion`. Objects that did not change are kept as they are and not announced;
   * readers never see an empty or half-filled store in between.
   */
  replace(items: Map<string, T>, resourceVersion: string): void {
    const changes: Change<T>[] = [];
    for (const [key, old] of this.#items) {
      if (items.has(key)) continue;
      this.#set(key, old, undefined);
      changes.push({ type: 'deleted', key, old, new: undefined });
    }
    for (const [key, item] of items) {
      const old = this.#items.get(key);
      if (old?.uid === item.uid && old.resourceVersion === item.resourceVersion) continue;
      this.#set(key, old, item);
      changes.push(...replacement(key, old, item));
    }
    this.#version = resourceVersion;
    this.#synced = true;
    this.#whenSynced.resolve();
    for (const change of changes) this.#emit(change);
    this.#settleWaiters();
  }

  #set(key: string, old: T | undefined, item: T | undefined): void {
    if (item) this.#items.set(key, item);
    else this.#items.delete(key);
    for (const index of this.#indexes.values()) index.move(key, old, item);
  }

  #sawVersion(version: string): void {
    if (compareVersions(version, this.#version) > 0) this.#version = version;
  }

  #hasSeen(key: string, version: string): boolean {
    if (this.#version !== '' && compareVersions(this.#version, version) >= 0) return true;
    const item = this.#items.get(key);
    return item !== undefined && compareVersions(item.resourceVersion, version) >= 0;
  }

  #settleWaiters(): void {
    for (const waiter of this.#waiters) if (this.#hasSeen(waiter.key, waiter.version)) waiter.finish(true);
  }

  #emitReplacement(key: string, old: T | undefined, item: T): void {
    for (const change of replacement(key, old, item)) this.#emit(change);
  }

  #emit(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

/** An object deleted and created anew under its name while nobody watched is two changes: owners and finalizers differ. */
function replacement<T extends Projected>(key: string, old: T | undefined, item: T): Change<T>[] {
  if (!old) return [{ type: 'added', key, old: undefined, new: item }];
  if (old.uid === item.uid) return [{ type: 'updated', key, old, new: item }];
  return [
    { type: 'deleted', key, old, new: undefined },
    { type: 'added', key, old: undefined, new: item },
  ];
}
