import { expect, it } from 'vitest';
import type { WorkflowStatus } from '../../../../src/api/kinds.ts';
import { WorkflowReconciler, type WorkflowReconcilerOptions } from '../../../../src/controllers/workflow/reconciler.ts';
import { ports, scale, specOf, START } from '../../domain/workflow/world.ts';

/** A workflow whose only step is carried out, and is not ready for a long time. */
function bed() {
  const state = { now: START, version: 1, asked: [] as string[] };
  const metadata = { name: 'w', namespace: 'shop', uid: 'uid', generation: 1, resourceVersion: '1' };
  const cached = { ...metadata, metadata, spec: specOf([scale('a')]), status: undefined as WorkflowStatus | undefined };
  const nothing = (): undefined => undefined;
  const options = {
    caches: { workflows: { get: () => cached, byIndex: () => [] } },
    scheduler: { release: nothing },
    entrance: {
      instantiate: () => Promise.resolve(false),
      subject: () => ({ ...metadata, isBeingDeleted: false, spec: cached.spec }),
      problems: () => [],
      admission: () => ({ kind: 'granted', locks: [] }),
      templateOf: nothing,
      leftMs: nothing,
    },
    steps: {
      run: ({ want }: { want: string }) => {
        state.asked.push(want);
        if (want === 'Prepare') return Promise.resolve({ kind: 'prepared', before: {} });
        if (want === 'Apply') return Promise.resolve({ kind: 'applied' });
        return Promise.resolve({ kind: 'waiting', message: 'not ready', lookAgainInMs: 15_000 });
      },
    },
    ports,
    epoch: () => 1,
    halted: nothing,
    maxDurationMs: () => 86_400_000,
    durations: () => [],
    enqueue: nothing,
    onEnded: nothing,
    onChange: nothing,
    writeStatus: () => Promise.resolve({ kind: 'written', resourceVersion: String((state.version += 1)) }),
    emit: nothing,
    record: nothing,
    isNewer: (a: string, b: string) => Number(a) > Number(b),
    now: () => state.now,
    log: { info: nothing, warn: nothing, error: nothing },
    count: { statusWrite: nothing, decision: nothing },
  } as unknown as WorkflowReconcilerOptions;
  const reconciler = new WorkflowReconciler(options);
  const { signal } = new AbortController();
  const look = async () => {
    state.asked = [];
    const result = await reconciler.reconcile('shop/w', { signal });
    return { result, asked: state.asked };
  };
  return { state, look };
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
