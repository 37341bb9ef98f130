import { backoffDelay, type BackoffPolicy } from './backoff.ts';
import { systemClock, type Clock, type Timer } from './clock.ts';

/** `change`: something happened to the object. `resync`: it is looked at again although nothing did. */
export type Priority = 'change' | 'resync';

/** Counters of a queue, under the usual names `workqueue_*`; durations in seconds. */
export interface QueueMetrics {
  depth(waiting: number): void;
  added(priority: Priority): void;
  retried(): void;
  /** From the moment a key was due until a worker took it. */
  waited(seconds: number): void;
  worked(seconds: number): void;
}

export interface QueueOptions {
  clock?: Clock;
  metrics?: QueueMetrics;
  backoff?: BackoffPolicy;
  random?: () => number;
  /** A resync that waits longer than this takes one turn in `RESYNC_TURN` even while changes wait, milliseconds. */
  agingMs?: number;
}

export interface QueueItem {
  readonly key: string;
  readonly priority: Priority;
  /** Failures of this key in a row so far. */
  readonly failures: number;
}

/** controller-runtime's limits (5 ms to 1,000 s) leave a repaired object waiting for a quarter of an hour; this caps at one minute. */
export const DEFAULT_BACKOFF: BackoffPolicy = { initialMs: 50, factor: 2, maxMs: 60_000 };

// Changes keep at least three turns of four, resyncs at least one of four once they are old: neither starves the other.
const RESYNC_TURN = 4;

/** So late a key may be at most after the wall clock jumped, milliseconds. */
const LONGEST_TIMER_MS = 300_000;

interface Waiting {
  priority: Priority;
  readonly since: number;
}

/**
 * Keys that wait for a worker. A key is there once, however often it is added, and is never with two workers: added while one
 * works on it, it waits until that one is `done`. Within a priority first come is first served.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics | undefined;
  readonly #backoff: BackoffPolicy;
  readonly #random: () => number;
  readonly #agingMs: number;
  readonly #lines: Record<Priority, Line> = { change: new Line(), resync: new Line() };
  readonly #waiting = new Map<string, Waiting>();
  readonly #working = new Map<string, number>();
  /** Keys added while they were worked on. */
  readonly #again = new Map<string, Priority>();
  readonly #timers = new Map<string, { readonly due: number; readonly priority: Priority; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #idle: ((item: QueueItem | undefined) => void)[] = [];
  #changesInARow = 0;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#random = options.random ?? Math.random;
    this.#agingMs = options.agingMs ?? 1_000;
  }

  /** Keys waiting now, without those whose time has not come. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Keys with a worker: since how many milliseconds each. */
  *working(): Generator<{ key: string; forMs: number }> {
    const now = this.#clock.monotonic();
    for (const [key, since] of this.#working) yield { key, forMs: now - since };
  }

  add(key: string, priority: Priority = 'change'): void {
    if (this.#closed) return;
    this.#metrics?.added(priority);
    if (this.#working.has(key)) {
      if (this.#again.get(key) !== 'change') this.#again.set(key, priority);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (!waiting) this.#enqueue(key, priority);
    else if (waiting.priority === 'resync' && priority === 'change') {
      waiting.priority = 'change';
      this.#lines.change.push(key); // its place in the other line is skipped when reached
    }
  }

  /**
   * Adds `key` after `ms` milliseconds. There is one such timer a key: the earlier one stays, and it ends when a worker
   * takes the key, because that worker's result says anew when to look again.
   */
  addAfter(key: string, ms: number, priority: Priority = 'resync'): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key, priority);
    const due = this.#clock.monotonic() + ms;
    const dueAt = this.#clock.now() + ms;
    const planned = this.#timers.get(key);
    if (planned) {
      if (planned.due <= due) return;
      planned.timer.cancel();
    }
    // What is due is due by the wall clock, which may be set, or go on while the machine sleeps.
    const left = (): number => Math.min(due - this.#clock.monotonic(), dueAt - this.#clock.now());
    const arm = (): Timer => this.#clock.setTimeout(fire, Math.min(left(), LONGEST_TIMER_MS));
    const fire = (): void => {
      const timer = this.#timers.get(key);
      if (timer && left() > 0) return void (timer.timer = arm());
      this.#timers.delete(key);
      this.add(key, priority);
    };
    this.#timers.set(key, { due, priority, timer: arm() });
  }

  /** Adds `key` after its backoff, which grows with each call until `forget`. Returns the delay, milliseconds. */
  retry(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#metrics?.retried();
    const ms = backoffDelay(this.#backoff, failures, this.#random);
    this.addAfter(key, ms, 'change');
    return ms;
  }

  /** Ends the backoff of a key: it succeeded, or will never. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, now or when there is one; undefined when the queue is closed. Each must be given back with `done`. */
  next(): Promise<QueueItem | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const key = this.#pick();
    if (key !== undefined) return Promise.resolve(this.#take(key));
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  done(key: string): void {
    const since = this.#working.get(key);
    if (since === undefined) return;
    this.#working.delete(key);
    this.#metrics?.worked((this.#clock.monotonic() - since) / 1_000);
    const priority = this.#again.get(key);
    if (priority === undefined) return;
    this.#again.delete(key);
    if (!this.#closed) this.#enqueue(key, priority);
  }

  /** Ends all timers and waits; what is being worked on is not touched. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
  }

  #enqueue(key: string, priority: Priority): void {
    this.#waiting.set(key, { priority, since: this.#clock.monotonic() });
    const resolve = this.#idle.shift();
    if (resolve) return resolve(this.#take(key));
    this.#lines[priority].push(key);
    this.#metrics?.depth(this.#waiting.size);
  }

  #take(key: string): QueueItem {
    const { priority, since } = this.#waiting.get(key) as Waiting;
    const now = this.#clock.monotonic();
    this.#waiting.delete(key);
    this.#working.set(key, now);
    this.#timers.get(key)?.timer.cancel();
    this.#timers.delete(key);
    this.#metrics?.depth(this.#waiting.size);
    this.#metrics?.waited((now - since) / 1_000);
    return { key, priority, failures: this.#failures.get(key) ?? 0 };
  }

  #pick(): string | undefined {
    const change = this.#first('change');
    const resync = this.#first('resync');
    const resyncFirst = resync !== undefined && (change === undefined || this.#isResyncsTurn(resync));
    if (resyncFirst) this.#changesInARow = 0;
    else if (change !== undefined) this.#changesInARow += 1;
    const key = resyncFirst ? resync : change;
    if (key !== undefined) this.#lines[resyncFirst ? 'resync' : 'change'].shift();
    return key;
  }

  #isResyncsTurn(resync: string): boolean {
    const since = this.#waiting.get(resync)?.since ?? 0;
    return this.#changesInARow >= RESYNC_TURN - 1 && this.#clock.monotonic() - since >= this.#agingMs;
  }

  /** Head of a line, past the places of keys that were promoted or are gone. */
  #first(priority: Priority): string | undefined {
    const line = this.#lines[priority];
    for (let key = line.peek(); key !== undefined; key = line.peek()) {
      if (this.#waiting.get(key)?.priority === priority) return key;
      line.shift();
    }
    return undefined;
  }
}

/** First in, first out, in constant time on average (Array.shift moves every element). */
class Line {
  #keys: string[] = [];
  #head = 0;

  push(key: string): void {
    this.#keys.push(key);
  }

  peek(): string | undefined {
    return this.#keys[this.#head];
  }

  shift(): void {
    this.#head += 1;
    if (this.#head < 64 || this.#head * 2 < this.#keys.length) return;
    this.#keys = this.#keys.slice(this.#head);
    this.#head = 0;
  }
}
