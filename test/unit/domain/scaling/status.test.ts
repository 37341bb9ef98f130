import { describe, expect, it } from 'vitest';
import type { ScalingFindings } from '../../../../src/domain/scaling/findings.ts';
import { condition, derive, NOW, pods, stored, type World } from '../fixtures.ts';

const findings = (over: Partial<ScalingFindings> = {}): ScalingFindings => ({
  recommended: 5,
  reactive: 5,
  active: { status: 'True', reason: 'ValidMetricFound', message: 'the replicas follow cpu' },
  limited: {
    status: 'False',
    reason: 'DesiredWithinRange',
    message: 'no limit keeps the replicas from what the metrics ask for',
  },
  told: [],
  evidence: { confidence: 0.5, inputs: { wanted: 5 } },
  ...over,
});
const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
] as const;
const spec: World['spec'] = { scaling: { minReplicas: 1, maxReplicas: 9, metrics: [...metrics] } };
const done = {
  outcome: 'Done',
  rule: 'DesiredWithinRange',
  verdict: 'ScaledUp',
  because: '3 → 5: cpu at 90 %',
  event: 'Scaled',
} as const;

describe('what the status tells of scaling', () => {
  it('is the recommendation and two conditions, and nothing where nothing is scaled', () => {
    const derived = derive({ spec, scaling: findings() });
    expect(derived.status.replicas).toEqual({ current: 3, ready: 3, desired: 3, recommended: 5 });
    expect(condition(derived, 'ScalingActive')).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
    expect(condition(derived, 'ScalingLimited')).toMatchObject({ status: 'False', reason: 'DesiredWithinRange' });
    expect(condition(derive(), 'ScalingActive')).toBeUndefined();
  });

  it('is what was done, once, with an Event', () => {
    const first = derive({ spec, scaling: findings({ told: [done] }) });
    expect(first.status.lastDecision).toEqual({
      kind: 'Scaling',
      verdict: 'ScaledUp',
      outcome: 'Done',
      rule: 'DesiredWithinRange',
      because: done.because,
      confidence: '50%',
      at: '2026-05-01T10:00:00Z',
    });
    const told = first.transitions.filter(({ kind }) => kind === 'Scaling');
    expect(told).toMatchObject([{ reason: 'Scaled', type: 'Normal', message: done.because }]);
    const status = stored(first.status);
    const again = derive({ spec, scaling: findings(), status });
    expect(again.status).toBe(status);
    expect(again.transitions).toEqual([]);
  });

  it('is a recommendation only when it is another one', () => {
    const would = { ...done, outcome: 'Rehearsed', event: 'WouldScale', verdict: 'WouldScaleUp' } as const;
    const first = derive({ spec, scaling: findings({ told: [would] }) });
    expect(first.transitions.map(({ reason }) => reason)).toContain('WouldScale');
    const status = stored(first.status);
    expect(derive({ spec, scaling: findings({ told: [would] }), status }).status).toBe(status);
  });

  it('is each thing that was done since the last status', () => {
    const before = { ...done, because: '2 → 3: cpu at 80 %' };
    const { status, transitions } = derive({ spec, scaling: findings({ told: [before, done] }) });
    expect(transitions.map(({ message }) => message)).toEqual([before.because, done.because]);
    expect(status.lastDecision).toMatchObject({ because: done.because });
  });

  it('is what was done, also when the health changes then, as long as Baton scales', () => {
    const acted = stored(derive({ spec, scaling: findings({ told: [done] }) }).status);
    const failing = { pods: pods(0, 3), now: NOW + 60_000, status: acted };
    const failed = derive({ ...failing, spec, scaling: findings() });
    expect(failed.status.health).toBe('Failed');
    expect(failed.status.lastDecision).toEqual(acted.lastDecision);
    expect(derive(failing).status.lastDecision).toMatchObject({
      kind: 'Health',
      verdict: 'Failed',
      confidence: '100%',
    });
  });

  it('is a refusal where something else is written anyway, and costs no write', () => {
    const refused = {
      ...done,
      outcome: 'Refused',
      verdict: 'ScaleUpRefused',
      rule: 'ScalingRefused',
      event: undefined,
    } as const;
    const status = stored(derive({ spec, scaling: findings() }).status);
    expect(derive({ spec, scaling: findings({ told: [refused] }), status }).status).toBe(status);
    const other = derive({ spec, scaling: findings({ told: [refused], recommended: 6 }), status });
    expect(other.status.lastDecision).toMatchObject({ verdict: 'ScaleUpRefused', outcome: 'Refused' });
    expect(other.transitions).toEqual([]);
    const written = stored(other.status);
    expect(derive({ spec, scaling: findings({ told: [refused], recommended: 6 }), status: written }).status).toBe(
      written,
    );
  });

  it('is for the history, with what it followed from, what limits the replicas and whether a forecast is trusted', () => {
    const limited = { status: 'True', reason: 'TooManyReplicas', message: 'more than maxReplicas 9' } as const;
    const trusted = { status: 'False', reason: 'Learning', message: 'too little was seen' } as const;
    const status = stored(derive({ spec, scaling: findings() }).status);
    const { transitions } = derive({
      spec,
      scaling: findings({ limited, prediction: { trusted, replicas: undefined } }),
      status,
    });
    const evidence = { confidence: 0.5, inputs: { wanted: 5 } };
    expect(transitions).toMatchObject([
      { kind: 'ScalingLimited', from: 'False', to: 'True', reason: 'TooManyReplicas', isQuiet: true, evidence },
      { kind: 'PredictionTrusted', from: 'absent', to: 'False', reason: 'Learning', isQuiet: true, evidence },
    ]);
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
    expect(first.figures.anomalies).toBe(1);
    expect(derive().figures).not.toHaveProperty('anomalies');
    const status = stored(first.status);
    expect(derive({ spec, scaling: findings({ anomalies: [unusual] }), status }).status).toBe(status);
    expect(derive({ spec, scaling: findings({ anomalies: [] }), status }).status).not.toHaveProperty('anomalies');
  });

  describe('about what is unusual', () => {
    const since = Date.parse('2026-05-04T11:00:00Z');
    const cpu = { metric: 'cpu', since, direction: 'High', value: 4, expected: 1 } as const;
    const memory = { ...cpu, metric: 'memory', direction: 'Low' } as const;
    const notes = (status: World['status'], over: Partial<ScalingFindings>) =>
      derive({ spec, scaling: findings(over), status }).transitions.map(
        ({ kind, to, message }) => `${kind} ${to} ${message}`,
      );

    it('is one Event for all that began, and one for all that ended', () => {
      const usual = stored(derive({ spec, scaling: findings() }).status);
      const found = notes(usual, { anomalies: [cpu, memory] });
      const high = 'cpu is unusually high since 2026-05-04T11:00:00Z: 4, where 1 was expected';
      const low = 'memory is unusually low since 2026-05-04T11:00:00Z: 4, where 1 was expected';
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`Anomaly Found ${high}; ${low}; look at what changed`);
      const status = stored(derive({ spec, scaling: findings({ anomalies: [cpu, memory] }) }).status);
      expect(notes(status, { anomalies: [cpu, memory] })).toEqual([]);
      expect(notes(status, { anomalies: [] })).toEqual([`Anomaly Over no longer: ${high}; ${low}`]);
      expect(notes(status, { anomalies: [cpu] })).toEqual([`Anomaly Over no longer: ${low}`]);
    });

    it('is nothing where nobody knows any more, and stands while its history is read', () => {
      const status = stored(derive({ spec, scaling: findings({ anomalies: [cpu] }) }).status);
      const learning = { anomalies: [], unjudged: new Map([['cpu', 'Learning'] as const]) };
      expect(notes(status, learning)).toEqual([]);
      expect(derive({ spec, scaling: findings(learning), status }).status).not.toHaveProperty('anomalies');
      const reading = { anomalies: [], unjudged: new Map([['cpu', 'Reading'] as const]) };
      expect(derive({ spec, scaling: findings(reading), status }).status).toBe(status);
    });
  });

  it('is why it cannot be when the target is gone', () => {
    const derived = derive({ spec, target: { state: 'Absent', reason: 'TargetNotFound' } });
    expect(condition(derived, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'TargetNotFound' });
    expect(condition(derived, 'ScalingLimited')).toBeUndefined();
  });
});
