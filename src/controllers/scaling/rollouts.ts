import type { Rollout } from '../../domain/snapshot.ts';

/** As long as Kubernetes waits for a Deployment where it says nothing else (progressDeadlineSeconds); nothing else has such a deadline. */
const PATIENCE_MS = 600_000;

/**
 * Whether a rollout of one workload gets on, by the monotonic clock. One that is paused, or that has updated no further pod for ten minutes,
 * may last for ever, and what waits for its end would too.
 */
export class RolloutWatch {
  #seen: { readonly updated: number; readonly since: number } | undefined;

  isGettingOn(rollout: Rollout, now: number): boolean {
    if (rollout.state !== 'Progressing') this.#seen = undefined;
    if (rollout.state !== 'Progressing' || rollout.isPaused === true) return false;
    const { updated = 0 } = rollout;
    // Fewer are no progress: they went with replicas that were taken away.
    const since = this.#seen === undefined || updated > this.#seen.updated ? now : this.#seen.since;
    this.#seen = { updated, since };
    return now - since < PATIENCE_MS;
  }
}
