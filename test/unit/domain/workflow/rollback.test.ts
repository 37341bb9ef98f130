import { describe, expect, it, test } from 'vitest';
import type { WorkflowStep } from '../../../../src/api/kinds.ts';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { undoOf } from '../../../../src/domain/workflow/undo.ts';
import { answers, Bench, deployment, instant, scale, specOf } from './world.ts';

const failed: Answer = { kind: 'failed', reason: 'StepRefused', message: 'no', mayRetry: false };
const drifted: Answer = { kind: 'failed', reason: 'Drifted', message: 'somebody changed it', mayRetry: false };
const waiting: Answer = { kind: 'waiting', message: 'not yet', lookAgainInMs: 5_000 };
const unknown: Answer = { kind: 'unknown', message: 'the connection broke' };
const post = { method: 'POST', url: 'http://shop/x', expect: {} } as const;
const target = deployment('x');

test.each<[Omit<WorkflowStep, 'name'>, string]>([
  [{ scale: { target, replicas: 1 } }, 'Auto'],
  [{ patch: { target, type: 'Merge', patch: '{}' } }, 'Auto'],
  [{ failover: { service: 's', to: 'Standby' } }, 'Auto'],
  [{ scale: { target, replicas: 1 }, compensate: { none: true } }, 'None'],
  [{ scale: { target, replicas: 1 }, compensate: { auto: true } }, 'Auto'],
  [{ scale: { target, replicas: 1 }, compensate: { http: post } }, 'Action'],
  [{ restart: { target } }, 'Nothing'],
  [{ wait: { duration: '1s' } }, 'Nothing'],
  [{ health: { service: 's', atLeast: 'Healthy' } }, 'Nothing'],
  [{ approval: { required: 1 } }, 'Nothing'],
  [{ approval: { required: 1 }, compensate: { http: post } }, 'Action'],
  [{ http: { ...post, method: 'GET' } }, 'Nothing'],
  [{ http: post }, 'None'],
  [{ job: { template: {} } }, 'None'],
  [{ job: { template: {} }, compensate: { job: { template: {} } } }, 'Action'],
  [{ workflow: { template: 't' } }, 'None'],
])('%j is undone by %s', (step, undo) => {
  expect(undoOf({ name: 'a', ...step })).toBe(undo);
});

const chain = (...names: string[]) =>
  names.map((name, index) => scale(name, { dependsOn: names.slice(Math.max(0, index - 1), index) }));

describe('a rollback', () => {
  it('undoes in reverse order what happened, what failed included, and nothing else', () => {
    const steps = [...chain('a', 'b', 'c'), scale('d', { dependsOn: ['c'] })];
    const bench = new Bench(specOf(steps), answers({ 'Verify c': failed })).look();
    const undone = bench.wanted.filter((want) => want.startsWith('Apply undo'));
    expect(undone).toEqual(['Apply undo c', 'Apply undo b', 'Apply undo a']);
    expect(bench.status).toMatchObject({ phase: 'RolledBack', reason: 'WorkflowRolledBack', outcome: 'Failed' });
    expect(bench.state('d')).toBe('Pending');
    expect(bench.told).toEqual(['WorkflowStarted', 'StepFailed', 'RollbackStarted', 'WorkflowRolledBack']);
  });

  it('undoes what changed the same thing one after the other, the last one first', () => {
    const same = { scale: { target: deployment('shop'), replicas: 3 } };
    const steps = [
      scale('a', same),
      scale('b'),
      scale('c', { scale: same.scale }),
      instant('d', { dependsOn: ['a', 'b', 'c'], when: '1' }),
    ];
    const bench = new Bench(specOf(steps)).look();
    expect(bench.status.phase).toBe('RolledBack');
    const undone = bench.wanted.filter((want) => want.includes(' undo '));
    expect(undone.indexOf('Verify undo c')).toBeLessThan(undone.indexOf('Prepare undo a'));
    expect(undone.slice(0, 2)).toEqual(['Prepare undo c', 'Prepare undo b']);
  });

  it('undoes first what changed the same thing last, wherever it stands', () => {
    const same = { scale: { target: deployment('shop'), replicas: 3 } };
    const steps = [scale('a', { ...same, dependsOn: ['c'] }), scale('b', same), scale('c')];
    const end = instant('end', { dependsOn: ['a', 'b'], when: '1' });
    const bench = new Bench(specOf([...steps, end])).look();
    expect(bench.status.phase).toBe('RolledBack');
    const undone = bench.wanted.filter((want) => /^Apply undo [ab]$/.test(want));
    expect(undone).toEqual(['Apply undo a', 'Apply undo b']);
  });

  it('leaves a step of which it is certain that nothing came of it', () => {
    const bench = new Bench(specOf(chain('a', 'b')), answers({ 'Apply b': failed })).look();
    expect(bench.wanted).not.toContain('Prepare undo b');
    expect([bench.state('a'), bench.state('b')]).toEqual(['Compensated', 'Failed']);
  });

  it('undoes a step of which nobody knows whether it happened', () => {
    const bench = new Bench(specOf(chain('a', 'b')), answers({ 'Apply b': unknown })).look();
    expect(bench.wanted).toContain('Apply undo b');
    expect(bench.status.steps?.[1]).toMatchObject({ state: 'Compensated', reason: 'OutcomeUnknown' });
  });

  it('is none where nothing happened', () => {
    const bench = new Bench(specOf(chain('a')), answers({ 'Apply a': failed })).look();
    expect(bench.status).toMatchObject({ phase: 'Failed', reason: 'WorkflowFailed' });
    expect(bench.status.rollback).toBeUndefined();
  });

  it('tells how many steps cannot be undone, and undoes the others', () => {
    const job: WorkflowStep = { name: 'b', dependsOn: ['a'], job: { template: {} } };
    const bench = new Bench(
      specOf([scale('a'), job, scale('c', { dependsOn: ['b'] })]),
      answers({ 'Verify c': failed }),
    );
    bench.look();
    expect(bench.status).toMatchObject({ phase: 'RolledBack', reason: 'PartlyRolledBack', rollback: { notUndone: 1 } });
    expect(bench.status.message).toMatch(/all is undone but b/);
    expect([bench.state('a'), bench.state('b'), bench.state('c')]).toEqual(['Compensated', 'Succeeded', 'Compensated']);
  });

  it('ends what only waits for something that cannot be undone', () => {
    const job: WorkflowStep = { name: 'a', job: { template: {} } };
    const bench = new Bench(specOf([job]), answers({ 'Verify a': failed })).look();
    expect(bench.status).toMatchObject({ phase: 'Failed', rollback: { notUndone: 1 } });
  });

  it('knows what the step has found in an action of its own', () => {
    const url = 'http://shop/{{ steps.a.outputs.id }}';
    const a: WorkflowStep = { name: 'a', http: post, compensate: { http: { ...post, url } } };
    const urls: unknown[] = [];
    const bench = new Bench(specOf([a, scale('b', { dependsOn: ['a'] })]), ({ want, operation }) => {
      if (want === 'Apply' && operation.direction === 'Backward') urls.push(operation.action);
      const { step, direction } = operation;
      if (want === 'Verify' && step === 'a' && direction === 'Forward') return { kind: 'done', outputs: { id: 7 } };
      return want === 'Verify' && step === 'b' && direction === 'Forward' ? failed : undefined;
    });
    bench.look();
    expect(urls).toEqual([
      expect.objectContaining({ kind: 'scale' }),
      expect.objectContaining({ url: 'http://shop/7' }),
    ]);
  });

  it('knows the stamps of its other steps, and of their undoing, that may be on the target', () => {
    const bench = new Bench(specOf(chain('a', 'b')), answers({ 'Verify b': failed }));
    let own: readonly string[] = [];
    bench.answering = ({ want, operation }) => {
      const { step, direction } = operation;
      if (want === 'Apply' && direction === 'Backward' && step === 'a') own = operation.own;
      return want === 'Verify' && direction === 'Forward' && step === 'b' ? failed : undefined;
    };
    bench.look();
    const [a, b] = bench.status.steps ?? [];
    expect(new Set(own)).toEqual(new Set([b?.opId, b?.compensation?.opId]));
    expect(own).not.toContain(a?.opId);
  });

  it('undoes what a step that only waits has an action for, if it succeeded', () => {
    const go = instant('go', { compensate: { http: post } });
    const bench = new Bench(specOf([go, scale('b', { dependsOn: ['go'] })]), answers({ 'Verify b': failed })).look();
    expect(bench.state('go')).toBe('Compensated');
  });
});

describe('a step that cannot be undone after all', () => {
  it('is Drifted where somebody changed its target, and the others are undone', () => {
    const bench = new Bench(specOf(chain('a', 'b', 'c')), answers({ 'Verify c': failed, 'Apply undo b': drifted }));
    bench.look();
    expect(bench.status).toMatchObject({ phase: 'RollbackFailed', rollback: { drifted: 1 } });
    expect(bench.status.message).toMatch(/not undone: b \(somebody changed it\)$/);
    expect([bench.state('a'), bench.state('b')]).toEqual(['Compensated', 'CompensationFailed']);
    expect(bench.status.conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True' }));
  });

  it('is the last with onError Stop', () => {
    const spec = specOf(chain('a', 'b', 'c'), { rollback: { onError: 'Stop', timeout: '1h' } });
    const bench = new Bench(spec, answers({ 'Verify c': failed, 'Prepare undo b': drifted })).look();
    expect(bench.status.phase).toBe('RollbackFailed');
    expect([bench.state('a'), bench.state('b')]).toEqual(['Succeeded', 'CompensationFailed']);
    expect(bench.wanted).not.toContain('Prepare undo a');
  });

  it('is tried again, three times where retry says less, if nothing came of it', () => {
    const given = { 'Verify b': failed, 'Apply undo a': { ...failed, mayRetry: true } } as const;
    const bench = new Bench(specOf(chain('a', 'b')), answers(given)).look();
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Compensating', compensation: { reason: 'Retrying' } });
    bench.wait();
    bench.wait();
    bench.answering = answers({});
    bench.wait();
    expect(bench.status.steps?.[0]).toMatchObject({
      state: 'Compensated',
      compensation: { attempt: 4, state: 'Done' },
    });
    expect(bench.status.phase).toBe('RolledBack');
  });

  it.each([
    [0, { state: 'Failed', reason: 'TimedOut' }, 'RollbackFailed'],
    [1, { reason: 'Retrying' }, 'RollingBack'],
  ])('is stopped at the timeout of the step, and done again where that asks for it (limit %d)', (limit, so, phase) => {
    const retry = { limit, backoff: { initial: '5s', factor: 2, max: '5m' } };
    const steps = [scale('a', { retry }), scale('b', { dependsOn: ['a'] })];
    const bench = new Bench(specOf(steps), answers({ 'Verify b': failed, 'Verify undo a': waiting })).look();
    bench.wanted.length = 0;
    bench.after(300_000);
    expect(bench.wanted).toEqual(['Verify undo a', 'Stop undo a']);
    expect(bench.status.steps?.[0]?.compensation).toMatchObject({ attempt: 1, ...so });
    expect(bench.status.phase).toBe(phase);
  });

  it('ends with the rollback when that takes too long', () => {
    const spec = specOf(chain('a', 'b', 'c'), { rollback: { onError: 'Continue', timeout: '1m' } });
    const bench = new Bench(spec, answers({ 'Verify c': failed, 'Verify undo b': waiting })).look();
    bench.after(60_000);
    expect(bench.wanted.at(-1)).toBe('Stop undo b');
    expect(bench.status).toMatchObject({ phase: 'RollbackFailed' });
    expect(bench.status.steps?.[1]?.compensation).toMatchObject({ state: 'Failed', reason: 'Stopped' });
    expect(bench.state('a')).toBe('Succeeded');
    expect(bench.status.message).toMatch(/not undone: a, b \(b: .*\)$/);
  });
});

it('a crash in the middle of undoing has the same attempt applied again', () => {
  const opIds: string[] = [];
  const bench = new Bench(specOf([scale('a'), instant('b', { dependsOn: ['a'], when: 'parameters.x > 1' })]));
  bench.answering = ({ want, operation }) => {
    if (want === 'Apply' && operation.direction === 'Backward') opIds.push(operation.opId);
    return undefined;
  };
  // The intent of a; then that it succeeded, with the intent of undoing it.
  bench.look({ crashAfterWrites: 2 });
  expect([bench.status.phase, opIds.length]).toEqual(['RollingBack', 0]);
  bench.crash().look();
  expect(bench.status.phase).toBe('RolledBack');
  expect(opIds).toEqual([bench.status.steps?.[0]?.compensation?.opId]);
});
