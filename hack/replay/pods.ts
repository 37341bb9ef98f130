import type { ScalePod } from '../../src/domain/scaling/pods.ts';

/** Pods that become ready a fixed time after they were created. Moments and durations in ms. */
export class SimulatedPods {
  readonly #delay: number;
  #readyAt: number[] = [];

  constructor(count: number, at: number, delay: number) {
    this.#delay = delay;
    this.#readyAt = Array.from({ length: count }, () => at);
  }

  get count(): number {
    return this.#readyAt.length;
  }

  readyBy(at: number): number {
    return this.#readyAt.filter((readyAt) => readyAt <= at).length;
  }

  /** When pods become ready after `from` and before `to`. */
  changesBetween(from: number, to: number): number[] {
    return [...new Set(this.#readyAt)].filter((at) => at > from && at < to).toSorted((a, b) => a - b);
  }

  /** As a ReplicaSet does: those that are not ready go first, then the youngest. */
  scaleTo(count: number, at: number): void {
    this.#readyAt.sort((a, b) => a - b);
    this.#readyAt.length = Math.min(this.#readyAt.length, count);
    while (this.#readyAt.length < count) this.#readyAt.push(at + this.#delay);
  }

  /** As the scaler sees them. */
  snapshot(at: number): ScalePod[] {
    return this.#readyAt.map((readyAt, index) => ({
      name: `pod-${index}`,
      phase: 'Running',
      ready: readyAt <= at,
      terminating: false,
      template: { requests: {} },
    }));
  }
}
