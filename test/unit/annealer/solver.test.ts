import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CapacitySolver } from '../../../src/annealer/solver.ts';
import { startThread } from '../../../src/compose/threads.ts';
import { allot, type Budget, type Claim } from '../../../src/domain/capacity/allot.ts';

const claim = (key: string, annealed: boolean): Claim => ({
  key,
  priority: 'Normal',
  minReplicas: 1,
  wanted: 10,
  risk: 0,
  costPerReplicaHour: undefined,
  cpu: 0,
  memory: 0,
  fixed: false,
  annealed,
});
const claims = [claim('shop/a', true), claim('shop/b', false)];
const budgets: Budget[] = [
  { name: 'nodes', maxReplicas: 13, cpu: undefined, memory: undefined, covers: ['shop/a', 'shop/b'] },
];

const solvers: CapacitySolver[] = [];
afterEach(async () => {
  for (const solver of solvers.splice(0)) await solver.stop();
});

function solverWith(startThread: () => Worker, over: { idleMs?: number; patienceMs?: number } = {}) {
  const threads: Worker[] = [];
  const seen = { threads, methods: [] as string[], failures: [] as string[] };
  const solver = new CapacitySolver({
    startThread: () => {
      const thread = startThread();
      threads.push(thread);
      return thread;
    },
    onSolved: (method) => seen.methods.push(method),
    onFailed: ({ message }) => seen.failures.push(message),
    // A thread takes its time to begin where the machine is busy.
    patienceMs: 120_000,
    ...over,
  });
  solvers.push(solver);
  return { solver, seen };
}

const real = (): Worker => startThread('annealer', undefined, {});
const script = (code: string) => () => new Worker(code, { eval: true });

describe('sharing capacity budgets', () => {
  it('anneals in the thread, with the answer that it has here', async () => {
    const { solver, seen } = solverWith(real);
    const answers = await Promise.all([solver.allot(claims, budgets), solver.allot(claims, budgets)]);
    expect(answers).toEqual([allot(claims, budgets), allot(claims, budgets)]);
    expect(seen).toMatchObject({ methods: ['Annealed', 'Annealed'], failures: [] });
    expect(seen.threads).toHaveLength(1);
  });

  it('starts no thread where nobody asks for annealing', async () => {
    const { solver, seen } = solverWith(real);
    const plain = claims.map((each) => ({ ...each, annealed: false }));
    expect((await solver.allot(plain, budgets)).method).toBe('Greedy');
    expect(seen.threads).toHaveLength(0);
  });

  it('ends a thread that is idle, and starts another when it is needed', async () => {
    const { solver, seen } = solverWith(real, { idleMs: 1 });
    await solver.allot(claims, budgets);
    await new Promise((resolve) => seen.threads[0]?.once('exit', resolve));
    expect((await solver.allot(claims, budgets)).method).toBe('Annealed');
    expect(seen.threads).toHaveLength(2);
    expect(seen.failures).toEqual([]);
  });

  it.each([
    ['throws', "throw new Error('broken')", 'broken', 60_000],
    ['ends', 'process.exit(3)', 'the capacity thread ended with 3', 60_000],
    [
      'says nothing',
      "require('node:worker_threads').parentPort.on('message', () => {})",
      'no answer from the capacity thread within 300 ms',
      300,
    ],
  ])('goes on greedily where the thread %s', async (_, code, message, patienceMs) => {
    const { solver, seen } = solverWith(script(code), { patienceMs });
    const { method, reduced } = await solver.allot(claims, budgets);
    expect(method).toBe('Greedy');
    expect([...reduced.values()].reduce((sum, { replicas }) => sum + replicas, 0)).toBeLessThanOrEqual(13);
    expect(seen.failures).toEqual([message]);
  });
});
