const EVERY_MS = 20;
/** Less than this is no lag. */
const LEAST_MS = 10;
const KEPT_MS = 60_000;

/** How late this process was with what it had to do: on a busy machine what arrived at a socket is noticed later. */
export class Lag {
  readonly #late: { readonly at: number; readonly ms: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  /** The longest that anything waited that came in after `at`, milliseconds. */
  since(at: number): number {
    this.#look();
    return this.#late.reduce((most, late) => (late.at >= at ? Math.max(most, late.ms) : most), 0);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const ms = now - this.#last - EVERY_MS;
    this.#last = now;
    if (ms < LEAST_MS) return;
    this.#late.push({ at: now, ms });
    while ((this.#late[0]?.at ?? now) < now - KEPT_MS) this.#late.shift();
  }
}
