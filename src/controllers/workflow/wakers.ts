import type { Watched } from './steps/contract.ts';

/** Which workflows wait for what becomes of which object. */
export class Wakers {
  readonly #of = new Map<string, Set<string>>();
  readonly #watched = new Map<string, readonly string[]>();

  /** From now on workflow `key` waits for these and for nothing else. */
  set(key: string, namespace: string, watched: readonly Watched[]): void {
    this.forget(key);
    if (watched.length === 0) return;
    const objects = watched.map(({ kind, name }) => `${kind}/${namespace}/${name}`);
    this.#watched.set(key, objects);
    for (const object of objects) {
      const keys = this.#of.get(object);
      if (keys) keys.add(key);
      else this.#of.set(object, new Set([key]));
    }
  }

  forget(key: string): void {
    for (const object of this.#watched.get(key) ?? []) {
      const keys = this.#of.get(object);
      if (keys?.delete(key) && keys.size === 0) this.#of.delete(object);
    }
    this.#watched.delete(key);
  }

  /** Those that wait for that object. */
  of(kind: string, namespace: string, name: string): Iterable<string> {
    return this.#of.get(`${kind}/${namespace}/${name}`) ?? [];
  }
}
