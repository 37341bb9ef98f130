import { afterAll, beforeAll, expect, it } from 'vitest';
import { accept, type Bed, type Pod } from '../../cluster/operator/support/bed.ts';
import { type Obj, osvc, workload } from '../../cluster/operator/support/objects.ts';
import { eventually } from '../../cluster/support/eventually.ts';
import { Ground } from '../scaling/ground.ts';
import { type Scenario, SCENARIOS, type Step, type Target } from './scenarios.ts';

// The same series through the HorizontalPodAutoscaler of the real kube-controller-manager and through Baton, side by side on one cluster:
// each scenario has two Deployments that are alike. What they have come to at the end of each step is compared.

const STEPS = 6;
/** Longer than what a step sets off takes; no window (5 and 30 s) or period (3 and 50 s) ends near the end of one. */
const STEP_MS = 20_000;
/** Scenarios begin one after the other within the time of a step: all at once they are hundreds of pods that come and go, which takes seconds. */
const APART_MS = STEP_MS / SCENARIOS.length;
const ZERO = '--feature-gates=HPAScaleToZero=true';

let ground: Ground;
let bed: Bed;
/** By name of the Deployment, the replicas at the end of each step. */
const seen = new Map<string, number[]>();

const sides = ['hpa', 'baton'] as const;
const appOf = (side: (typeof sides)[number], index: number): string => `${side}-${index}`;
const figureOf = (name: 'queue' | 'delay', index: number): string => `${name}-${index}`;

beforeAll(async () => {
  ground = await Ground.start({
    apiServerFlags: [ZERO],
    controllerManagerFlags: [
      ZERO,
      '--horizontal-pod-autoscaler-sync-period=1s',
      '--concurrent-horizontal-pod-autoscaler-syncs=20',
    ],
  });
  bed = ground.bed;
  for (const [index, scenario] of SCENARIOS.entries()) setFigures(index, scenario.steps[0]);
  await Promise.all(SCENARIOS.map((scenario, index) => create(scenario, index)));
  await eventually('all pods', 60, deployments, (all) => all.every(isComplete));
  await Promise.all(SCENARIOS.map((scenario, index) => follow(scenario, index)));
  const began = Date.now();
  await Promise.all(SCENARIOS.map((scenario, index) => play(scenario, index, began + index * APART_MS)));
});
afterAll(() => ground?.stop());

interface Deployment extends Obj {
  spec: { replicas: number };
  status?: { readyReplicas?: number };
}

const deployments = async (): Promise<Deployment[]> =>
  accept(await bed.api.call('GET', `/apis/apps/v1/namespaces/${bed.namespace}/deployments`)).body[
    'items'
  ] as Deployment[];

const isComplete = ({ spec, status }: Deployment): boolean =>
  (status?.readyReplicas ?? 0) >= Math.min(3, spec.replicas);

function containersOf({ proxy, whole = false }: Scenario): object {
  const container = (name: string, requests: object) => ({ name, image: 'example/none', resources: { requests } });
  const main = container('main', whole && proxy === undefined ? {} : { cpu: '1', memory: '100Mi' });
  const other = container('proxy', { cpu: '500m', memory: '100Mi' });
  return {
    containers: proxy === 'Container' ? [main, other] : [main],
    ...(proxy === 'Sidecar' && { initContainers: [{ ...other, restartPolicy: 'Always' }] }),
    ...(whole && { resources: { requests: { cpu: '2', memory: '400Mi' } } }),
  };
}

async function create(scenario: Scenario, index: number): Promise<void> {
  const { replicas = 2, apart = false } = scenario;
  const pod = (app: string) => ({
    ...containersOf(scenario),
    ...(apart && {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [neighbours(app)] } },
    }),
  });
  for (const side of sides) {
    const app = appOf(side, index);
    await bed.create(workload('Deployment', app, { replicas, pod: pod(app) }));
  }
}

const neighbours = (app: string) => ({
  topologyKey: 'kubernetes.io/hostname',
  labelSelector: { matchLabels: { app } },
});

async function follow(scenario: Scenario, index: number): Promise<void> {
  const { min: minReplicas = 1, max: maxReplicas = 10, targets, up, down, plain = false } = scenario;
  const paced = {
    scaleUp: { ...FAST, ...up },
    scaleDown: { ...FAST, stabilizationWindowSeconds: 5, ...down },
  };
  const behavior = plain ? {} : { behavior: paced };
  const hpa = appOf('hpa', index);
  const baton = appOf('baton', index);
  await bed.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: hpa },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: hpa },
      minReplicas,
      maxReplicas,
      metrics: targets.map((target) => metricOfAutoscaler(target, index)),
      ...behavior,
    },
  });
  const metrics = targets.map((target) => metricOfBaton(target, index));
  await bed.create(osvc(baton, { scaling: { minReplicas, maxReplicas, metrics, ...behavior } }));
}

/**
 * Where a scenario says nothing, replicas change as far as the metrics ask for, and down when that has lasted for 5 s: without that both would
 * follow what pods show while they start, and what they come to would depend on the moment.
 */
const FAST = { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] };

function resourceOf(target: Target): object | undefined {
  if ('cpu' in target) return { name: 'cpu', target: { type: 'Utilization', averageUtilization: target.cpu } };
  if ('cpuAverage' in target) return { name: 'cpu', target: { type: 'AverageValue', averageValue: target.cpuAverage } };
  if ('memory' in target) return { name: 'memory', target: { type: 'Utilization', averageUtilization: target.memory } };
  if ('memoryAverage' in target)
    return { name: 'memory', target: { type: 'AverageValue', averageValue: target.memoryAverage } };
  return undefined;
}

function containerResourceOf(target: Target): object | undefined {
  const main = { name: 'cpu', container: 'main' };
  if ('mainCpu' in target) return { ...main, target: { type: 'Utilization', averageUtilization: target.mainCpu } };
  if ('mainCpuAverage' in target)
    return { ...main, target: { type: 'AverageValue', averageValue: target.mainCpuAverage } };
  return undefined;
}

/** Metrics of pods have the same words in both. */
function podMetricOf(target: Target): object | undefined {
  const resource = resourceOf(target);
  if (resource) return { type: 'Resource', resource };
  const containerResource = containerResourceOf(target);
  return containerResource && { type: 'ContainerResource', containerResource };
}

function figureTarget(target: Target, index: number): { name: string; target: object } {
  return 'queue' in target
    ? { name: figureOf('queue', index), target: { type: 'AverageValue', averageValue: String(target.queue) } }
    : {
        name: figureOf('delay', index),
        target: { type: 'Value', value: String('delay' in target ? target.delay : 0) },
      };
}

function metricOfAutoscaler(target: Target, index: number): object {
  const ofPods = podMetricOf(target);
  if (ofPods) return ofPods;
  const { name, target: wanted } = figureTarget(target, index);
  return { type: 'External', external: { metric: { name }, target: wanted } };
}

function metricOfBaton(target: Target, index: number): object {
  const ofPods = podMetricOf(target);
  if (ofPods) return ofPods;
  const { name: query, target: wanted } = figureTarget(target, index);
  return { type: 'Prometheus', prometheus: { query, target: wanted } };
}

function setFigures(index: number, { load, each, memory, proxy, missing = 0, queue, delay }: Step = {}): void {
  for (const [name, figure] of [
    [figureOf('queue', index), queue],
    [figureOf('delay', index), delay],
  ] as const) {
    if (figure === undefined || figure === 'fails') ground.metrics.figures.delete(name);
    else ground.metrics.figures.set(name, figure);
  }
  for (const side of sides) {
    ground.metrics.usage.set(appOf(side, index), ({ index: place, count }) =>
      place >= count - missing
        ? undefined
        : {
            milli: each ?? Math.round((load ?? 0) / count),
            bytes: (memory ?? 1) * 2 ** 20,
            ...(proxy !== undefined && { others: { proxy: { milli: proxy, bytes: 2 ** 20 } } }),
          },
    );
  }
}

async function play({ steps }: Scenario, index: number, begins: number): Promise<void> {
  await until(begins);
  for (let step = 0; step < STEPS; step++) {
    await Promise.all(sides.map((side) => disturb(appOf(side, index), steps[step])));
    setFigures(index, steps[step]);
    await until(begins + (step + 1) * STEP_MS);
    await Promise.all(sides.map((side) => look(appOf(side, index))));
  }
}

const until = (moment: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, moment - Date.now()));

async function look(app: string): Promise<void> {
  const { spec } = await bed.get<Deployment>('Deployment', app);
  seen.set(app, [...(seen.get(app) ?? []), spec.replicas]);
}

/** What happens to pods when a step begins, to the youngest first. */
async function disturb(app: string, { unready = 0, failed = 0, hanging = 0 }: Step = {}): Promise<void> {
  if (unready + failed + hanging === 0) return;
  const pods = (await bed.pods(app)).sort((a, b) =>
    created(a) + a.metadata.name < created(b) + b.metadata.name ? 1 : -1,
  );
  for (const pod of pods.slice(0, unready)) await bed.setReady(pod, false);
  for (const pod of pods.slice(0, failed)) await bed.patchPodStatus(pod, { phase: 'Failed' });
  for (const pod of pods.slice(0, hanging)) {
    await bed.patch('Pod', pod.metadata.name, { metadata: { finalizers: ['example.dev/hangs'] } }, 'v1');
    await bed.remove('Pod', pod.metadata.name, 'v1');
  }
}

const created = (pod: Pod): string => String(pod.metadata['creationTimestamp']);

it('compares enough', () => {
  expect(SCENARIOS.length).toBeGreaterThanOrEqual(40);
  // A series that moves nothing proves nothing.
  const moved = SCENARIOS.filter((_, index) => new Set(seen.get(appOf('hpa', index))).size > 1);
  expect(moved.length).toBeGreaterThanOrEqual(40);
});

it.each(SCENARIOS.map(({ name }, index) => ({ name, index })))(
  'Baton does what the autoscaler does: $name',
  ({ index }) => {
    const hpa = seen.get(appOf('hpa', index));
    expect(hpa).toHaveLength(STEPS);
    expect(seen.get(appOf('baton', index))).toEqual(hpa);
  },
);
