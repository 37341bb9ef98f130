// How long it will still take, from the known proportions of the steps and the speed seen so far.

export interface Step {
  readonly name: string;
  /** Seconds on the machine the proportions were measured on (2 cores); only the ratios matter. */
  readonly expectedSeconds: number;
}

/**
 * Seconds left. Until the first step is done its own expectation is believed; after that, expectations are scaled by
 * how much longer or shorter the finished steps took. A step that overruns counts as nearly done, never as negative.
 */
export function secondsLeft(steps: readonly Step[], finishedSeconds: readonly number[], inStepSeconds: number): number {
  const expected = (from: number, to: number) =>
    steps.slice(from, to).reduce((total, step) => total + step.expectedSeconds, 0);
  const done = finishedSeconds.length;
  const spent = finishedSeconds.reduce((total, seconds) => total + seconds, 0);
  const scale = done === 0 ? 1 : spent / expected(0, done);
  const current = Math.max(expected(done, done + 1) * scale - inStepSeconds, 0);
  return current + expected(done + 1, steps.length) * scale;
}

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Tells a person where a list of steps is; `tick` may be called at any time, `next` when a step begins. */
export class Progress {
  readonly #steps: readonly Step[];
  readonly #print: (line: string) => void;
  readonly #now: () => number;
  readonly #finished: number[] = [];
  readonly #began: number;
  #stepBegan: number;

  constructor(steps: readonly Step[], print: (line: string) => void, now: () => number = Date.now) {
    this.#steps = steps;
    this.#print = print;
    this.#now = now;
    this.#began = now();
    this.#stepBegan = this.#began;
  }

  tick(): void {
    const step = this.#steps[this.#finished.length];
    if (step === undefined) return;
    const now = this.#now();
    const left = secondsLeft(this.#steps, this.#finished, (now - this.#stepBegan) / 1000);
    const place = `[${this.#finished.length + 1}/${this.#steps.length}]`;
    this.#print(`${place} ${step.name} (${clock((now - this.#began) / 1000)} so far, about ${clock(left)} left)`);
  }

  finishStep(): void {
    const now = this.#now();
    this.#finished.push((now - this.#stepBegan) / 1000);
    this.#stepBegan = now;
  }
}
