import { describe, expect, it } from 'vitest';
import { REASONS } from '../../../src/api/reasons.ts';
import {
  BOUNDED,
  check,
  condition,
  derive,
  HOUR,
  input,
  MINUTE,
  NOW,
  play,
  pods,
  SECOND,
  signal,
  stored,
  value,
  verdict,
  workload,
  type World,
} from './fixtures.ts';
import { deriveStatus } from '../../../src/domain/status/derive.ts';

const types = (world: World) => derive(world).status.conditions?.map(({ type }) => type);

describe('a service with nothing but a targetRef', () => {
  it('is complete and says everything', () => {
    const { status, transitions, lookAgainAt, figures } = derive();
    expect(status).toMatchObject({
      observedGeneration: 1,
      health: 'Healthy',
      score: 100,
      confidence: '100%',
      phase: 'Running',
      replicas: { current: 3, ready: 3, desired: 3 },
      selector: 'app=web',
      activeTarget: 'Deployment/web',
      everAvailable: true,
      uptime: { state: 'Up', since: '2026-05-01T10:00:00.000Z' },
    });
    expect(status.conditions).toEqual([
      {
        type: 'Ready',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: '2026-05-01T10:00:00Z',
        reason: 'Healthy',
        message: 'all evidence is good',
      },
      {
        type: 'Healthy',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: '2026-05-01T10:00:00Z',
        reason: 'Healthy',
        message: 'all evidence is good',
      },
      {
        type: 'MetricsAvailable',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: '2026-05-01T10:00:00Z',
        reason: 'AllSourcesAnswer',
        message: 'every signal has fresh evidence',
      },
    ]);
    expect(transitions).toEqual([]);
    expect(lookAgainAt).toBeUndefined();
    expect(figures).toMatchObject({ health: 'Healthy', score: 100, confidence: 1, current: 3, ready: 3, desired: 3 });
  });
});

describe('Ready', () => {
  const unready = (overrides: object) => ({
    pods: [...pods(1), ...pods(3, 0, { ready: false, ...overrides }).slice(1)],
  });

  it.each([
    [
      'PodsNotReady',
      {},
      '1 of 3 pods are ready; not ready: web-b, web-c; kubectl describe the pods that are not ready',
    ],
    [
      'ImagePullFailing',
      { waiting: 'ErrImagePull' },
      '1 of 3 pods are ready; not ready: web-b, web-c; image cannot be pulled: web-b, web-c; check the image name, the registry and the pull secret',
    ],
    [
      'PodsCrashing',
      { waiting: 'CrashLoopBackOff' },
      '1 of 3 pods are ready; not ready: web-b, web-c; CrashLoopBackOff: web-b, web-c; kubectl logs --previous of those pods',
    ],
    [
      'PodsUnschedulable',
      { phase: 'Pending', unschedulable: '0/5 nodes are available' },
      '1 of 3 pods are ready; not ready: web-b, web-c; add nodes, or lower requests and constraints',
    ],
  ])('says %s for pods with %j', (reason, overrides, message) => {
    const result = derive(unready(overrides));
    expect(condition(result, 'Ready')).toMatchObject({ reason, message });
    expect(condition(result, 'Healthy')).toMatchObject({ status: 'False', reason, message });
  });

  it.each([
    [3, 'Healthy', 'True'],
    [2, 'Warning', 'True'],
    [1, 'Degraded', 'False'],
    [0, 'Failed', 'False'],
  ])('with %d of 3 ready the level is %s and Ready %s', (ready, health, status) => {
    // (40·ready/3 + 40·100) / 80: 100, 83.3, 66.7 and capped to 0.
    const result = derive({ pods: pods(ready, 3 - ready) });
    expect(result.status.health).toBe(health);
    expect(condition(result, 'Ready')?.status).toBe(status);
    expect(condition(result, 'Healthy')?.status).toBe(health === 'Healthy' ? 'True' : 'False');
  });

  it('says RolloutStuck when nothing else costs as much', () => {
    const result = derive({ workload: { rollout: { state: 'Stuck', message: 'ReplicaSet web-2 has timed out' } } });
    expect(condition(result, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'RolloutStuck',
      message:
        'the rollout passed its progress deadline: ReplicaSet web-2 has timed out; kubectl rollout status and undo',
    });
  });

  it('says RisePending while a rise waits, and FallPending while a fall does', () => {
    const rise = play({ pods: pods(0, 3) }, { now: NOW + SECOND });
    expect(rise.status).toMatchObject({
      health: 'Failed',
      score: 100,
      pending: { health: 'Healthy', since: '2026-05-01T10:00:01.000Z' },
    });
    expect(condition(rise, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RisePending',
      message: 'the evidence is good again; Healthy follows when this has lasted 10s',
    });
    expect(rise.lookAgainAt).toBe(NOW + 11 * SECOND);
    const spec = { health: { hysteresis: { fall: '30s' } } };
    const fall = play({ spec }, { spec, pods: pods(0, 3), now: NOW + SECOND });
    expect(fall.status).toMatchObject({ health: 'Healthy', score: 0, pending: { health: 'Failed' } });
    expect(condition(fall, 'Ready')).toMatchObject({ status: 'True', reason: 'FallPending' });
    expect(fall.lookAgainAt).toBe(NOW + 31 * SECOND);
  });

  it('moves lastTransitionTime only with the status', () => {
    const result = play({}, { pods: pods(2, 1), now: NOW + MINUTE });
    expect(condition(result, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'PodsNotReady',
      lastTransitionTime: '2026-05-01T10:00:00Z',
    });
    expect(condition(result, 'Healthy')).toMatchObject({ status: 'False', lastTransitionTime: '2026-05-01T10:01:00Z' });
  });
});

describe('a pending change survives a restart', () => {
  it('because it is in the status', () => {
    const failed = play({ pods: pods(0, 3) }, { now: NOW + SECOND });
    const after = (seconds: number) =>
      derive({ status: stored(failed.status), now: NOW + SECOND + seconds * SECOND }).status;
    expect(after(9.999).health).toBe('Failed');
    expect(after(10)).toMatchObject({ health: 'Healthy' });
    expect(after(10)).not.toHaveProperty('pending');
  });
});

describe('a workload that was never available', () => {
  const starting = {
    pods: pods(0, 3),
    workload: { rollout: { state: 'Progressing' as const, message: '' }, createdAt: NOW - MINUTE },
  };

  it('is Progressing and of unknown level, without a score', () => {
    const result = derive(starting);
    expect(result.status).toMatchObject({
      health: 'Unknown',
      phase: 'Progressing',
      everAvailable: false,
      uptime: { state: 'Unknown' },
    });
    expect(result.status).not.toHaveProperty('score');
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'NeverAvailable' });
    expect(condition(result, 'Healthy')?.status).toBe('Unknown');
    expect(condition(result, 'Reconciling')).toMatchObject({ status: 'True', reason: 'Progressing' });
  });

  it('is Pending before the first pod', () => {
    expect(derive({ ...starting, pods: [] }).status.phase).toBe('Pending');
  });

  it('says what holds it up where that is known', () => {
    const result = derive({ ...starting, pods: pods(0, 3, { waiting: 'ImagePullBackOff' }) });
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'ImagePullFailing' });
  });

  it('has a level at once when all its pods are ready', () => {
    const result = play(starting, { ...starting, pods: pods(3), now: NOW + SECOND });
    // (40·100 + 10·60 + 20·100 + 10·100) / 80
    expect(result.status).toMatchObject({ health: 'Healthy', score: 95, everAvailable: true });
    expect(result.transitions).toMatchObject([{ kind: 'Health', from: 'Unknown', to: 'Healthy', type: 'Normal' }]);
  });

  it('has a level when its progress deadline passed', () => {
    const result = play(starting, { ...starting, workload: { rollout: { state: 'Stuck', message: 'x' } } });
    expect(result.status).toMatchObject({ health: 'Failed', everAvailable: false, score: 0 });
    expect(result.transitions).toMatchObject([{ kind: 'Health', from: 'Unknown', to: 'Failed', type: 'Warning' }]);
  });

  it('has 10 minutes from its creation where its kind has no such deadline', () => {
    const set = {
      ...starting,
      workload: { kind: 'StatefulSet', rollout: { state: 'Complete' as const }, createdAt: NOW - 9 * MINUTE },
    };
    const waiting = derive(set);
    expect(waiting.status.health).toBe('Unknown');
    expect(waiting.lookAgainAt).toBe(NOW + MINUTE);
    expect(derive({ ...set, now: NOW + MINUTE }).status.health).toBe('Failed');
  });

  it('is one no more when a Deployment tells that it was rolled out once', () => {
    expect(derive({ pods: pods(0, 3) }).status).toMatchObject({ health: 'Failed', everAvailable: true });
  });

  it('is one for ten seconds more when a Deployment tells so before its pods are known', () => {
    const young = { pods: [], workload: { createdAt: NOW - SECOND } };
    const first = derive(young);
    expect(first.status).toMatchObject({ health: 'Unknown', everAvailable: false });
    expect(first.lookAgainAt).toBe(NOW + 9 * SECOND);
    const arrived = derive({ ...young, pods: pods(3), status: stored(first.status), now: NOW + SECOND });
    expect(arrived.status).toMatchObject({ health: 'Healthy', everAvailable: true });
    const late = derive({ ...young, status: stored(first.status), now: NOW + 9 * SECOND });
    expect(late.status).toMatchObject({ health: 'Failed', everAvailable: true });
  });
});

describe('a workload that was scaled to zero', () => {
  const zero = { pods: [], workload: { desired: 0 } };

  it('is Healthy at once, whatever it was, and says why', () => {
    const result = play({ pods: pods(0, 3) }, { ...zero, now: NOW + SECOND });
    expect(result.status).toMatchObject({ health: 'Healthy', score: 100, phase: 'ScaledToZero', confidence: '100%' });
    expect(condition(result, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'ScaledToZero',
      message: 'the workload asks for no pods',
    });
    expect(condition(result, 'Healthy')).toMatchObject({ status: 'True', reason: 'ScaledToZero' });
  });

  it('is Healthy though minReplicas asks for more and a critical check has nobody to ask', () => {
    const spec = { scaling: { minReplicas: 2 }, health: { checks: [check('page', { critical: true })] } };
    expect(derive({ ...zero, spec, readings: new Map([['page', verdict(false)]]) }).status.health).toBe('Healthy');
  });

  const up = (seconds: number, overrides: Partial<World> = {}): World => ({
    pods: pods(0, 3),
    now: NOW + seconds * SECOND,
    ...overrides,
  });

  it('and is scaled up again starts: no level and no time down until all its pods are ready', () => {
    const starts = play({}, { ...zero, now: NOW + SECOND }, up(60, { pods: [] }), up(61));
    expect(starts.status).toMatchObject({
      health: 'Unknown',
      phase: 'Progressing',
      everAvailable: true,
      startingSince: '2026-05-01T10:01:00.000Z',
      uptime: { state: 'Unknown', down: '0s' },
    });
    expect(starts.status).not.toHaveProperty('score');
    expect(condition(starts, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Starting',
      message:
        '0 of 3 pods are ready; not ready: web-a, web-b, web-c; it was scaled up from zero; wait, or look at the pods',
    });
    expect(condition(starts, 'Reconciling')).toMatchObject({ status: 'True', reason: 'Progressing' });
    expect(starts.lookAgainAt).toBe(NOW + 11 * MINUTE);
    const part = derive(up(70, { status: stored(starts.status), pods: pods(2, 1) }));
    expect(part.status.health).toBe('Unknown');
    const whole = derive(up(70, { status: stored(starts.status), pods: pods(3) }));
    expect(whole.status).toMatchObject({ health: 'Healthy', score: 100, phase: 'Running' });
    expect(whole.status).not.toHaveProperty('startingSince');
    expect(whole.transitions).toMatchObject([{ from: 'Unknown', to: 'Healthy', type: 'Normal' }]);
    const lost = derive(up(80, { status: stored(whole.status) }));
    expect(lost.status.health).toBe('Failed');
  });

  it('and does not start within ten minutes has its level then, or as soon as its Deployment tells that it is stuck', () => {
    const starts = stored(play({}, zero, up(60)).status);
    const after = (seconds: number, overrides: Partial<World> = {}) =>
      derive(up(seconds, { status: starts, ...overrides }));
    expect(after(659.999).status.health).toBe('Unknown');
    const late = after(660);
    expect(late.status).toMatchObject({ health: 'Failed', everAvailable: true });
    expect(late.transitions).toMatchObject([{ from: 'Unknown', to: 'Failed', type: 'Warning' }]);
    // It is not awaited again for that.
    expect(derive(up(700, { status: stored(late.status), pods: pods(2, 1) })).status.health).not.toBe('Unknown');
    expect(after(61, { workload: { rollout: { state: 'Stuck', message: 'x' } } }).status.health).toBe('Failed');
  });

  it('from the beginning was never available because its Deployment tells a complete rollout of no pods', () => {
    const starts = play(zero, up(60));
    expect(starts.status).toMatchObject({ health: 'Unknown', phase: 'Progressing', everAvailable: false });
    expect(condition(starts, 'Ready')).toMatchObject({ reason: 'NeverAvailable' });
    const late = derive(up(660, { status: stored(starts.status) }));
    expect(late.status).toMatchObject({ health: 'Failed', everAvailable: false });
    expect(derive(up(670, { status: stored(late.status) })).status.everAvailable).toBe(false);
    expect(derive(up(670, { status: stored(late.status), pods: pods(3) })).status.everAvailable).toBe(true);
  });

  it('goes on to start where it cannot be read in between, and where the clock was set back', () => {
    const forbidden = { state: 'Absent', reason: 'Forbidden', verb: 'list', resource: 'pods' } as const;
    const between = play({}, zero, up(60), { target: forbidden, pods: [], now: NOW + 70 * SECOND }, up(80));
    expect(between.status).toMatchObject({ health: 'Unknown', startingSince: '2026-05-01T10:01:00.000Z' });
    const unseen = play({}, zero, { target: forbidden, pods: [], now: NOW + 50 * SECOND }, up(80));
    expect(unseen.status).toMatchObject({ health: 'Unknown', startingSince: '2026-05-01T10:01:20.000Z' });
    const back = play({}, zero, up(3600), up(60));
    expect(back.status).toMatchObject({ health: 'Unknown', startingSince: '2026-05-01T10:01:00.000Z' });
  });

  it('is awaited when it is scaled up and never was available', () => {
    const result = play(zero, { pods: pods(0, 3), workload: { rollout: { state: 'Progressing', message: '' } } });
    expect(result.status).toMatchObject({ health: 'Unknown', phase: 'Progressing' });
  });
});

describe('a target that is absent', () => {
  const absent = (target: World['target']): World => (target === undefined ? {} : { target, pods: [] });

  it.each([
    [
      { state: 'Absent', reason: 'TargetNotFound' } as const,
      'Deployment web does not exist; create it, or correct targetRef',
    ],
    [
      { state: 'Absent', reason: 'TargetKindUnknown' } as const,
      /knows no kind like that of Deployment web; correct targetRef/,
    ],
    [
      { state: 'Absent', reason: 'TargetNotScalable' } as const,
      /the kind of Deployment web has no scale subresource; name a workload/,
    ],
    [
      { state: 'Absent', reason: 'TargetAlreadyManaged', by: 'other' } as const,
      'other looks after Deployment web already; delete one of the two',
    ],
    [
      { state: 'Absent', reason: 'Forbidden', verb: 'get', resource: 'deployments.apps/scale' } as const,
      /^Baton may not get deployments.apps\/scale, .*; grant get on deployments.apps\/scale to the ServiceAccount/,
    ],
  ])('is Stalled with the reason of %j', (target, message) => {
    const result = derive(absent(target));
    expect(result.status).toMatchObject({ health: 'Unknown', phase: 'Stalled', confidence: '0%' });
    for (const type of ['Stalled', 'Ready']) {
      expect(condition(result, type)).toMatchObject({ reason: target.reason });
      expect(condition(result, type)?.message).toMatch(message);
    }
    expect(condition(result, 'Stalled')?.status).toBe('True');
    expect(condition(result, 'Ready')?.status).not.toBe('True');
    expect(result.transitions).toMatchObject([{ kind: 'Stalled', to: 'True', type: 'Warning' }]);
  });

  it('and was available once is Failed: it is gone, and that is no missing data', () => {
    const result = play({}, absent({ state: 'Absent', reason: 'TargetNotFound' }));
    expect(result.status).toMatchObject({ health: 'Failed', score: 0, uptime: { state: 'Down' } });
    expect(result.status).not.toHaveProperty('replicas');
  });

  it.each([
    ['for want of a permission', { reason: 'Forbidden', verb: 'list', resource: 'statefulsets.apps' } as const],
    ['because the API server does not say', { reason: 'TargetUnavailable' } as const],
  ])('%s leaves the last level, and the rest of what was known', (_why, target) => {
    const unread = absent({ state: 'Absent', ...target });
    const result = play({}, unread);
    expect(result.status).toMatchObject({
      health: 'Healthy',
      score: 100,
      replicas: { ready: 3 },
      uptime: { state: 'Unknown' },
    });
    expect(condition(result, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: target.reason });
    expect(condition(result, 'Ready')?.status).toBe('Unknown');
    expect(condition(play({}, unread, {}), 'Stalled')).toBeUndefined();
  });

  it('tells another reason while it is Stalled already', () => {
    const result = play(
      absent({ state: 'Absent', reason: 'TargetKindUnknown' }),
      absent({ state: 'Absent', reason: 'TargetNotFound' }),
    );
    expect(result.transitions).toMatchObject([{ kind: 'Stalled', from: 'True', to: 'True', reason: 'TargetNotFound' }]);
  });

  it('that is being deleted is Terminating, and its level follows its pods', () => {
    const result = derive({ workload: { terminating: true } });
    expect(result.status).toMatchObject({ phase: 'Terminating', health: 'Healthy' });
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'TargetTerminating' });
    expect(condition(result, 'Reconciling')).toMatchObject({ status: 'True', reason: 'TargetTerminating' });
  });
});

describe('other conditions', () => {
  it('are there only where they apply', () => {
    expect(types({})).toEqual(['Ready', 'Healthy', 'MetricsAvailable']);
    const dependency = { key: 'shop/db', minimumHealth: 'Warning', state: 'Unknown' } as const;
    const spec = { objectives: [{ name: 'availability' as const, target: 99.9, window: '30d' }] };
    expect(types({ spec, strangers: 2, dependencies: [dependency] })).toEqual([
      'Ready',
      'Healthy',
      'MetricsAvailable',
      'DependenciesReady',
      'ObjectivesMet',
      'SelectorUnique',
    ]);
  });

  it('SelectorUnique is False while there are strangers, whose number does not matter', () => {
    const one = play({ strangers: 1 });
    expect(condition(one, 'SelectorUnique')).toMatchObject({ status: 'False', reason: 'SelectorOverlap' });
    expect(play({ strangers: 1 }, { strangers: 5 }).status).toEqual(one.status);
    expect(one.transitions).toMatchObject([{ kind: 'SelectorUnique', type: 'Warning' }]);
    expect(play({ strangers: 1 }, {}).transitions).toMatchObject([
      { kind: 'SelectorUnique', to: 'absent', type: 'Normal' },
    ]);
  });

  it('an invalid maintenance window stalls the service, which still has its level', () => {
    const spec = { maintenanceWindows: [{ schedule: '0 3 * * *', duration: '1h', timeZone: 'Mars/Olympus' }] };
    const result = derive({ spec });
    expect(result.status.health).toBe('Healthy');
    expect(condition(result, 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
    expect(condition(result, 'Stalled')?.message).toMatch(
      /^spec\.maintenanceWindows\[0\]: there is no time zone Mars\/Olympus/,
    );
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  });

  it('carry reasons of the catalogue only', () => {
    const worlds: World[] = [{}, { pods: [] }, { strangers: 1 }, { pods: pods(1, 2) }, { workload: { desired: 0 } }];
    for (const world of worlds) {
      for (const { reason } of derive(world).status.conditions ?? []) expect(Object.keys(REASONS)).toContain(reason);
    }
  });
});

describe('maintenance', () => {
  const window = { schedule: '0 10 * * *', duration: '1h', timeZone: 'UTC' };

  it('is told while a window of the service or of the policy is open, and health is told all the same', () => {
    for (const world of [
      { spec: { maintenanceWindows: [window] } },
      { policy: { ...input().policy, maintenanceWindows: [window] } },
    ]) {
      const result = derive({ ...world, pods: pods(0, 3) });
      expect(result.status).toMatchObject({ health: 'Failed', uptime: { state: 'Maintenance' } });
      expect(condition(result, 'InMaintenance')).toMatchObject({
        status: 'True',
        reason: 'MaintenanceWindow',
        message: 'a maintenance window is open until 2026-05-01T11:00:00Z',
      });
      expect(result.lookAgainAt).toBe(NOW + HOUR);
    }
  });

  it('is looked for when it begins', () => {
    expect(derive({ spec: { maintenanceWindows: [window] }, now: NOW - MINUTE }).lookAgainAt).toBe(NOW);
  });

  it('ends with a transition, and the time is booked', () => {
    const spec = { maintenanceWindows: [window] };
    const result = play({ spec, pods: pods(0, 3) }, { spec, pods: pods(0, 3), now: NOW + HOUR });
    expect(result.status.uptime).toMatchObject({ state: 'Down', maintenance: '1h', down: '0s' });
    expect(result.transitions).toMatchObject([{ kind: 'InMaintenance', from: 'True', to: 'absent', type: 'Normal' }]);
  });
});

describe('a quiet cluster', () => {
  const spec = { health: { checks: [check('lag', { thresholds: { warning: 10, degraded: 20, critical: 30 } })] } };
  const lag = (figure: number): World => ({ spec, readings: new Map([['lag', value(figure)]]) });

  it('causes no writes: the status is the very object that was there', () => {
    const status = stored(derive().status);
    const later = deriveStatus(input({ status, now: NOW + 24 * HOUR }));
    expect(later.status).toBe(status);
    expect(later.transitions).toEqual([]);
  });

  it('does not show a figure that trembles by less than 5 points, and shows one that moved by 5', () => {
    // 15 scores 67.5, 16.9 scores 62.75 (4.75 less, or 5.25 of the 68 that is shown), 16.5 scores 63.75.
    const before = play(lag(15));
    expect(play(lag(15), lag(16.5)).status).toEqual(before.status);
    expect(signal(play(lag(15), lag(17)), 'lag')).toMatchObject({ value: '17', score: 63 });
    // With weight 100 the score goes from (80·100 + 100·67.5) / 180 = 81.9 to 79.9, which are fewer than 5 points too.
    const heavy = (figure: number): World => ({
      ...lag(figure),
      spec: { health: { checks: spec.health.checks.map((check) => ({ ...check, weight: 100 })) } },
    });
    expect(play(heavy(15), heavy(16.5)).status).toMatchObject({ score: 81, health: 'Warning' });
    // Drift adds up against what is shown, not against the last look.
    expect(signal(play(lag(15), lag(16.5), lag(18)), 'lag').score).toBe(60);
  });

  it('shows the exact figures as metrics', () => {
    expect(play(lag(15), lag(16.5)).figures.score).toBeCloseTo((80 * 100 + 20 * 63.75) / 100, 9);
  });

  it('shows a figure anew when the level changes', () => {
    const result = play(lag(15), { ...lag(16), pods: pods(2, 1) });
    expect(signal(result, 'lag')).toMatchObject({ value: '16', score: 65 });
  });

  it('shows a pod that is not ready at once, though of 100 pods it is one point', () => {
    const many = (ready: number): World => ({ pods: pods(ready, 100 - ready), workload: { desired: 100 } });
    const result = play(many(100), many(99));
    expect(result.status.replicas).toEqual({ current: 100, ready: 99, desired: 100 });
    expect(signal(result, 'availability').value).toBe('99/100');
    // (40·99 + 40·100) / 80 = 99.5: where something is written anyway the score comes along.
    expect(result.status.score).toBe(99);
  });

  it('names the pods that are not ready now, though their number and the score are the same', () => {
    const two = { desired: 2 };
    const result = play({ pods: pods(1, 2), workload: two }, { pods: pods(1, 1), workload: two });
    expect(signal(result, 'availability').evidence).toBe('1 of 2 pods are ready; not ready: web-b');
  });

  it('keeps the moment at which a score was first seen', () => {
    const result = play(lag(15), { ...lag(15), pods: pods(2, 1), now: NOW + MINUTE });
    expect(signal(result, 'lag').observedAt).toBe('2026-05-01T10:00:00Z');
    expect(signal(result, 'availability').observedAt).toBe('2026-05-01T10:01:00Z');
  });

  it('keeps the sentence of a source that goes on failing with other words', () => {
    const failing = (evidence: string): World => ({
      spec,
      readings: new Map([['lag', { kind: 'missing', reason: 'SourceUnavailable', at: NOW, evidence }]]),
    });
    expect(play(failing('refused after 3 ms'), failing('refused after 5 ms')).status).toEqual(
      play(failing('refused after 3 ms')).status,
    );
  });

  it('keeps memory that trembles out of the status', () => {
    const use = (memory: number): World => ({
      pods: pods(3, 0, { template: BOUNDED }),
      usage: { kind: 'known', pods: new Map([['web-a', { cpu: 0.1, memory, at: NOW }]]) },
    });
    expect(play(use(500), use(740)).status).toEqual(play(use(500)).status);
    expect(play(use(500), use(761)).status).toEqual(play(use(500)).status);
    expect(signal(play(use(500), use(765)), 'resources').score).toBe(94);
  });
});

describe('uptime and objectives in the status', () => {
  const spec = { objectives: [{ name: 'availability' as const, target: 99.9, window: '30d' }] };
  const down = { spec, pods: pods(0, 3) };

  it('books what was down, and is right after a restart and after a clock that jumped back', () => {
    const result = play(
      { spec },
      { ...down, now: NOW + HOUR },
      { ...down, now: NOW + HOUR + 30 * SECOND },
      { spec, now: NOW + HOUR + MINUTE },
      {
        spec,
        now: NOW + HOUR + MINUTE + 10 * SECOND,
      },
    );
    expect(result.status.uptime).toMatchObject({ state: 'Up', up: '1h', down: '1m10s' });
    const back = play(
      { spec },
      { ...down, now: NOW - HOUR },
      { spec, now: NOW - HOUR },
      { spec, now: NOW - HOUR + 10 * SECOND },
    );
    expect(back.status.uptime).toMatchObject({ state: 'Up', since: '2026-05-01T10:00:00.000Z', up: '0s', down: '0s' });
  });

  it('shows the budget by whole points: 26 s of 43.2 min are one', () => {
    const begun = play({ spec }, { ...down, now: NOW + HOUR });
    const at = (seconds: number) =>
      derive({ ...down, status: stored(begun.status), now: NOW + HOUR + seconds * SECOND });
    expect(begun.lookAgainAt).toBe(NOW + HOUR + 25_920);
    expect(at(26).status.objectives).toEqual([
      { name: 'availability', availability: '99.282%', budgetRemaining: '98.9%', burnRate: '7.2' },
    ]);
    const burning = stored(at(26).status);
    expect(derive({ ...down, status: burning, now: NOW + HOUR + 30 * SECOND }).status).toBe(burning);
  });

  const prompt = { ...spec, health: { hysteresis: { rise: '0s' } } };

  /** Looks whenever it is time to, until `end`, and gives the status of each moment between. */
  function watch(world: World, from: number, end: number) {
    let { status, lookAgainAt } = derive({ ...world, now: from });
    let writes = 0;
    const shown = (at: number) => {
      while (lookAgainAt !== undefined && lookAgainAt <= Math.min(at, end)) {
        const before = stored(status);
        const next = derive({ ...world, status: before, now: lookAgainAt });
        if (next.status !== before) writes += 1;
        expect(next.lookAgainAt ?? Infinity).toBeGreaterThan(lookAgainAt);
        ({ status, lookAgainAt } = next);
      }
      return status.objectives?.[0];
    };
    return { shown, writes: () => writes };
  }

  it('follows the burn rate down after an outage of an hour, in few writes, and rests then', () => {
    const before = play({ spec: prompt, now: NOW - 10 * HOUR }, { ...down, now: NOW - HOUR }).status;
    const { shown, writes } = watch({ spec: prompt, status: stored(before) }, NOW, NOW + 3 * HOUR);
    const { figures } = derive({ spec: prompt, status: stored(before), now: NOW });
    for (let minute = 0; minute <= 62; minute += 1) {
      const [exact] = figures.objectivesAt(NOW + minute * MINUTE);
      const told = Number(shown(NOW + minute * MINUTE)?.burnRate);
      // At most a minute and a fifth of itself behind.
      expect(Math.abs(told - (exact?.burnRate ?? -1))).toBeLessThanOrEqual(17 + 0.25 * told);
    }
    expect(shown(NOW + HOUR)?.burnRate).toBe('0');
    expect(writes()).toBeLessThan(30);
    const rested = writes();
    shown(NOW + 3 * HOUR);
    expect(writes()).toBe(rested);
  });

  it('tells exact figures whenever it is asked, without looking again', () => {
    const up = play({ spec: prompt, now: NOW - 10 * HOUR }, { ...down, now: NOW - MINUTE }, { spec: prompt, now: NOW });
    const at = (minutes: number) => up.figures.objectivesAt(NOW + minutes * MINUTE)[0]?.burnRate;
    expect([at(0), at(59), at(59.5), at(60)].map((rate) => Math.round((rate ?? -1) * 10) / 10)).toEqual([
      16.7, 16.7, 8.3, 0,
    ]);
  });

  it.each(['Unknown', 'Maintenance'])('follows the budget that shrinks in a long time of %s', (state) => {
    const begun = NOW - 20 * 24 * HOUR;
    const before = play(
      { spec: prompt, now: begun },
      { ...down, now: begun + HOUR },
      { spec: prompt, now: begun + HOUR + 20 * MINUTE },
    );
    const forbidden = { state: 'Absent', reason: 'Forbidden', verb: 'list', resource: 'pods' } as const;
    const always = [{ schedule: '0 0 * * *', duration: '24h', timeZone: 'UTC' }];
    const world: World =
      state === 'Unknown'
        ? { spec: prompt, target: forbidden, pods: [] }
        : { spec: { ...prompt, maintenanceWindows: always } };
    const start = derive({ ...world, status: stored(before.status), now: NOW });
    expect(start.status.uptime?.state).toBe(state);
    const { shown, writes } = watch({ ...world, status: stored(start.status) }, NOW, NOW + 9 * 24 * HOUR);
    for (let hour = 0; hour < 9 * 24; hour += 1) {
      const [exact] = start.figures.objectivesAt(NOW + hour * HOUR);
      const told = Number.parseFloat(shown(NOW + hour * HOUR)?.budgetRemaining ?? '');
      // Less than a point that was not told before, and one until it is looked at again.
      expect(Math.abs(told - 100 * (exact?.budgetRemaining ?? 2))).toBeLessThan(2);
    }
    // From 53.7 % to 46.2 % and no further than 33.9 %.
    expect(writes()).toBeGreaterThan(5);
    expect(writes()).toBeLessThan(40);
  });

  it('says when the budget is spent, once', () => {
    const spent = play({ spec }, { ...down, now: NOW + SECOND }, { ...down, now: NOW + 44 * MINUTE });
    expect(condition(spent, 'ObjectivesMet')).toMatchObject({ status: 'False', reason: 'BudgetExhausted' });
    expect(spent.transitions).toMatchObject([{ kind: 'ObjectivesMet', from: 'True', to: 'False', type: 'Warning' }]);
    expect(condition(spent, 'ObjectivesMet')?.message).toMatch(
      /^the error budget for availability of 99.9% over 30d is spent; /,
    );
  });
});

describe('transitions', () => {
  it('tell the level from and to, why and what to do, and become the last decision', () => {
    const result = play({}, { pods: pods(0, 3), now: NOW + MINUTE });
    const message =
      'Healthy → Failed: 0 of 3 pods are ready; not ready: web-a, web-b, web-c; kubectl describe the pods that are not ready';
    expect(result.transitions).toEqual([
      { kind: 'Health', from: 'Healthy', to: 'Failed', reason: 'PodsNotReady', message, type: 'Warning' },
    ]);
    expect(result.status.lastDecision).toEqual({
      kind: 'Health',
      verdict: 'Failed',
      outcome: 'Written',
      rule: 'PodsNotReady',
      because: message,
      confidence: '100%',
      at: '2026-05-01T10:01:00Z',
    });
  });

  it('about recommendations call nobody while a service is adopted, and later do', () => {
    const told = (...worlds: World[]) =>
      play(...worlds).transitions.flatMap(({ kind, isQuiet }) => (kind === 'Recommendation' ? (isQuiet ?? false) : []));
    const starts = { pods: pods(0, 3), workload: { rollout: { state: 'Progressing', message: '' } } } as const;
    const bare = { advice: { coverage: 'Bare' } } as const;
    expect(told(bare)).toEqual([true]);
    expect(told(starts, { ...bare, now: NOW + SECOND })).toEqual([true]);
    expect(told({ advice: { coverage: 'Covered' } }, { ...bare, now: NOW + SECOND })).toEqual([false]);
    const gone = { target: { state: 'Absent', reason: 'TargetNotFound' }, now: NOW + SECOND } as const;
    expect(told(bare, gone)).toEqual([true]);
  });

  it('are Normal on the way up', () => {
    const result = play({ pods: pods(0, 3) }, { now: NOW + SECOND }, { now: NOW + 11 * SECOND });
    expect(result.transitions).toMatchObject([{ kind: 'Health', from: 'Failed', to: 'Healthy', type: 'Normal' }]);
  });

  it('of a service that is seen for the first time are only what is not well', () => {
    expect(derive().transitions).toEqual([]);
    expect(derive({ pods: pods(0, 3) }).transitions).toMatchObject([
      { from: 'Unknown', to: 'Failed', type: 'Warning' },
    ]);
  });
});

it('a kind of its own is told by its pods alone', () => {
  const facts = workload({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    observedGeneration: undefined,
    rollout: { state: 'Untold' },
  });
  const result = derive({ target: { state: 'Found', workload: facts }, pods: pods(2, 1) });
  // (40·66.67 + 20·100 + 10·100) / 70 = 80.95; it is old, so nobody waits for it to be available once.
  expect(result.status).toMatchObject({ health: 'Warning', score: 80 });
});
