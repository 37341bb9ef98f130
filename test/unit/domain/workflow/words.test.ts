import { expect, it } from 'vitest';
import type { StepStatus, WorkflowStatus } from '../../../../src/api/kinds.ts';
import { isOnlyWords } from '../../../../src/domain/workflow/words.ts';

const step: StepStatus = { name: 'a', state: 'Intent', attempt: 1, opId: 'one', before: { replicas: 1 } };
const written: WorkflowStatus = { observedGeneration: 1, phase: 'Running', startedAt: 'then', steps: [step] };
const withStep = (more: Partial<StepStatus>): WorkflowStatus => ({ ...written, steps: [{ ...step, ...more }] });
const undone = (state: 'Intent' | 'Verifying' | 'Done'): WorkflowStatus =>
  withStep({ state: 'Compensating', compensation: { state, opId: 'two' } });

it.each<[string, WorkflowStatus]>([
  ['what it waits for', { ...written, message: 'waits', reason: 'StepsRunning', current: 'a', eta: '12:00 UTC' }],
  ['what a step waits for', withStep({ state: 'Verifying', message: '1 of 2', since: 'now' })],
  ['that an intent was carried out', withStep({ state: 'Applying' })],
])('may be written a moment later: %s', (_, status) => {
  expect(isOnlyWords(status, written)).toBe(true);
});

it.each<[string, WorkflowStatus]>([
  ['another phase', { ...written, phase: 'Paused' }],
  ['another generation', { ...written, observedGeneration: 2 }],
  ['an end', withStep({ state: 'Succeeded' })],
  ['another attempt', withStep({ opId: 'two', attempt: 2 })],
  ['that it is to be stopped', withStep({ state: 'Verifying', reason: 'TimedOut' })],
  ['when it is tried again', withStep({ state: 'Pending', retryAt: 'later' })],
  ['that it is undone', undone('Intent')],
])('is written at once: %s', (_, status) => {
  expect(isOnlyWords(status, written)).toBe(false);
});

it('is as with steps where they are undone', () => {
  expect(isOnlyWords(undone('Verifying'), undone('Intent'))).toBe(true);
  expect(isOnlyWords(undone('Done'), undone('Intent'))).toBe(false);
});

it('is written at once what a workflow is refused for, and a moment later that it waits for its turn', () => {
  expect(isOnlyWords({ phase: 'Queued', steps: [{ name: 'a', state: 'Pending' }] }, undefined)).toBe(true);
  expect(isOnlyWords({ phase: 'Pending', reason: 'WorkflowSuspended' }, undefined)).toBe(false);
  expect(isOnlyWords({ phase: 'Failed' }, undefined)).toBe(false);
});
