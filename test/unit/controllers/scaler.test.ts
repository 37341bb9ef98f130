import { beforeEach, describe, expect, it } from 'vitest';
import type { OrchestratedServiceSpec } from '../../../src/api/kinds.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot } from '../../../src/controllers/project/autoscaler.ts';
import type { ActOutcome } from '../../../src/controllers/acts/ports.ts';
import type { DecisionRecord } from '../../../src/controllers/ports.ts';
import type { ScalePort } from '../../../src/controllers/scaling/ports.ts';
import { Predictor } from '../../../src/controllers/scaling/predictor.ts';
import { Scaler } from '../../../src/controllers/scaling/scaler.ts';
import { type CachedService, targetKey } from '../../../src/controllers/service/caches.ts';
import type { Claim } from '../../../src/domain/capacity/allot.ts';
import type { WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { NO_HISTORY } from '../../../src/history/index.ts';
import { compareVersions, Store } from '../../../src/runtime/store.ts';

const NOW = Date.parse('2026-05-04T12:00:00Z');
const signal = new AbortController().signal;
const query = { query: 'depth', target: { type: 'AverageValue', averageValue: 10 } } as const;
const scaling = { minReplicas: 1, maxReplicas: 10, metrics: [{ type: 'Prometheus', prometheus: query }] } as const;

const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const metadata = {
  name: 'web',
  namespace: 'shop',
  uid: 'u0',
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '',
};
const service = (spec: object = {}): CachedService => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata,
  spec: { targetRef, priority: 'Normal', mode: 'Enforce', scaling, ...spec } as unknown as OrchestratedServiceSpec,
  namespace: 'shop',
  name: 'web',
  uid: 'u0',
  resourceVersion: '1',
});
const workload = (desired: number, resourceVersion: string): WorkloadSnapshot => ({
  ...targetRef,
  namespace: 'shop',
  uid: 'u1',
  resourceVersion,
  owner: undefined,
  terminating: false,
  createdAt: 0,
  generation: 1,
  observedGeneration: 1,
  desired,
  selector: 'app=web',
  rollout: { state: 'Complete' },
});

let depth: number;
let at: number;
let writes: { from: number; to: number }[];
let answer: () => Promise<ActOutcome>;
let manager: string | undefined;
let owned: ScalePort['owner'];
let scaledObject: Awaited<ReturnType<ScalePort['scaledObject']>>;
let scaler: Scaler;
let claims: Claim[];
let rows: DecisionRecord[];
let autoscalers: Store<AutoscalerSnapshot>;

const fault = (error: unknown): never => {
  throw error;
};

beforeEach(() => {
  depth = 40;
  at = 0;
  writes = [];
  claims = [];
  rows = [];
  answer = () => Promise.resolve({ kind: 'written', resourceVersion: '8' });
  manager = undefined;
  owned = () => Promise.resolve({ replicas: 0, manager });
  scaledObject = { kind: 'none' };
  const port: ScalePort = {
    owner: (reference, given) => owned(reference, given),
    scaledObject: () => Promise.resolve(scaledObject),
  };
  autoscalers = new Store<AutoscalerSnapshot>({ indexes: AUTOSCALER_INDEXES, onListenerError: () => undefined });
  autoscalers.replace(new Map(), '1');
  scaler = new Scaler({
    autoscalers,
    port,
    actor: {
      carryOut: ({ act }) => {
        if (act.type === 'Scale') writes.push({ from: act.from, to: act.to });
        return answer();
      },
    },
    predictor: new Predictor({ history: NO_HISTORY, intervalMs: 15_000, onFault: fault }),
    capacity: { ceiling: (_, claim) => void claims.push(claim), forget: () => undefined },
    readings: () => new Map([['scaling/0', { kind: 'value', value: depth, at: NOW + at, evidence: '' }]]),
    usage: () => ({ kind: 'known', pods: new Map() }),
    intervalMs: 15_000,
    isNewer: (a, b) => compareVersions(a, b) > 0,
    now: () => NOW + at,
    monotonic: () => at,
    record: (_, row) => void rows.push(row),
  });
});

const look = (replicas: number, resourceVersion: string, spec?: object) =>
  scaler.scale(service(spec), workload(replicas, resourceVersion), [], signal);

describe('a decision', () => {
  it('is written once, however long the cache does not show it', async () => {
    const first = await look(2, '7');
    expect(first?.findings).toMatchObject({ recommended: 4, active: { status: 'True', reason: 'ValidMetricFound' } });
    expect(first?.lookAgainInMs).toBe(15_000);
    manager = 'somebody';
    await look(2, '7');
    await look(4, '8');
    expect(writes).toEqual([{ from: 2, to: 4 }]);
  });

  it('is told until the status that tells it was written', async () => {
    expect((await look(2, '7'))?.findings.told).toMatchObject([{ event: 'Scaled', verdict: 'ScaledUp' }]);
    expect((await look(4, '8'))?.findings.told[0]?.because).toMatch(/^2 → 4: /);
    scaler.wasTold('shop/web');
    expect((await look(4, '8'))?.findings.told).toEqual([]);
  });

  it('is looked at again soon when somebody was faster', async () => {
    answer = () => Promise.resolve({ kind: 'conflict' });
    expect(await look(2, '7')).toMatchObject({ lookAgainInMs: 250, findings: { told: [{ outcome: 'Refused' }] } });
  });

  it.each([
    ['refused', { kind: 'refused', message: 'a freeze is in force' }, 'ScalingRefused', /a freeze is in force/],
    [
      'forbidden',
      { kind: 'forbidden', verb: 'patch', resource: 'deployments.apps' },
      'Forbidden',
      /may not patch deployments.apps/,
    ],
  ] as const)('that is %s says so', async (_, outcome, reason, message) => {
    answer = () => Promise.resolve(outcome);
    const active = (await look(2, '7'))?.findings.active;
    expect(active).toMatchObject({ status: 'False', reason });
    expect(active?.message).toMatch(message);
  });

  it('that is refused names no request, and stands as refused when the next try comes too late', async () => {
    const message =
      'PATCH /apis/apps/v1/namespaces/shop/deployments/web: deployments.apps "web" is forbidden: a freeze';
    answer = () => Promise.resolve({ kind: 'refused', message });
    const active = (await look(2, '7'))?.findings.active;
    expect(active?.message).toMatch(
      /^the API server refuses to change the replicas: deployments.apps "web" is forbidden/,
    );
    answer = () => Promise.resolve({ kind: 'conflict' });
    const condition = { ...active, type: 'ScalingActive', lastTransitionTime: '' };
    const again = { ...service(), status: { conditions: [condition] } } as CachedService;
    const late = await scaler.scale(again, workload(2, '7'), [], signal);
    expect(late).toMatchObject({ lookAgainInMs: 250, findings: { active } });
  });

  it('that has no answer does not keep the status back, and one that is given up does', async () => {
    answer = () => Promise.reject(new Error('no answer'));
    expect((await look(2, '7'))?.findings.active).toMatchObject({ status: 'Unknown', reason: 'TargetUnavailable' });
    const stop = new AbortController();
    answer = () => {
      stop.abort(new Error('lost'));
      return Promise.reject(new Error('no answer'));
    };
    await expect(scaler.scale(service(), workload(2, '7'), [], stop.signal)).rejects.toThrow('lost');
  });

  it('is not written beside a ScaledObject, nor in another mode than Enforce', async () => {
    scaledObject = { kind: 'found', name: 'autumn' };
    const active = (await look(2, '7'))?.findings.active;
    expect(active).toMatchObject({ status: 'False', reason: 'HPAPresent' });
    expect(active?.message).toContain('ScaledObject autumn');
    scaledObject = { kind: 'none' };
    await look(2, '7', { mode: 'Recommend' });
    await look(2, '7', { mode: 'Observe' });
    expect(writes).toEqual([]);
  });

  it('is not written where Baton may not look whether a ScaledObject scales too, and says what to grant', async () => {
    scaledObject = { kind: 'forbidden', verb: 'list', resource: 'scaledobjects.keda.sh' };
    const active = (await look(2, '7'))?.findings.active;
    expect(active).toMatchObject({ status: 'False', reason: 'Forbidden' });
    expect(active?.message).toContain('grant list on scaledobjects.keda.sh');
    expect(writes).toEqual([]);
    scaledObject = { kind: 'none' };
    await look(2, '7');
    expect(writes).toHaveLength(1);
  });
});

describe('the history', () => {
  const kept = (): string[] => rows.map(({ verdict, outcome, rule }) => `${verdict} ${outcome} ${rule}`);

  it('has what was done at once, with everything that it was made from', async () => {
    await look(2, '7');
    expect(rows).toEqual([
      {
        kind: 'Scaling',
        rule: 'DesiredWithinRange',
        before: '2',
        verdict: 'ScaledUp',
        outcome: 'Done',
        because: '2 → 4: query depth at 40 for 0 pods, target 10 a pod: asks for 4 instead of 2',
        confidence: 1,
        inputs: {
          current: 2,
          desired: 4,
          rule: 'DesiredWithinRange',
          reactive: 4,
          wanted: 4,
          metrics: [{ replicas: 4, evidence: 'query depth at 40 for 0 pods, target 10 a pod' }],
          wishes: [],
          allotted: undefined,
          minReplicas: 1,
          maxReplicas: 10,
          strategy: undefined,
          writer: undefined,
        },
      },
    ]);
  });

  it.each([
    [
      'a quota or an admission policy',
      { kind: 'refused', message: 'exceeded quota' },
      'ScalingRefused',
      'exceeded quota',
    ],
    ['RBAC', { kind: 'forbidden', verb: 'patch', resource: 'deployments.apps' }, 'Forbidden', 'may not patch'],
    ['somebody who was faster', { kind: 'conflict' }, 'DesiredWithinRange', 'at the same moment'],
    ['its end', { kind: 'gone' }, 'DesiredWithinRange', 'at the same moment'],
  ] as const)('has a write that is refused by %s, once', async (_, outcome, rule, why) => {
    answer = () => Promise.resolve(outcome);
    for (; at < 300_000; at += 15_000) await look(2, '7');
    expect(writes.length).toBeGreaterThan(10);
    expect(kept()).toEqual([`ScaleUpRefused Refused ${rule}`]);
    expect(rows[0]?.because).toMatch(/^2 → 4: .* asks for 4 instead of 2; not done: /);
    expect(rows[0]?.because).toContain(why);
    answer = () => Promise.resolve({ kind: 'written', resourceVersion: '8' });
    await look(2, '7');
    expect(kept().slice(1)).toEqual(['ScaledUp Done DesiredWithinRange']);
  });

  it('has another count that is refused for the same reason once a minute, and another reason at once', async () => {
    answer = () => Promise.resolve({ kind: 'refused', message: 'exceeded quota' });
    for (let step = 0; step < 12; step++, at += 10_000) {
      depth = step % 2 === 0 ? 40 : 60;
      await look(2, '7');
    }
    expect(rows.map(({ inputs }) => (inputs as { desired: number }).desired)).toEqual([4, 6]);
    scaledObject = { kind: 'found', name: 'autumn' };
    await look(2, '7');
    expect(kept().at(-1)).toBe('ScaleUpRefused Refused HPAPresent');
  });

  it('has nothing twice because the metrics could not be read in between', async () => {
    answer = () => Promise.resolve({ kind: 'refused', message: 'exceeded quota' });
    await look(2, '7');
    depth = NaN;
    await look(2, '7');
    depth = 40;
    await look(2, '7');
    expect(kept()).toEqual(['ScaleUpRefused Refused ScalingRefused']);
  });

  it('has a write that had no answer', async () => {
    answer = () => Promise.reject(new Error('no answer'));
    await look(2, '7');
    expect(kept()).toEqual(['ScaleUpRefused Refused TargetUnavailable']);
  });

  it('has what a contested service would get', async () => {
    manager = 'gitops';
    for (let version = 10; version < 16; version += 2) {
      await look(4, String(version));
      await look(2, String(version + 1));
      at += 20_000;
    }
    expect(kept().at(-1)).toBe('ScaleUpRefused Refused ReplicasContested');
    expect(rows.at(-1)?.because).toMatch(/^2 → 4: .*; not done: gitops changed the replicas 3 times within 10m; /);
  });

  it.each(['Recommend', 'Observe'])('has what would be done in mode %s, once for each count', async (mode) => {
    for (let looks = 0; looks < 3; looks++, at += 15_000) await look(2, '7', { mode });
    depth = 60;
    await look(2, '7', { mode });
    await look(6, '8', { mode });
    at += 600_000;
    await look(2, '9', { mode });
    const would = 'WouldScaleUp Rehearsed DesiredWithinRange';
    expect(kept()).toEqual([would, would, would]);
    expect(rows[0]?.because).toMatch(/^would go from 2 to 4: /);
  });

  it('has nothing twice because Baton was restarted', async () => {
    const status = { replicas: { current: 2, ready: 2, desired: 2, recommended: 4 } };
    await scaler.scale({ ...service({ mode: 'Observe' }), status }, workload(2, '7'), [], signal);
    expect(rows).toEqual([]);
  });

  it('has bounds that were moved, and those that were refused', async () => {
    const target = targetKey('apps/v1', 'Deployment', 'shop', 'web');
    const hpa = { namespace: 'shop', name: 'web', uid: 'h', resourceVersion: '9', owner: undefined, target };
    autoscalers.upsert({ ...hpa, minReplicas: 1, maxReplicas: 3 });
    const spec = { scaling: { ...scaling, writer: { type: 'HorizontalPodAutoscaler', name: 'web' } } };
    answer = () => Promise.resolve({ kind: 'refused', message: 'a freeze is in force' });
    await look(4, '7', spec);
    answer = () => Promise.resolve({ kind: 'written', resourceVersion: '10' });
    await look(4, '7', spec);
    expect(kept()).toEqual(['BoundsRefused Refused ScalingRefused', 'BoundsMoved Done WithinTolerance']);
    expect(rows[1]?.because).toMatch(/^bounds of HorizontalPodAutoscaler web 1–3 → 4–10: /);
  });
});

describe('replicas that changed', () => {
  it('are a rival when somebody else did it three times in ten minutes, until ten minutes have passed', async () => {
    manager = 'gitops';
    for (let version = 10; version < 16; version += 2) {
      await look(4, String(version));
      await look(2, String(version + 1));
      at += 20_000;
    }
    expect((await look(2, '20'))?.findings.active).toMatchObject({ reason: 'ReplicasContested' });
    const before = writes.length;
    at += 570_000;
    await look(2, '20');
    expect(writes).toHaveLength(before);
    at += 30_000;
    await look(2, '20');
    expect(writes).toHaveLength(before + 1);
  });

  it('are none when Baton wrote them, though this process does not know of it', async () => {
    manager = 'baton';
    for (let version = 10; version < 20; version += 2) {
      await look(4, String(version));
      await look(2, String(version + 1));
    }
    expect((await look(2, '30'))?.findings.active.reason).toBe('ValidMetricFound');
  });
});

it('does nothing where the spec asks for nothing', async () => {
  expect(await look(2, '7', { scaling: { minReplicas: 5 } })).toBeUndefined();
  // What it has is taken from what services share.
  expect(claims).toMatchObject([{ fixed: true, wanted: 2 }]);
  expect(await scaler.scale(service(), { ...workload(2, '7'), terminating: true }, [], signal)).toBeUndefined();
  expect(writes).toEqual([]);
});

describe('the claim on a capacity budget', () => {
  it('is what the service is on its way to, however far the pace lets it go now', async () => {
    depth = 90;
    answer = () => Promise.resolve({ kind: 'conflict' });
    for (const [index, replicas] of [1, 2, 3].entries()) await look(replicas, String(10 + index));
    expect(claims.map(({ wanted }) => wanted)).toEqual([9, 9, 9]);
  });

  it('is what it has where it may not rise, and never above maxReplicas', async () => {
    depth = 990;
    const up = { ...scaling, behavior: { scaleUp: { selectPolicy: 'Disabled' } } };
    await look(2, '7', { scaling: up });
    await look(2, '7');
    expect(claims.map(({ wanted }) => wanted)).toEqual([2, 10]);
  });
});

describe('a service that Baton cannot scale', () => {
  it('claims what it has of a capacity budget and not what it would want, while another scales it', async () => {
    await look(2, '7');
    expect(claims.at(-1)).toMatchObject({ fixed: false, wanted: 4 });
    const target = targetKey('apps/v1', 'Deployment', 'shop', 'web');
    const hpa = { namespace: 'shop', name: 'web', uid: 'h', resourceVersion: '9', owner: undefined, target };
    autoscalers.upsert({ ...hpa, minReplicas: 1, maxReplicas: 3 });
    await look(4, '8');
    depth = 90;
    expect((await look(4, '8'))?.findings.active).toMatchObject({ reason: 'HPAPresent' });
    expect(claims.at(-1)).toMatchObject({ fixed: true, wanted: 4 });
    autoscalers.delete('shop/web', '10');
    await look(4, '8');
    expect(claims.at(-1)).toMatchObject({ fixed: false });
  });
});

describe('a workload at zero', () => {
  const limited = {
    type: 'ScalingLimited',
    status: 'True',
    reason: 'CapacityBudget',
    message: '',
    lastTransitionTime: '',
  };
  const atZero = (recommended: number) => {
    const status = { replicas: { current: 0, ready: 0, desired: 0, recommended }, conditions: [limited] };
    return scaler.scale({ ...service(), status } as CachedService, workload(0, '7'), [], signal);
  };

  it('stays there where a person took it there, also in a budget that left it some', async () => {
    expect((await atZero(3))?.findings.active).toMatchObject({ reason: 'ScalingDisabled' });
    expect(writes).toEqual([]);
  });

  it('rises again where the budget had left it nothing', async () => {
    await atZero(0);
    expect(writes).toMatchObject([{ from: 0 }]);
  });

  it('rises again where Baton wrote the zero, though no status tells of it: it ended in between, or the status is lost', async () => {
    manager = 'baton';
    await look(0, '7');
    expect(writes).toMatchObject([{ from: 0 }]);
  });

  it('is asked for its owner until there is an answer, and then no more', async () => {
    owned = () => Promise.reject(new Error('no answer'));
    expect((await look(0, '7'))?.findings.active).toMatchObject({ reason: 'ScalingDisabled' });
    let asked = 0;
    owned = () => {
      asked += 1;
      return Promise.resolve({ replicas: 0, manager: 'kubectl' });
    };
    for (let times = 0; times < 3; times += 1) {
      expect((await look(0, '7'))?.findings.active).toMatchObject({ reason: 'ScalingDisabled' });
    }
    expect(asked).toBe(1);
    expect(writes).toEqual([]);
  });

  it('is left there by Baton when a person takes it there after Baton did', async () => {
    manager = 'baton';
    await look(0, '7');
    await look(4, '8');
    manager = 'kubectl';
    expect((await look(0, '9'))?.findings.active).toMatchObject({ reason: 'ScalingDisabled' });
    expect(writes).toHaveLength(1);
  });
});
