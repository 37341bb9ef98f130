import { describe, expect, it } from 'vitest';
import type { ScalingFindings } from '../../../../src/domain/scaling/findings.ts';
import { condition, derive, stored, type World } from '../fixtures.ts';

const findings = (over: Partial<ScalingFindings> = {}): ScalingFindings => ({
  recommended: 5,
  reactive: 5,
  active: { status: 'True', reason: 'ValidMetricFound', message: 'the replicas follow cpu' },
  limited: { status: 'False', reason: 'DesiredWithinRange', message: 'the replicas are what the metrics ask for' },
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

  it('is why it cannot be when the target is gone', () => {
    const derived = derive({ spec, target: { state: 'Absent', reason: 'TargetNotFound' } });
    expect(condition(derived, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'TargetNotFound' });
    expect(condition(derived, 'ScalingLimited')).toBeUndefined();
  });
});
