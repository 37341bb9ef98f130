import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/sources/turns.ts';
import { fc } from '../../support/properties.ts';

/** Takes as many turns as there are now. */
function take(turns: Turns<string>, now = 0): string[] {
  const taken: string[] = [];
  for (let item = turns.next(now); item !== undefined; item = turns.next(now)) taken.push(item);
  return taken;
}

function join(turns: Turns<string>, namespace: string, count: number, now = 0): void {
  for (let index = 0; index < count; index += 1) turns.join(namespace, `${namespace}${index}`, now);
}

describe('turns', () => {
  it('come in the order of joining', () => {
    const turns = new Turns<string>(3);
    join(turns, 'a', 5);
    expect(take(turns)).toEqual(['a0', 'a1', 'a2']);
    turns.done('a');
    expect(take(turns)).toEqual(['a3']);
  });

  it('of one namespace alone are four fifths of all, so that another finds a place at once', () => {
    const turns = new Turns<string>(50);
    join(turns, 'a', 100);
    expect(take(turns)).toHaveLength(40);
    join(turns, 'b', 1);
    expect(take(turns)).toEqual(['b0']);
  });

  it('go to the namespace with the fewest under way, and in turn among equals', () => {
    const turns = new Turns<string>(10);
    join(turns, 'a', 10);
    expect(take(turns)).toHaveLength(8);
    join(turns, 'b', 2);
    join(turns, 'c', 2);
    expect(take(turns)).toEqual(['b0', 'c0']);
    turns.done('a');
    expect(take(turns)).toEqual(['b1']);
    turns.done('a');
    expect(take(turns)).toEqual(['c1']);
  });

  it('are not for who left', () => {
    const turns = new Turns<string>(1);
    join(turns, 'a', 2);
    turns.leave('a', 'a0');
    turns.leave('a', 'unknown');
    turns.leave('b', 'unknown');
    expect(take(turns)).toEqual(['a1']);
    turns.done('a');
    expect(take(turns)).toEqual([]);
  });

  it('remember how long the last one took to come, until the namespace has nothing more', () => {
    const turns = new Turns<string>(1);
    join(turns, 'a', 2, 1000);
    expect(take(turns, 1000)).toEqual(['a0']);
    expect(turns.lag('a')).toBe(0);
    turns.done('a');
    take(turns, 31_000);
    expect(turns.lag('a')).toBe(30_000);
    expect(turns.lag('b')).toBe(0);
    turns.done('a');
    expect(turns.lag('a')).toBe(0);
  });

  it('follow a new limit', () => {
    const turns = new Turns<string>(1);
    join(turns, 'a', 5);
    expect(take(turns)).toHaveLength(1);
    turns.limit(4);
    expect(take(turns)).toHaveLength(3);
    turns.limit(1);
    turns.done('a');
    expect(take(turns)).toEqual([]);
  });

  it('are never more than the limit, lose nobody, and leave none unused that somebody may have', () => {
    const step = fc.record({ namespace: fc.constantFrom('a', 'b', 'c'), ends: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 100 }), (limit, steps) => {
        const turns = new Turns<string>(limit);
        const joined = new Set<string>();
        const underWay: string[] = [];
        const served: string[] = [];
        const serve = (): void => {
          const now = take(turns);
          underWay.push(...now);
          served.push(...now);
          expect(underWay.length).toBeLessThanOrEqual(limit);
        };
        steps.forEach(({ namespace, ends }, index) => {
          turns.join(namespace, `${namespace}/${index}`, 0);
          joined.add(`${namespace}/${index}`);
          serve();
          if (ends) turns.done(underWay.shift()?.charAt(0) ?? '');
          serve();
        });
        while (underWay.length > 0) {
          turns.done(underWay.shift()?.charAt(0) ?? '');
          serve();
        }
        expect(served.toSorted()).toEqual([...joined].toSorted());
      }),
    );
  });
});
