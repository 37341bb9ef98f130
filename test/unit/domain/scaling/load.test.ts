import { describe, expect, it } from 'vitest';
import { timeToReady } from '../../../../src/domain/forecast/time-to-ready.ts';
import { shownTrust } from '../../../../src/domain/forecast/verdict.ts';
import { isLoad, measure, predictionRules } from '../../../../src/domain/scaling/load.ts';
import type { ScaleMetric } from '../../../../src/domain/scaling/metrics.ts';
import type { ScalePod } from '../../../../src/domain/scaling/pods.ts';
import { cpu, NO_DATA, NOW, pod, pods, total, usage, value } from './fixtures.ts';

const measured = (metric: ScaleMetric, of: readonly ScalePod[]) =>
  measure(metric, { pods: of, now: NOW, monotonic: 1_000_000 });

describe('the load of a service', () => {
  it('is the total over the pods, and what one is to carry is its share of the request', () => {
    const seen = measured(cpu(50, usage([0.2, 0.4])), pods(2));
    expect(seen?.value).toBeCloseTo(0.6, 6);
    expect(seen).toMatchObject({ at: NOW - 1_000, perPod: 0.5 });
    expect(measured(cpu(50, usage([0.2])), [pod('p0', { template: { requests: {} } })])?.perPod).toBeUndefined();
  });

  it('is not known while more than a tenth of the pods has no figure; of fewer the others tell', () => {
    expect(measured(cpu(50, usage([0.2, undefined])), pods(2))).toBeUndefined();
    const ten = Array.from({ length: 9 }, () => 0.1);
    expect(measured(cpu(50, usage(ten)), pods(10))?.value).toBeCloseTo(1, 6);
    expect(measured(cpu(50, usage(ten, { at: NOW - 91_000 })), pods(9))).toBeUndefined();
  });

  it('leaves pods out that start', () => {
    const young = pod('p1', { startedAt: NOW - 60_000, readyChangedAt: NOW - 20_000 });
    expect(measured(cpu(50, usage([0.5, 3])), [pod('p0'), young])?.value).toBe(0.5);
  });

  it('is the answer to a query, while that is fresh', () => {
    expect(measured(total({ average: 10 }, value(40)), [])).toEqual({ at: NOW - 1_000, value: 40, perPod: 10 });
    expect(measured(total({ average: 10 }, value(40, NOW - 91_000)), [])).toBeUndefined();
    expect(measured(total({ average: 10 }, NO_DATA), [])).toBeUndefined();
    expect(measured(total({ average: 10 }, undefined), [])).toBeUndefined();
  });

  it('is neither memory nor a figure that is compared as it is', () => {
    const memory = { ...cpu(50, usage([0.2, 0.4])), resource: 'memory' } as const;
    expect(
      [cpu(50, usage([])), memory, total({ average: 1 }, undefined), total({ value: 1 }, undefined)].map(isLoad),
    ).toEqual([true, false, true, false]);
    expect(measured(memory, pods(2))).toMatchObject({ value: 0.3e9, perPod: undefined });
  });
});

describe('whether load is predicted', () => {
  const bounds = { minReplicas: 1, maxReplicas: 5 };
  const written = { enabled: true, season: '24h', horizon: '5m', quantile: 0.8 };

  it('is what the spec says, else what the strategy says', () => {
    expect(predictionRules(bounds)).toBeUndefined();
    expect(predictionRules({ ...bounds, strategy: 'Cost' })).toBeUndefined();
    const auto = { season: 'auto', horizon: 'auto', quantile: 0.9 };
    expect(predictionRules({ ...bounds, strategy: 'Scalability' })).toEqual(auto);
    const off = { ...written, enabled: false };
    expect(predictionRules({ ...bounds, strategy: 'Scalability', prediction: off })).toBeUndefined();
    const ms = { season: 86_400_000, horizon: 300_000, quantile: 0.8 };
    expect(predictionRules({ ...bounds, prediction: written })).toEqual(ms);
  });
});

describe('the time until a pod is ready', () => {
  const started = (createdAt: number, took: number, over: object = {}) => ({
    ready: true,
    createdAt,
    readyChangedAt: createdAt + took,
    restarts: [],
    ...over,
  });

  it('is the median of the newest pods that became ready for the first time', () => {
    expect(timeToReady([])).toBeUndefined();
    expect(timeToReady([started(0, 30_000), started(1, 90_000), started(2, 40_000)])).toBe(40_000);
    const hours = started(0, 5 * 3_600_000);
    const others = [hours, started(0, 9_000, { ready: false }), started(0, 9_000, { restarts: [1] })];
    expect(timeToReady([...others, started(0, 20_000)])).toBe(20_000);
    const old = Array.from({ length: 30 }, (_, index) => started(index, 10_000));
    const newer = Array.from({ length: 20 }, (_, index) => started(100 + index, 70_000));
    expect(timeToReady([...old, ...newer])).toBe(70_000);
  });
});

it('the figures of trust move by a tenth at least', () => {
  const first = shownTrust({ mase: 0.649, gain: 0.31 }, undefined);
  expect(first).toEqual({ mase: 0.6, gain: 0.3 });
  expect(shownTrust({ mase: 0.69, gain: 0.21 }, first)).toEqual(first);
  expect(shownTrust({ mase: 0.71, gain: NaN }, first)).toEqual({ mase: 0.7, gain: undefined });
  expect(shownTrust({ mase: 1e9, gain: undefined }, first)).toEqual({ mase: 10, gain: undefined });
});
