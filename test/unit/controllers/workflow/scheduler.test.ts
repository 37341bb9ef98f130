import { beforeEach, describe, expect, it } from 'vitest';
import { Scheduler } from '../../../../src/controllers/workflow/scheduler.ts';
import type { Waiting } from '../../../../src/domain/workflow/schedule.ts';

const NOW = 1_000_000;
const A = 'ns/apps/Deployment/a';

let enqueued: string[] = [];
let locks: string[] = [];
let due: (() => void)[] = [];
let maxConcurrent = 2;
const foreign = new Map<string, string>();

function settle(): string[] {
  for (const run of due.splice(0)) run();
  return enqueued.splice(0);
}

const create = (): Scheduler =>
  new Scheduler({
    limits: () => ({ maxConcurrent, ageing: 10, slots: new Map() }),
    now: () => NOW,
    foreign,
    onLocks: (keys) => locks.push(...keys),
    enqueue: (key) => enqueued.push(key),
    soon: (run) => due.push(run),
  });

const wants = (key: string, extra: Partial<Waiting> = {}): Waiting => ({
  key,
  priority: 500,
  since: NOW,
  locks: [],
  slots: [],
  blocked: undefined,
  ...extra,
});
const LOCKED = { locks: [{ key: A, access: 'Exclusive' }] } as const;

beforeEach(() => {
  enqueued = [];
  locks = [];
  due = [];
  maxConcurrent = 2;
  foreign.clear();
});

describe('the scheduler', () => {
  it('lets one that comes alone in at once, and says so again', () => {
    const scheduler = create();
    expect(scheduler.ask(wants('ns/a'))).toEqual({ kind: 'granted' });
    expect(scheduler.ask(wants('ns/a'))).toEqual({ kind: 'granted' });
    expect(scheduler.running).toBe(1);
  });

  it('keeps the place of one that asks anew, as where it was changed before it was written that it waits', () => {
    const scheduler = create();
    scheduler.begin([{ key: 'ns/r', locks: [], slots: [] }]);
    maxConcurrent = 1;
    for (const key of ['ns/first', 'ns/second']) scheduler.ask(wants(key, { since: NOW - 10 }));
    scheduler.ask(wants('ns/first', { since: NOW }));
    settle();
    scheduler.release('ns/r');
    settle();
    expect(scheduler.runs('ns/first')).toBe(true);
  });

  it('looks anew at one that was changed after it was let in, and before that was written', () => {
    const scheduler = create();
    scheduler.begin([{ key: 'ns/r', slots: [], ...LOCKED }]);
    expect(scheduler.ask(wants('ns/a'))).toEqual({ kind: 'granted' });
    expect(scheduler.ask(wants('ns/a', LOCKED))).toMatchObject({ kind: 'waiting', reason: 'WaitingForLock' });
    expect(scheduler.ask(wants('ns/a'))).toEqual({ kind: 'granted' });
    expect(scheduler.ask(wants('ns/a', { slots: [{ name: 'x', units: 1 }] }))).toMatchObject({ reason: 'UnknownSlot' });
  });

  it('puts many that come at once in order once, and wakes those that may begin', () => {
    const scheduler = create();
    scheduler.begin([{ key: 'ns/r', locks: [], slots: [] }]);
    maxConcurrent = 1;
    expect(scheduler.ask(wants('ns/first')).kind).toBe('waiting');
    for (let n = 0; n < 100; n += 1) scheduler.ask(wants(`ns/${n}`));
    expect(due).toHaveLength(1);
    settle();
    maxConcurrent = 3;
    scheduler.release('ns/r');
    expect(settle().filter((key) => scheduler.runs(key))).toEqual(['ns/0', 'ns/1', 'ns/10']);
  });

  it('gives what one leaves to the next, and wakes those whose reason changed', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/a', LOCKED));
    expect(scheduler.ask(wants('ns/b', LOCKED))).toMatchObject({ reason: 'WaitingForLock' });
    scheduler.ask(wants('ns/c', LOCKED));
    settle();
    scheduler.release('ns/a');
    expect(settle()).toEqual(['ns/b', 'ns/c']);
    expect([scheduler.runs('ns/b'), scheduler.runs('ns/c')]).toEqual([true, false]);
    expect(scheduler.ask(wants('ns/c', LOCKED))).toMatchObject({
      message: 'waits for Deployment a, which is held by workflow ns/b',
    });
  });

  it('knows who holds what, until it is released', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/a', LOCKED));
    expect(scheduler.heldBy(A)).toBe('Deployment a is held by workflow ns/a');
    expect([scheduler.holds('ns/a', A), scheduler.holds('ns/b', A)]).toEqual([true, false]);
    scheduler.release('ns/a');
    expect(scheduler.heldBy(A)).toBeUndefined();
  });

  it('tells whose workload somebody has to himself, and when he has it no longer', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/s', { locks: [{ key: A, access: 'Shared' }] }));
    scheduler.release('ns/s');
    expect(locks).toEqual([]);
    scheduler.ask(wants('ns/a', LOCKED));
    expect(locks.splice(0)).toEqual([A]);
    scheduler.release('ns/a');
    scheduler.release('ns/a');
    expect(locks).toEqual([A]);
  });

  it('a failover that the holder orders goes on', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/a', { locks: [{ key: A, access: 'Exclusive', failsOver: true }] }));
    expect([scheduler.heldBy(A) === undefined, scheduler.heldBy(A, true) === undefined]).toEqual([false, true]);
  });

  it('one that was started by the holder holds it too, and gives only its own back', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/parent', LOCKED));
    expect(scheduler.ask(wants('ns/child', { ...LOCKED, ancestors: ['ns/parent'] }))).toEqual({ kind: 'granted' });
    expect([scheduler.holds('ns/parent', A), scheduler.holds('ns/child', A)]).toEqual([true, true]);
    scheduler.release('ns/child');
    expect([scheduler.holds('ns/parent', A), scheduler.holds('ns/child', A)]).toEqual([true, false]);
    expect(scheduler.heldBy(A)).toContain('ns/parent');
  });

  it('what is shared keeps nobody away but those that want it to themselves', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/a', { locks: [{ key: A, access: 'Shared' }] }));
    expect(scheduler.heldBy(A)).toBeUndefined();
    expect(scheduler.ask(wants('ns/b', LOCKED)).kind).toBe('waiting');
  });

  it('takes over from the statuses what runs', () => {
    const scheduler = create();
    scheduler.begin([{ key: 'ns/a', slots: [], ...LOCKED }]);
    expect(scheduler.ask(wants('ns/a', LOCKED))).toEqual({ kind: 'granted' });
    expect(scheduler.ask(wants('ns/b', LOCKED)).kind).toBe('waiting');
  });

  it('looks again when others let go', () => {
    const scheduler = create();
    foreign.set(A, 'its service fails over');
    expect(scheduler.ask(wants('ns/a', LOCKED))).toMatchObject({
      message: 'waits for Deployment a: its service fails over',
    });
    foreign.clear();
    scheduler.reconsider();
    expect(settle()).toContain('ns/a');
    expect(scheduler.runs('ns/a')).toBe(true);
  });

  it('forgets one that is gone while it waited', () => {
    const scheduler = create();
    scheduler.ask(wants('ns/a', LOCKED));
    scheduler.ask(wants('ns/b', LOCKED));
    scheduler.release('ns/b');
    settle();
    expect([...scheduler.waiting()]).toEqual([]);
  });
});
