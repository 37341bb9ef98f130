import { boardOf } from './board.ts';
import type { Lock } from './locks.ts';

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
  /** The workflows that started it and wait for its end: their locks, units and place it may use. */
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
 * Only one that was started by another passes also those that wait for the end of that other one.
 * `foreign` are locks that others than workflows hold, such as a failover under way.
 */
export function schedule(
  waiting: readonly Waiting[],
  running: readonly Demand[],
  limits: Limits,
  now: number,
  foreign: Foreign = new Map(),
): Schedule {
  const hasFamilies = waiting.some(({ ancestors = [] }) => ancestors.length > 0);
  const board = boardOf(running, limits, foreign, hasFamilies);
  const granted: string[] = [];
  const verdicts = new Map<string, Verdict>();
  for (const candidate of [...waiting].sort(byTurn(limits, now))) {
    if (candidate.blocked !== undefined) {
      verdicts.set(candidate.key, candidate.blocked);
      continue;
    }
    const objection = board.objection(candidate);
    if (objection === undefined) {
      board.take(candidate);
      granted.push(candidate.key);
      continue;
    }
    const { verdict, after } = objection;
    verdicts.set(candidate.key, verdict);
    if (verdict.reason !== 'UnknownSlot') board.keep(candidate, after);
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
