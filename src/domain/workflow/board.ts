import { nameSome } from '../health/names.ts';
import type { Wait } from './deadlock.ts';
import { type Access, type Lock, lockName } from './locks.ts';
import type { Demand, Foreign, Limits, Verdict } from './schedule.ts';

interface Holder {
  readonly access: Access;
  readonly by: string;
}

/** Of one that comes first and cannot begin yet. */
interface Claimant {
  readonly key: string;
  /** The families for whose end it waits. */
  readonly after: ReadonlySet<string>;
}

/** A lock, or units of a slot, that are kept for it. */
type Claim<What> = What & { readonly for: Claimant };

/** One that runs, with the units of each slot that it has by itself, and those that it started together. */
interface Member {
  /** The nearest one above it that runs. */
  readonly above: string | undefined;
  readonly own: ReadonlyMap<string, number>;
  readonly below: Map<string, number>;
}

export interface Objection {
  readonly verdict: Verdict;
  /** The families for whose end it waits; a family are all that one workflow started, named by that one. */
  readonly after: ReadonlySet<string>;
}

/** Which claims count; undefined: all. */
type Counts = ((claim: Claim<unknown>) => boolean) | undefined;

/** What is taken, and what is kept for those that come first. */
class Board {
  readonly #limits: Limits;
  readonly #foreign: Foreign;
  /** Whether somebody waits that another one started: only then it matters who waits for whom. */
  readonly #hasFamilies: boolean;
  readonly #holders = new Map<string, Holder[]>();
  readonly #members = new Map<string, Member>();
  readonly #taken = new Map<string, number>();
  readonly #keptLocks = new Map<string, Claim<{ readonly access: Access }>[]>();
  readonly #keptUnits = new Map<string, Claim<{ readonly units: number }>[]>();
  /** The same, added up: most ask for no more. */
  readonly #keptInAll = new Map<string, number>();
  /** For whose end families wait, because one of theirs cannot begin before. */
  readonly #waits = new Map<string, Set<string>>();
  #places = 0;

  constructor(limits: Limits, foreign: Foreign, hasFamilies: boolean) {
    this.#limits = limits;
    this.#foreign = foreign;
    this.#hasFamilies = hasFamilies;
  }

  take(demand: Demand): void {
    const above = this.#above(demand);
    if (above === undefined) this.#places += 1;
    const own = new Map<string, number>();
    for (const { name, units } of demand.slots) own.set(name, (own.get(name) ?? 0) + units);
    for (const [name, units] of own) this.#raise(above, name, units);
    this.#members.set(demand.key, { above, own, below: new Map() });
    for (const { key, access } of demand.locks) append(this.#holders, key, { access, by: demand.key });
  }

  /** Keeps for one that has to wait what it needs. */
  keep(demand: Demand, after: ReadonlySet<string>): void {
    const claimant = { key: demand.key, after };
    for (const { key, access } of demand.locks) append(this.#keptLocks, key, { access, for: claimant });
    for (const { name, units } of demand.slots) {
      append(this.#keptUnits, name, { units, for: claimant });
      this.#keptInAll.set(name, (this.#keptInAll.get(name) ?? 0) + units);
    }
    const family = this.#familyOf(demand);
    if (family === undefined) return;
    const waits = this.#waits.get(family) ?? new Set();
    for (const other of after) waits.add(other);
    this.#waits.set(family, waits);
  }

  objection(demand: Demand): Objection | undefined {
    const counts = this.#claimsAgainst(demand);
    const after = this.#hasFamilies ? new Set<string>() : undefined;
    const locks = this.#lockObjection(demand, counts, after);
    if (locks !== undefined && after === undefined) return { verdict: locks, after: NONE };
    const slots = this.#slotObjection(demand, counts, after);
    const places = this.#fullObjection(demand, after);
    const verdict = locks ?? slots ?? places;
    return verdict && { verdict, after: after ?? NONE };
  }

  /** For whose end it waits whoever comes first, and whatever others than workflows do. */
  waits(demand: Demand): Wait[] {
    return [...this.#lockWaits(demand), ...this.#slotWaits(demand), ...this.#placeWaits(demand)];
  }

  /** One that is waited for would wait for ever where those that wait for it have all places. */
  #above({ ancestors = [] }: Demand): string | undefined {
    return ancestors.find((key) => this.#members.has(key));
  }

  #familyOf(demand: Demand): string | undefined {
    const above = this.#above(demand);
    return above === undefined ? undefined : this.#family(above);
  }

  #family(key: string): string {
    const above = this.#members.get(key)?.above;
    return above === undefined ? key : this.#family(above);
  }

  /** What is kept for one that waits for the end of a family cannot be kept from that family: they would wait for each other. */
  #claimsAgainst(demand: Demand): Counts {
    const family = this.#familyOf(demand);
    return family === undefined ? undefined : (claim) => !this.#reaches(claim.for.after, family);
  }

  #reaches(from: ReadonlySet<string>, family: string): boolean {
    const seen = new Set(from);
    for (const each of seen) {
      if (each === family) return true;
      for (const next of this.#waits.get(each) ?? []) seen.add(next);
    }
    return false;
  }

  /** The first one; all that it waits for is added to `after`. */
  #lockObjection(
    { locks, ancestors = [] }: Demand,
    counts: Counts,
    after: Set<string> | undefined,
  ): Verdict | undefined {
    let first: Verdict | undefined;
    for (const lock of locks) {
      const foreign = this.#foreign.get(lock.key);
      if (foreign !== undefined && lock.access === 'Exclusive') first ??= waitsForLock(lock, `: ${foreign}`);
      for (const { access, by } of this.#holders.get(lock.key) ?? []) {
        if (!excludes(lock, access) || ancestors.includes(by)) continue;
        first ??= waitsForLock(lock, `, which is held by workflow ${by}`);
        after?.add(this.#family(by));
      }
      for (const claim of this.#keptLocks.get(lock.key) ?? []) {
        if (first !== undefined && after === undefined) return first;
        if (!excludes(lock, claim.access) || counts?.(claim) === false) continue;
        first ??= waitsForLock(lock, `, which is kept for workflow ${claim.for.key}, which comes first`);
        addAll(after, claim.for.after);
      }
    }
    return first;
  }

  *#lockWaits({ locks, ancestors = [] }: Demand): Generator<Wait> {
    for (const lock of locks)
      for (const { access, by } of this.#holders.get(lock.key) ?? [])
        if (excludes(lock, access) && !ancestors.includes(by))
          yield { on: [by], what: `for ${lockName(lock.key)}, which is held by workflow ${by}` };
  }

  *#slotWaits(demand: Demand): Generator<Wait> {
    const above = this.#above(demand);
    for (const { name, units } of demand.slots) {
      const capacity = this.#limits.slots.get(name) ?? 0;
      const more = this.#more(above, name, units);
      // One that wants more than there are waits for no workflow.
      if (units > capacity || more === 0 || (this.#taken.get(name) ?? 0) + more <= capacity) continue;
      const on = [...this.#members].filter(([, { own }]) => (own.get(name) ?? 0) > 0).map(([key]) => key);
      yield { on, what: `for ${units} of slot ${name}, which is held by workflow ${nameSome(on)}` };
    }
  }

  *#placeWaits(demand: Demand): Generator<Wait> {
    const { maxConcurrent } = this.#limits;
    if (this.#places < maxConcurrent || this.#above(demand) !== undefined) return;
    yield {
      on: [...this.#families()],
      what: `for one of the ${maxConcurrent} workflows that may run at one time to end`,
    };
  }

  #slotObjection(demand: Demand, counts: Counts, after: Set<string> | undefined): Verdict | undefined {
    const above = this.#above(demand);
    let first: Verdict | undefined;
    for (const { name, units } of demand.slots) {
      const capacity = this.#limits.slots.get(name);
      if (capacity === undefined || units > capacity) {
        first ??= unknownSlot(name, units, capacity);
        continue;
      }
      const more = this.#more(above, name, units);
      const taken = (this.#taken.get(name) ?? 0) + this.#kept(name, counts);
      if (more === 0 || taken + more <= capacity) continue;
      first ??= {
        reason: 'WaitingForSlot',
        message: `waits for ${units} of slot ${name}, of which there are ${capacity}`,
      };
      if (after !== undefined) addAll(after, this.#familiesBefore(name, counts));
    }
    return first;
  }

  #fullObjection(demand: Demand, after: Set<string> | undefined): Verdict | undefined {
    const { maxConcurrent } = this.#limits;
    if (this.#places < maxConcurrent || this.#above(demand) !== undefined) return undefined;
    if (after !== undefined) addAll(after, this.#families());
    const message = `waits for one of the ${maxConcurrent} workflows that may run at one time to end`;
    return { reason: 'WaitingForSlot', message };
  }

  *#families(): Generator<string> {
    for (const [key, { above }] of this.#members) if (above === undefined) yield key;
  }

  #kept(slot: string, counts: Counts): number {
    if (counts === undefined) return this.#keptInAll.get(slot) ?? 0;
    const claims = this.#keptUnits.get(slot) ?? [];
    return claims.filter(counts).reduce((sum, { units }) => sum + units, 0);
  }

  /** Those that have units of it, or that others wait for to whom they are promised. */
  *#familiesBefore(slot: string, counts: Counts): Generator<string> {
    for (const key of this.#families()) if (this.#uses(key, slot) > 0) yield key;
    for (const claim of this.#keptUnits.get(slot) ?? []) if (counts?.(claim) !== false) yield* claim.for.after;
  }

  /** A workflow waits while those that it started run: so they use its units, and more are taken only where they need more than it has. */
  #uses(key: string, slot: string): number {
    const member = this.#members.get(key);
    return Math.max(member?.own.get(slot) ?? 0, member?.below.get(slot) ?? 0);
  }

  /** How many more units are taken in all where one that `above` started takes so many. */
  #more(above: string | undefined, slot: string, units: number): number {
    if (above === undefined || units === 0) return units;
    const member = this.#members.get(above);
    const after = Math.max(member?.own.get(slot) ?? 0, (member?.below.get(slot) ?? 0) + units);
    return this.#more(member?.above, slot, after - this.#uses(above, slot));
  }

  #raise(above: string | undefined, slot: string, units: number): void {
    const member = above === undefined ? undefined : this.#members.get(above);
    if (above === undefined || member === undefined) {
      this.#taken.set(slot, (this.#taken.get(slot) ?? 0) + units);
      return;
    }
    const before = this.#uses(above, slot);
    member.below.set(slot, (member.below.get(slot) ?? 0) + units);
    this.#raise(member.above, slot, this.#uses(above, slot) - before);
  }
}

/** With what those take that run. */
export function boardOf(running: Iterable<Demand>, limits: Limits, foreign: Foreign, hasFamilies = false): Board {
  const board = new Board(limits, foreign, hasFamilies);
  // Those that started others first, so that these take no place of their own.
  for (const demand of [...running].sort(byDepth)) board.take(demand);
  return board;
}

const byDepth = (a: Demand, b: Demand): number => (a.ancestors?.length ?? 0) - (b.ancestors?.length ?? 0);

const excludes = (wanted: Lock, there: Access): boolean => wanted.access === 'Exclusive' || there === 'Exclusive';

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const there = lists.get(key);
  if (there) there.push(item);
  else lists.set(key, [item]);
}

const waitsForLock = ({ key }: Lock, why: string): Verdict => ({
  reason: 'WaitingForLock',
  message: `waits for ${lockName(key)}${why}`,
});

const NONE: ReadonlySet<string> = new Set();

function addAll(set: Set<string> | undefined, names: Iterable<string>): void {
  if (set !== undefined) for (const name of names) set.add(name);
}

const unknownSlot = (name: string, units: number, capacity: number | undefined): Verdict => ({
  reason: 'UnknownSlot',
  message: `wants ${units} of slot ${name}, of which there ${capacity === undefined ? 'are none' : `are ${capacity}`}; see spec.workflows.slots of Orchestration/default`,
});
