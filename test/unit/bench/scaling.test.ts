import { describe, expect, it } from 'vitest';
import type { CostFigures } from '../../../hack/bench/scaling/cost.ts';
import { measureDecisions } from '../../../hack/bench/scaling/decision.ts';
import { autoscalerOf, scalingOf, type Wish } from '../../../hack/bench/scaling/objects.ts';
import { tablesOf } from '../../../hack/bench/scaling/report.ts';
import { markdown, plain } from '../../../hack/bench/table.ts';

const WISH: Wish = { minReplicas: 1, maxReplicas: 8, metric: 'query', target: 50, figure: 'queue', atOnce: true };

const cost = (figures: Partial<CostFigures>): CostFigures => ({
  cpuMsPerSecond: 1,
  idleMiB: 100,
  peakMiB: 120,
  looks: 1000,
  requestsPerSecond: 0.1,
  apiServerCpuMsPerSecond: 10,
  ...figures,
});

describe('what both sides are asked for', () => {
  it('is the same bounds, behavior and target', () => {
    const ours = scalingOf(WISH);
    const theirs = autoscalerOf('web', WISH)['spec'] as Record<string, unknown>;
    for (const key of ['minReplicas', 'maxReplicas', 'behavior']) expect(ours[key]).toEqual(theirs[key]);
    expect(ours['behavior']).toBeDefined();
    expect(ours['metrics']).toMatchObject([{ prometheus: { query: 'queue', target: { averageValue: '50' } } }]);
    expect(theirs['metrics']).toMatchObject([
      { external: { metric: { name: 'queue' }, target: { averageValue: '50' } } },
    ]);
    expect(scalingOf({ ...WISH, metric: 'cpu' })['metrics']).toEqual(
      (autoscalerOf('web', { ...WISH, metric: 'cpu' })['spec'] as Record<string, unknown>)['metrics'],
    );
  });
});

describe('the tables of scaling', () => {
  it('compare percentiles of both sides, and say what was not followed', () => {
    const side = (latencies: number[], lost: number) => ({ pace: 'fast', metric: 'cpu', latencies, lost }) as const;
    const latency = [
      { ...side([100, 200, 300], 0), side: 'baton' } as const,
      { ...side([400, 500, 800], 2), side: 'hpa' } as const,
    ];
    const [table] = tablesOf({ latency, cost: undefined, decisions: [] });
    expect(table?.rows).toEqual([
      ['CPU from metrics.k8s.io, both every 1 s: p50, s', '0.20', '0.50', '0.40', '3'],
      ['CPU from metrics.k8s.io, both every 1 s: p99, s', '0.30', '0.80', '0.38', '3'],
      ['CPU from metrics.k8s.io, both every 1 s: not followed', '0', '2', '', ''],
    ]);
  });

  it('give medians of what was measured, and nothing for what was not', () => {
    const scaling = [1, 21, 300].map((cpuMsPerSecond) => cost({ cpuMsPerSecond }));
    const manager = [cost({ looks: NaN })];
    const runs = { health: [cost({})], scaling, manager, autoscalers: [] };
    const [table] = tablesOf({ latency: [], cost: { services: 1000, replicas: 10, runs }, decisions: [] });
    expect(table?.headings).toEqual(['', 'Baton, health only', 'Baton, scaling', 'kube-controller-manager']);
    expect(table?.rows.slice(0, 3)).toEqual([
      ['CPU, % of a core', '0.10', '2.10', '0.10'],
      ['CPU that scaling adds, per service and evaluation, ms', '', '0.300', ''],
      ['looks at services in the window', '1000', '1000', ''],
    ]);
    expect(markdown(table?.headings ?? [], table?.rows ?? [])).toContain('| CPU, % of a core | 0.10 | 2.10 | 0.10 |');
    expect(plain(['', 'p50'], [['one', '1.0']])).toBe('     p50\none  1.0');
  });
});

describe('decisions', () => {
  it('are timed one by one, the warm ones alone', async () => {
    const results = await measureDecisions({ services: 2, rounds: 3 });
    expect(results.map(({ micros }) => micros.length)).toEqual([6, 6, 6]);
    // One in which the machine stood still is among them.
    expect(results.flatMap(({ micros }) => micros).every((one) => one > 0 && one < 60e6)).toBe(true);
  });
});
