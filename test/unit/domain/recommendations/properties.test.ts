import { expect, it } from 'vitest';
import type { AdviceFacts } from '../../../../src/domain/recommendations/facts.ts';
import { recommend } from '../../../../src/domain/recommendations/recommend.ts';
import type { UseFigures } from '../../../../src/domain/recommendations/use.ts';
import { HOUR } from '../fixtures.ts';
import { DAY, facts, MI, scaling } from './fixtures.ts';
import { fc } from '../../../support/properties.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const cores = fc.double({ min: 0, max: 64, noNaN: true });
const bytes = fc.double({ min: 0, max: 64 * 1024 * MI, noNaN: true });
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const observedMs = fc.constantFrom(0, HOUR, 6 * HOUR, DAY, 2 * DAY, 3 * DAY, 8 * DAY);
const resources = fc.record({ cpu: cores, memory: bytes }, { requiredKeys: [] });

const figures = fc
  .record({ observedMs, p90: cores, more: share, p98: bytes })
  .map(({ observedMs, p90, more, p98 }) => ({
    observedMs,
    cpu: { p90, p95: p90 * (1 + more) },
    memory: { p98, highest: p98 * (1 + more) },
  }));
const use = fc
  .record({ pod: figures, main: maybe(figures), proxy: maybe(figures) })
  .map(({ pod, ...each }) => ({ ...pod, containers: new Map(Object.entries(each).filter(isKnown)) }));
const isKnown = (entry: [string, UseFigures | undefined]): entry is [string, UseFigures] => entry[1] !== undefined;

const sizes = fc.record({ requests: resources, limits: resources });
const template = fc
  .record({ podLevel: maybe(sizes), main: sizes, proxy: maybe(sizes) })
  .map(({ podLevel, main, proxy }) => ({
    podLevel,
    containers: [{ name: 'main', ...main }, ...(proxy ? [{ name: 'proxy', ...proxy }] : [])],
  }));

const demand = fc
  .record({
    observedMs,
    belowMin: share,
    aboveMax: share,
    paced: share,
    needed: share,
    lowest: fc.nat(40),
    more: fc.nat(40),
  })
  .map(({ more, ...rest }) => ({ ...rest, highest: rest.lowest + more }));

const strategies = ['Performance', 'Cost', 'Reliability', 'Scalability', 'QuantumInspired', undefined] as const;
const bounds = fc
  .record({ min: fc.nat(10), more: fc.nat(30), strategy: fc.constantFrom(...strategies), cost: fc.boolean() })
  .map(({ min, more, strategy, cost }) =>
    scaling({
      minReplicas: min,
      maxReplicas: Math.max(1, min + more),
      ...(strategy && { strategy }),
      ...(cost && { costPerReplicaHour: '0.1' }),
    }),
  );

const anyFacts: fc.Arbitrary<AdviceFacts> = fc
  .record({
    priority: fc.constantFrom('Critical' as const, 'High' as const, 'Normal' as const, 'Low' as const),
    desired: fc.nat(20),
    coverage: fc.constantFrom('Covered' as const, 'Bare' as const, 'Untold' as const, 'Unseen' as const),
    scaling: maybe(bounds),
    template: maybe(template),
    objectives: fc.array(
      fc.double({ min: -2, max: 1, noNaN: true }).map((budgetRemaining) => ({ name: 'availability', budgetRemaining })),
      { maxLength: 2 },
    ),
    use: maybe(use),
    demand: maybe(demand),
    isScaledByOthers: fc.boolean(),
  })
  .map((overrides) => facts(overrides));

it('there are at most five, one of each type and container, and each is told in bounded words', () => {
  fc.assert(
    fc.property(anyFacts, anyFacts, (first, then) => {
      for (const told of [recommend(first, undefined), recommend(then, recommend(first, undefined))]) {
        expect(told.length).toBeLessThanOrEqual(5);
        expect(new Set(told.map(({ type, container }) => `${type} ${container}`)).size).toBe(told.length);
        for (const { action, because, confidence } of told) {
          expect(action.length).toBeLessThanOrEqual(256);
          expect(because.length).toBeLessThanOrEqual(512);
          expect(`${action} ${because}`).not.toMatch(/NaN|Infinity|undefined/);
          expect(confidence).toBeGreaterThan(0);
          expect(confidence).toBeLessThanOrEqual(1);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

it('they are a fixed point, whatever was told before', () => {
  fc.assert(
    fc.property(anyFacts, anyFacts, (first, then) => {
      const once = recommend(then, recommend(first, undefined));
      expect(recommend(then, JSON.parse(JSON.stringify(once)))).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});

it('figures that tremble by 3 % change what is told once at most', () => {
  const tremble = fc.array(fc.double({ min: 0.97, max: 1.03, noNaN: true }), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(anyFacts, tremble, (base, factors) => {
      let told: ReturnType<typeof recommend> | undefined;
      let changes = 0;
      for (const factor of factors) {
        const { use } = base;
        const times = (of: UseFigures) => ({
          ...of,
          cpu: { p90: of.cpu.p90 * factor, p95: of.cpu.p95 * factor },
          memory: { p98: of.memory.p98 * factor, highest: of.memory.highest * factor },
        });
        const containers = new Map([...(use?.containers ?? [])].map(([name, of]) => [name, times(of)]));
        const moved = use && { ...times(use), containers };
        const next = recommend({ ...base, use: moved }, told);
        if (told !== undefined && JSON.stringify(next) !== JSON.stringify(told)) changes += 1;
        told = next;
      }
      // Each of the four sizes of each container and of the pod may begin to be told on the way; none ends, and none moves on.
      expect(changes).toBeLessThanOrEqual(12);
    }),
    { numRuns: 1_000 },
  );
});
