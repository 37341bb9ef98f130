import { describe, expect, it } from 'vitest';
import { Policy } from '../../../src/controllers/orchestration/policy.ts';
import {
  type CachedOrchestration,
  OrchestrationReconciler,
} from '../../../src/controllers/orchestration/reconciler.ts';
import type { DecisionRecord, Reference } from '../../../src/controllers/ports.ts';
import { say } from '../../../src/controllers/transitions.ts';
import type { Transition } from '../../../src/domain/status/transitions.ts';
import { compareVersions, Store } from '../../../src/runtime/store.ts';
import { NOW } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';

const QUIET = {
  log: { info: () => undefined, warn: () => undefined },
  count: { decision: () => undefined, statusWrite: () => undefined },
  emit: () => undefined,
};

const reference: Reference = {
  kind: 'OrchestratedService',
  namespace: 'shop',
  name: 'web',
  uid: 'u',
  resourceVersion: '1',
};

describe('a transition of a service', () => {
  it.each([
    ['Health', 'Failed', 'PodsNotReady', 'Warning', 'Written'],
    ['ScalingActive', 'False', 'HPAPresent', 'Warning', 'Written'],
    ['ScalingActive', 'True', 'ScalingActive', 'Normal', 'Written'],
  ])('%s to %s because of %s (%s) has the outcome %s', (kind, to, reason, type, outcome) => {
    const records: DecisionRecord[] = [];
    const record = (_of: Reference, decision: DecisionRecord): void => void records.push(decision);
    const transition = { kind, from: 'x', to, reason, message: 'a sentence', type } as Transition;
    say({ ...QUIET, record }, reference, transition, {}, { confidence: 0.5, inputs: { ready: 1 } });
    const because = 'a sentence';
    const evidence = { confidence: 0.5, inputs: { ready: 1 } };
    expect(records).toEqual([{ kind, rule: reason, before: 'x', verdict: to, because, outcome, ...evidence }]);
  });

  it('about the replicas was recorded when it was done, and is not again', () => {
    const [records, events]: [DecisionRecord[], string[]] = [[], []];
    const tellers = {
      ...QUIET,
      record: (_of: Reference, decision: DecisionRecord) => void records.push(decision),
      emit: (_of: Reference, { reason }: { reason: string }) => void events.push(reason),
    };
    const none = { confidence: undefined, inputs: {} };
    const scaled: Transition = {
      kind: 'Scaling',
      from: '',
      to: 'ScaledUp',
      reason: 'Scaled',
      message: '2 → 4',
      type: 'Normal',
    };
    say(tellers, reference, scaled, {}, none);
    expect([records, events]).toEqual([[], ['Scaled']]);
    const evidence = { confidence: 0.7, inputs: { action: 'do it' } };
    const advice = { ...scaled, kind: 'Recommendation', reason: 'Recommended', evidence, isQuiet: true } as const;
    say(tellers, reference, advice, {}, none);
    expect(records).toMatchObject([{ kind: 'Recommendation', outcome: 'Written', ...evidence }]);
    expect(events).toEqual(['Scaled']);
  });

  it('is recorded with its figures once it is written, and not when somebody else wrote first', async () => {
    const bed = new Bed();
    bed.running('db');
    await bed.reconcile('db');
    bed.echo('db');
    bed.recorded.length = 0;
    bed.stores.pods.upsert({ ...bed.pod('db-a', bed.stores.replicaSets.get('shop/db-1'), 'db'), ready: false });
    bed.outcomes.push({ kind: 'conflict' });
    await bed.reconcile('db');
    expect(bed.recorded).toEqual([]);
    await bed.reconcile('db');
    expect(bed.recorded).toMatchObject([
      {
        name: 'db',
        kind: 'Health',
        before: 'Healthy',
        verdict: 'Failed',
        confidence: 1,
        inputs: { score: 0, ready: 0 },
      },
    ]);
  });
});

describe('the policy', () => {
  it('is recorded when it is created, when it changes and when it is refused', async () => {
    const records: (readonly [string, string])[] = [];
    const orchestrations = new Store<CachedOrchestration>({ onListenerError: () => undefined });
    const policy = new Policy();
    const reconciler = new OrchestrationReconciler({
      ...QUIET,
      orchestrations,
      policy,
      services: () => [],
      discovery: () => ({ status: undefined, condition: undefined }),
      workflows: () => [],
      emergency: {
        look: () => ({ status: {}, halted: undefined, transitions: [], lookAgainAt: undefined, isDue: false }),
        wake: () => undefined,
        begun: () => undefined,
      },
      monotonic: () => 0,
      create: () => Promise.resolve({ ...reference, kind: 'Orchestration', name: 'default' }),
      writeStatus: (_reference, status) => {
        show(status);
        return Promise.resolve({ kind: 'written', resourceVersion: '2' });
      },
      record: (_reference, { kind, verdict, outcome }) => void records.push([`${kind} ${verdict}`, outcome]),
      isNewer: (a, b) => compareVersions(a, b) > 0,
      now: () => (clock += 10_000),
    });
    let clock = NOW;
    let version = 0;
    const show = (status?: object): void => {
      const resourceVersion = `${++version}`;
      const metadata = {
        name: 'default',
        uid: 'u',
        resourceVersion,
        generation: 1,
        creationTimestamp: '2026-05-01T00:00:00Z',
      };
      const kind = { apiVersion: 'baton.dev/v1alpha1', kind: 'Orchestration' } as const;
      orchestrations.upsert({
        ...kind,
        metadata,
        name: 'default',
        uid: 'u',
        resourceVersion,
        ...(status && { status }),
      });
    };
    const look = () => reconciler.reconcile({ signal: new AbortController().signal });
    await look();
    show();
    await look();
    const changed = { ...policy.current.spec, httpChecks: { ...policy.current.spec.httpChecks, maxConcurrent: 7 } };
    policy.offer(changed, 2, undefined);
    await look();
    const windows = [{ schedule: '99 99 * * *', duration: '1h', timeZone: 'UTC' }];
    policy.offer({ ...changed, maintenanceWindows: windows }, 3, undefined);
    await look();
    expect(records.filter(([what]) => what.startsWith('Policy'))).toEqual([
      ['Policy Created', 'Done'],
      ['Policy Changed', 'Done'],
      ['Policy Invalid', 'Refused'],
    ]);
  });
});
