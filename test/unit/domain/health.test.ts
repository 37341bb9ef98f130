import { describe, expect, it } from 'vitest';
import { scoreOfValue } from '../../../src/domain/health/checks.ts';
import {
  BOUNDED,
  check,
  condition,
  derive,
  MINUTE,
  NOW,
  play,
  pod,
  pods,
  policy,
  signal,
  stored,
  value,
  verdict,
} from './fixtures.ts';

const SEEN = { status: { everAvailable: true, health: 'Unknown' as const } };
const OFF = policy({ metricSources: { resourceMetrics: { enabled: false, interval: '30s' } } });

describe('availability, weight 40', () => {
  it('is ready over desired pods: 3 of 4 are 75, and the score (40·75 + 40·100) / 80 = 87.5', () => {
    const result = derive({ pods: pods(3, 1), workload: { desired: 4 } });
    expect(signal(result, 'availability')).toMatchObject({ value: '3/4', score: 75, weight: 40 });
    expect(result.figures.score).toBe(87.5);
    // 87.5 is shown as 87: the whole number is on the same side of every threshold.
    expect(result.status).toMatchObject({ health: 'Warning', score: 87 });
  });

  it('does not count what a rolling update adds: 4 ready of 4 with a fifth starting are 100', () => {
    const result = derive({
      pods: pods(4, 1),
      workload: { desired: 4, rollout: { state: 'Progressing', message: '' } },
      ...SEEN,
    });
    expect(signal(result, 'availability')).toMatchObject({ value: '4/4', score: 100 });
    expect(signal(derive({ pods: pods(5), workload: { desired: 4 } }), 'availability').score).toBe(100);
  });

  it('does not count pods that end, were evicted or have completed', () => {
    const others = [
      pod('gone', { terminating: true }),
      pod('evicted', { phase: 'Failed' }),
      pod('done', { phase: 'Succeeded' }),
    ];
    const result = derive({ pods: [...pods(2), ...others], workload: { desired: 4 } });
    expect(signal(result, 'availability').score).toBe(50);
    expect(result.status.replicas).toEqual({ current: 2, ready: 2, desired: 4 });
  });

  it('names at most three pods', () => {
    const few = derive({ pods: pods(1, 3), workload: { desired: 4 } });
    expect(signal(few, 'availability').evidence).toBe('1 of 4 pods are ready; not ready: web-b, web-c, web-d');
    const many = derive({ pods: pods(1, 7), workload: { desired: 10 } });
    expect(signal(many, 'availability').evidence).toBe(
      '1 of 10 pods are ready; not ready: web-b, web-c, web-d and 4 more; not created: 2',
    );
  });

  it.each([
    [
      'pods "web-58956dbc5-7m2bm" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4',
      'exceeded quota: small',
    ],
    [
      'pods "web-1" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
      'error looking up service account shop/web: serviceaccount "web" not found',
    ],
    ['admission webhook "x" denied the request: no', 'admission webhook "x" denied the request: no'],
  ])('says why pods are not created: %s', (createFailure, why) => {
    const result = derive({ pods: pods(1), workload: { desired: 4, createFailure } });
    expect(signal(result, 'availability').evidence).toBe(`1 of 4 pods are ready; not created: 3 (${why})`);
    const all = derive({ pods: pods(4), workload: { desired: 4, createFailure } });
    expect(signal(all, 'availability').evidence).toBe('4 of 4 pods are ready');
  });
});

describe('rollout, weight 10', () => {
  it.each([
    [{ state: 'Complete' } as const, 100, 100],
    // (40·100 + 10·60 + 20·100 + 10·100) / 80
    [{ state: 'Progressing', message: '' } as const, 60, 95],
    // (40·100 + 10·0 + 20·100 + 10·100) / 80
    [{ state: 'Stuck', message: 'too slow' } as const, 0, 87.5],
  ])('%j scores %d, the service %d', (rollout, own, all) => {
    const result = derive({ workload: { rollout }, ...SEEN });
    expect(signal(result, 'rollout')).toMatchObject({ score: own, weight: 10 });
    expect(result.figures.score).toBe(all);
  });

  it('is left out where the kind does not tell, without costing confidence', () => {
    const result = derive({
      workload: { kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1', rollout: { state: 'Untold' } },
    });
    expect(result.status.signals?.map(({ name }) => name)).toEqual(['availability', 'stability', 'dependencies']);
    expect(result.figures).toMatchObject({ score: 100, confidence: 1 });
  });

  it('costs nothing while the workload controller has not seen the last change, which Reconciling tells', () => {
    const result = derive({ workload: { generation: 2, observedGeneration: 1 } });
    expect(signal(result, 'rollout').score).toBe(100);
    expect(condition(result, 'Reconciling')).toMatchObject({ status: 'True', reason: 'NotObserved' });
  });
});

describe('stability, weight 20', () => {
  const crash = (overrides: object) => [pod('web-a', overrides), ...pods(3).slice(1)];

  it('takes 25 per restart in the last 10 minutes: two of them in one of three pods are (50 + 100 + 100) / 3', () => {
    const restarts = [NOW - 11 * MINUTE, NOW - 9 * MINUTE, NOW - MINUTE];
    const result = derive({ pods: crash({ restarts }) });
    expect(signal(result, 'stability').score).toBe(83);
    // (40·100 + 10·100 + 20·83.33 + 10·100) / 80
    expect(result.figures.score).toBeCloseTo(95.8333, 3);
    expect(signal(result, 'stability').evidence).toBe('containers restarted in the last 10 minutes: web-a');
  });

  it('stops at 0 for five restarts, and never counts one pod against another', () => {
    const restarts = [1, 2, 3, 4, 5].map((minutes) => NOW - minutes * MINUTE);
    expect(signal(derive({ pods: crash({ restarts }) }), 'stability').score).toBe(67);
  });

  it.each([
    [{ waiting: 'CrashLoopBackOff' }, 'CrashLoopBackOff: web-a'],
    [{ waiting: 'ImagePullBackOff' }, 'image cannot be pulled: web-a'],
    [{ oomKilledAt: NOW - 9 * MINUTE }, 'OOMKilled in the last 10 minutes: web-a'],
  ])('counts 0 for a pod with %j: 200 / 3', (fault, evidence) => {
    expect(signal(derive({ pods: crash(fault) }), 'stability')).toMatchObject({ score: 67, evidence });
  });

  it('forgets restarts and kills after 10 minutes, and looks again when the first of them is due', () => {
    const restarts = [NOW - 9 * MINUTE, NOW - MINUTE];
    const result = derive({ pods: crash({ restarts, oomKilledAt: NOW - 10 * MINUTE }) });
    expect(signal(result, 'stability').score).toBe(83);
    expect(result.lookAgainAt).toBe(NOW + MINUTE);
    expect(signal(derive({ pods: crash({ restarts }), now: NOW + MINUTE }), 'stability').score).toBe(92);
  });
});

describe('resources, weight 10', () => {
  const use = (cpu: number, memory: number) => ({
    kind: 'known' as const,
    pods: new Map([['web-a', { cpu, memory, at: NOW }]]),
  });
  const bounded = pods(3, 0, { template: BOUNDED });

  it.each([
    [0.75, 100],
    [0.8, 80],
    [0.875, 50],
    [1, 0],
    [1.2, 0],
  ])('is 100 up to three quarters and falls evenly to 0: a share of %d scores %d', (share, score) => {
    expect(signal(derive({ pods: bounded, usage: use(share, 100) }), 'resources').score).toBe(score);
    expect(signal(derive({ pods: bounded, usage: use(0.1, share * 1000) }), 'resources').score).toBe(score);
  });

  it('takes the request where there is no limit, and the worst of both resources', () => {
    const template = { ...BOUNDED, limits: { memory: 1000 }, requests: { cpu: 0.5, memory: 100 } };
    const result = derive({ pods: pods(3, 0, { template }), usage: use(0.45, 500) });
    expect(signal(result, 'resources')).toMatchObject({ score: 40, value: '90% of the cpu request' });
  });

  it('does not apply where there is nothing to measure against, nor where the policy switches it off', () => {
    expect(derive({ usage: use(1, 1) }).status.signals?.some(({ name }) => name === 'resources')).toBe(false);
    const off = derive({ pods: bounded, usage: use(1, 1), policy: OFF });
    expect(off.status.signals?.some(({ name }) => name === 'resources')).toBe(false);
    expect(off.status.confidence).toBe('100%');
  });

  it('is missing without a figure: the confidence is 80 of 90', () => {
    const result = derive({
      pods: bounded,
      usage: { kind: 'missing', reason: 'SourceUnavailable', evidence: 'install metrics-server' },
    });
    expect(result.status.confidence).toBe('88%');
    expect(result.figures.score).toBe(100);
    expect(signal(result, 'resources')).not.toHaveProperty('score');
    expect(condition(result, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: 'SourceUnavailable' });
    expect(condition(result, 'MetricsAvailable')?.message).toBe(
      'resources has no fresh evidence (SourceUnavailable: install metrics-server); look at the source',
    );
  });
});

describe('dependencies, weight 10', () => {
  const below = { key: 'shop/db', minimumHealth: 'Warning', state: 'Below', health: 'Critical', score: 35 } as const;
  const ready = { key: 'shop/cache', minimumHealth: 'Warning', state: 'Ready', health: 'Warning', score: 75 } as const;

  it('is 100 while all are at their minimum, whatever their score', () => {
    expect(signal(derive({ dependencies: [ready] }), 'dependencies').score).toBe(100);
  });

  it('is the lowest score of those below: (40·100 + 10·100 + 20·100 + 10·35) / 80', () => {
    const worse = { ...below, key: 'shop/mail', score: 60, health: 'Degraded' } as const;
    const result = derive({ dependencies: [ready, worse, below] });
    expect(signal(result, 'dependencies').score).toBe(35);
    expect(result.figures.score).toBe(91.875);
    expect(condition(result, 'DependenciesReady')).toMatchObject({ status: 'False', reason: 'DependencyUnhealthy' });
  });
});

describe('checks', () => {
  const rising = { warning: 0.01, degraded: 0.05, critical: 0.2 };
  const falling = { warning: 0.99, degraded: 0.95, critical: 0.8 };

  it.each([
    [0.0099, 100],
    [0.01, 80],
    [0.03, 67.5],
    [0.05, 55],
    [0.125, 37.5],
    [0.2, 20],
    [0.295, 10],
    [0.39, 0],
    [5, 0],
  ])('a value that should be low: %d scores %d', (figure, score) => {
    expect(scoreOfValue(figure, rising)).toBeCloseTo(score, 9);
  });

  it.each([
    [1, 100],
    [0.99, 80],
    [0.97, 67.5],
    [0.95, 55],
    [0.8, 20],
    [0.61, 0],
  ])('a value that should be high: %d scores %d', (figure, score) => {
    expect(scoreOfValue(figure, falling)).toBeCloseTo(score, 9);
  });

  it('weigh what they say: 0.05 with weight 20 gives (80·100 + 20·55) / 100 = 91', () => {
    const checks = [check('errors', { thresholds: rising })];
    const result = derive({ spec: { health: { checks } }, readings: new Map([['errors', value(0.05)]]) });
    expect(result.figures.score).toBe(91);
    expect(signal(result, 'errors')).toMatchObject({
      value: '0.05',
      score: 55,
      evidence: 'it was measured (warning 0.01, degraded 0.05, critical 0.2)',
    });
  });

  it('pass with 100 and fail with 0: (80·100 + 30·0) / 110', () => {
    const checks = [check('page', { weight: 30 })];
    const result = derive({ spec: { health: { checks } }, readings: new Map([['page', verdict(false)]]) });
    expect(result.figures.score).toBeCloseTo(72.7273, 3);
    expect(condition(result, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'CheckFailing',
      message: 'check page: GET answered 503; see the evidence of that signal',
    });
  });

  it.each([Number.NaN, Infinity])('%d is no figure but missing', (figure) => {
    const checks = [check('errors', { thresholds: rising })];
    const result = derive({ spec: { health: { checks } }, readings: new Map([['errors', value(figure)]]) });
    expect(condition(result, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: 'InvalidValue' });
  });
});

describe('caps', () => {
  const thresholds = { warning: 1, degraded: 2, critical: 3 };

  it('none ready of some is 0, however good the rest', () => {
    const result = derive({ pods: pods(0, 3), ...SEEN });
    expect(result.status).toMatchObject({ score: 0, health: 'Failed' });
  });

  it('a failing critical check is at most 39: without the cap it were (80·100 + 1·0) / 81 = 98.8', () => {
    const checks = [check('page', { weight: 1, critical: true })];
    const world = { spec: { health: { checks } } };
    const result = derive({ ...world, readings: new Map([['page', verdict(false)]]) });
    expect(result.status).toMatchObject({ score: 39, health: 'Critical' });
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'CheckFailing' });
    const good = { ...world, readings: new Map([['page', verdict(true)]]) };
    expect(derive(good).status.score).toBe(100);
    expect(play(good, { ...world, readings: new Map([['page', verdict(false)]]) }).status.health).toBe('Critical');
  });

  it('a critical check fails below 40: 2.4 scores 41 and does not, 2.5 scores 37.5 and does', () => {
    const checks = [check('lag', { weight: 1, critical: true, thresholds })];
    const world = { spec: { health: { checks } } };
    expect(derive({ ...world, readings: new Map([['lag', value(2.4)]]) }).status.health).toBe('Healthy');
    expect(derive({ ...world, readings: new Map([['lag', value(2.5)]]) }).status.health).toBe('Critical');
  });

  it('fewer ready than scaling.minReplicas is at most 69', () => {
    const result = derive({ spec: { scaling: { minReplicas: 4 } } });
    expect(result.status).toMatchObject({ score: 69, health: 'Degraded' });
    expect(condition(result, 'Ready')).toMatchObject({ reason: 'BelowMinimum' });
    expect(condition(result, 'Ready')?.message).toBe(
      '3 of 3 pods are ready, fewer than scaling.minReplicas; raise the replicas or look at the pods',
    );
    expect(derive({ spec: { scaling: { minReplicas: 3 } } }).status.score).toBe(100);
  });
});

describe('missing data', () => {
  const checks = [check('errors', { weight: 40, thresholds: { warning: 1, degraded: 5, critical: 20 } })];
  const spec = { health: { checks } };
  const lost = new Map([
    ['errors', { kind: 'missing' as const, reason: 'SourceTimeout' as const, at: NOW, evidence: 'no answer in 5 s' }],
  ]);

  it('leaves the last level: 2 of 3 ready are 83.3 without the check that was good, and 88.9 with it', () => {
    const world = { spec, pods: pods(2, 1) };
    // (40·66.67 + 40·100 + 40·100) / 120 = 88.9 with the check, (40·66.67 + 40·100) / 80 = 83.3 without.
    const result = play({ ...world, readings: new Map([['errors', value(0)]]) }, { ...world, readings: lost });
    expect(result.status).toMatchObject({ health: 'Warning', score: 83, confidence: '66%' });
    expect(condition(result, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: 'SourceTimeout' });
    expect(signal(result, 'errors')).toMatchObject({ value: '0', evidence: 'SourceTimeout: no answer in 5 s' });
  });

  it('does not raise it either: a check that failed before its source fell silent still holds the level', () => {
    const world = { spec, status: undefined };
    const bad = { ...world, readings: new Map([['errors', value(30)]]) };
    const result = play(bad, { ...world, readings: lost }, { ...world, readings: lost, now: NOW + 60_000 });
    // (80·100 + 40·9.47) / 120 = 69.8: Degraded, and so it stays though all that is left is at 100.
    expect(result.figures.score).toBe(100);
    expect(result.status.health).toBe('Degraded');
  });

  it('does not hide evidence that is there: with none ready it is Failed all the same', () => {
    const result = play(
      { spec, readings: new Map([['errors', value(0)]]) },
      { spec, readings: lost, pods: pods(0, 3) },
    );
    expect(result.status.health).toBe('Failed');
  });

  it('of a check that is another one now, by the same name, is not filled in from the old one', () => {
    const first = play({ spec, readings: new Map([['errors', value(6)]]) });
    const result = derive({ spec, generation: 2, status: stored(first.status) });
    expect(signal(result, 'errors')).not.toHaveProperty('score');
    expect(condition(result, 'MetricsAvailable')).toMatchObject({ status: 'Unknown', reason: 'NotAskedYet' });
  });

  it('after a restart is not taken for a fall, though what the status shows is older than the level', () => {
    const two = [
      check('a', { weight: 100, thresholds: { warning: 0, degraded: 25, critical: 60 } }),
      check('b', { weight: 40, thresholds: { warning: 10, degraded: 35, critical: 60 } }),
    ];
    const world = (a: number, b: number) => ({
      spec: { health: { checks: two } },
      readings: new Map([
        ['a', value(a)],
        ['b', value(b)],
      ]),
    });
    // 44 and 100 points: (80·100 + 100·44 + 40·100) / 220 = 74.5. Then 48.5, which still shows as 44, and 70: 71.1.
    const before = play(world(36, 0), world(31.5, 20));
    expect(before.status.health).toBe('Warning');
    // Of what is shown it were (80·100 + 100·44 + 40·70) / 220 = 69.1.
    const after = derive({ spec: { health: { checks: two } }, status: stored(before.status) });
    expect(after.status.health).toBe('Warning');
  });

  it('after a restart keeps the cap of a critical check that failed, and lets nothing rise', () => {
    const critical = { health: { checks: [check('page', { weight: 1, critical: true })] } };
    const before = play({ spec: critical, readings: new Map([['page', verdict(false)]]) });
    const after = play(
      { spec: critical, readings: new Map([['page', verdict(false)]]) },
      { spec: critical, now: NOW + MINUTE },
    );
    expect(after.status).toEqual(before.status);
    expect(after.figures.score).toBe(39);
  });

  it('is no news after a restart: what the status says stands until the check was made', () => {
    const before = play({ spec, readings: new Map([['errors', value(6)]]) });
    const after = play({ spec, readings: new Map([['errors', value(6)]]) }, { spec });
    expect(after.status).toEqual(before.status);
    expect(after.transitions).toEqual([]);
  });
});
