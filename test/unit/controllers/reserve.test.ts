import { expect, it } from 'vitest';
import type { OrchestratedServiceSpec } from '../../../src/api/kinds.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot } from '../../../src/controllers/project/autoscaler.ts';
import { Predictor } from '../../../src/controllers/scaling/predictor.ts';
import { Scaler } from '../../../src/controllers/scaling/scaler.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import type { PodSnapshot, PodUsage, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { NO_HISTORY } from '../../../src/history/index.ts';
import { compareVersions, Store } from '../../../src/runtime/store.ts';
import { UNBOUNDED } from '../domain/fixtures.ts';

const NOW = Date.parse('2026-05-04T12:00:00Z');
const signal = new AbortController().signal;
const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const identity = { namespace: 'shop', name: 'web', uid: 'u0', resourceVersion: '1' };
const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } };

const serviceWith = (strategy: string): CachedService => {
  const scaling = { minReplicas: 1, maxReplicas: 100, strategy, metrics: [{ type: 'Resource', resource: cpu }] };
  const spec = { targetRef, priority: 'Normal', mode: 'Enforce', scaling } as unknown as OrchestratedServiceSpec;
  const metadata = { ...identity, generation: 1, creationTimestamp: '' };
  return { apiVersion: 'baton.dev/v1alpha1', kind: 'OrchestratedService', metadata, spec, ...identity };
};

const workload = (desired: number, resourceVersion: string): WorkloadSnapshot => {
  const generations = { createdAt: 0, generation: 1, observedGeneration: 1 };
  const rest = { owner: undefined, terminating: false, selector: 'app=web', rollout: { state: 'Complete' } } as const;
  return { ...targetRef, ...generations, ...rest, namespace: 'shop', uid: 'u1', resourceVersion, desired };
};

/** Each on a node of its own. */
const podOn = (node: number): PodSnapshot => {
  const facts = { phase: 'Running', ready: true, terminating: false, hostNetwork: false, restarts: [] };
  const moments = { createdAt: 0, startedAt: 0, readyChangedAt: 60_000 };
  const rest = {
    oomKilledAt: undefined,
    waiting: undefined,
    unschedulable: undefined,
    owner: undefined,
    ip: undefined,
  };
  const template = { ...UNBOUNDED, requests: { cpu: 1 } };
  return { ...identity, ...facts, ...moments, ...rest, template, name: `p${node}`, uid: `p${node}`, node: `n${node}` };
};

it.each([
  // 13.9 cores at 70 % are 20 pods, and one more for a node that may be lost.
  ['Reliability', 13.9, 21],
  // 17.4 cores are 25 pods, which keep 17.5 busy: that and 2·√17.5 are 26.
  ['Performance', 17.4, 26],
])('adds the reserve of %s once, however long the load stays', async (strategy, cores, enough) => {
  const writes: { from: number; to: number }[] = [];
  let replicas = enough - 1;
  let at = 0;
  let used = new Map<string, PodUsage>();
  const version = () => String(10 + writes.length);
  const autoscalers = new Store<AutoscalerSnapshot>({ indexes: AUTOSCALER_INDEXES, onListenerError: () => undefined });
  autoscalers.replace(new Map(), '1');
  const scaler = new Scaler({
    autoscalers,
    actor: {
      carryOut: ({ act }) => {
        if (act.type === 'Scale') writes.push({ from: act.from, to: act.to });
        return Promise.resolve({ kind: 'written', resourceVersion: version() });
      },
    },
    port: {
      owner: () => Promise.resolve({ replicas: 0, manager: 'baton' }),
      scaledObject: () => Promise.resolve({ kind: 'none' }),
    },
    predictor: new Predictor({ history: NO_HISTORY, intervalMs: 15_000, onFault: () => undefined }),
    capacity: { ceiling: () => undefined, forget: () => undefined },
    readings: () => new Map(),
    usage: () => ({ kind: 'known', pods: used }),
    intervalMs: 15_000,
    isNewer: (a, b) => compareVersions(a, b) > 0,
    now: () => NOW + at,
    monotonic: () => at,
    record: () => undefined,
  });
  for (let turn = 0; turn < 480; turn++) {
    const pods = Array.from({ length: replicas }, (_, node) => podOn(node));
    used = new Map(pods.map(({ name }) => [name, { cpu: cores / replicas, memory: 1, at: NOW + at }]));
    await scaler.scale(serviceWith(strategy), workload(replicas, version()), pods, signal);
    replicas = writes.at(-1)?.to ?? replicas;
    at += 15_000;
  }
  expect(writes).toEqual([{ from: enough - 1, to: enough }]);
});
