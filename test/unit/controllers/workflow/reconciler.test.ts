import { expect, it } from 'vitest';
import type { WorkflowPhase, WorkflowStatus } from '../../../../src/api/kinds.ts';
import type { CachedWorkflow } from '../../../../src/controllers/workflow/caches.ts';
import { WorkflowReconciler, type WorkflowReconcilerOptions } from '../../../../src/controllers/workflow/reconciler.ts';
import type { Answer, Effect } from '../../../../src/domain/workflow/operation.ts';
import { until } from '../../../support/until.ts';
import { ports, scale, specOf, START } from '../../domain/workflow/world.ts';

/** A workflow whose only step is carried out, and is not ready for a long time. */
function bed() {
  const dependants: { status?: { phase: WorkflowPhase } }[] = [];
  const state = { now: START, version: 1, asked: [] as string[], told: [] as string[], deleted: 0, dependants };
  const metadata = { name: 'w', namespace: 'shop', uid: 'uid', generation: 1, resourceVersion: '1' };
  const cached = { ...metadata, metadata, spec: specOf([scale('a')]), status: undefined as WorkflowStatus | undefined };
  const nothing = (): undefined => undefined;
  let run = ({ want }: Effect): Promise<Answer> => {
    if (want === 'Prepare') return Promise.resolve({ kind: 'prepared', before: {} });
    if (want === 'Apply') return Promise.resolve({ kind: 'applied' });
    return Promise.resolve({ kind: 'waiting', message: 'not ready', lookAgainInMs: 15_000 });
  };
  const options = {
    caches: { workflows: { get: () => cached, byIndex: () => state.dependants } },
    scheduler: { release: nothing },
    entrance: {
      instantiate: () => Promise.resolve(false),
      subject: () => ({ ...metadata, isBeingDeleted: false, spec: cached.spec }),
      problems: () => [],
      admission: () => ({ kind: 'granted', locks: [] }),
      templateOf: nothing,
      leftMs: () => -1,
    },
    deadlocks: { look: () => Promise.resolve(), forget: nothing, reset: nothing },
    steps: {
      run: (effect: Effect) => {
        state.asked.push(effect.want);
        return run(effect);
      },
    },
    ports,
    epoch: () => 1,
    halted: nothing,
    maxDurationMs: () => 86_400_000,
    durations: () => [],
    delete: () => Promise.resolve((state.deleted += 1)),
    enqueue: nothing,
    onEnded: nothing,
    onChange: nothing,
    writeStatus: () => Promise.resolve({ kind: 'written', resourceVersion: String((state.version += 1)) }),
    emit: (_: unknown, { reason, note }: { reason: string; note: string }) => state.told.push(`${reason}: ${note}`),
    record: nothing,
    isNewer: (a: string, b: string) => Number(a) > Number(b),
    now: () => state.now,
    log: { info: nothing, warn: nothing, error: nothing },
    count: { statusWrite: nothing, decision: nothing },
  } as unknown as WorkflowReconcilerOptions;
  const reconciler = new WorkflowReconciler(options);
  const { signal } = new AbortController();
  const reconcile = () => reconciler.reconcile('shop/w', { signal });
  const look = async () => {
    state.asked = [];
    const result = await reconcile();
    return { result, asked: state.asked };
  };
  const carryOut = (by: typeof run): void => void (run = by);
  return {
    state,
    cached,
    carryOut,
    reconcile,
    look,
    gone: () => reconciler.gone('shop/w', cached as unknown as CachedWorkflow),
  };
}

it('asks again when it was told to, and at once where the clock was set back since', async () => {
  const { state, look } = bed();
  expect((await look()).asked).toEqual(['Prepare', 'Apply', 'Verify']);
  state.now += 5_000;
  expect(await look()).toEqual({ asked: [], result: { kind: 'requeueAfter', ms: 10_000 } });
  state.now += 10_000;
  expect((await look()).asked).toEqual(['Verify']);
  state.now -= 3_600_000;
  expect(await look()).toEqual({ asked: ['Verify'], result: { kind: 'requeueAfter', ms: 15_000 } });
});

it('ends when all that its steps do has ended, also where one of them gave up', async () => {
  const { cached, carryOut, reconcile } = bed();
  cached.spec = specOf([scale('a'), scale('b')]);
  const written = Promise.withResolvers<Answer>();
  const applying: string[] = [];
  carryOut(({ want, operation }) => {
    if (want === 'Prepare') return Promise.resolve({ kind: 'prepared', before: {} });
    applying.push(operation.step);
    return operation.step === 'a' ? Promise.reject(new Error('SIGTERM')) : written.promise;
  });
  let ended = '';
  const reconciling = reconcile().catch((error: Error) => (ended = error.message));
  await until('both are applied', () => applying.length === 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe('');
  written.resolve({ kind: 'applied' });
  await reconciling;
  expect(ended).toBe('SIGTERM');
});

it('keeps one that is over as long as another has yet to see how it ended', async () => {
  const { state, cached, look } = bed();
  cached.status = { phase: 'Succeeded' };
  for (const waiting of [{ status: { phase: 'Queued' as const } }, {}]) {
    state.dependants = [{ status: { phase: 'Running' } }, waiting];
    expect(await look()).toEqual({ asked: [], result: { kind: 'requeueAfter', ms: 5_000 } });
  }
  expect(state.deleted).toBe(0);
  state.dependants = [{ status: { phase: 'Running' } }, { status: { phase: 'Failed' } }];
  expect((await look()).result).toEqual({ kind: 'done' });
  expect(state.deleted).toBe(1);
});

it('tells of one that is deleted while it runs what stays, by the status that it wrote last', async () => {
  const { state, look, gone } = bed();
  await look();
  state.told = [];
  gone();
  expect(state.told).toEqual(['WorkflowCancelled: it was deleted while it was Running; what these steps did stays: a']);
  const other = bed();
  other.gone();
  expect(other.state.told).toEqual([]);
});
