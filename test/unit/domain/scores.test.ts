import { describe, expect, it } from 'vitest';
import { summarise, type ServiceSummary } from '../../../src/domain/orchestration/summarise.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import { type ScoreFacts, scoresOf } from '../../../src/domain/scores/scores.ts';
import { derive, HOUR, NOW, stored } from './fixtures.ts';
import { demand, MI, scaling, use } from './recommendations/fixtures.ts';
import { fc } from '../../support/properties.ts';

const facts = (overrides: Partial<ScoreFacts> = {}): ScoreFacts => ({
  scaling: undefined,
  objectives: [],
  health: 100,
  replicas: 4,
  requests: undefined,
  advice: {},
  ...overrides,
});
const left = (budgetRemaining: number) => [{ budgetRemaining }];
const needed = (share: number) => ({ demand: demand({ needed: share }) });

describe('optimization', () => {
  it('is how near a service is to its objectives, and without any its health', () => {
    expect(scoresOf(facts({ objectives: left(0.1), health: 0 }))).toEqual({ optimization: 100 });
    expect(scoresOf(facts({ objectives: left(-0.25) })).optimization).toBe(75);
    expect(scoresOf(facts({ objectives: left(-3) })).optimization).toBe(0);
    expect(scoresOf(facts({ health: 60 })).optimization).toBe(60);
    expect(scoresOf(facts({ health: undefined }))).toEqual({});
  });

  it('loses what is not needed, most with the strategy that is to save', () => {
    const with50 = (strategy?: 'Cost' | 'Reliability') =>
      scoresOf(facts({ scaling: scaling(strategy && { strategy }), advice: needed(0.5) })).optimization;
    expect(with50('Cost')).toBe(75);
    expect(with50()).toBe(85);
    expect(with50('Reliability')).toBe(90);
  });

  it('goes by the use of requests where nothing decides about replicas, the scarcer of the two', () => {
    const requests = { cpu: 1, memory: 1000 * MI };
    const quarter = use({ cpu: { p90: 0.25, p95: 0.3 }, memory: { p98: 100 * MI, highest: 120 * MI } });
    expect(scoresOf(facts({ requests, advice: { use: quarter } })).optimization).toBeCloseTo(77.5);
    expect(scoresOf(facts({ requests: {}, advice: { use: quarter } })).optimization).toBe(100);
    const young = use({ ...quarter, observedMs: 1_000 });
    expect(scoresOf(facts({ requests, advice: { use: young } })).optimization).toBe(100);
  });

  it('stays in 0..100, and never rises with more waste or a smaller budget', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const budget = fc.double({ min: -3, max: 1, noNaN: true });
    const score = (objective: number, need: number): number =>
      scoresOf(facts({ scaling: scaling(), objectives: left(objective), advice: needed(need) })).optimization ??
      Number.NaN;
    fc.assert(
      fc.property(budget, share, share, (objective, need, less) => {
        const exact = score(objective, need);
        expect(exact).toBeGreaterThanOrEqual(0);
        expect(exact).toBeLessThanOrEqual(100);
        expect(score(objective, need * less)).toBeLessThanOrEqual(exact);
        expect(score(objective - less, need)).toBeLessThanOrEqual(exact);
      }),
    );
  });
});

it('cost efficiency is the share of the cost that is needed, and told only where the cost is', () => {
  const priced = facts({ scaling: scaling({ costPerReplicaHour: '120m' }), advice: needed(0.6) });
  expect(scoresOf(priced)).toMatchObject({ costPerHour: 0.48, costEfficiency: 0.6 });
  expect(scoresOf({ ...priced, advice: {} })).not.toHaveProperty('costEfficiency');
  expect(scoresOf(facts({ scaling: scaling(), advice: needed(0.6) }))).not.toHaveProperty('costEfficiency');
});

it('a service has its scores as figures', () => {
  const { figures } = derive({
    spec: { scaling: scaling({ costPerReplicaHour: 2 }) },
    advice: { coverage: 'Covered', demand: demand({ needed: 0.5 }) },
  });
  expect(figures.scores).toEqual({ optimization: 85, costEfficiency: 0.5, costPerHour: 6 });
});

describe('the scores of the whole', () => {
  const service = (name: string, priority: ServiceSummary['priority'], scores: ServiceSummary['scores']) => ({
    namespace: 'shop',
    name,
    priority,
    observed: true,
    scores,
    status: { health: 'Healthy', score: 100, everAvailable: true } as const,
  });
  const sum = (services: ServiceSummary[], previous?: Parameters<typeof summarise>[0]['previous']) =>
    summarise({
      services,
      policy: DEFAULT_POLICY,
      generation: 1,
      problems: [],
      shuttingDown: false,
      previous,
      now: NOW + HOUR,
    }).status;

  it('weigh services by priority, and costs by what they are', () => {
    const services = [
      service('a', 'Critical', { optimization: 100, costEfficiency: 1, costPerHour: 1 }),
      service('b', 'Low', { optimization: 40, costEfficiency: 0.2, costPerHour: 3 }),
      service('c', 'Maintenance', { optimization: 0 }),
    ];
    // (5 · 100 + 1 · 40) / 6, and (1 + 0.6) / 4.
    expect(sum(services).scores).toEqual({ optimization: 90, costEfficiency: 40 });
    expect(sum([service('a', 'Normal', {})])).not.toHaveProperty('scores');
  });

  it('move in status when they moved by 5 points', () => {
    const at = (optimization: number) => [service('a', 'Normal', { optimization })];
    const before = stored(sum(at(80)));
    expect(sum(at(84.9), before)).toBe(before);
    expect(sum(at(85), before).scores).toEqual({ optimization: 85 });
  });

  it('stand after a restart until there is evidence again', () => {
    const before = stored(sum([service('a', 'Normal', { optimization: 80, costEfficiency: 0.5, costPerHour: 1 })]));
    expect(sum([service('a', 'Normal', { optimization: 80, costPerHour: 1 })], before)).toBe(before);
    expect(sum([service('a', 'Normal', { optimization: 80 })], before).scores).toEqual({ optimization: 80 });
  });
});
