import { type Access, type Lock, lockName } from './locks.ts';

export interface Slot {
  readonly name: string;
  readonly units: number;
}

/** What a workflow takes while it runs. */
export interface Demand {
  /** `namespace/name`. */
  readonly key: string;
  readonly locks: readonly Lock[];
  readonly slots: readonly Slot[];
}

export interface Waiting extends Demand {
  /** 0 to 1000. */
  readonly priority: number;
  /** Since when it waits, ms since the epoch. */
  readonly since: number;
  /** Why it may not begin whatever is free, such as a workflow that has to end first. It keeps nothing from others. */
  readonly blocked: Verdict | undefined;
}

export interface Limits {
  readonly maxConcurrent: number;
  /** Points of priority that a minute of waiting is worth. */
  readonly ageing: number;
  /** Units there are of each slot. */
  readonly slots: ReadonlyMap<string, number>;
}

export interface Verdict {
  readonly reason: 'WaitingForSlot' | 'WaitingForLock' | 'WaitingForWorkflow' | 'UnknownSlot';
  readonly message: string;
}

/** What others than workflows do with what a lock is about, in words. */
export type Foreign = Pick<ReadonlyMap<string, string>, 'get'>;

export interface Schedule {
  /** Who begins now, in this order. */
  readonly granted: readonly string[];
  readonly waiting: ReadonlyMap<string, Verdict>;
}

/**
 * Who of those that wait may begin. They are asked by priority, to which waiting adds; all locks and slots are given, or none. One that cannot
 * begin takes no place and may be passed, but not by what would keep it waiting: what it needs is kept from those after it (as conservative
 * backfilling does in batch systems: Mu'alem and Feitelson, 2001). Since waiting makes everybody first at some time, nobody waits for ever.
 * `foreign` are locks that others than workflows hold, such as a failover under way.
 */
export function schedule(
  waiting: readonly Waiting[],
  running: readonly Demand[],
  limits: Limits,
  now: number,
  foreign: Foreign = new Map(),
): Schedule {
  const board = new Board(limits, foreign);
  for (const demand of running) board.take(demand);
  const granted: string[] = [];
  const verdicts = new Map<string, Verdict>();
  for (const candidate of [...waiting].sort(byTurn(limits, now))) {
    const verdict = candidate.blocked ?? board.objection(candidate);
    if (verdict === undefined) {
      board.take(candidate);
      granted.push(candidate.key);
      continue;
    }
    verdicts.set(candidate.key, verdict);
    if (candidate.blocked === undefined && verdict.reason !== 'UnknownSlot') board.keep(candidate);
  }
  return { granted, waiting: verdicts };
}

const turnOf = ({ priority, since }: Waiting, { ageing }: Limits, now: number): number =>
  priority + ((now - since) / 60_000) * ageing;

/** Of the same priority the older comes first; the key decides where all is the same, so that everybody sees one order. */
const byTurn =
  (limits: Limits, now: number) =>
  (a: Waiting, b: Waiting): number =>
    turnOf(b, limits, now) - turnOf(a, limits, now) || a.since - b.since || (a.key < b.key ? -1 : 1);

/** What is taken, and what is kept for those that come first. */
class Board {
  readonly #limits: Limits;
  readonly #foreign: Foreign;
  readonly #locks = new Map<string, { access: Access; by: string; isKept: boolean }>();
  readonly #units = new Map<string, number>();
  #running = 0;

  constructor(limits: Limits, foreign: Foreign) {
    this.#limits = limits;
    this.#foreign = foreign;
  }

  take({ key, locks, slots }: Demand): void {
    this.#running += 1;
    this.#note(key, locks, slots, false);
  }

  keep({ key, locks, slots }: Demand): void {
    this.#note(key, locks, slots, true);
  }

  objection({ locks, slots }: Demand): Verdict | undefined {
    return this.#lockObjection(locks) ?? this.#slotObjection(slots) ?? this.#fullObjection();
  }

  #note(by: string, locks: readonly Lock[], slots: readonly Slot[], isKept: boolean): void {
    for (const { key, access } of locks) {
      const there = this.#locks.get(key);
      // Among several that share it the first is named; one that wants it to itself weighs more.
      if (there === undefined || (access === 'Exclusive' && there.access === 'Shared'))
        this.#locks.set(key, { access, by, isKept: isKept && there === undefined });
    }
    for (const { name, units } of slots) this.#units.set(name, (this.#units.get(name) ?? 0) + units);
  }

  #lockObjection(locks: readonly Lock[]): Verdict | undefined {
    for (const { key, access } of locks) {
      const foreign = this.#foreign.get(key);
      if (foreign !== undefined && access === 'Exclusive') return waitsForLock(`${lockName(key)}: ${foreign}`);
      const there = this.#locks.get(key);
      if (there === undefined || (access === 'Shared' && there.access === 'Shared')) continue;
      const who = there.isKept
        ? `is kept for workflow ${there.by}, which comes first`
        : `is held by workflow ${there.by}`;
      return waitsForLock(`${lockName(key)}, which ${who}`);
    }
    return undefined;
  }

  #slotObjection(slots: readonly Slot[]): Verdict | undefined {
    for (const { name, units } of slots) {
      const capacity = this.#limits.slots.get(name);
      if (capacity === undefined || units > capacity)
        return {
          reason: 'UnknownSlot',
          message: `wants ${units} of slot ${name}, of which there ${capacity === undefined ? 'are none' : `are ${capacity}`}; see spec.workflows.slots of Orchestration/default`,
        };
      if ((this.#units.get(name) ?? 0) + units > capacity)
        return {
          reason: 'WaitingForSlot',
          message: `waits for ${units} of slot ${name}, of which there are ${capacity}`,
        };
    }
    return undefined;
  }

  #fullObjection(): Verdict | undefined {
    const { maxConcurrent } = this.#limits;
    if (this.#running < maxConcurrent) return undefined;
    return {
      reason: 'WaitingForSlot',
      message: `waits for one of the ${maxConcurrent} workflows that may run at one time to end`,
    };
  }
}

const waitsForLock = (what: string): Verdict => ({ reason: 'WaitingForLock', message: `waits for ${what}` });
