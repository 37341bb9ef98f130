import { describe, expect, test } from 'vitest';
import {
  Controller,
  type ControllerOptions,
  type ReconcileContext,
  type Result,
} from '../../../src/runtime/controller.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function setUp(
  reconcile: (key: string, context: ReconcileContext) => Promise<Result>,
  more: Partial<ControllerOptions> = {},
) {
  const clock = new FakeClock();
  const runs: string[] = [];
  const errors: [string, unknown, number | undefined][] = [];
  const results: string[] = [];
  const stop = new AbortController();
  const controller = new Controller({
    name: 'test',
    clock,
    random: () => 0,
    backoff: { initialMs: 100, factor: 2, maxMs: 1_000 },
    reconcile: (key, context) => {
      runs.push(key);
      return reconcile(key, context);
    },
    onError: (...error) => errors.push(error),
    metrics: { reconciled: (result) => results.push(result), active: () => undefined },
    ...more,
  });
  const start = () => controller.run({ signal: stop.signal });
  return { clock, runs, errors, results, stop, controller, start };
}

const done = async (): Promise<Result> => ({ kind: 'done' });

describe('results', () => {
  test('done waits for a change; requeueAfter looks again', async () => {
    const { clock, runs, controller, start, stop } = setUp(async (key) =>
      key === 'again' ? { kind: 'requeueAfter', ms: 5_000 } : { kind: 'done' },
    );
    const running = start();
    controller.enqueue('once');
    controller.enqueue('again');
    await clock.advance(10_000);
    expect(runs).toEqual(['once', 'again', 'again', 'again']);
    stop.abort();
    await running;
    expect(clock.timers).toBe(0);
  });

  test('an error, returned or thrown, is tried again with growing delay until it succeeds', async () => {
    let failures = 0;
    const { clock, runs, errors, controller, start, stop } = setUp(async (_, context) => {
      expect(context.failures).toBe(failures);
      failures += 1;
      if (failures === 1) return { kind: 'error', error: 'returned' };
      if (failures === 2) throw new Error('thrown');
      return { kind: 'done' };
    });
    const running = start();
    controller.enqueue('a');
    await clock.advance(49);
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    expect(runs).toHaveLength(2);
    await clock.advance(100);
    expect(runs).toHaveLength(3);
    expect(errors.map(([key, , delay]) => [key, delay])).toEqual([
      ['a', 50],
      ['a', 100],
    ]);
    stop.abort();
    await running;
  });

  test('a terminal error waits for a change', async () => {
    const { clock, runs, errors, controller, start, stop } = setUp(async () => ({ kind: 'terminal', error: 'no' }));
    const running = start();
    controller.enqueue('a');
    await clock.advance(3_600_000);
    expect(runs).toHaveLength(1);
    expect(errors).toEqual([['a', 'no', undefined]]);
    controller.enqueue('a');
    await settle();
    expect(runs).toHaveLength(2);
    stop.abort();
    await running;
  });

  test('even a reconcile that throws before it returns a promise costs only its key', async () => {
    const { clock, results, controller, start, stop } = setUp((key) => {
      if (key === 'bad') throw new Error('at once');
      return done();
    });
    const running = start();
    controller.enqueue('bad');
    controller.enqueue('good');
    await clock.advance(0);
    expect(results).toEqual(['error', 'done']);
    stop.abort();
    await running;
  });
});

describe('running', () => {
  test('as many at a time as there are workers, never two on a key', async () => {
    let active = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const { controller, start, stop } = setUp(
      async () => {
        most = Math.max(most, (active += 1));
        await new Promise<void>((resolve) => release.push(resolve));
        active -= 1;
        return { kind: 'done' };
      },
      { workers: 3 },
    );
    const running = start();
    for (const key of ['a', 'b', 'c', 'd', 'e']) controller.enqueue(key);
    await settle();
    controller.enqueue('a');
    await settle();
    expect(most).toBe(3);
    while (release.length > 0) {
      release.shift()?.();
      await settle();
    }
    expect(most).toBe(3);
    stop.abort();
    await running;
  });

  test('the deadline aborts the signal; what ignores it is reported as stuck', async () => {
    let signal: AbortSignal | undefined;
    const { clock, controller, start, stop } = setUp(
      async (_, context) => {
        signal = context.signal;
        return new Promise<Result>((resolve) => stop.signal.addEventListener('abort', () => resolve({ kind: 'done' })));
      },
      { timeoutMs: 1_000 },
    );
    const running = start();
    controller.enqueue('a');
    await clock.advance(999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(controller.stuck()).toBeUndefined();
    await clock.advance(4_000);
    expect(controller.stuck()).toContain('a has been reconciling for 5 s');
    stop.abort();
    await running;
  });

  test('stopping aborts what runs, waits for it and drops the rest; it can run again', async () => {
    const { runs, controller, stop } = setUp(
      async (_, { signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return { kind: 'done' };
      },
      { workers: 1 },
    );
    const running = controller.run({ signal: stop.signal });
    controller.enqueue('a');
    controller.enqueue('b');
    await settle();
    expect(runs).toEqual(['a']);
    stop.abort();
    await running;
    expect(runs).toEqual(['a']);
    controller.enqueue('c');
    const again = new AbortController();
    const second = controller.run({ signal: again.signal });
    await settle();
    expect(runs).toEqual(['a', 'c']);
    again.abort();
    await second;
  });

  test('keys that came before it leads are worked on when it does', async () => {
    const { runs, controller, start, stop } = setUp(done);
    controller.enqueue('early');
    const running = start();
    await settle();
    expect(runs).toEqual(['early']);
    stop.abort();
    await running;
  });
});
