import { describe, expect, it, test } from 'vitest';
import type { Answer, Effect } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, deployment, instant, scale, specOf, START } from './world.ts';

const failed = (mayRetry: boolean): Answer => ({ kind: 'failed', reason: 'StepRefused', message: 'no', mayRetry });
const waiting: Answer = { kind: 'waiting', message: '1 of 3 pods is ready', lookAgainInMs: 15_000 };
const unknown: Answer = { kind: 'unknown', message: 'the connection broke' };
const retry = { limit: 2, backoff: { initial: '10s', factor: 2, max: '15s' } };

describe('the order of steps', () => {
  it('follows dependsOn, and no more run at one time than maxParallelSteps', () => {
    const steps = ['a', 'b', 'c', 'd'].map((name) => scale(name, name === 'd' ? { dependsOn: ['a'] } : {}));
    const bench = new Bench(specOf(steps, { maxParallelSteps: 2 }), answers({ 'Verify b': waiting })).look();
    expect(bench.wanted.slice(0, 2)).toEqual(['Prepare a', 'Prepare b']);
    expect(bench.status).toMatchObject({ phase: 'Running', progress: '3/4', current: 'b' });
    bench.answering = () => undefined;
    expect(bench.wait().status.phase).toBe('Succeeded');
  });

  it('has steps with the same target take turns, and keeps none from its place that has another', () => {
    const same = { scale: { target: deployment('shop'), replicas: 3 } };
    const patch = { target: deployment('{{ parameters.name }}'), type: 'Merge', patch: '{}' } as const;
    const steps = [scale('a', same), { name: 'b', patch }, scale('c'), { name: 'd', restart: same.scale }];
    const parameters = [{ name: 'name', value: 'shop' }];
    const bench = new Bench(specOf(steps, { maxParallelSteps: 2, parameters })).look();
    expect(bench.wanted.filter((want) => want.startsWith('Prepare'))).toEqual(
      ['a', 'c', 'b', 'd'].map((name) => `Prepare ${name}`),
    );
    expect(bench.wanted.indexOf('Verify a')).toBeLessThan(bench.wanted.indexOf('Prepare b'));
    expect(bench.status.phase).toBe('Succeeded');
  });

  it('keeps its target for a step that is tried again', () => {
    const same = { scale: { target: deployment('shop'), replicas: 3 } };
    const bench = new Bench(specOf([scale('a', { ...same, retry }), scale('b', same)]));
    bench.answering = answers({ 'Verify a': failed(true) });
    bench.look();
    expect(bench.wanted).not.toContain('Prepare b');
    bench.answering = () => undefined;
    expect(bench.wait().status.phase).toBe('Succeeded');
    expect(bench.wanted).toContain('Prepare b');
  });

  it('is not asked for a thing again before its time, unless something woke it', () => {
    const bench = new Bench(specOf([scale('a')]), answers({ 'Verify a': waiting })).look();
    const asked = bench.wanted.length;
    expect(bench.last?.lookAgainAt).toBe(START + 15_000);
    expect(bench.after(1_000).wanted).toHaveLength(asked);
    expect(bench.look({ woken: true }).wanted).toHaveLength(asked + 1);
    expect(bench.writes).toBe(2);
  });
});

describe('when', () => {
  it.each([
    ["parameters.go == 'yes'", 'Succeeded'],
    ["parameters.go == 'no'", 'Skipped'],
    ["steps.a.outputs.load > 0.5 && steps.a.state == 'Succeeded'", 'Succeeded'],
    ['steps.a.outputs.load > 0.9', 'Skipped'],
  ])('%s makes it %s, and what comes after runs', (when, state) => {
    const steps = [scale('a'), instant('b', { dependsOn: ['a'], when }), instant('c', { dependsOn: ['b'] })];
    const done: Answer = { kind: 'done', outputs: { load: 0.7 } };
    const spec = specOf(steps, { parameters: [{ name: 'go', value: 'yes' }] });
    const bench = new Bench(spec, answers({ 'Verify a': done })).look();
    expect([bench.state('b'), bench.state('c'), bench.status.phase]).toEqual([state, 'Succeeded', 'Succeeded']);
  });

  it('that has no value fails the step, and is not tried again', () => {
    const bench = new Bench(specOf([instant('a', { when: 'parameters.go > 1', retry })])).look();
    expect(bench.status).toMatchObject({ phase: 'Failed', outcome: 'Failed' });
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'Unresolvable' });
  });
});

describe('a step that does not succeed', () => {
  test.each([
    ['Apply a', failed(false), 'Failed', 'Failed', 'StepRefused'],
    ['Verify a', failed(false), 'Failed', 'Failed', 'StepRefused'],
    ['Prepare a', failed(false), 'Failed', 'Failed', 'StepRefused'],
    ['Apply a', unknown, 'Unknown', 'Unknown', 'OutcomeUnknown'],
    ['Verify a', unknown, 'Unknown', 'Unknown', 'OutcomeUnknown'],
    ['Verify a', waiting, 'TimedOut', 'Failed', 'TimedOut'],
  ] as const)('%s answers %j: continueOn %s lets the others run', (what, answer, tolerated, state, reason) => {
    const run = (continueOn: ('Failed' | 'TimedOut' | 'Unknown')[]) => {
      const steps = [scale('a', { continueOn, timeout: '20s' }), instant('b', { dependsOn: ['a'] })];
      const bench = new Bench(specOf(steps, { rollback: { after: [], onError: 'Continue', timeout: '1h' } }));
      bench.answering = answers({ [what]: answer });
      bench.look();
      while (bench.last?.lookAgainAt !== undefined) bench.wait();
      expect(bench.status.steps?.[0]).toMatchObject({ state, reason });
      return bench;
    };
    const kinds = ['Failed', 'TimedOut', 'Unknown'] as const;
    const others = run(kinds.filter((kind) => kind !== tolerated));
    expect(others.status).toMatchObject({ phase: 'Failed', outcome: 'Failed', reason: 'WorkflowFailed' });
    expect(others.status.because).toMatch(/^step a /);
    expect(others.state('b')).toBe('Pending');
    const bench = run([tolerated]);
    expect([bench.state('b'), bench.status.phase]).toEqual(['Succeeded', 'Succeeded']);
  });

  it('is asked a last time at its timeout, stopped once that is written, and then tried again', () => {
    const bench = new Bench(specOf([scale('a', { timeout: '20s', retry })]), answers({ 'Verify a': waiting })).look();
    bench.wait();
    expect(bench.now).toBe(START + 15_000);
    bench.wanted.length = 0;
    bench.wait();
    expect(bench.now).toBe(START + 20_000);
    expect(bench.wanted).toEqual(['Verify a', 'Stop a']);
    const [step] = bench.status.steps ?? [];
    expect(step).toMatchObject({ state: 'Pending', reason: 'Retrying', attempt: 1 });
    expect(step?.message).toMatch(/^not done after 20s: 1 of 3/);
    bench.wanted.length = 0;
    bench.answering = () => undefined;
    bench.wait();
    expect(bench.wanted).toEqual(['Prepare a', 'Apply a', 'Verify a']);
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Succeeded', attempt: 2 });
  });

  it('is still asked first when the process was away past its timeout', () => {
    const bench = new Bench(specOf([scale('a', { timeout: '20s' })]), answers({ 'Verify a': waiting })).look();
    bench.answering = () => undefined;
    bench.crash().after(600_000);
    expect(bench.status.phase).toBe('Succeeded');
  });
});

describe('another attempt', () => {
  it('follows after a time that grows, is drawn from the opId, and is the same after a crash', () => {
    const times = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => {
      const bench = new Bench(specOf([scale(name, { retry })]), answers({ [`Apply ${name}`]: failed(true) })).look();
      const first = (bench.last?.lookAgainAt ?? 0) - START;
      expect(bench.crash().look().last?.lookAgainAt).toBe(START + first);
      bench.wait();
      const second = (bench.last?.lookAgainAt ?? 0) - bench.now;
      bench.wait();
      expect(bench.status).toMatchObject({ phase: 'Failed' });
      expect(bench.status.steps?.[0]).toMatchObject({ attempt: 3, state: 'Failed', reason: 'StepRefused' });
      expect(first).toBeLessThanOrEqual(10_000);
      expect(second).toBeLessThanOrEqual(15_000);
      return first;
    });
    expect(new Set(times).size).toBe(times.length);
  });

  it('is not made of what cannot help', () => {
    const bench = new Bench(specOf([scale('a', { retry })]), answers({ 'Apply a': failed(false) })).look();
    expect(bench.status.steps?.[0]).toMatchObject({ attempt: 1, state: 'Failed' });
  });

  it('has an opId of its own, knows the stamps before it, and keeps what was before the first', () => {
    const operations: Effect['operation'][] = [];
    const bench = new Bench(specOf([scale('a', { retry }), scale('b', { dependsOn: ['a'] })]));
    let value = 1;
    bench.answering = ({ want, operation }) => {
      if (want === 'Apply') operations.push(operation);
      if (want === 'Prepare') return { kind: 'prepared', before: { replicas: value++ } };
      if (want === 'Verify' && operation.direction === 'Forward' && operation.attempt < 3) return failed(true);
      return undefined;
    };
    bench.look().wait().wait();
    const [first, second, third] = operations;
    expect(new Set([first?.opId, second?.opId, third?.opId]).size).toBe(3);
    expect(third?.own).toEqual([first?.opId, second?.opId]);
    expect([first?.original, third?.original]).toEqual([undefined, { replicas: 1 }]);
    expect(third?.before).toEqual({ replicas: 3 });
    expect(bench.status.steps?.[0]).toMatchObject({ before: { replicas: 3 }, original: { replicas: 1 } });
    // b fails for good; what is put back is what was before the first attempt of a.
    expect(bench.status.phase).toBe('RolledBack');
    expect(operations.find(({ direction, step }) => direction === 'Backward' && step === 'a')).toMatchObject({
      undoes: { opId: third?.opId, before: { replicas: 1 } },
      own: expect.arrayContaining([first?.opId, second?.opId]),
    });
  });
});

describe('a crash', () => {
  it('after the intent was written has the same attempt applied again', () => {
    const opIds: string[] = [];
    const bench = new Bench(specOf([scale('a')]), ({ want, operation }) => {
      if (want === 'Apply') opIds.push(operation.opId);
      return undefined;
    });
    bench.look({ crashAfterWrites: 1 });
    expect([bench.state('a'), opIds.length]).toEqual(['Intent', 0]);
    bench.crash().look();
    expect(bench.status.phase).toBe('Succeeded');
    expect(opIds).toEqual([bench.status.steps?.[0]?.opId]);
  });
});

describe('preparation that has to wait', () => {
  it('takes a place, ends at the timeout of the step, and is begun anew after a pause', () => {
    const spec = specOf([scale('a', { timeout: '20s' }), scale('b')], { maxParallelSteps: 1 });
    const bench = new Bench(spec, answers({ 'Prepare a': waiting })).look();
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Pending', message: '1 of 3 pods is ready' });
    expect(bench.wanted).toEqual(['Prepare a']);
    bench.spec.suspend = true;
    bench.look().after(60_000);
    bench.spec.suspend = false;
    bench.look();
    expect(bench.status.phase).toBe('Running');
    bench.wait().wait();
    expect(bench.status).toMatchObject({ phase: 'Failed', because: expect.stringContaining('not done after 20s') });
  });
});

describe('what is too large', () => {
  it('to be kept for undoing it is not begun', () => {
    const bench = new Bench(specOf([scale('a', { retry })]));
    bench.answering = answers({ 'Prepare a': { kind: 'prepared', before: { x: 'x'.repeat(5_000) } } });
    expect(bench.look().status.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'StateTooLarge' });
    expect(bench.wanted).toEqual(['Prepare a']);
  });

  it('to be found by later steps is left out, and said', () => {
    const bench = new Bench(specOf([scale('a')]));
    bench.answering = answers({ 'Verify a': { kind: 'done', outputs: { x: 'x'.repeat(5_000) } } });
    expect(bench.look().status.steps?.[0]).toMatchObject({ state: 'Succeeded', reason: 'OutputsLeftOut' });
    expect(bench.status.steps?.[0]?.outputs).toBeUndefined();
  });
});

describe('a wait', () => {
  it('is computed, and needs no timeout', () => {
    const bench = new Bench(specOf([instant('a', { wait: { duration: '10m' } })])).look();
    expect(bench.state('a')).toBe('Verifying');
    expect(bench.last?.lookAgainAt).toBe(START + 600_000);
    expect(bench.wait().status.phase).toBe('Succeeded');
    expect(bench.wanted).toEqual([]);
  });
});
