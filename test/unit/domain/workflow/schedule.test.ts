import { describe, expect, it } from 'vitest';
import type { Lock } from '../../../../src/domain/workflow/locks.ts';
import {
  type Demand,
  type Limits,
  schedule,
  type Slot,
  type Waiting,
} from '../../../../src/domain/workflow/schedule.ts';
import { fc } from '../../../support/properties.ts';

const LIMITS: Limits = { maxConcurrent: 10, ageing: 10, slots: new Map([['db', 2]]) };
const NOW = 1_000_000;

const lock = (key: string, access: Lock['access'] = 'Exclusive'): Lock => ({
  key: `ns/apps/Deployment/${key}`,
  access,
});
const waiting = (key: string, extra: Partial<Waiting> = {}): Waiting => ({
  key,
  priority: 500,
  since: NOW,
  locks: [],
  slots: [],
  blocked: undefined,
  ...extra,
});

describe('who may begin', () => {
  it('higher priority first, then who waits longer', () => {
    const all = [waiting('ns/c'), waiting('ns/b', { since: NOW - 1 }), waiting('ns/a', { priority: 501 })];
    expect(schedule(all, [], LIMITS, NOW).granted).toEqual(['ns/a', 'ns/b', 'ns/c']);
  });

  it('waiting adds to priority', () => {
    const all = [waiting('ns/new', { priority: 509 }), waiting('ns/old', { since: NOW - 60_000 })];
    expect(schedule(all, [], { ...LIMITS, maxConcurrent: 1 }, NOW)).toEqual({
      granted: ['ns/old'],
      waiting: new Map([
        [
          'ns/new',
          { reason: 'WaitingForSlot', message: 'waits for one of the 1 workflows that may run at one time to end' },
        ],
      ]),
    });
  });

  it('all locks or none: one that lacks one of them holds none, and says for which it waits', () => {
    const running: Demand[] = [{ key: 'ns/r', locks: [lock('b')], slots: [] }];
    const all = [waiting('ns/ab', { locks: [lock('a'), lock('b')] })];
    expect(schedule(all, running, LIMITS, NOW).waiting.get('ns/ab')).toEqual({
      reason: 'WaitingForLock',
      message: 'waits for Deployment b, which is held by workflow ns/r',
    });
  });

  it('one that waits for a lock takes no place, and is passed by those that do not keep it waiting', () => {
    const running: Demand[] = [{ key: 'ns/r', locks: [lock('b')], slots: [] }];
    const head = waiting('ns/head', { priority: 900, locks: [lock('a'), lock('b')] });
    const found = schedule(
      [head, waiting('ns/other', { locks: [lock('c')] }), waiting('ns/a', { locks: [lock('a')] })],
      running,
      { ...LIMITS, maxConcurrent: 2 },
      NOW,
    );
    expect(found.granted).toEqual(['ns/other']);
    expect(found.waiting.get('ns/a')?.message).toBe(
      'waits for Deployment a, which is kept for workflow ns/head, which comes first',
    );
  });

  it('what is shared is shared', () => {
    const running: Demand[] = [{ key: 'ns/r', locks: [lock('a', 'Shared')], slots: [] }];
    const all = [waiting('ns/s', { locks: [lock('a', 'Shared')] }), waiting('ns/x', { locks: [lock('a')] })];
    expect(schedule(all, running, LIMITS, NOW).granted).toEqual(['ns/s']);
  });

  it('one that was started by another uses what that one holds, and its place; those beside it wait', () => {
    const parent: Demand = { key: 'ns/parent', locks: [lock('a')], slots: [] };
    const ancestors = ['ns/parent'];
    const children = ['ns/one', 'ns/two'].map((key) => waiting(key, { locks: [lock('a')], ancestors }));
    const found = schedule(
      [...children, waiting('ns/stranger', { locks: [lock('a')] })],
      [parent],
      { ...LIMITS, maxConcurrent: 1 },
      NOW,
    );
    expect(found.granted).toEqual(['ns/one']);
    expect(found.waiting.get('ns/two')?.message).toBe('waits for Deployment a, which is held by workflow ns/one');
    const taken: Demand = { key: 'ns/one', locks: [lock('a')], slots: [], ancestors };
    expect(schedule([waiting('ns/other')], [taken, parent], { ...LIMITS, maxConcurrent: 2 }, NOW).granted).toEqual([
      'ns/other',
    ]);
  });

  it('one that was started by another uses its units of a slot, together with those beside it', () => {
    const parent: Demand = { key: 'ns/parent', locks: [], slots: [{ name: 'db', units: 2 }] };
    const ancestors = ['ns/parent'];
    const children = ['ns/one', 'ns/two', 'ns/three'].map((key) =>
      waiting(key, { slots: [{ name: 'db', units: 1 }], ancestors }),
    );
    const found = schedule(
      [...children, waiting('ns/x', { slots: [{ name: 'db', units: 1 }] })],
      [parent],
      LIMITS,
      NOW,
    );
    expect(found.granted).toEqual(['ns/one', 'ns/three']);
    expect([...found.waiting.keys()]).toEqual(['ns/two', 'ns/x']);
  });

  it('what one needs beyond the units of its parent is taken of what is free', () => {
    const running: Demand[] = [
      { key: 'ns/parent', locks: [], slots: [{ name: 'db', units: 1 }] },
      { key: 'ns/step', locks: [], slots: [], ancestors: ['ns/parent'] },
    ];
    const child = waiting('ns/child', { slots: [{ name: 'db', units: 2 }], ancestors: ['ns/step', 'ns/parent'] });
    expect(schedule([child], running, LIMITS, NOW).granted).toEqual(['ns/child']);
    const other: Demand = { key: 'ns/other', locks: [], slots: [{ name: 'db', units: 1 }] };
    expect(schedule([child], [...running, other], LIMITS, NOW).granted).toEqual([]);
  });

  it('what is kept for one that waits for the parent is not kept from what the parent started', () => {
    const parent: Demand = { key: 'ns/parent', locks: [lock('a')], slots: [] };
    const head = waiting('ns/head', { priority: 900, locks: [lock('a'), lock('b')] });
    const child = waiting('ns/child', { locks: [lock('b')], ancestors: ['ns/parent'] });
    expect(schedule([head, child, waiting('ns/x', { locks: [lock('b')] })], [parent], LIMITS, NOW).granted).toEqual([
      'ns/child',
    ]);
    const stranger: Demand = { key: 'ns/stranger', locks: [lock('a')], slots: [] };
    expect(schedule([head, child], [stranger, { ...parent, locks: [] }], LIMITS, NOW).granted).toEqual([]);
  });

  it('two families do not wait for each other because of others who wait for both', () => {
    const running: Demand[] = ['a', 'b'].map((name) => ({ key: `ns/${name}`, locks: [lock(name)], slots: [] }));
    const all = [
      waiting('ns/x', { priority: 900, locks: [lock('b'), lock('c')] }),
      waiting('ns/y', { priority: 900, locks: [lock('a'), lock('d')] }),
      waiting('ns/of-a', { priority: 600, locks: [lock('c')], ancestors: ['ns/a'] }),
      waiting('ns/of-b', { locks: [lock('d')], ancestors: ['ns/b'] }),
    ];
    expect(schedule(all, running, LIMITS, NOW).granted).toEqual(['ns/of-b']);
  });

  it('slots are units', () => {
    const slots = [{ name: 'db', units: 1 }];
    const all = ['ns/a', 'ns/b', 'ns/c'].map((key) => waiting(key, { slots }));
    const found = schedule(all, [], LIMITS, NOW);
    expect(found.granted).toEqual(['ns/a', 'ns/b']);
    expect(found.waiting.get('ns/c')).toEqual({
      reason: 'WaitingForSlot',
      message: 'waits for 1 of slot db, of which there are 2',
    });
  });

  it('what can never be had is said, and keeps nothing from others', () => {
    const all = [
      waiting('ns/a', { priority: 900, slots: [{ name: 'db', units: 3 }], locks: [lock('a')] }),
      waiting('ns/b', { locks: [lock('a')] }),
    ];
    const found = schedule(all, [], LIMITS, NOW);
    expect(found.granted).toEqual(['ns/b']);
    expect(found.waiting.get('ns/a')?.reason).toBe('UnknownSlot');
  });

  it('one that waits for another workflow keeps nothing from others', () => {
    const blocked = { reason: 'WaitingForWorkflow', message: 'waits for backup' } as const;
    const all = [
      waiting('ns/a', { priority: 900, blocked, locks: [lock('a')] }),
      waiting('ns/b', { locks: [lock('a')] }),
    ];
    expect(schedule(all, [], LIMITS, NOW)).toEqual({ granted: ['ns/b'], waiting: new Map([['ns/a', blocked]]) });
  });

  it('what somebody else than a workflow does is waited for', () => {
    const foreign = new Map([['ns/apps/Deployment/a', 'its service fails over']]);
    const found = schedule([waiting('ns/a', { locks: [lock('a')] })], [], LIMITS, NOW, foreign);
    expect(found.waiting.get('ns/a')?.message).toBe('waits for Deployment a: its service fails over');
  });
});

const names = fc.constantFrom('a', 'b', 'c', 'd');
const locks = fc.uniqueArray(
  fc.record({ key: names, access: fc.constantFrom('Exclusive' as const, 'Shared' as const) }),
  {
    selector: ({ key }) => key,
    maxLength: 3,
  },
);
const candidate = fc.record({
  priority: fc.integer({ min: 0, max: 1_000 }),
  ago: fc.integer({ min: 0, max: 600_000 }),
  locks: locks.map((all) => all.map(({ key, access }) => lock(key, access))),
  slots: fc.array(fc.constant({ name: 'db', units: 1 }), { maxLength: 1 }),
});
const queue = fc
  .array(candidate, { maxLength: 30 })
  .map((all) => all.map(({ ago, ...one }, n) => waiting(`ns/${n}`, { ...one, since: NOW - ago })));
const limits = fc.integer({ min: 1, max: 12 }).map((maxConcurrent) => ({ ...LIMITS, maxConcurrent }));

function conflicts(all: readonly Demand[]): boolean {
  const owners = new Map<string, Lock['access']>();
  for (const { key, access } of all.flatMap(({ locks }) => locks)) {
    const there = owners.get(key);
    if (there !== undefined && (there === 'Exclusive' || access === 'Exclusive')) return true;
    owners.set(key, access);
  }
  return false;
}

describe('of any queue', () => {
  it('no two that run want the same, and no more run than may', () =>
    fc.assert(
      fc.property(queue, limits, (all, limits) => {
        const { granted } = schedule(all, [], limits, NOW);
        const running = all.filter(({ key }) => granted.includes(key));
        expect(running.length).toBeLessThanOrEqual(limits.maxConcurrent);
        expect(conflicts(running)).toBe(false);
        expect(running.flatMap(({ slots }) => slots).length).toBeLessThanOrEqual(2);
      }),
    ));

  it('each is granted or told why it waits, in whatever order they are given', () =>
    fc.assert(
      fc.property(queue, limits, (all, limits) => {
        const found = schedule(all, [], limits, NOW);
        expect([...found.granted, ...found.waiting.keys()].sort()).toEqual(all.map(({ key }) => key).sort());
        expect(schedule(all.toReversed(), [], limits, NOW)).toEqual(found);
      }),
    ));

  it('something runs where nothing runs and something waits', () =>
    fc.assert(
      fc.property(queue, limits, (all, limits) => {
        expect(schedule(all, [], limits, NOW).granted.length > 0).toBe(all.length > 0);
      }),
    ));

  it('nobody waits for ever: also not the least, while those before it come again and again', () =>
    fc.assert(
      fc.property(
        fc.array(candidate, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        locks,
        (others, maxConcurrent, wanted) => {
          const least = waiting('ns/least', { priority: 0, locks: wanted.map(({ key, access }) => lock(key, access)) });
          let running: (Demand & { until: number })[] = [];
          let now = NOW;
          let turn = 0;
          // Each takes a minute, and each minute all the others come again. After 100 minutes at 10 points a minute the least is the first.
          for (; turn < 150; turn += 1, now += 60_000) {
            running = running.filter(({ until }) => until > now);
            const arrived = others.map((one, n) => waiting(`ns/${turn}-${n}`, { ...one, priority: 1_000, since: now }));
            const queue = [least, ...arrived];
            const { granted } = schedule(queue, running, { ...LIMITS, maxConcurrent }, now);
            if (granted.includes('ns/least')) break;
            running.push(
              ...queue
                .filter(({ key }) => granted.includes(key))
                .map((one, n) => ({ ...one, until: now + 60_000 * (1 + (n % 3)) })),
            );
          }
          expect(turn).toBeLessThan(110);
        },
      ),
    ));

  /** Children want of what is held for a long time no more than their parents hold; what they alone hold they may want in any way. */
  const units = (name: string, max: number) =>
    fc.integer({ min: 0, max }).map((many) => (many === 0 ? [] : [{ name, units: many }]));
  const member = fc.record({
    priority: fc.integer({ min: 0, max: 1_000 }),
    locks: fc.subarray(['c', 'd']),
    slots: units('api', 2),
  });
  const family = fc.record({
    priority: fc.integer({ min: 0, max: 1_000 }),
    locks: fc.subarray(['a', 'b']),
    slots: units('db', 2),
    children: fc.array(fc.tuple(member, fc.boolean()), { maxLength: 3 }),
  });
  const stranger = fc.record({
    priority: fc.integer({ min: 0, max: 1_000 }),
    locks: fc.subarray(['a', 'b', 'c', 'd']),
    slots: fc.tuple(units('db', 2), units('api', 2)).map((both) => both.flat()),
  });

  it('no workflow keeps those waiting that it waits for itself: all come to their end', () =>
    fc.assert(
      fc.property(
        fc.array(family, { minLength: 1, maxLength: 4 }),
        fc.array(stranger, { maxLength: 5 }),
        fc.integer({ min: 1, max: 4 }),
        (families, strangers, maxConcurrent) => {
          const all = { ...LIMITS, maxConcurrent, slots: new Map(Object.entries({ db: 2, api: 2 })) };
          const asked = (
            { priority, locks, slots }: { priority: number; locks: string[]; slots: Slot[] },
            key: string,
          ) => waiting(key, { priority, slots, locks: locks.map((name) => lock(name)) });
          let queue: Waiting[] = [
            ...families.map((one, n) => asked(one, `ns/family-${n}`)),
            ...strangers.map((one, n) => asked(one, `ns/stranger-${n}`)),
          ];
          let running: Waiting[] = [];
          let turns = 0;
          for (let now = NOW; queue.length + running.length > 0; now += 60_000, turns += 1) {
            expect(turns).toBeLessThan(100);
            const { granted } = schedule(queue, running, all, now);
            const begun = queue.filter(({ key }) => granted.includes(key));
            queue = queue.filter(({ key }) => !granted.includes(key));
            running.push(...begun);
            for (const { key, locks, slots } of begun) {
              const children = families[Number(/^ns.family-([0-9]+)$/.exec(key)?.[1] ?? -1)]?.children ?? [];
              for (const [n, [child, usesParent]] of children.entries()) {
                const wanted = asked(child, `${key}-${n}`);
                const shared = usesParent
                  ? { locks: [...wanted.locks, ...locks], slots: [...wanted.slots, ...slots] }
                  : {};
                queue.push({ ...wanted, ...shared, since: now, ancestors: [key] });
              }
            }
            const rest = [...queue, ...running];
            running = running.filter(({ key }) => rest.some(({ ancestors = [] }) => ancestors.includes(key)));
          }
        },
      ),
    ));
});
