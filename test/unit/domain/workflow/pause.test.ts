import { describe, expect, it, test } from 'vitest';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, instant, scale, specOf, START } from './world.ts';

const waiting: Answer = { kind: 'waiting', message: 'not yet', lookAgainInMs: 5_000 };
const failed: Answer = { kind: 'failed', reason: 'StepRefused', message: 'no', mayRetry: true };

const hold = {
  suspend: (bench: Bench, is: boolean): void => {
    bench.spec.suspend = is;
  },
  halt: (bench: Bench, is: boolean): void => {
    bench.facts = { ...bench.facts, halted: is ? 'an emergency halt lasts' : undefined };
  },
} as const;

describe.each(['suspend', 'halt'] as const)('%s', (by) => {
  const reason = by === 'suspend' ? 'Suspended' : 'WorkflowsHalted';

  it('before it began lets it begin nothing, and ask for no place', () => {
    const bench = new Bench(specOf([instant('a')]));
    let asked = 0;
    bench.facts = { admission: () => ({ kind: 'granted', locks: [`${asked++}`] }) };
    hold[by](bench, true);
    expect(bench.look().status).toMatchObject({ phase: 'Pending', reason });
    expect(asked).toBe(0);
    hold[by](bench, false);
    expect(bench.look().status.phase).toBe('Succeeded');
  });

  it('while it waits for a place lets it wait without asking', () => {
    const bench = new Bench(specOf([instant('a')]));
    const slots = { kind: 'waiting', reason: 'InvalidSpec', message: 'all are taken' } as const;
    bench.facts = { admission: () => slots };
    expect(bench.look().status).toMatchObject({ phase: 'Queued', message: 'all are taken' });
    let aside = 0;
    bench.facts = { stepAside: () => (aside += 1) };
    expect(aside).toBe(0);
    hold[by](bench, true);
    expect(bench.look().status).toMatchObject({ phase: 'Queued', reason });
    // It must not be let in meanwhile: it would keep from others what it does not use.
    expect(aside).toBeGreaterThan(0);
  });

  it('lets what has begun go on, begins nothing, and does not count against any timeout', () => {
    const steps = [scale('a', { timeout: '1m' }), scale('b', { dependsOn: ['a'], timeout: '1m' })];
    const bench = new Bench(specOf(steps, { timeout: '2m' }), answers({ 'Verify a': waiting, 'Verify b': waiting }));
    bench.look().after(10_000);
    hold[by](bench, true);
    bench.look();
    expect(bench.status).toMatchObject({ phase: 'Paused', reason, pausedAt: new Date(START + 10_000).toISOString() });
    bench.after(3_600_000);
    expect(bench.state('a')).toBe('Verifying');
    bench.answering = answers({ 'Verify b': waiting });
    bench.after(5_000);
    expect([bench.state('a'), bench.state('b')]).toEqual(['Succeeded', 'Pending']);
    hold[by](bench, false);
    bench.look();
    expect(bench.status).toMatchObject({ phase: 'Running', pausedSeconds: 3_605 });
    expect(bench.status.pausedAt).toBeUndefined();
    expect(bench.state('b')).toBe('Verifying');
    expect(bench.told).toEqual(['WorkflowStarted', 'WorkflowPaused', 'WorkflowResumed']);
    // 10 s before the pause and a minute for b.
    bench.after(59_000);
    expect(bench.status.phase).toBe('Running');
    bench.after(1_000);
    expect(bench.status).toMatchObject({ outcome: 'Failed', because: expect.stringContaining('not done after 1m') });
  });

  it('counts for a step that runs, too', () => {
    const bench = new Bench(specOf([scale('a', { timeout: '1m' })]), answers({ 'Verify a': waiting })).look();
    bench.after(30_000);
    hold[by](bench, true);
    bench.look().after(600_000);
    hold[by](bench, false);
    bench.look().after(29_000);
    expect(bench.status.steps?.[0]).toMatchObject({ state: 'Verifying', pausedSeconds: 600 });
    bench.after(1_000);
    expect(bench.status.steps?.[0]).toMatchObject({ reason: 'TimedOut' });
  });

  it('begins no other attempt', () => {
    const retry = { limit: 1, backoff: { initial: '1s', factor: 1, max: '1s' } };
    const bench = new Bench(specOf([scale('a', { retry })]), answers({ 'Apply a': failed })).look();
    expect(bench.state('a')).toBe('Pending');
    hold[by](bench, true);
    const asked = bench.look().wanted.length;
    expect(bench.after(60_000).wanted).toHaveLength(asked);
    hold[by](bench, false);
    expect(bench.look().wanted.length).toBeGreaterThan(asked);
  });
});

test.each([
  ['suspend', 'None', 'RollingBack'],
  ['suspend', 'StopAndRollback', 'RolledBack'],
  ['halt', 'None', 'RollingBack'],
  ['halt', 'StopAndRollback', 'RollingBack'],
] as const)('a rollback with %s and cancel %s: %s', (by, cancel, phase) => {
  const bench = new Bench(specOf([scale('a'), scale('b', { dependsOn: ['a'] })]), answers({ 'Verify b': waiting }));
  bench.look();
  hold[by](bench, true);
  bench.look();
  expect(bench.status.phase).toBe('Paused');
  bench.answering = answers({ 'Verify b': { ...failed, mayRetry: false } });
  bench.spec.cancel = cancel;
  bench.after(5_000);
  expect(bench.status.phase).toBe(phase);
  bench.after(7_200_000);
  hold[by](bench, false);
  bench.look();
  // That it was held for longer than its timeout does not end it.
  expect(bench.status.phase).toBe('RolledBack');
});

it('a halt has success criteria verified anew, because it takes down what they are about', () => {
  const successCriteria = [{ health: { service: 's', atLeast: 'Healthy' as const }, for: '10s', within: '1m' }];
  const bench = new Bench(specOf([instant('a')], { successCriteria }), answers({})).look();
  expect(bench.status.criteria?.[0]?.since).toBeDefined();
  hold.halt(bench, true);
  bench.answering = answers({ 'Verify successCriteria[0]': waiting });
  bench.look();
  expect(bench.status.phase).toBe('Paused');
  expect(bench.status.criteria?.[0]?.since).toBeUndefined();
  bench.after(3_600_000);
  hold.halt(bench, false);
  bench.look();
  expect(bench.status.phase).toBe('Verifying');
  bench.answering = answers({});
  bench.after(30_000).after(10_000);
  expect(bench.status.phase).toBe('Succeeded');
});
