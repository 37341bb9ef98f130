import { describe, expect, it } from 'vitest';
import type { WorkflowSpec, WorkflowStep } from '../../../../src/api/kinds.ts';
import { backoff } from '../../../../src/domain/workflow/rules.ts';
import { fc } from '../../../support/properties.ts';
import { answers, Bench, instant, scale, specOf, START } from './world.ts';

const HOUR = 3_600_000;
const SECOND = 1_000;
const waiting = { kind: 'waiting', message: 'not yet', lookAgainInMs: 2 * SECOND } as const;
const refused = { kind: 'failed', reason: 'StepRefused', message: 'no', mayRetry: true } as const;

/** Looks again as often as it asks for, until it is over or so much time has passed. */
function run(bench: Bench, ms: number): { readonly looks: number; readonly took: number } {
  const begun = bench.now;
  let looks = 0;
  while (bench.last?.lookAgainAt !== undefined && bench.last.lookAgainAt <= begun + ms) {
    const { now } = bench;
    expect(bench.last.lookAgainAt).toBeGreaterThan(now);
    bench.wait();
    looks += 1;
  }
  return { looks, took: bench.now - begun };
}

/** As a controller does it: what was to be asked later is asked at once. */
function setBack(bench: Bench, ms: number): Bench {
  bench.now -= ms;
  return bench.look({ woken: true });
}

const began = (
  steps: WorkflowStep[],
  more: Partial<WorkflowSpec> = {},
  bench = new Bench(specOf(steps, more)),
): Bench => bench.look();

describe('pauses of milliseconds', () => {
  const retry = { limit: 100, backoff: { initial: '10ms', factor: 1, max: '10ms' } };

  it('are never none, nor negative', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, part) => {
        const ms = backoff({ retry }, attempt, part);
        expect(ms).toBeGreaterThanOrEqual(1);
        expect(ms).toBeLessThanOrEqual(10);
      }),
    );
  });

  it('end after as many attempts as there may be, and each waits for its time', () => {
    const bench = new Bench(specOf([scale('a', { retry })]), answers({ 'Apply a': refused }));
    bench.look();
    const { looks, took } = run(bench, HOUR);
    expect(bench.status.phase).toBe('Failed');
    expect(bench.wanted.filter((want) => want === 'Apply a')).toHaveLength(101);
    expect(looks).toBe(100);
    expect(took).toBeGreaterThanOrEqual(100);
    expect(took).toBeLessThanOrEqual(1_000);
  });
});

describe('after the clock was set back', () => {
  it('what waits for a time waits for no longer than that', () => {
    const bench = began([instant('a', { wait: { duration: '10s' } })]);
    setBack(bench, HOUR);
    expect(run(bench, 10 * SECOND).took).toBeLessThanOrEqual(10 * SECOND);
    expect(bench.status.phase).toBe('Succeeded');
  });

  it('what is tried again is so after its longest pause', () => {
    const retry = { limit: 1, backoff: { initial: '20s', factor: 1, max: '20s' } };
    let isRefused = true;
    const bench = new Bench(specOf([scale('a', { retry })]), ({ want }) =>
      want === 'Apply' && isRefused ? refused : undefined,
    );
    bench.look();
    isRefused = false;
    setBack(bench, HOUR);
    run(bench, 20 * SECOND);
    expect(bench.status.phase).toBe('Succeeded');
  });

  it('what takes too long ends at its timeout, and so does the workflow', () => {
    const bench = new Bench(
      specOf([scale('a', { timeout: '1m' })], { timeout: '5m' }),
      answers({ 'Verify a': waiting }),
    );
    bench.look();
    setBack(bench, HOUR);
    run(bench, 61 * SECOND);
    expect(bench.status.steps?.[0]).toMatchObject({ reason: 'TimedOut' });
    const slow = new Bench(
      specOf([scale('a', { timeout: '1h' })], { timeout: '5m' }),
      answers({ 'Verify a': waiting }),
    );
    slow.look();
    setBack(slow, HOUR);
    run(slow, 301 * SECOND);
    expect(slow.status.outcome).toBe('TimedOut');
  });

  it('a criterion has to hold for its time, and no longer', () => {
    const successCriteria = [{ health: { service: 'x', atLeast: 'Healthy' as const }, for: '30s', within: '5m' }];
    const bench = began([instant('a')], { successCriteria });
    expect(bench.status.phase).toBe('Verifying');
    setBack(bench, HOUR);
    run(bench, 30 * SECOND);
    expect(bench.status.phase).toBe('Succeeded');
  });

  it('a pause counts as none rather than as less than none', () => {
    const bench = began([instant('a', { wait: { duration: '10s' } })]);
    bench.spec = { ...bench.spec, suspend: true };
    bench.after(SECOND);
    bench.spec = { ...bench.spec, suspend: false };
    setBack(bench, HOUR);
    expect(bench.status.pausedSeconds).toBe(0);
    expect(bench.status.steps?.[0]?.pausedSeconds ?? 0).toBe(0);
    run(bench, 10 * SECOND);
    expect(bench.status.phase).toBe('Succeeded');
  });

  it('what was looked at once is not written again and again', () => {
    const bench = new Bench(specOf([scale('a')]), answers({ 'Verify a': waiting }));
    bench.look();
    setBack(bench, HOUR);
    const { writes } = bench;
    for (let n = 0; n < 5; n += 1) bench.look({ woken: true });
    expect(bench.writes).toBe(writes);
    expect(bench.now).toBeLessThan(START);
  });
});
