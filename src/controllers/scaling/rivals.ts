/** Somebody else's changes of the replicas within this time, ms, are counted, and Baton stays out of it for as long after the last. */
const WINDOW_MS = 600_000;
/** A person may change their mind once; who changes it a third time is a program. */
const STRIKES = 3;

/** What is known of somebody else who changes the replicas of one workload, by the monotonic clock. */
export class Rival {
  #changes: number[] = [];
  #strikes = STRIKES;
  #manager: string | undefined;

  changed(manager: string | undefined, at: number): void {
    this.#prune(at);
    this.#changes.push(at);
    this.#manager = manager;
  }

  /** Who contests the replicas, and how often within ten minutes; undefined while nobody does. */
  contest(now: number): { readonly by: string; readonly times: number } | undefined {
    this.#prune(now);
    const times = this.#changes.length;
    if (times < this.#strikes) return undefined;
    // Who was a rival once needs no second warning.
    this.#strikes = 1;
    return { by: this.#manager ?? 'somebody', times };
  }

  #prune(now: number): void {
    this.#changes = this.#changes.filter((at) => at > now - WINDOW_MS);
  }
}
