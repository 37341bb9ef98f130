import { describe, expect, it } from 'vitest';
import { allot, type Budget, type Claim } from '../../../../src/domain/capacity/allot.ts';
import { fc } from '../../../support/properties.ts';

const claim = (key: string, wanted: number, over: Partial<Claim> = {}): Claim => ({
  key,
  priority: 'Normal',
  minReplicas: 1,
  wanted,
  risk: 0,
  costPerReplicaHour: undefined,
  cpu: 0.5,
  memory: 2 ** 30,
  fixed: false,
  annealed: false,
  ...over,
});

const budget = (over: Partial<Budget>, ...covers: readonly Claim[]): Budget => ({
  name: 'nodes',
  maxReplicas: undefined,
  cpu: undefined,
  memory: undefined,
  covers: covers.map(({ key }) => key),
  ...over,
});

/** Replicas by name, of all. */
function given(claims: readonly Claim[], ...budgets: readonly Budget[]): Record<string, number> {
  const { reduced } = allot(claims, budgets);
  return Object.fromEntries(claims.map(({ key, wanted }) => [key, reduced.get(key)?.replicas ?? wanted]));
}

const [a, b, c] = [claim('shop/a', 10), claim('shop/b', 10), claim('shop/c', 10)];

describe('a capacity budget', () => {
  it('changes nothing while everything fits', () => {
    const { reduced, method } = allot([a, b], [budget({ maxReplicas: 20, cpu: 10, memory: 20 * 2 ** 30 }, a, b)]);
    expect(reduced.size).toBe(0);
    expect(method).toBe('None');
  });

  it('shares the shortage evenly among equals, in proportion to what they want', () => {
    expect(given([a, b, c], budget({ maxReplicas: 15 }, a, b, c))).toEqual({ 'shop/a': 5, 'shop/b': 5, 'shop/c': 5 });
    const large = claim('shop/large', 30);
    expect(given([a, large], budget({ maxReplicas: 20 }, a, large))).toEqual({ 'shop/a': 5, 'shop/large': 15 });
  });

  it('halves the shortage with each step of priority', () => {
    const levels = (['Critical', 'High', 'Normal', 'Low', 'Maintenance'] as const).map((priority) =>
      claim(`shop/${priority}`, 160, { priority }),
    );
    // Shortages of 5, 10, 20, 40 and 80.
    const shares = given(levels, budget({ maxReplicas: 5 * 160 - 155 }, ...levels));
    expect(Object.values(shares)).toEqual([155, 150, 140, 120, 80]);
  });

  it('takes less from who is near to missing an objective, and from whose replicas are cheap', () => {
    const [risky, dear, cheap] = [
      claim('shop/risky', 10, { risk: 1 }),
      claim('shop/dear', 10, { costPerReplicaHour: 0.3 }),
      claim('shop/cheap', 10, { costPerReplicaHour: 0.1 }),
    ];
    const byRisk = given([a, risky], budget({ maxReplicas: 14 }, a, risky));
    expect(byRisk['shop/risky']).toBe(8);
    expect(byRisk['shop/a']).toBe(6);
    const byCost = given([dear, cheap], budget({ maxReplicas: 12 }, dear, cheap));
    expect(byCost['shop/cheap']).toBeGreaterThan(byCost['shop/dear'] ?? 0);
  });

  it('says how much there is, what is wanted, and why this one gets what it gets', () => {
    const { reduced } = allot([a, b], [budget({ maxReplicas: 15 }, a, b)]);
    expect(reduced.get('shop/b')).toEqual({
      replicas: 7,
      budgets: 'nodes',
      because:
        'budget nodes holds 15 replicas, and 20 replicas are wanted: 7 of the 10 replicas that are wanted, by priority (Normal), objective and cost',
      belowMinimum: false,
    });
  });

  it('counts CPU and memory of the requests', () => {
    expect(given([a, b], budget({ cpu: 5 }, a, b))).toEqual({ 'shop/a': 5, 'shop/b': 5 });
    expect(given([a, b], budget({ memory: 12 * 2 ** 30 }, a, b))).toEqual({ 'shop/a': 6, 'shop/b': 6 });
    const light = claim('shop/light', 10, { cpu: 0 });
    expect(given([a, light], budget({ cpu: 2 }, a, light))).toEqual({ 'shop/a': 4, 'shop/light': 10 });
  });

  it('gives minReplicas before anything else', () => {
    const low = claim('shop/low', 10, { priority: 'Maintenance', minReplicas: 6 });
    const high = claim('shop/high', 10, { priority: 'Critical' });
    expect(given([low, high], budget({ maxReplicas: 10 }, low, high))).toEqual({ 'shop/low': 6, 'shop/high': 4 });
  });

  it('gives minReplicas by priority where not even they fit, and says so', () => {
    const low = claim('shop/low', 10, { priority: 'Low', minReplicas: 6 });
    const [one, other] = ['one', 'other'].map((name) => claim(`shop/${name}`, 9, { priority: 'High', minReplicas: 4 }));
    if (!one || !other) throw new Error('two');
    const { reduced } = allot([low, one, other], [budget({ maxReplicas: 11 }, low, one, other)]);
    expect(reduced.get('shop/one')?.replicas).toBe(4);
    expect(reduced.get('shop/other')?.replicas).toBe(4);
    expect(reduced.get('shop/low')).toMatchObject({ replicas: 3, belowMinimum: true });
    expect(reduced.get('shop/low')?.because).toContain('this one has less than its 6');
    expect(reduced.get('shop/one')?.belowMinimum).toBe(false);
  });

  it('takes the same from those of one priority where their minima do not fit', () => {
    const three = ['x', 'y', 'z'].map((name) => claim(`shop/${name}`, 4, { minReplicas: 4 }));
    expect(Object.values(given(three, budget({ maxReplicas: 6 }, ...three)))).toEqual([2, 2, 2]);
  });

  it('leaves to the others what those use that it may not change', () => {
    const fixed = claim('shop/fixed', 12, { fixed: true });
    expect(given([a, b, fixed], budget({ maxReplicas: 20 }, a, b, fixed))).toEqual({
      'shop/a': 4,
      'shop/b': 4,
      'shop/fixed': 12,
    });
    const all = claim('shop/all', 50, { fixed: true });
    expect(given([a, all], budget({ maxReplicas: 20 }, a, all))).toEqual({ 'shop/a': 0, 'shop/all': 50 });
  });

  it('holds where budgets overlap, and leaves alone who is in none', () => {
    const budgets = [budget({ name: 'one', maxReplicas: 12 }, a, b), budget({ name: 'two', maxReplicas: 12 }, b, c)];
    const shares = given([a, b, c], ...budgets);
    expect((shares['shop/a'] ?? 0) + (shares['shop/b'] ?? 0)).toBe(12);
    expect((shares['shop/b'] ?? 0) + (shares['shop/c'] ?? 0)).toBe(12);
    expect(given([a, b], budget({ maxReplicas: 3 }, a))).toEqual({ 'shop/a': 3, 'shop/b': 10 });
  });

  it('anneals where one of those that share asks for it, and nowhere else', () => {
    const quantum = claim('shop/quantum', 10, { annealed: true });
    expect(allot([a, quantum], [budget({ maxReplicas: 14 }, a, quantum)]).method).toBe('Annealed');
    expect(
      allot([a, b, quantum], [budget({ maxReplicas: 14 }, a, b), budget({ maxReplicas: 99 }, quantum)]).method,
    ).toBe('Greedy');
    expect(given([a, quantum], budget({ maxReplicas: 14 }, a, quantum))).toEqual({ 'shop/a': 7, 'shop/quantum': 7 });
  });

  it('gives the same whatever the order, and never more than there is nor than is wanted', () => {
    const claims = fc.array(
      fc.record({
        priority: fc.constantFrom('Critical', 'High', 'Normal', 'Low', 'Maintenance'),
        minReplicas: fc.nat(6),
        wanted: fc.nat(20),
        risk: fc.double({ min: 0, max: 1, noNaN: true }),
        costPerReplicaHour: fc.option(fc.double({ min: 0, max: 5, noNaN: true }), { nil: undefined }),
        cpu: fc.constantFrom(0, 0.1, 0.25, 2),
        memory: fc.constantFrom(0, 1, 2.5),
        fixed: fc.boolean(),
        annealed: fc.boolean(),
      }),
      { maxLength: 6 },
    );
    const amounts = fc.record({
      maxReplicas: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      cpu: fc.option(fc.double({ min: 0.1, max: 30, noNaN: true }), { nil: undefined }),
      memory: fc.option(fc.double({ min: 0.1, max: 60, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(claims, amounts, (parts, amount) => {
        const all = parts.map((part, index) => ({ key: `shop/${index}`, ...part }) satisfies Claim);
        const shared = budget(amount, ...all);
        const shares = given(all, shared);
        expect(given(all.toReversed(), shared)).toEqual(shares);
        const used = { maxReplicas: 0, cpu: 0, memory: 0 };
        const fixed = { ...used };
        for (const { key, wanted, cpu, memory, ...rest } of all) {
          const replicas = shares[key] ?? 0;
          expect(replicas).toBeLessThanOrEqual(wanted);
          for (const sum of rest.fixed ? [used, fixed] : [used]) {
            sum.maxReplicas += replicas;
            sum.cpu += replicas * cpu;
            sum.memory += replicas * memory;
          }
        }
        for (const resource of ['maxReplicas', 'cpu', 'memory'] as const) {
          const most = Math.max(amount[resource] ?? Infinity, fixed[resource]);
          expect(used[resource]).toBeLessThanOrEqual(most + 1e-6);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what was given before', () => {
  const levels = ['Critical', 'High', 'Normal', 'Low', 'Maintenance'] as const;
  const claims = Array.from({ length: 40 }, (_, index) =>
    claim(`shop/${index}`, 3 + ((index * 37) % 7), {
      cpu: 0.01 * (index + 1),
      memory: (index + 1) * 2 ** 20,
      priority: levels[index % 5] ?? 'Normal',
      annealed: true,
    }),
  );
  const odd = claims.filter((_, index) => index % 2 === 1);
  const all = [
    budget({ maxReplicas: 120 }, ...claims),
    budget({ cpu: 8 }, ...odd),
    budget({ memory: 2_000 * 2 ** 20 }, ...claims),
  ];
  const first = given(claims, ...all);
  const remembering = (some: readonly Claim[]) => some.map((each) => ({ ...each, given: first[each.key] }));
  const moves = (next: Record<string, number>) => claims.filter(({ key }) => next[key] !== first[key]).length;

  it.each([1, -1])('stays for all but a few when one of many wants %d more', (more) => {
    for (const { key } of claims.slice(0, 8)) {
      const other = claims.map((each) => (each.key === key ? { ...each, wanted: each.wanted + more } : each));
      expect(moves(given(remembering(other), ...all))).toBeLessThanOrEqual(3);
    }
  });

  it('is the same again when nothing has changed, and keeps limits that have become smaller', () => {
    expect(moves(given(remembering(claims), ...all))).toBe(0);
    const smaller = budget({ maxReplicas: 60 }, ...claims);
    const replicas = Object.values(given(remembering(claims), smaller));
    expect(replicas.reduce((sum, each) => sum + each, 0)).toBe(60);
  });

  it('moves where that is worth it, and where more of it is free', () => {
    const uneven = [
      { ...a, given: 1 },
      { ...b, given: 9 },
    ];
    expect(given(uneven, budget({ maxReplicas: 10 }, a, b))).toEqual({ 'shop/a': 5, 'shop/b': 5 });
    const even = [
      { ...a, given: 5 },
      { ...b, given: 5 },
    ];
    expect(given(even, budget({ maxReplicas: 14 }, a, b))).toEqual({ 'shop/a': 7, 'shop/b': 7 });
  });
});
