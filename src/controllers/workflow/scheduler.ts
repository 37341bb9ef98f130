import { boardOf } from '../../domain/workflow/board.ts';
import type { Wait } from '../../domain/workflow/deadlock.ts';
import { type Lock, lockName } from '../../domain/workflow/locks.ts';
import {
  type Demand,
  type Foreign,
  type Limits,
  schedule,
  type Verdict,
  type Waiting,
} from '../../domain/workflow/schedule.ts';

export interface SchedulerOptions {
  readonly limits: () => Limits;
  readonly now: () => number;
  /** Locks that others than workflows hold, with what they do, such as a failover under way. */
  readonly foreign: Foreign;
  /** Somebody has these to himself now, or no longer: others look at them again. Keys as lockKey gives them. */
  readonly onLocks: (keys: readonly string[]) => void;
  /** Looks at a workflow again: it may begin, or waits for something else than before. */
  readonly enqueue: (key: string) => void;
  /** Runs it soon, when what is being done now is done. */
  readonly soon: (run: () => void) => void;
}

export type Grant = { readonly kind: 'granted' } | ({ readonly kind: 'waiting' } & Verdict);

const GRANTED: Grant = { kind: 'granted' };
/** Said until the queue was looked at, which is before anybody can read it. */
const QUEUED: Grant = { kind: 'waiting', reason: 'WaitingForSlot', message: 'waits for its turn' };

/**
 * Who runs and who waits, in memory: what runs, and the locks that it holds, are in the statuses of workflows, from which a new leader takes
 * them (`begin`); that somebody was let in is written with its first step, and when the process dies before that, nothing of it has begun.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #running = new Map<string, Demand>();
  readonly #waiting = new Map<string, Waiting>();
  #verdicts: ReadonlyMap<string, Verdict> = new Map();
  /** Who has what to itself: one, and with it those that it started. */
  readonly #holders = new Map<string, { readonly workflow: string; readonly lock: Lock }[]>();
  #isDue = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** A new leader: these run, and nobody waits yet. */
  begin(running: Iterable<Demand>): void {
    this.#running.clear();
    this.#waiting.clear();
    this.#holders.clear();
    this.#verdicts = new Map();
    for (const demand of running) this.#admit(demand);
  }

  /**
   * Whether it may begin. One that was let in stays so until it is released, unless it was changed since and needs something else; asking again
   * brings up to date what it waits with.
   */
  ask(asking: Waiting): Grant {
    const { key } = asking;
    const granted = this.#running.get(key);
    if (granted !== undefined && needsTheSame(granted, asking)) return GRANTED;
    if (granted !== undefined) this.release(key);
    const known = this.#waiting.get(key);
    const candidate = { ...asking, since: Math.min(asking.since, known?.since ?? Infinity) };
    const isAlone = this.#waiting.size === (known === undefined ? 0 : 1);
    const isChanged = !isSame(known, candidate);
    this.#waiting.set(key, candidate);
    // Five hundred that are created at once are put in order once, and one that comes alone does not wait for that.
    if (isAlone) this.#schedule();
    else if (isChanged) this.reconsider();
    if (this.#running.has(key)) return GRANTED;
    const verdict = this.#verdicts.get(key);
    return verdict ? { kind: 'waiting', ...verdict } : QUEUED;
  }

  /** It has ended, does not want to begin any more, or is gone. */
  release(key: string): void {
    const wasWaiting = this.#waiting.delete(key);
    const demand = this.#running.get(key);
    this.#running.delete(key);
    const held = (demand?.locks ?? []).filter(({ access }) => access === 'Exclusive');
    for (const lock of held) this.#free(lock.key, key);
    this.#tell(held);
    if (demand !== undefined || wasWaiting) this.reconsider();
  }

  /** The limits, or what others hold, may have changed. */
  reconsider(): void {
    if (this.#isDue || this.#waiting.size === 0) return;
    this.#isDue = true;
    this.#options.soon(() => {
      this.#isDue = false;
      this.#schedule();
    });
  }

  runs(key: string): boolean {
    return this.#running.has(key);
  }

  /** Why others leave an object alone, in words: a workflow has it to itself. `key` as lockKey gives it. */
  heldBy(key: string, failsOver = false): string | undefined {
    const holders = this.#holders.get(key);
    const [first] = holders ?? [];
    if (first === undefined || (failsOver && holders?.some(({ lock }) => lock.failsOver === true))) return undefined;
    return `${lockName(key)} is held by workflow ${first.workflow}`;
  }

  /** Whether that very workflow has it to itself. */
  holds(workflow: string, key: string): boolean {
    return this.#holders.get(key)?.some((holder) => holder.workflow === workflow) === true;
  }

  /** For whose end one waits that has not begun, as it is now; undefined for those that do not wait. */
  waits(): (key: string) => Wait[] | undefined {
    const { limits, foreign } = this.#options;
    const board = boardOf(this.#running.values(), limits(), foreign);
    return (key) => {
      const demand = this.#waiting.get(key);
      return demand && board.waits(demand);
    };
  }

  /** Priorities of those that wait, for metrics. */
  *waiting(): Generator<{ readonly priority: number }> {
    yield* this.#waiting.values();
  }

  get queued(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return this.#running.size;
  }

  #admit(demand: Demand): void {
    this.#running.set(demand.key, demand);
    const exclusive = demand.locks.filter(({ access }) => access === 'Exclusive');
    for (const lock of exclusive) {
      const there = this.#holders.get(lock.key) ?? [];
      this.#holders.set(lock.key, [...there, { workflow: demand.key, lock }]);
    }
    this.#tell(exclusive);
  }

  #free(key: string, workflow: string): void {
    const left = (this.#holders.get(key) ?? []).filter((holder) => holder.workflow !== workflow);
    if (left.length > 0) this.#holders.set(key, left);
    else this.#holders.delete(key);
  }

  #tell(locks: readonly Lock[]): void {
    if (locks.length > 0) this.#options.onLocks(locks.map(({ key }) => key));
  }

  #schedule(): void {
    const { limits, now, foreign, enqueue } = this.#options;
    const before = this.#verdicts;
    const found = schedule([...this.#waiting.values()], [...this.#running.values()], limits(), now(), foreign);
    this.#verdicts = found.waiting;
    for (const key of found.granted) {
      const candidate = this.#waiting.get(key);
      if (candidate === undefined) continue;
      this.#waiting.delete(key);
      this.#admit(candidate);
      enqueue(key);
    }
    for (const [key, { message }] of found.waiting) if (before.get(key)?.message !== message) enqueue(key);
  }
}

const isSame = (a: Waiting | undefined, b: Waiting): boolean =>
  a !== undefined && a.priority === b.priority && a.blocked?.message === b.blocked?.message && needsTheSame(a, b);

const needsTheSame = (a: Demand, b: Demand): boolean =>
  a.slots.length === b.slots.length &&
  a.slots.every(({ name, units }, n) => name === b.slots[n]?.name && units === b.slots[n].units) &&
  a.locks.length === b.locks.length &&
  a.locks.every((lock, n) => isSameLock(lock, b.locks[n]));

const isSameLock = (a: Lock, b: Lock | undefined): boolean =>
  a.key === b?.key && a.access === b.access && a.failsOver === b.failsOver;
