import { describe, expect, it } from 'vitest';
import { findCycle, Graph, unknownDependencies } from '../../../../src/domain/workflow/graph.ts';
import { fc } from '../../../support/properties.ts';

/** `a<b,c`: a depends on b and c. */
const steps = (...texts: string[]) =>
  texts.map((text) => {
    const [name = '', above = ''] = text.split('<');
    return { name, dependsOn: above.split(',').filter(Boolean) };
  });

describe('findCycle', () => {
  it.each([
    [steps('a', 'b<a', 'c<a,b'), undefined],
    [steps('a<a'), ['a']],
    [steps('a', 'b<a,d', 'c<b', 'd<c'), ['b', 'd', 'c']],
    [steps('x<a', 'a<b', 'b<a'), ['a', 'b']],
    [steps('a<nobody'), undefined],
  ])('of %j names %j', (given, ring) => {
    expect(findCycle(given)).toEqual(ring);
  });

  it('finds one in 200 steps, and none in a chain of 200', () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    const chain = names.map((name, index) => ({ name, dependsOn: names.slice(Math.max(0, index - 50), index) }));
    expect(findCycle(chain)).toBeUndefined();
    expect(findCycle(chain.toReversed())).toBeUndefined();
    const ring = names.map((name, index) => ({ name, dependsOn: [names[(index + 1) % 200] ?? ''] }));
    expect(findCycle(ring)).toEqual(names);
  });
});

it('names what is no step', () => {
  expect(unknownDependencies(steps('a', 'b<a,x', 'c<y'))).toEqual([
    { step: 'b', name: 'x' },
    { step: 'c', name: 'y' },
  ]);
});

describe('Graph', () => {
  it('knows what comes before and after, however far', () => {
    const graph = new Graph(steps('a', 'b<a', 'c<b', 'd', 'e<c,d'));
    expect([...graph.before('e')].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect([...graph.after('a')].sort()).toEqual(['b', 'c', 'e']);
    expect([...graph.after('e'), ...graph.before('a')]).toEqual([]);
  });

  it('is transitive, and each direction is the reverse of the other', () => {
    const drawn = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(drawn, (above) => {
        const given = above.map((indexes, index) => ({
          name: `s${index}`,
          dependsOn: indexes.filter((other) => other < index).map((other) => `s${other}`),
        }));
        const graph = new Graph(given);
        for (const { name, dependsOn } of given) {
          const expected = new Set(dependsOn.flatMap((direct) => [direct, ...graph.before(direct)]));
          expect(graph.before(name)).toEqual(expected);
          for (const other of given) expect(graph.after(other.name).has(name)).toBe(expected.has(other.name));
        }
      }),
      { numRuns: 50 },
    );
  });
});
