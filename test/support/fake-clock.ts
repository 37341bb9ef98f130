import type { Clock, Timer } from '../../src/runtime/clock.ts';

interface Pending {
  readonly due: number;
  readonly fn: () => void;
}

/** Virtual time: stands still until `advance` moves it, and runs what falls due in order, promises in between included. */
export class FakeClock implements Clock {
  #elapsed = 0;
  #wallOffset: number;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffset = startMs;
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** The wall clock is set; monotonic time does not notice. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Time passes while nothing of this process runs, as after SIGSTOP: timers are late. */
  freeze(ms: number): void {
    this.#elapsed += ms;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const pending: Pending = { due: this.#elapsed + Math.max(0, ms), fn };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#pending.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.fn();
      await settle();
    }
    this.#elapsed = Math.max(this.#elapsed, end);
    await settle();
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) if (pending.due <= end && (!first || pending.due < first.due)) first = pending;
    return first;
  }
}

/** Lets everything that waits for promises only run to where it waits for time or for the network. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
