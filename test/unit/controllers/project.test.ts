import { describe, expect, it } from 'vitest';
import {
  AUTOSCALER_INDEXES,
  type AutoscalerSnapshot,
  autoscalerOf,
  projectAutoscaler,
} from '../../../src/controllers/project/autoscaler.ts';
import { PodProjector, type RawPod } from '../../../src/controllers/project/pod.ts';
import { projectDeployment, projectReplicaSet, projectStatefulSet } from '../../../src/controllers/project/workload.ts';
import { Store } from '../../../src/runtime/store.ts';

const MI = 2 ** 20;
const NOW = Date.parse('2026-01-01T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

function pod(
  overrides: { restartCount?: number; lastFinished?: string; reason?: string; waiting?: string; uid?: string } = {},
): RawPod {
  const { restartCount = 0, lastFinished, reason = 'Error', waiting, uid = 'p1' } = overrides;
  return {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      uid,
      resourceVersion: '1',
      creationTimestamp: minutesAgo(60),
      labels: { app: 'web' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-abc', uid: 'rs1', controller: true }],
    },
    spec: {
      containers: [
        {
          name: 'a',
          ports: [{ name: 'http', containerPort: 80 }],
          resources: { limits: { cpu: '500m', memory: '64Mi' } },
        },
        { name: 'b', resources: { limits: { cpu: '1' } } },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'a',
          restartCount,
          state: waiting ? { waiting: { reason: waiting } } : {},
          ...(lastFinished && { lastState: { terminated: { reason, finishedAt: lastFinished } } }),
        },
      ],
    },
  };
}

describe('a pod', () => {
  it('is projected to what decisions read', () => {
    expect(new PodProjector(() => NOW).project(pod())).toEqual({
      namespace: 'shop',
      name: 'web-1',
      uid: 'p1',
      resourceVersion: '1',
      owner: { kind: 'ReplicaSet', name: 'web-abc', uid: 'rs1' },
      phase: 'Running',
      ready: true,
      terminating: false,
      createdAt: NOW - 3_600_000,
      ip: '10.0.0.1',
      hostNetwork: false,
      restarts: [],
      oomKilledAt: undefined,
      waiting: undefined,
      unschedulable: undefined,
      template: {
        labels: { app: 'web' },
        ports: { http: 80 },
        requests: {},
        // A memory limit of one container of two is no limit of the pod.
        limits: { cpu: 1.5 },
        reserved: {},
        containers: [
          { name: 'a', requests: {}, limits: { cpu: 0.5, memory: 64 * MI } },
          { name: 'b', requests: {}, limits: { cpu: 1 } },
        ],
      },
    });
  });

  it('counts sidecars among its containers, and no other init container', () => {
    const raw = pod();
    raw.spec = {
      ...raw.spec,
      initContainers: [
        { name: 'setup', resources: { limits: { cpu: '4' } }, ports: [{ name: 'no', containerPort: 1 }] },
        {
          name: 'proxy',
          restartPolicy: 'Always',
          resources: { limits: { cpu: '250m' } },
          ports: [{ name: 'proxy', containerPort: 15001 }],
        },
      ],
    };
    const { template } = new PodProjector(() => NOW).project(raw);
    expect(template.limits).toEqual({ cpu: 1.75 });
    expect(template.containers.map(({ name }) => name)).toEqual(['proxy', 'a', 'b']);
    expect(template.ports).toEqual({ http: 80, proxy: 15001 });
  });

  it('shares the facts of the template with the other pods of its owner', () => {
    const projector = new PodProjector(() => NOW);
    expect(projector.project(pod({ uid: 'p2' })).template).toBe(projector.project(pod()).template);
  });

  it('tells the zone of each pod, though pods of several zones share the facts of their template', () => {
    const projector = new PodProjector(() => NOW);
    const [a, b, unbound] = ['a', 'b', undefined].map((zone) => {
      const raw = pod({ uid: `p-${zone}` });
      raw.metadata.labels = { app: 'web', ...(zone && { 'topology.kubernetes.io/zone': zone }) };
      return projector.project(raw);
    });
    expect([a?.zone, b?.zone, unbound?.zone]).toEqual(['a', 'b', undefined]);
    expect(b?.template).toBe(a?.template);
    // The first that was seen does not say for all of them where it is.
    expect(a?.template.labels).toEqual({ app: 'web' });
  });

  it('shares the facts also where an owner has pods of two kinds at once', () => {
    const projector = new PodProjector(() => NOW);
    const resized = () => {
      const raw = pod({ uid: 'p2' });
      raw.spec = { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }] };
      return projector.project(raw).template;
    };
    const first = projector.project(pod()).template;
    const second = resized();
    expect(second).not.toBe(first);
    expect(projector.project(pod()).template).toBe(first);
    expect(resized()).toBe(second);
  });

  describe('requests', () => {
    const container = (name: string, requests: Record<string, string>, restartPolicy?: string) => ({
      name,
      resources: { requests },
      ...(restartPolicy && { restartPolicy }),
    });
    const facts = (spec: RawPod['spec']) =>
      new PodProjector(() => NOW).project({ ...pod(), spec: spec ?? {} }).template;

    it('are what every container has, but what a pod takes is also what some have', () => {
      const containers = [container('a', { cpu: '1', memory: '1Gi' }), container('b', { cpu: '500m' })];
      expect(facts({ containers })).toMatchObject({
        requests: { cpu: 1.5 },
        reserved: { cpu: 1.5, memory: 1024 * MI },
      });
      expect(facts({ containers }).requests.memory).toBeUndefined();
    });

    it('of init containers count where one of them takes more than all that run later, with the overhead of a sandbox', () => {
      const initContainers = [
        container('early', { cpu: '5' }),
        container('proxy', { cpu: '1' }, 'Always'),
        container('setup', { cpu: '6' }),
      ];
      const spec = { initContainers, containers: [container('a', { cpu: '2' })], overhead: { cpu: '250m' } };
      expect(facts(spec)).toMatchObject({ requests: { cpu: 3 }, reserved: { cpu: 7.25 } });
    });

    it('of the pod as a whole win over those of its containers, which then need none', () => {
      const containers = [container('a', { cpu: '1', memory: '1Gi' }), container('b', {})];
      const resources = { requests: { cpu: '4' }, limits: { memory: '4Gi' } };
      expect(facts({ containers, resources })).toMatchObject({
        requests: { cpu: 4, memory: 1024 * MI },
        limits: { memory: 4096 * MI },
        reserved: { cpu: 4, memory: 1024 * MI },
        podLevel: { requests: { cpu: 4 }, limits: { memory: 4096 * MI } },
      });
      // A limit alone is no request.
      expect(facts({ containers, resources: { limits: { cpu: '4' } } }).requests).toEqual({});
    });
  });

  it('tells the last restart when it is seen for the first time, and none that is older than ten minutes', () => {
    const project = (lastFinished: string) =>
      new PodProjector(() => NOW).project(pod({ restartCount: 7, lastFinished }));
    expect(project(minutesAgo(3)).restarts).toEqual([NOW - 180_000]);
    expect(project(minutesAgo(11)).restarts).toEqual([]);
  });

  it('counts each restart that it sees', () => {
    const projector = new PodProjector(() => NOW);
    projector.project(pod());
    projector.project(pod({ restartCount: 1, lastFinished: minutesAgo(5) }));
    const third = projector.project(pod({ restartCount: 3, lastFinished: minutesAgo(1) }));
    expect(third.restarts).toEqual([NOW - 300_000, NOW - 60_000, NOW - 60_000]);
  });

  it('keeps the very list while nothing restarts, so that an event without news is seen as one', () => {
    const projector = new PodProjector(() => NOW);
    const first = projector.project(pod({ restartCount: 1, lastFinished: minutesAgo(1) }));
    expect(projector.project(pod({ restartCount: 1, lastFinished: minutesAgo(1) })).restarts).toBe(first.restarts);
  });

  it('does not let thousands of restarts grow without bound', () => {
    const projector = new PodProjector(() => NOW);
    projector.project(pod({ restartCount: 1, lastFinished: minutesAgo(2) }));
    expect(projector.project(pod({ restartCount: 5_000, lastFinished: minutesAgo(0) })).restarts).toHaveLength(10);
  });

  it('tells faults that a container waits for, and not that it is being created', () => {
    const waiting = (reason: string) => new PodProjector(() => NOW).project(pod({ waiting: reason })).waiting;
    expect(waiting('CrashLoopBackOff')).toBe('CrashLoopBackOff');
    expect(waiting('ImagePullBackOff')).toBe('ImagePullBackOff');
    expect(waiting('ContainerCreating')).toBeUndefined();
  });

  it('tells when memory ran out', () => {
    const oom = pod({ restartCount: 1, lastFinished: minutesAgo(2), reason: 'OOMKilled' });
    expect(new PodProjector(() => NOW).project(oom)).toMatchObject({
      oomKilledAt: NOW - 120_000,
      oomKilledContainer: 'a',
    });
  });
});

const metadata = {
  name: 'web',
  namespace: 'shop',
  uid: 'd1',
  resourceVersion: '1',
  generation: 3,
  creationTimestamp: minutesAgo(60),
};

describe('the rollout of a Deployment', () => {
  const rollout = (status: object, replicas = 3) => projectDeployment({ metadata, spec: { replicas }, status }).rollout;

  it('is complete once the new ReplicaSet was available, whatever happens to its pods later', () => {
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
    expect(rollout({ replicas: 3, updatedReplicas: 3, availableReplicas: 0, conditions })).toEqual({
      state: 'Complete',
    });
  });

  it('is under way while pods are not updated, old ones remain or new ones are not available', () => {
    expect(rollout({ replicas: 3, updatedReplicas: 1 })).toEqual({
      state: 'Progressing',
      message: '1 of 3 pods are updated',
      updated: 1,
      isPaused: false,
    });
    const conditions = [{ type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused' }];
    expect(rollout({ replicas: 3, updatedReplicas: 1, conditions })).toMatchObject({ isPaused: true });
    expect(rollout({ replicas: 4, updatedReplicas: 3, availableReplicas: 3 })).toMatchObject({ state: 'Progressing' });
    expect(rollout({ replicas: 3, updatedReplicas: 3, availableReplicas: 2 })).toMatchObject({ state: 'Progressing' });
  });

  it('is stuck when its deadline passed', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ];
    expect(rollout({ replicas: 3, updatedReplicas: 1, conditions })).toEqual({ state: 'Stuck', message: 'timed out' });
  });
});

describe('the rollout of a StatefulSet', () => {
  const rollout = (status: object, spec: object = {}) =>
    projectStatefulSet({ metadata, spec: { replicas: 3, ...spec }, status }).rollout;

  it('is complete at the update revision, and asks only for what the partition lets through', () => {
    expect(rollout({ currentRevision: 'a', updateRevision: 'a' })).toEqual({ state: 'Complete' });
    const partition = { updateStrategy: { rollingUpdate: { partition: 2 } } };
    expect(rollout({ currentRevision: 'a', updateRevision: 'b', updatedReplicas: 1 }, partition)).toEqual({
      state: 'Complete',
    });
    expect(rollout({ currentRevision: 'a', updateRevision: 'b', updatedReplicas: 1 })).toMatchObject({
      state: 'Progressing',
    });
  });
});

it('asks for one pod where a Deployment does not say how many, as the API server does', () => {
  expect(projectDeployment({ metadata }).desired).toBe(1);
});

it('keeps the owner of a ReplicaSet and drops the selector that nobody asks for', () => {
  const owned = { ...metadata, ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'd1', controller: true }] };
  const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } } };
  expect(projectReplicaSet({ metadata: owned, spec })).toMatchObject({
    owner: { uid: 'd1' },
    selector: '',
    desired: 2,
  });
  expect(projectReplicaSet({ metadata, spec })).toMatchObject({ owner: undefined, selector: 'app=web' });
});

it('names KEDA for an autoscaler that is its, and the autoscaler itself for any other', () => {
  const store = new Store<AutoscalerSnapshot>({ indexes: AUTOSCALER_INDEXES, onListenerError: () => undefined });
  const put = (name: string, of: string, kind?: string): void => {
    const owner = { apiVersion: 'x/v1', kind: kind ?? '', name: `${of}-owner`, uid: 'o', controller: true };
    const metadata = {
      name,
      namespace: 'shop',
      uid: name,
      resourceVersion: '1',
      ...(kind && { ownerReferences: [owner] }),
    };
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: of };
    store.upsert(projectAutoscaler({ metadata, spec: { scaleTargetRef, maxReplicas: 3 } }));
  };
  put('keda-hpa-a', 'a', 'ScaledObject');
  put('b', 'b');
  const found = (name: string) =>
    autoscalerOf(store, { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name });
  expect(found('a')).toEqual({ kind: 'ScaledObject', name: 'a-owner' });
  expect(found('b')).toEqual({ kind: 'HorizontalPodAutoscaler', name: 'b' });
  expect(found('c')).toBeUndefined();
});
