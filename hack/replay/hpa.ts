import type { Look, Scaler } from './simulate.ts';

const TOLERANCE = 0.1;
const DOWN_WINDOW = 300_000;
const PERIOD = 15_000;

export interface HpaOptions {
  readonly loadPerPod: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The HorizontalPodAutoscaler with its defaults on an external metric of type AverageValue, written for itself from its documentation
 * (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, "Algorithm details", "Stabilization window" and "Default
 * Behavior") and not from Baton's scaler, so that each checks the other.
 */
export class Hpa implements Scaler {
  readonly #options: HpaOptions;
  #recommended: { at: number; replicas: number }[] = [];
  #changes: { at: number; by: number }[] = [];

  constructor(options: HpaOptions) {
    this.#options = options;
  }

  decide({ at, load, current }: Look): number {
    const { loadPerPod, min, max } = this.#options;
    if (current < min || current > max) return Math.min(max, Math.max(min, current));
    if (this.#recommended.length === 0) this.#recommended.push({ at, replicas: current });
    const ratio = load / (loadPerPod * current);
    const wanted = Math.abs(ratio - 1) <= TOLERANCE ? current : Math.ceil(load / loadPerPod - 1e-9);
    this.#recommended = this.#recommended.filter((one) => one.at > at - DOWN_WINDOW);
    const highest = Math.max(wanted, ...this.#recommended.map(({ replicas }) => replicas));
    this.#recommended.push({ at, replicas: wanted });
    const stable = wanted > current ? wanted : Math.min(current, highest);
    const desired = Math.min(max, Math.max(min, Math.min(stable, this.#fastest(at, current))));
    if (desired !== current) this.#changes.push({ at, by: desired - current });
    return desired;
  }

  /** At most four pods or twice as many in 15 s, counted from what there was 15 s ago. */
  #fastest(at: number, current: number): number {
    this.#changes = this.#changes.filter((change) => change.at > at - PERIOD);
    const before = current - this.#changes.reduce((sum, { by }) => sum + by, 0);
    return Math.max(current, before + 4, before * 2);
  }
}
