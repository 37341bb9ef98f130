import type { Outcome, Write } from './stage.ts';

/** What runs as a whole, in one lane: its tests come one after the other, and nothing of it is shared with another part. */
export interface Part {
  readonly name: string;
  readonly what: string;
  /** About how long it takes beside others on two cores when everything is built. */
  readonly seconds: number;
  /** It compares by the clock, or the others need what it makes: nothing runs beside it but what is modest. */
  readonly isAlone?: boolean;
  /** It gives way wherever another wants the processor, so that it may run beside what is alone. */
  readonly isModest?: boolean;
  readonly run: (write: Write) => Promise<Outcome>;
}

export interface Ended {
  readonly part: Part;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly output: string;
}

/** As many as there are cores where CI runs, and what is modest beside them. With a third both are at work nearly all the time, and tests of real nodes are late. */
const LANES = 2;
/** Told before anything else: a mistake in types or format needs no cluster to be seen. */
const SHORT_SECONDS = 15;

/** The short ones, then the longest first, so that the lanes end at about the same time. */
export function inOrder(parts: readonly Part[]): readonly Part[] {
  const short = parts.filter(({ seconds }) => seconds <= SHORT_SECONDS);
  const long = parts.filter(({ seconds }) => seconds > SHORT_SECONDS);
  return [...short, ...long.toSorted((a, b) => b.seconds - a.seconds)];
}

/** Until all is done: `busy` are the seconds that each lane is busy yet, `waiting` those that parts take which have not begun, in order. */
export function secondsLeft(busy: readonly number[], waiting: readonly number[]): number {
  const lanes = Array.from({ length: LANES }, (_, index) => Math.max(0, busy[index] ?? 0));
  for (const seconds of waiting) {
    const [next] = lanes
      .entries()
      .toArray()
      .toSorted(([, a], [, b]) => a - b);
    if (next) lanes[next[0]] = next[1] + seconds;
  }
  return Math.max(...lanes);
}

const isAlone = (part: Part): boolean => part.isAlone === true;
const isModest = (part: Part): boolean => part.isModest === true;
const sum = (seconds: readonly number[]): number => seconds.reduce((total, each) => total + each, 0);

/** What of a run in lanes can be seen from outside while it lasts. */
export interface Watcher {
  readonly began: (part: Part, left: number) => void;
  readonly ended: (ended: Ended) => void;
}

/**
 * Runs the parts in lanes, after those that nothing may run beside; the modest ones run beside all of them, one after the other: they take what the lanes
 * leave of the processor while they wait. Where there is only one part its output goes to the terminal as it comes; else it is kept until the part ends, so that two do not mix. Rejects with what a part's `run` rejects with; the parts do not end one another.
 */
export class Lanes {
  readonly #parts: readonly Part[];
  readonly #alone: Part[];
  readonly #modest: Part[];
  readonly #waiting: Part[];
  readonly #running = new Map<Part, { readonly since: number; readonly output: string[] }>();

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.#alone = parts.filter(isAlone);
    this.#modest = parts.filter(isModest);
    this.#waiting = [...inOrder(parts.filter((part) => !isAlone(part) && !isModest(part)))];
  }

  get secondsLeft(): number {
    const running = [...this.#running].map(([part, { since }]) => {
      const left = Math.max(0, part.seconds - (performance.now() - since) / 1_000);
      return { part, left };
    });
    const leftOf = (holds: (part: Part) => boolean): readonly number[] =>
      running.filter(({ part }) => holds(part)).map(({ left }) => left);
    const alone = sum([...leftOf(isAlone), ...this.#alone.map(({ seconds }) => seconds)]);
    const modest = sum([...leftOf(isModest), ...this.#modest.map(({ seconds }) => seconds)]);
    const others = leftOf((part) => !isAlone(part) && !isModest(part));
    const waiting = this.#waiting.map(({ seconds }) => seconds);
    return Math.max(modest, alone + secondsLeft(alone > 0 ? [] : others, waiting));
  }

  /** What runs now, for how many seconds, and what it has said so far. */
  get running(): readonly { readonly part: Part; readonly seconds: number; readonly output: string }[] {
    return [...this.#running].map(([part, { since, output }]) => ({
      part,
      seconds: (performance.now() - since) / 1_000,
      output: output.join(''),
    }));
  }

  /** Begins nothing more. */
  stop(): void {
    this.#alone.length = 0;
    this.#modest.length = 0;
    this.#waiting.length = 0;
  }

  async run(watcher: Watcher): Promise<void> {
    const modest = this.#lane(this.#modest, watcher);
    await this.#lane(this.#alone, watcher);
    const lanes = Array.from({ length: LANES }, () => this.#lane(this.#waiting, watcher));
    await Promise.all([...lanes, modest]);
  }

  async #lane(waiting: Part[], { began, ended }: Watcher): Promise<void> {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const [since, output]: [number, string[]] = [performance.now(), []];
      this.#running.set(part, { since, output });
      began(part, this.secondsLeft);
      const write = this.#parts.length > 1 ? (text: string) => void output.push(text) : undefined;
      const outcome = await part.run(write);
      this.#running.delete(part);
      ended({ part, outcome, seconds: (performance.now() - since) / 1_000, output: output.join('') });
    }
  }
}
