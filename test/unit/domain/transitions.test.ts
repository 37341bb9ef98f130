import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/api/kinds.ts';
import { conditionTransitions } from '../../../src/domain/status/transitions.ts';

function condition(type: string, status: Condition['status'], reason: string): Condition {
  return {
    type,
    status,
    reason,
    message: `${type} is ${status}`,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  };
}

const told = (before: Condition[] | undefined, after: Condition[]): string[] =>
  conditionTransitions(before, after).map(({ kind, from, to, type }) => `${kind} ${from} → ${to} ${type}`);

const notAsked = condition('MetricsAvailable', 'Unknown', 'NotAskedYet');
const good = condition('MetricsAvailable', 'True', 'AllSourcesAnswer');
const bad = condition('MetricsAvailable', 'False', 'SourceUnavailable');

describe('what people are told of conditions', () => {
  it('is nothing while evidence was not asked for yet, and nothing when it turns out well', () => {
    expect(told(undefined, [notAsked])).toEqual([]);
    expect(told([notAsked], [good])).toEqual([]);
  });

  it('is the first bad answer, whatever was known before', () => {
    expect(told([notAsked], [bad])).toEqual(['MetricsAvailable absent → False Warning']);
    expect(told([good], [bad])).toEqual(['MetricsAvailable True → False Warning']);
  });

  it('is the turn back', () => {
    expect(told([bad], [good])).toEqual(['MetricsAvailable False → True Normal']);
  });

  it('is what stands in the way of scaling, each reason of its own, and by that name when it ends', () => {
    const present = condition('ScalingActive', 'False', 'HPAPresent');
    const contested = condition('ScalingActive', 'False', 'ReplicasContested');
    const active = condition('ScalingActive', 'True', 'ValidMetricFound');
    const reasons = (before: Condition[], after: Condition[]) =>
      conditionTransitions(before, after).map(({ reason, type, message }) => `${type} ${reason} ${message}`);
    expect(reasons([active], [present])).toEqual(['Warning HPAPresent ScalingActive is False']);
    expect(reasons([present], [contested])).toEqual(['Warning ReplicasContested ScalingActive is False']);
    expect(reasons([contested], [active])).toEqual(['Normal ReplicasContested no longer: ScalingActive is False']);
    expect(reasons([active], [condition('ScalingActive', 'True', 'ScaledToZero')])).toEqual([]);
    const gone = condition('ScalingActive', 'False', 'TargetNotFound');
    const stalled = condition('Stalled', 'True', 'TargetNotFound');
    expect(told([active], [stalled, gone])).toEqual(['Stalled absent → True Warning']);
  });

  it('is nothing of a workflow that has the workload to itself, nor of its end', () => {
    for (const type of ['ScalingActive', 'FailoverReady']) {
      const good = condition(type, 'True', 'ValidMetricFound');
      const locked = condition(type, 'False', 'TargetLocked');
      expect([told(undefined, [locked]), told([good], [locked]), told([locked], [good])]).toEqual([[], [], []]);
    }
  });

  it('is nothing of dependencies that were not looked at yet', () => {
    const unknown = condition('DependenciesReady', 'Unknown', 'DependencyUnknown');
    expect(told(undefined, [unknown])).toEqual([]);
    expect(told([unknown], [condition('DependenciesReady', 'True', 'DependenciesHealthy')])).toEqual([]);
  });
});
