import { expect, it } from 'vitest';
import type { OrchestrationStatus } from '../../../src/api/kinds.ts';
import { Policy } from '../../../src/controllers/orchestration/policy.ts';
import {
  type CachedOrchestration,
  OrchestrationReconciler,
} from '../../../src/controllers/orchestration/reconciler.ts';
import { compareVersions, Store } from '../../../src/runtime/store.ts';
import { NOW } from '../domain/fixtures.ts';

const cached = (resourceVersion: string, status?: OrchestrationStatus, uid = 'uid'): CachedOrchestration => {
  const metadata = { name: 'default', uid, resourceVersion, generation: 1, creationTimestamp: '2026-05-01T00:00:00Z' };
  const kind = { apiVersion: 'baton.dev/v1alpha1', kind: 'Orchestration' } as const;
  return { ...kind, metadata, name: 'default', uid, resourceVersion, ...(status && { status }) };
};

it('the status of the whole is what was written last, by this replica or by the one that leads after it', async () => {
  const orchestrations = new Store<CachedOrchestration>({ onListenerError: () => undefined });
  orchestrations.upsert(cached('1'));
  const reconciler = new OrchestrationReconciler({
    orchestrations,
    policy: new Policy(),
    services: () => [],
    discovery: () => ({ status: undefined, condition: undefined }),
    workflows: () => [],
    emergency: {
      look: () => ({ status: {}, halted: undefined, transitions: [], lookAgainAt: undefined, isDue: false }),
      wake: () => undefined,
      begun: () => undefined,
    },
    monotonic: () => 0,
    create: () => Promise.resolve(undefined),
    writeStatus: () => Promise.resolve({ kind: 'written', resourceVersion: '2' }),
    emit: () => undefined,
    record: () => undefined,
    isNewer: (a, b) => compareVersions(a, b) > 0,
    now: () => NOW,
    log: { info: () => undefined, warn: () => undefined },
    count: { decision: () => undefined, statusWrite: () => undefined },
  });
  await reconciler.reconcile({ signal: new AbortController().signal });
  expect(reconciler.status?.state).toBe('Active');
  orchestrations.upsert(cached('3', { state: 'Degraded' }));
  expect(reconciler.status?.state).toBe('Degraded');
  orchestrations.delete('default', '4');
  expect(reconciler.status).toBeUndefined();
});
