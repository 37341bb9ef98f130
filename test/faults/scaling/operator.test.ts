import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrchestratedService } from '../../../src/api/kinds.ts';
import { accept, type Bed, conditionOf } from '../../cluster/operator/support/bed.ts';
import { type Obj, osvc, workload } from '../../cluster/operator/support/objects.ts';
import { Operator } from '../../cluster/operator/support/process.ts';
import { Widgets } from '../../cluster/operator/support/widgets.ts';
import { eventually } from '../../cluster/support/eventually.ts';
import { Ground } from './ground.ts';

let ground: Ground;
let bed: Bed;

beforeAll(async () => {
  ground = await Ground.start();
  bed = ground.bed;
});
afterAll(() => ground?.stop());

const AT_ONCE = [{ type: 'Pods', value: 100, periodSeconds: 1 }];
/** Down as soon as it is enough, so that tests need not wait. */
const QUICK = {
  scaleUp: { policies: AT_ONCE },
  scaleDown: { stabilizationWindowSeconds: 0, policies: AT_ONCE },
};
/** A long one holds for as long as a test looks, and ends when a short one takes its place. */
const windowOf = (stabilizationWindowSeconds: number) => ({
  ...QUICK,
  scaleDown: { stabilizationWindowSeconds, policies: AT_ONCE },
});
const queue = (name: string, averageValue = 10) => ({
  type: 'Prometheus',
  prometheus: { query: name, target: { type: 'AverageValue', averageValue } },
});
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const oneCore = { containers: [{ name: 'main', image: 'example/none', resources: { requests: { cpu: '1' } } }] };

interface Replicated extends Obj {
  spec: { replicas: number };
}

const replicasOf = async (name: string, kind = 'Deployment'): Promise<number> =>
  (await bed.get<Replicated>(kind, name)).spec.replicas;

const reaches = (name: string, replicas: number, kind = 'Deployment'): Promise<number> =>
  eventually(
    `${kind} ${name} at ${replicas}`,
    40,
    () => replicasOf(name, kind),
    (seen) => seen === replicas,
  );

/** Every look, a tenth of a second apart, finds this count. */
async function stays(name: string, replicas: number, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  while (Date.now() < until) {
    expect(await replicasOf(name)).toBe(replicas);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A Deployment of that name that follows a queue of that name, and its service. */
async function queued(
  name: string,
  length: number | undefined,
  scaling: object = {},
  more: Record<string, unknown> = {},
): Promise<void> {
  if (length !== undefined) ground.metrics.figures.set(name, length);
  await bed.create(workload('Deployment', name, { replicas: 2 }));
  const basics = { minReplicas: 1, maxReplicas: 10, metrics: [queue(name)], behavior: QUICK };
  await bed.create(osvc(name, { scaling: { ...basics, ...scaling }, ...more }));
}

/** An Event says what was done, and why. */
const scaledAs = (name: string, note: RegExp) =>
  eventually(
    `the Event about ${name}`,
    40,
    () => bed.events(name),
    (events) => events.some((event) => event.reason === 'Scaled' && note.test(event.note)),
  );

const scalingOf = (service: OrchestratedService) => ({
  active: conditionOf(service, 'ScalingActive'),
  limited: conditionOf(service, 'ScalingLimited'),
});

describe('a Deployment', () => {
  it('grows and shrinks with the CPU of its pods, and says why', async () => {
    ground.metrics.usage.set('cpu', () => ({ milli: 900 }));
    await bed.create(workload('Deployment', 'cpu', { replicas: 2, pod: oneCore }));
    await bed.create(osvc('cpu', { scaling: { minReplicas: 1, maxReplicas: 4, metrics: [cpu], behavior: QUICK } }));
    expect(await reaches('cpu', 4)).toBe(4);
    await scaledAs('cpu', /^2 → 4: cpu at 90 % of the requests, target 50 %, 2 pods: asks for 4 instead of 2/);
    await bed.condition('cpu', 'ScalingLimited', 'True', 'TooManyReplicas');
    await bed.condition('cpu', 'ScalingActive', 'True', 'ValidMetricFound');
    // Else some of them have no figure yet, and it shrinks in two steps.
    await bed.until('cpu', 'four ready', ({ status }) => status?.replicas?.ready === 4);
    const count = () => Promise.resolve(ground.metrics.count('cpu'));
    await eventually('figures of four', 20, count, (seen) => seen === 4);
    ground.metrics.usage.set('cpu', () => ({ milli: 100 }));
    expect(await reaches('cpu', 1)).toBe(1);
    const down = await bed.until('cpu', 'one replica', ({ status }) => status?.replicas?.desired === 1);
    expect(down.status?.replicas).toMatchObject({ recommended: 1 });
    await bed.told('cpu', /Scaled/, ['Normal Scaled', 'Normal Scaled']);
    const live = await bed.get('Deployment', 'cpu');
    expect(live.metadata['annotations']).toMatchObject({ 'baton.dev/scaled': expect.stringMatching(/^4 to 1 at 20/) });
    const fields = live.metadata['managedFields'] as {
      manager: string;
      fieldsV1: { 'f:spec'?: Record<string, object> };
    }[];
    const owner = fields.filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined);
    expect(owner.map(({ manager }) => manager)).toEqual(['baton']);
  });

  it('stays while the figure is within the tolerance, and while a window lasts', async () => {
    await queued('calm', 21, { behavior: windowOf(300) });
    await bed.condition('calm', 'ScalingLimited', 'False', 'DesiredWithinRange');
    await stays('calm', 2, 2);
    // The window begins with the last decision for more, which comes after this.
    const from = performance.now();
    ground.metrics.figures.set('calm', 50);
    expect(await reaches('calm', 5)).toBe(5);
    ground.metrics.figures.set('calm', 10);
    await bed.condition('calm', 'ScalingLimited', 'True', 'ScaleDownStabilized');
    expect(await replicasOf('calm')).toBe(5);
    await bed.patchService('calm', { spec: { scaling: { behavior: windowOf(15) } } });
    expect(await reaches('calm', 1)).toBe(1);
    expect(performance.now() - from).toBeGreaterThan(15_000);
  });

  it('is left alone by minReplicas without metrics', async () => {
    await bed.create(workload('Deployment', 'bare', { replicas: 2 }));
    await bed.create(osvc('bare', { scaling: { minReplicas: 5 } }));
    const seen = await bed.until('bare', 'too few', ({ status }) => status?.health === 'Degraded');
    expect(scalingOf(seen)).toEqual({ active: undefined, limited: undefined });
    expect(await replicasOf('bare')).toBe(2);
  });

  it('sleeps when nothing asks for a pod, and wakes when something does', async () => {
    await queued('sleepy', 0, { minReplicas: 0 });
    expect(await reaches('sleepy', 0)).toBe(0);
    await bed.condition('sleepy', 'ScalingActive', 'True', 'ScaledToZero');
    ground.metrics.figures.set('sleepy', 1);
    expect(await reaches('sleepy', 1)).toBe(1);
    ground.metrics.figures.set('sleepy', 35);
    expect(await reaches('sleepy', 4)).toBe(4);
    ground.metrics.figures.set('sleepy', 0);
    expect(await reaches('sleepy', 0)).toBe(0);
    // What Baton took to zero it brings back when minReplicas is raised.
    await bed.condition('sleepy', 'ScalingActive', 'True', 'ScaledToZero');
    await bed.patchService('sleepy', { spec: { scaling: { minReplicas: 2 } } });
    expect(await reaches('sleepy', 2)).toBe(2);
  });

  it('that a person scaled to zero stays there', async () => {
    await queued('stopped', 50);
    expect(await reaches('stopped', 5)).toBe(5);
    await bed.scale('stopped', 0);
    await bed.condition('stopped', 'ScalingActive', 'False', 'ScalingDisabled');
    await stays('stopped', 0, 2);
    await bed.scale('stopped', 1);
    expect(await reaches('stopped', 5)).toBe(5);
  });

  it('is scaled by hand for one window', async () => {
    await queued('byhand', 20, { behavior: windowOf(300) });
    await bed.condition('byhand', 'ScalingActive', 'True');
    const from = performance.now();
    await bed.scale('byhand', 7);
    await bed.condition('byhand', 'ScalingLimited', 'True', 'ScaledByHand');
    expect(await replicasOf('byhand')).toBe(7);
    await bed.patchService('byhand', { spec: { scaling: { behavior: windowOf(12) } } });
    expect(await reaches('byhand', 2)).toBe(2);
    expect(performance.now() - from).toBeGreaterThan(12_000);
  });

  it('is not shrunk during a rollout', async () => {
    await queued('rolling', 50);
    expect(await reaches('rolling', 5)).toBe(5);
    await bed.until('rolling', 'five ready', ({ status }) => status?.replicas?.ready === 5);
    await bed.patch('Deployment', 'rolling', {
      spec: { template: { spec: { nodeSelector: { 'example.dev/none': 'here' } } } },
    });
    await bed.condition('rolling', 'Reconciling', 'True', 'Progressing');
    ground.metrics.figures.set('rolling', 10);
    await bed.condition('rolling', 'ScalingLimited', 'True', 'RolloutInProgress');
    await stays('rolling', 5, 2);
    // What somebody holds up on purpose holds nothing else up.
    await bed.patch('Deployment', 'rolling', { spec: { paused: true } });
    expect(await reaches('rolling', 1)).toBe(1);
  });

  it('asks for no more pods than a quota lets start', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small' } };
    const hard = { 'requests.ephemeral-storage': '3Gi' };
    accept(
      await bed.api.call('POST', `/api/v1/namespaces/${bed.namespace}/resourcequotas`, {
        body: { ...quota, spec: { hard, scopes: [] } },
      }),
    );
    const container = { name: 'main', image: 'example/none', resources: { requests: { 'ephemeral-storage': '1Gi' } } };
    // The admission of pods hears of a quota a moment later.
    const excess = {
      metadata: { name: 'excess' },
      spec: { containers: [{ ...container, resources: { requests: { 'ephemeral-storage': '4Gi' } } }] },
    };
    await eventually(
      'the quota refuses',
      40,
      () =>
        bed.api.call('POST', `/api/v1/namespaces/${bed.namespace}/pods`, { body: excess, query: { dryRun: 'All' } }),
      ({ message }) => message.includes('exceeded quota'),
    );
    ground.metrics.figures.set('limited', 50);
    await bed.create(workload('Deployment', 'limited', { replicas: 2, pod: { containers: [container] } }));
    const scaling = {
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [queue('limited')],
      behavior: { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 4 }] } },
    };
    await bed.create(osvc('limited', { scaling }));
    await bed.condition('limited', 'ScalingLimited', 'True', 'QuotaExceeded');
    await bed.api.call('DELETE', `/api/v1/namespaces/${bed.namespace}/resourcequotas/small`);
    expect(await reaches('limited', 5)).toBe(5);
  });
});

describe('other kinds', () => {
  it('are scaled too: a StatefulSet', async () => {
    ground.metrics.figures.set('ordered', 40);
    await bed.create(workload('StatefulSet', 'ordered', { replicas: 1 }));
    const targetRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'ordered' };
    await bed.create(
      osvc('ordered', {
        targetRef,
        scaling: { minReplicas: 1, maxReplicas: 5, metrics: [queue('ordered')], behavior: QUICK },
      }),
    );
    expect(await reaches('ordered', 4, 'StatefulSet')).toBe(4);
  });
});

describe('a kind of somebody else', () => {
  it('is scaled through its scale subresource, also to zero', async () => {
    const widgets = new Widgets(bed, 'w.example.dev');
    await widgets.install(true);
    await widgets.create('gear', 2);
    ground.metrics.figures.set('gear', 30);
    const { metadata, spec, ...kind } = widgets.osvc('gear');
    const scaling = { minReplicas: 0, maxReplicas: 5, metrics: [queue('gear')], behavior: QUICK };
    await bed.create({ ...kind, metadata, spec: { ...(spec as object), scaling } });
    const path = `/apis/w.example.dev/v1/namespaces/${bed.namespace}/widgets/gear`;
    const replicas = async () => (accept(await bed.api.call('GET', path)).body as unknown as Replicated).spec.replicas;
    const at = (count: number) => eventually(`Widget gear at ${count}`, 40, replicas, (seen) => seen === count);
    expect(await at(3)).toBe(3);
    ground.metrics.figures.set('gear', 0);
    expect(await at(0)).toBe(0);
    ground.metrics.figures.set('gear', 12);
    expect(await at(2)).toBe(2);
  });
});

describe('metrics that cannot be read', () => {
  it('take nothing away, and are told', async () => {
    await queued('blind', 50);
    expect(await reaches('blind', 5)).toBe(5);
    ground.metrics.figures.delete('blind');
    await bed.condition('blind', 'ScalingActive', 'False', 'SourceUnavailable');
    ground.metrics.figures.set('blind', []);
    await bed.condition('blind', 'ScalingActive', 'False', 'NoData');
    ground.metrics.figures.set('blind', [1, 2]);
    await bed.condition('blind', 'ScalingActive', 'False', 'AmbiguousResult', 'query blind');
    await stays('blind', 5, 1);
    ground.metrics.figures.set('blind', 10);
    expect(await reaches('blind', 1)).toBe(1);
  });

  it('give way to a fallback after some failures', async () => {
    await queued('fallen', undefined, { fallback: { replicas: 6, afterFailures: 3 } });
    expect(await reaches('fallen', 6)).toBe(6);
    await bed.condition('fallen', 'ScalingActive', 'False', 'FallbackInForce');
    ground.metrics.figures.set('fallen', 30);
    expect(await reaches('fallen', 3)).toBe(3);
    await bed.told('fallen', /Fallback/, ['Warning FallbackInForce', 'Normal FallbackInForce']);
  });
});

describe('somebody else who scales', () => {
  const autoscaler = (name: string, of = name): Obj => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: of }, minReplicas: 2, maxReplicas: 2 },
  });

  it('is left alone: a HorizontalPodAutoscaler', async () => {
    await bed.create(autoscaler('shared'));
    // As many as there are, until it has heard of the other one: services come over another watch.
    await queued('shared', 20);
    await bed.condition(
      'shared',
      'ScalingActive',
      'False',
      'HPAPresent',
      'HorizontalPodAutoscaler shared scales Deployment shared',
    );
    ground.metrics.figures.set('shared', 50);
    await stays('shared', 2, 3);
    await bed.remove('HorizontalPodAutoscaler', 'shared', 'autoscaling/v2');
    expect(await reaches('shared', 5)).toBe(5);
    await bed.told('shared', /HPAPresent/, ['Warning HPAPresent', 'Normal HPAPresent']);
  });

  it('is left alone: a ScaledObject that has no HorizontalPodAutoscaler', async () => {
    await installScaledObjects();
    const spec = { scaleTargetRef: { name: 'keda' } };
    await bed.create({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'paused' }, spec });
    await queued('keda', 50);
    await bed.condition('keda', 'ScalingActive', 'False', 'HPAPresent', 'ScaledObject paused');
    expect(await replicasOf('keda')).toBe(2);
  });

  it('is told by name, and left alone, when it keeps changing the replicas', async () => {
    await queued('fought', 50);
    for (let times = 0; times < 3; times++) {
      expect(await reaches('fought', 5)).toBe(5);
      const path = `/apis/apps/v1/namespaces/${bed.namespace}/deployments/fought`;
      const query = { fieldManager: 'gitops' };
      accept(await bed.api.call('PATCH', path, { body: { spec: { replicas: 2 } }, query }));
    }
    await bed.condition('fought', 'ScalingActive', 'False', 'ReplicasContested', 'gitops changed the replicas 3 times');
    await stays('fought', 2, 2);
    await bed.told('fought', /Contested/, ['Warning ReplicasContested']);
  });

  it('has its bounds moved where scaling.writer names it', async () => {
    await queued('moved', 50, { writer: { type: 'HorizontalPodAutoscaler', name: 'moved' } });
    await bed.condition('moved', 'ScalingActive', 'False', 'HPANotFound');
    await bed.create(autoscaler('moved'));
    const bounds = async () =>
      (await bed.get<{ spec: object }>('HorizontalPodAutoscaler', 'moved', 'autoscaling/v2')).spec;
    await eventually('the bounds', 40, bounds, (spec) => {
      const { minReplicas, maxReplicas } = spec as { minReplicas: number; maxReplicas: number };
      return minReplicas === 5 && maxReplicas === 10;
    });
    // It is that one which writes the replicas.
    expect(await reaches('moved', 5)).toBe(5);
    await scaledAs('moved', /^bounds of HorizontalPodAutoscaler moved 2–2 → 5–10: query moved at 50/);
  });

  async function installScaledObjects(): Promise<void> {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const names = { kind: 'ScaledObject', plural: 'scaledobjects', singular: 'scaledobject' };
    const spec = {
      group: 'keda.sh',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1alpha1', served: true, storage: true, schema }],
    };
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'scaledobjects.keda.sh' },
      spec,
    };
    accept(await bed.api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body }));
    const look = () => bed.api.call('GET', `/apis/keda.sh/v1alpha1/namespaces/${bed.namespace}/scaledobjects`);
    await eventually('ScaledObjects are served', 40, look, ({ status }) => status === 200);
  }
});

describe('a mode that changes nothing', () => {
  it.each([
    ['Recommend', 'RecommendOnly', ['Normal WouldScale']],
    ['Observe', 'ObserveOnly', []],
  ])('%s says what it would do', async (mode, reason, told) => {
    const name = mode.toLowerCase();
    await queued(name, 50, {}, { mode });
    await bed.condition(name, 'ScalingActive', 'False', reason, `mode is ${mode}: would go from 2 to 5 replicas`);
    const seen = await bed.until(name, 'the recommendation', ({ status }) => status?.replicas?.recommended === 5);
    expect(seen.status?.replicas?.desired).toBe(2);
    await stays(name, 2, 2);
    await bed.told(name, /Scal/, told);
    await bed.patchService(name, { spec: { mode: 'Enforce' } });
    expect(await reaches(name, 5)).toBe(5);
  });
});

it('tells its figures to Prometheus', async () => {
  await queued('figures', 30);
  expect(await reaches('figures', 3)).toBe(3);
  const series = `{namespace="${bed.namespace}",service="figures"}`;
  const read = async () => [
    await ground.operator.metric(`baton_service_recommended_replicas${series}`),
    await ground.operator.metric(`baton_service_desired_replicas${series}`),
  ];
  await eventually('the gauges', 40, read, (seen) => seen.every((value) => value === 3));
  expect(
    await ground.operator.metric('baton_acts_total{act="Scale",cause="Scaling",outcome="written"}'),
  ).toBeGreaterThan(0);
});

it('learns what requests of each container should be, and tells it', async () => {
  await ground.operator.end();
  const clock = fileURLToPath(new URL('jumping-clock.ts', import.meta.url));
  const options = process.env['NODE_OPTIONS'] ?? '';
  process.env['NODE_OPTIONS'] = `${options} --import ${clock}`;
  try {
    bed.own(await Operator.start([...bed.flags, '--no-leader-election'], 'leading', process.env['KUBECONFIG']));
  } finally {
    process.env['NODE_OPTIONS'] = options;
  }
  const MI = 2 ** 20;
  const container = (name: string, cpu: string) => ({
    name,
    image: 'example/none',
    resources: { requests: { cpu, memory: '128Mi' } },
  });
  // Together they request what they use.
  const containers = [container('main', '1200m'), container('proxy', '100m')];
  const others = { proxy: { milli: 900, bytes: 100 * MI } };
  // A figure that moves makes the operator look at the service.
  const milli = (): number => 280 + (Math.floor(Date.now() / 1_000) % 2) * 20;
  ground.metrics.usage.set('sized', () => ({ milli: milli(), bytes: 100 * MI, others }));
  const initContainers = [container('setup', '4')];
  await bed.createAll(workload('Deployment', 'sized', { pod: { containers, initContainers } }), osvc('sized'));
  const seen = await bed.until(
    'sized',
    'recommendations of each container',
    ({ status }) => status?.recommendations?.filter(({ type }) => type === 'CPURequest').length === 2,
    90,
  );
  expect(seen.status?.recommendations).toMatchObject([
    { type: 'PodDisruptionBudget' },
    { type: 'CPURequest', container: 'main', action: 'lower the CPU request of container main from 1.2 to 400m' },
    { type: 'CPURequest', container: 'proxy', action: 'raise the CPU request of container proxy from 100m to 1.2' },
  ]);
});
