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
  /** The workflows that started it and wait for its end: what they hold it may use, and their place is its place. */
  readonly ancestors?: readonly string[];
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
  // Those that started others first, so that these take no place of their own.
  for (const demand of [...running].sort(byDepth)) board.take(demand);
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

const byDepth = (a: Demand, b: Demand): number => (a.ancestors?.length ?? 0) - (b.ancestors?.length ?? 0);

const turnOf = ({ priority, since }: Waiting, { ageing }: Limits, now: number): number =>
  priority + ((now - since) / 60_000) * ageing;

/** Of the same priority the older comes first; the key decides where all is the same, so that everybody sees one order. */
const byTurn =
  (limits: Limits, now: number) =>
  (a: Waiting, b: Waiting): number =>
    turnOf(b, limits, now) - turnOf(a, limits, now) || a.since - b.since || (a.key < b.key ? -1 : 1);

interface Holder {
  readonly access: Access;
  readonly by: string;
  readonly isKept: boolean;
}

/** What is taken, and what is kept for those that come first. */
class Board {
  readonly #limits: Limits;
  readonly #foreign: Foreign;
  readonly #locks = new Map<string, Holder[]>();
  readonly #units = new Map<string, number>();
  readonly #running = new Set<string>();
  #places = 0;

  constructor(limits: Limits, foreign: Foreign) {
    this.#limits = limits;
    this.#foreign = foreign;
  }

  take(demand: Demand): void {
    if (!this.#hasPlace(demand)) this.#places += 1;
    this.#running.add(demand.key);
    this.#note(demand, false);
  }

  keep(demand: Demand): void {
    this.#note(demand, true);
  }

  objection(demand: Demand): Verdict | undefined {
    return this.#lockObjection(demand) ?? this.#slotObjection(demand.slots) ?? this.#fullObjection(demand);
  }

  /** One that is waited for would wait for ever where those that wait for it have all places. */
  #hasPlace({ ancestors = [] }: Demand): boolean {
    return ancestors.some((key) => this.#running.has(key));
  }

  #note({ key: by, locks, slots }: Demand, isKept: boolean): void {
    for (const { key, access } of locks) {
      const there = this.#locks.get(key);
      if (there) there.push({ access, by, isKept });
      else this.#locks.set(key, [{ access, by, isKept }]);
    }
    for (const { name, units } of slots) this.#units.set(name, (this.#units.get(name) ?? 0) + units);
  }

  #lockObjection({ locks, ancestors = [] }: Demand): Verdict | undefined {
    for (const { key, access } of locks) {
      const foreign = this.#foreign.get(key);
      if (foreign !== undefined && access === 'Exclusive') return waitsForLock(`${lockName(key)}: ${foreign}`);
      const there = this.#locks
        .get(key)
        ?.find((holder) => (holder.access === 'Exclusive' || access === 'Exclusive') && !ancestors.includes(holder.by));
      if (there === undefined) continue;
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

  #fullObjection(demand: Demand): Verdict | undefined {
    const { maxConcurrent } = this.#limits;
    if (this.#places < maxConcurrent || this.#hasPlace(demand)) return undefined;
    return {
      reason: 'WaitingForSlot',
      message: `waits for one of the ${maxConcurrent} workflows that may run at one time to end`,
    };
  }
}

const waitsForLock = (what: string): Verdict => ({ reason: 'WaitingForLock', message: `waits for ${what}` });
