import { describe, expect, it } from 'vitest';
import { type Deadlock, deadlockAt, type Waiter } from '../../../../src/domain/workflow/deadlock.ts';
import { fc } from '../../../support/properties.ts';

type All = Readonly<Record<string, Waiter>>;

const for1 = (...on: string[]) => ({ on, what: `for ${on.join(' or ')}` });
const running = (...on: string[]): Waiter => ({ waits: on.map((key) => for1(key)), queuedSince: undefined });
const queued = (queuedSince: string, ...on: string[]): Waiter => ({ ...running(...on), queuedSince });
const at = (start: string, all: All): Deadlock | undefined => deadlockAt(start, (key) => all[key]);

describe('workflows that wait for each other', () => {
  const parents = {
    p1: running('c1'),
    p2: running('c2'),
    c1: queued('10:00', 'p2'),
    c2: queued('10:01', 'p1'),
  };

  it.each(Object.keys(parents))(
    'are found from each of them, and the last that was created is refused: %s',
    (start) => {
      expect(at(start, parents)).toEqual({
        victim: 'c2',
        members: ['c1', 'c2', 'p1', 'p2'],
        circle: [
          { key: 'c2', what: 'for p1' },
          { key: 'p1', what: 'for c1' },
          { key: 'c1', what: 'for p2' },
          { key: 'p2', what: 'for c2' },
        ],
      });
    },
  );

  it('one that merely waits for them is left alone', () => {
    expect(at('later', { ...parents, later: queued('10:02', 'p1') })).toBeUndefined();
    expect(at('after', { ...parents, after: queued('10:03', 'later'), later: queued('10:02', 'c1') })).toBeUndefined();
  });

  it('one that waits for somebody who can end only waits', () => {
    expect(at('c2', { ...parents, p1: running() })).toBeUndefined();
    expect(at('a', { a: queued('1', 'gone') })).toBeUndefined();
  });

  it('what one of several can end is no deadlock, and is one when none of them can', () => {
    const place = { waits: [for1('p', 'q')], queuedSince: '1' };
    expect(at('c', { p: running('c'), q: running(), c: place })).toBeUndefined();
    const both = { p: running('c'), q: running('d'), c: place, d: { ...place, queuedSince: '2' } };
    expect([at('c', both)?.victim, at('p', both)?.victim]).toEqual(['d', 'd']);
    expect(at('c', both)?.members).toEqual(['c', 'd', 'p', 'q']);
  });

  it('one that waits for itself is the circle', () => {
    expect(at('a', { a: queued('1', 'a') })?.circle).toEqual([{ key: 'a', what: 'for a' }]);
  });

  it('nobody is refused where all have begun', () => {
    expect(at('a', { a: running('b'), b: running('a') })).toBeUndefined();
  });
});

describe('whatever waits for what', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  /** Only those that have not begun wait for what comes before them in the alphabet, so that each circle has one of these. */
  const graph: fc.Arbitrary<All> = fc
    .array(
      fc.record({
        isQueued: fc.boolean(),
        since: fc.constantFrom('1', '2', '3'),
        waits: fc.array(fc.uniqueArray(fc.nat(NAMES.length - 1), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
      }),
      { minLength: NAMES.length, maxLength: NAMES.length },
    )
    .map((drawn) =>
      Object.fromEntries(
        drawn.map(({ isQueued, since, waits }, index) => {
          const others = waits
            .map((on) => on.filter((other) => isQueued || other > index))
            .filter((on) => on.length > 0);
          const own = others.map((on) => for1(...on.map((other) => NAMES[other] ?? '')));
          return [NAMES[index] ?? '', { waits: own, queuedSince: isQueued ? since : undefined }];
        }),
      ),
    );

  /** Those that are left when everybody ended who could. */
  function left(all: All): string[] {
    const ended = new Set<string>();
    for (const _ of NAMES)
      for (const [key, { waits }] of Object.entries(all))
        if (waits.every(({ on }) => on.some((other) => ended.has(other) || !(other in all)))) ended.add(key);
    return Object.keys(all).filter((key) => !ended.has(key));
  }

  const without = (all: All, gone: string): All =>
    Object.fromEntries(Object.entries(all).filter(([key]) => key !== gone));

  const found = (all: All): Deadlock[] => NAMES.flatMap((key) => at(key, all) ?? []);

  it('a circle is of those that nothing would free, and its victim has not begun', () => {
    fc.assert(
      fc.property(graph, (all) => {
        const stuck = new Set(left(all));
        for (const { victim, members, circle } of found(all)) {
          expect(members.filter((key) => !stuck.has(key))).toEqual([]);
          expect(all[victim]?.queuedSince).toBeDefined();
          expect(circle[0]?.key).toBe(victim);
          circle.forEach(({ key, what }, index) => {
            const next = circle[(index + 1) % circle.length]?.key ?? '';
            const wait = all[key]?.waits.find((each) => each.what === what && each.on.includes(next));
            expect(wait?.on.every((other) => stuck.has(other))).toBe(true);
          });
        }
      }),
    );
  });

  it('all in one circle name the same victim, in whatever order their waits come', () => {
    fc.assert(
      fc.property(graph, (all) => {
        const turned = Object.fromEntries(
          Object.entries(all).map(([key, { waits, queuedSince }]) => [
            key,
            { queuedSince, waits: waits.map(({ on, what }) => ({ what, on: on.toReversed() })).toReversed() },
          ]),
        );
        for (const key of NAMES) {
          const one = at(key, all);
          expect(at(key, turned)).toEqual(one);
          for (const { key: other } of one?.circle ?? []) expect(at(other, all)).toEqual(one);
        }
      }),
    );
  });

  it('when those are refused that close a circle, everybody else comes to an end', () => {
    fc.assert(
      fc.property(graph, (all) => {
        let rest = all;
        for (const _ of NAMES) {
          const [first] = found(rest);
          if (first !== undefined) rest = without(rest, first.victim);
        }
        expect(left(rest)).toEqual([]);
      }),
    );
  });

  it('without a circle nobody is refused', () => {
    fc.assert(
      fc.property(graph, (all) => {
        fc.pre(left(all).length === 0);
        expect(found(all)).toEqual([]);
      }),
    );
  });
});
