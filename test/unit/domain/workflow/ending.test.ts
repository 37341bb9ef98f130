import { describe, expect, it, test } from 'vitest';
import type { WorkflowSpec } from '../../../../src/api/kinds.ts';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, instant, scale, specOf } from './world.ts';

const waiting: Answer = { kind: 'waiting', message: 'not yet', lookAgainInMs: 5_000 };
const failed: Answer = { kind: 'failed', reason: 'StepRefused', message: 'no', mayRetry: false };
const rollback = (after: NonNullable<WorkflowSpec['rollback']>['after']) => ({
  rollback: { onError: 'Continue', timeout: '1h', ...(after && { after }) } as const,
});

describe.each(['Stop', 'StopAndRollback'] as const)('cancel: %s', (cancel) => {
  const end = cancel === 'Stop' ? 'Cancelled' : 'RolledBack';

  it('stops what runs once that is written, waits for its end, and begins nothing', () => {
    const steps = [scale('a'), scale('b', { dependsOn: ['a'] }), scale('c', { dependsOn: ['b'] })];
    const bench = new Bench(specOf(steps), answers({ 'Verify b': waiting, 'Stop b': waiting })).look();
    bench.wanted.length = 0;
    bench.spec.cancel = cancel;
    bench.look();
    expect(bench.wanted).toEqual(['Stop b']);
    expect(bench.status).toMatchObject({ phase: 'Running', outcome: 'Cancelled', reason: 'WorkflowEnding' });
    expect(bench.status.steps?.[1]).toMatchObject({ state: 'Verifying', reason: 'Stopping' });
    bench.answering = answers({});
    bench.wait();
    expect(bench.status).toMatchObject({ phase: end, outcome: 'Cancelled' });
    expect(bench.state('c')).toBe('Pending');
    expect(bench.wanted.includes('Apply undo b')).toBe(cancel === 'StopAndRollback');
  });

  it('ends what has not begun at once', () => {
    const bench = new Bench(specOf([scale('a')], { suspend: true, cancel })).look();
    expect(bench.status).toMatchObject({ phase: 'Cancelled', reason: 'WorkflowCancelled' });
    expect(bench.wanted).toEqual([]);
  });

  it('ends a wait without asking anybody', () => {
    const bench = new Bench(specOf([instant('a', { wait: { duration: '1h' } })])).look();
    bench.spec.cancel = cancel;
    bench.look();
    expect(bench.status.phase).toBe('Cancelled');
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'Stopped' });
  });
});

test.each([
  [undefined, 'Cancelled'],
  [['Cancelled'], 'RolledBack'],
] as const)('a deletion ends it as cancel: Stop does; rollback.after %j: %s', (on, phase) => {
  const bench = new Bench(specOf([scale('a')], rollback(on && [...on])), answers({ 'Verify a': waiting })).look();
  bench.isBeingDeleted = true;
  expect(bench.look().status).toMatchObject({ phase, outcome: 'Cancelled' });
  expect(bench.status.because).toMatch(/deleted/);
});

test.each([
  [undefined, 'Failed', 'WorkflowTimedOut'],
  [['TimedOut'], 'RolledBack', 'WorkflowRolledBack'],
] as const)('spec.timeout ends it; rollback.after %j: %s', (on, phase, reason) => {
  const spec = specOf([scale('a', { timeout: '1h' })], { timeout: '10m', ...rollback(on && [...on]) });
  const bench = new Bench(spec, answers({ 'Verify a': waiting })).look();
  bench.after(599_000);
  expect(bench.status.phase).toBe('Running');
  bench.after(1_000);
  const because = 'it was not done after 10m, with a under way';
  expect(bench.status).toMatchObject({ phase, reason, outcome: 'TimedOut', because });
});

it('names the approval that nobody gave in time', () => {
  const spec = specOf([{ name: 'ask', approval: { required: 1, users: ['bob'] } }], { timeout: '10m' });
  const bench = new Bench(spec, answers({})).look();
  expect(bench.status.phase).toBe('Running');
  bench.after(600_000);
  expect(bench.status.message).toBe('it was not done after 10m, with ask (approval) under way');
});

it('no workflow takes longer than the policy lets it', () => {
  const bench = new Bench(specOf([scale('a', { timeout: '2h' })], { timeout: '2h' }), answers({ 'Verify a': waiting }));
  bench.facts = { maxDurationMs: 60_000 };
  expect(bench.look().after(60_000).status.outcome).toBe('TimedOut');
});

describe('a step that fails', () => {
  const given = { 'Verify a': failed, 'Verify b': waiting };

  it('lets what runs beside it come to its end where nothing is undone', () => {
    const steps = [scale('a'), scale('b'), scale('c', { dependsOn: ['b'] })];
    const bench = new Bench(specOf(steps, rollback([])), answers(given)).look();
    expect(bench.status).toMatchObject({ phase: 'Running', outcome: 'Failed', reason: 'WorkflowEnding' });
    bench.answering = answers({});
    bench.wait();
    expect(bench.status.phase).toBe('Failed');
    expect([bench.state('a'), bench.state('b'), bench.state('c')]).toEqual(['Failed', 'Succeeded', 'Pending']);
    expect(bench.wanted.some((want) => want.startsWith('Stop'))).toBe(false);
    expect(bench.told).toEqual(['WorkflowStarted', 'StepFailed', 'WorkflowFailed']);
  });

  it('has no other attempt made of what failed beside it', () => {
    const retry = { limit: 3, backoff: { initial: '1s', factor: 1, max: '1s' } };
    const bench = new Bench(specOf([scale('a'), scale('b', { retry })], rollback([])), answers(given)).look();
    bench.answering = answers({ 'Verify b': { ...failed, mayRetry: true } });
    bench.wait();
    expect(bench.status.steps?.[1]).toMatchObject({ state: 'Failed', reason: 'StepRefused', attempt: 1 });
    expect(bench.status.phase).toBe('Failed');
  });

  it('has what runs beside it stopped where it is undone', () => {
    const bench = new Bench(specOf([scale('a'), scale('b')]), answers(given)).look();
    expect(bench.wanted).toContain('Stop b');
    expect(bench.status.phase).toBe('RolledBack');
    expect([bench.state('a'), bench.state('b')]).toEqual(['Compensated', 'Compensated']);
  });
});

it('what cannot be stopped is Unknown in the end, and undone all the same', () => {
  const bench = new Bench(specOf([scale('a')]), answers({ 'Verify a': waiting, 'Stop a': waiting })).look();
  bench.spec.cancel = 'StopAndRollback';
  bench.look();
  expect(bench.status.steps?.[0]).toMatchObject({ reason: 'Stopping' });
  // The timeout of the step, and as much as a rollback may take.
  bench.after(65 * 60_000);
  expect(bench.status.steps?.[0]).toMatchObject({ state: 'Compensated', reason: 'OutcomeUnknown' });
  expect(bench.status.phase).toBe('RolledBack');
});

it('an intent that nobody has written is no beginning', () => {
  const bench = new Bench(specOf([scale('a'), instant('b', { when: 'parameters.x > 1' })]));
  bench.look();
  expect(bench.status).toMatchObject({ phase: 'Failed' });
  expect(bench.wanted).not.toContain('Apply a');
  expect(bench.status.steps?.[0]?.before).toBeUndefined();
});

it('what has ended is not touched again, whatever is ordered', () => {
  const bench = new Bench(specOf([instant('a')])).look();
  bench.spec.cancel = 'StopAndRollback';
  bench.facts = { halted: 'an emergency halt lasts', epoch: 9 };
  bench.look().after(1e9);
  expect(bench.writes).toBe(1);
  expect(bench.last).toMatchObject({ effects: [], lookAgainAt: undefined, told: [] });
});

it('a spec that cannot be carried out fails at once', () => {
  const bench = new Bench(specOf([instant('a')]));
  bench.facts = {
    problems: () => [
      { reason: 'CycleFound', message: 'a → a' },
      { reason: 'InvalidSpec', message: 'x' },
    ],
  };
  bench.look();
  expect(bench.status).toMatchObject({ phase: 'Failed', reason: 'CycleFound', message: 'a → a; x' });
  const types = bench.status.conditions?.map(({ type, status }) => `${type}=${status}`);
  expect(types).toEqual(['Succeeded=False', 'Stalled=True']);
  expect(bench.told).toEqual(['CycleFound']);
});
