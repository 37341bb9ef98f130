import { describe, expect, it } from 'vitest';
import {
  failedServices,
  failedWorkflows,
  holds,
  overdueWorkflows,
  type RuleReading,
  type RuleState,
  sentence,
  thresholdOf,
  watchRule,
  type WorkflowEvidence,
} from '../../../../src/domain/emergency/rules.ts';
import { DEFAULT_POLICY, emergencyOf } from '../../../../src/domain/orchestration/policy.ts';
import { MINUTE, NOW, SECOND } from '../fixtures.ts';

const rule = { action: 'Halt', above: 50, for: '5m', atLeast: 4 } as const;
const at = (percent: number, counted = 10, all = counted): RuleReading => ({ kind: 'value', percent, counted, all });
const MISSING: RuleReading = { kind: 'missing' };

/** Looks every 15 seconds; whether the rule holds after each minute. */
function watch(...minutes: readonly RuleReading[]): boolean[] {
  let state: RuleState | undefined;
  let now = 0;
  return minutes.map((reading) => {
    for (let look = 0; look < 4; look++) {
      state = watchRule(state, reading, rule, now);
      now += 15 * SECOND;
    }
    return holds(state, rule);
  });
}
const minutes = (count: number, reading: RuleReading): RuleReading[] => Array.from({ length: count }, () => reading);

describe('a rule', () => {
  it('holds when its limit was passed for the whole window, and not a moment longer than that', () => {
    expect(watch(...minutes(6, at(51)), at(50), at(51))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it('begins its window anew after a single look at or below the limit', () => {
    expect(watch(...minutes(4, at(99)), at(10), ...minutes(4, at(99)))).not.toContain(true);
  });

  it.each([
    ['missing data', MISSING],
    ['too few to judge by', at(100, 3)],
    ['figures of too few of all', at(100, 8, 10)],
  ])('never holds on %s, and begins its window anew after it', (_, reading) => {
    expect(watch(...minutes(10, reading))).not.toContain(true);
    expect(watch(...minutes(4, at(99)), reading, ...minutes(5, at(99)))).not.toContain(true);
  });

  it('takes nothing for granted between looks that are far apart', () => {
    let state = watchRule(undefined, at(99), rule, 0);
    state = watchRule(state, at(99), rule, 6 * MINUTE);
    expect(holds(state, rule)).toBe(false);
  });
});

describe('the share of services that are Failed', () => {
  const service = (health: 'Healthy' | 'Failed', confidence = 1, everAvailable = true) => ({
    health,
    confidence,
    everAvailable,
  });

  it('is of those that were available once, with how many of them have fresh evidence', () => {
    expect(
      failedServices([
        service('Failed'),
        service('Failed'),
        service('Healthy'),
        service('Healthy', 0),
        service('Failed', 0),
        service('Failed', 1, false),
      ]),
    ).toEqual({ kind: 'value', percent: (2 / 3) * 100, counted: 3, all: 5 });
  });

  it('is missing where none has', () => {
    expect(failedServices([service('Failed', 0)])).toEqual({ kind: 'missing' });
    expect(failedServices([])).toEqual({ kind: 'missing' });
  });
});

describe('workflows', () => {
  const HOUR = 60 * MINUTE;
  const workflow = (over: Partial<WorkflowEvidence>): WorkflowEvidence => ({
    phase: 'Succeeded',
    failed: false,
    startedAt: NOW - 30 * MINUTE,
    finishedAt: NOW - 10 * MINUTE,
    pausedMs: 0,
    ...over,
  });
  const failed = (over: Partial<WorkflowEvidence> = {}) => workflow({ phase: 'Failed', failed: true, ...over });

  it('that failed are counted among those that began and ended within an hour', () => {
    const all = [
      workflow({}),
      workflow({}),
      workflow({}),
      failed(),
      failed({ phase: 'RolledBack' }),
      failed({ phase: 'RollbackFailed' }),
    ];
    expect(failedWorkflows(all, NOW)).toEqual({ kind: 'value', percent: 50, counted: 6, all: 6 });
  });

  it.each([
    ['that was cancelled', workflow({ phase: 'Cancelled' })],
    ['that was cancelled and undone', workflow({ phase: 'RolledBack' })],
    ['that was only planned', workflow({ phase: 'Planned' })],
    ['that never began, because it was wrong', { ...failed(), startedAt: undefined }],
    ['that ended long ago', failed({ finishedAt: NOW - HOUR - 1 })],
    ['that ended in the future', failed({ finishedAt: NOW + MINUTE })],
    ['that rolls back', failed({ phase: 'RollingBack', finishedAt: undefined })],
    ['that runs', workflow({ phase: 'Running', finishedAt: undefined })],
  ])('do not count for that: one %s', (_, one) => {
    expect(failedWorkflows([one], NOW)).toEqual({ kind: 'missing' });
  });

  const DAY = 24 * HOUR;
  const running = (ms: number, pausedMs = 0) =>
    workflow({ phase: 'Running', startedAt: NOW - ms, finishedAt: undefined, pausedMs });

  it('that run for too long are so without their pauses, and until they have ended', () => {
    const percent = (...all: WorkflowEvidence[]) => overdueWorkflows(all, DAY, NOW);
    expect(percent(running(DAY))).toMatchObject({ percent: 0, counted: 1 });
    expect(percent(running(DAY + 1), running(1))).toMatchObject({ percent: 50, counted: 2 });
    expect(percent(running(DAY + HOUR, HOUR))).toMatchObject({ percent: 0 });
    expect(percent({ ...running(2 * DAY), phase: 'RollingBack' })).toMatchObject({ percent: 100 });
    expect(percent({ ...running(2 * DAY), phase: 'Failed' })).toEqual({ kind: 'missing' });
    expect(percent({ ...running(2 * DAY), phase: 'Queued' })).toEqual({ kind: 'missing' });
    expect(percent()).toEqual({ kind: 'missing' });
  });

  it('are judged by what the policy says of their failures, and by one alone that is overdue, after a minute', () => {
    const { rules } = emergencyOf(DEFAULT_POLICY);
    expect(thresholdOf('workflowsFailed', rules)).toMatchObject({ above: 30, for: '5m', atLeast: 10 });
    const overdue = thresholdOf('workflowsOverdue', rules);
    const reading = overdueWorkflows([running(2 * DAY), running(1), running(1)], DAY, NOW);
    let state = watchRule(undefined, reading, overdue, 0);
    expect(holds(state, overdue)).toBe(false);
    state = watchRule(state, reading, overdue, MINUTE);
    expect(holds(state, overdue)).toBe(true);
    expect(sentence('workflowsOverdue', overdue)).toContain('limits.maxWorkflowDuration');
  });

  it('are watched by the defaults where a policy of an older release says nothing of them', () => {
    const { workflowsFailed: _, workflowsOverdue: __, ...older } = DEFAULT_POLICY.emergency.rules;
    const nodeCPU = { ...older.nodeCPU, above: 80 };
    const rules = { ...older, nodeCPU } as typeof DEFAULT_POLICY.emergency.rules;
    const spec = { ...DEFAULT_POLICY, emergency: { ...DEFAULT_POLICY.emergency, rules } };
    expect(emergencyOf(spec).rules).toEqual({ ...DEFAULT_POLICY.emergency.rules, nodeCPU });
  });
});
