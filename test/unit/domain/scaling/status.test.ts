import { describe, expect, it } from 'vitest';
import type { ScalingFindings } from '../../../../src/domain/scaling/findings.ts';
import { condition, derive, stored, type World } from '../fixtures.ts';

const findings = (over: Partial<ScalingFindings> = {}): ScalingFindings => ({
  recommended: 5,
  reactive: 5,
  active: { status: 'True', reason: 'ValidMetricFound', message: 'the replicas follow cpu' },
  limited: {
    status: 'False',
    reason: 'DesiredWithinRange',
    message: 'no limit keeps the replicas from what the metrics ask for',
  },
  told: undefined,
  ...over,
});
const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
] as const;
const spec: World['spec'] = { scaling: { minReplicas: 1, maxReplicas: 9, metrics: [...metrics] } };
const done = { reason: 'Scaled', verdict: 'ScaledUp', because: '3 → 5: cpu at 90 %' } as const;

describe('what the status tells of scaling', () => {
  it('is the recommendation and two conditions, and nothing where nothing is scaled', () => {
    const derived = derive({ spec, scaling: findings() });
    expect(derived.status.replicas).toEqual({ current: 3, ready: 3, desired: 3, recommended: 5 });
    expect(condition(derived, 'ScalingActive')).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
    expect(condition(derived, 'ScalingLimited')).toMatchObject({ status: 'False', reason: 'DesiredWithinRange' });
    expect(condition(derive(), 'ScalingActive')).toBeUndefined();
  });

  it('is what was done, once, with an Event', () => {
    const first = derive({ spec, scaling: findings({ told: done }) });
    expect(first.status.lastDecision).toMatchObject({ kind: 'Scaling', verdict: 'ScaledUp', because: done.because });
    const told = first.transitions.filter(({ kind }) => kind === 'Scaling');
    expect(told).toMatchObject([{ reason: 'Scaled', type: 'Normal', message: done.because }]);
    const status = stored(first.status);
    const again = derive({ spec, scaling: findings(), status });
    expect(again.status).toBe(status);
    expect(again.transitions).toEqual([]);
  });

  it('is a recommendation only when it is another one', () => {
    const would = { reason: 'WouldScale', verdict: 'WouldScaleUp', because: 'would go from 3 to 5' } as const;
    const first = derive({ spec, scaling: findings({ told: would }) });
    expect(first.transitions.map(({ reason }) => reason)).toContain('WouldScale');
    const status = stored(first.status);
    expect(derive({ spec, scaling: findings({ told: would }), status }).status).toBe(status);
  });

  it('is the prediction, which writes nothing for one pod more or less', () => {
    const trusted = { status: 'True', reason: 'BetterThanNaive', message: 'it is forecast' } as const;
    const predicted = (replicas: number | undefined) => findings({ prediction: { trusted, replicas } });
    const first = derive({ spec, scaling: predicted(5) });
    expect(first.status.replicas).toMatchObject({ recommended: 5, predicted: 5 });
    expect(condition(first, 'PredictionTrusted')).toMatchObject({ status: 'True', reason: 'BetterThanNaive' });
    expect(first.figures.predicted).toBe(5);
    const status = stored(first.status);
    const near = derive({ spec, scaling: predicted(6), status });
    expect(near.status).toBe(status);
    expect(near.figures.predicted).toBe(6);
    const far = derive({ spec, scaling: predicted(7), status });
    expect(far.status.replicas?.predicted).toBe(7);
    const moved = derive({ spec, scaling: { ...predicted(6), recommended: 6 }, status });
    expect(moved.status.replicas).toMatchObject({ recommended: 6, predicted: 6 });
    expect(derive({ spec, scaling: predicted(undefined), status }).status.replicas).not.toHaveProperty('predicted');
    expect(condition(derive({ spec, scaling: findings(), status }), 'PredictionTrusted')).toBeUndefined();
  });

  it('is what is unusual, for as long as it is', () => {
    const since = Date.parse('2026-05-04T11:00:00Z');
    const unusual = { metric: 'cpu', since, direction: 'High', value: 4.00001, expected: 1 } as const;
    const first = derive({ spec, scaling: findings({ anomalies: [unusual] }) });
    expect(first.status.anomalies).toEqual([
      { metric: 'cpu', since: '2026-05-04T11:00:00Z', direction: 'High', value: '4', expected: '1' },
    ]);
    const status = stored(first.status);
    expect(derive({ spec, scaling: findings({ anomalies: [unusual] }), status }).status).toBe(status);
    expect(derive({ spec, scaling: findings({ anomalies: [] }), status }).status).not.toHaveProperty('anomalies');
  });

  it('is why it cannot be when the target is gone', () => {
    const derived = derive({ spec, target: { state: 'Absent', reason: 'TargetNotFound' } });
    expect(condition(derived, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'TargetNotFound' });
    expect(condition(derived, 'ScalingLimited')).toBeUndefined();
  });
});
