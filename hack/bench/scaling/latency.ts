// From a step of the load to the patch of the Deployment: Baton and the HorizontalPodAutoscaler side by side, by the same series.
import type { Cluster } from '../../cluster/index.ts';
import { MetricsApis } from '../../cluster/metrics-apis.ts';
import { type Api, inParallel, type Json, pause, until } from '../api.ts';
import { deleteNamespace, deployment } from '../fleet.ts';
import { type Bench, launch } from '../run.ts';
import { pathOf, SYSTEMS } from '../systems.ts';
import { autoscalerOf, autoscalersIn, type Metric, scalingOf, type Wish } from './objects.ts';

export type Side = 'baton' | 'hpa';
export const SIDES: readonly Side[] = ['baton', 'hpa'];
export const METRICS: readonly Metric[] = ['cpu', 'query'];

/** The intervals of both sides: their defaults, or one second. */
export type Pace = 'default' | 'fast';

/** For each pace. Fewer services where steps follow each other faster: KWOK plays some 20 new or ending pods a second. */
export type LatencyPlan = Readonly<Record<Pace, PacePlan>>;

interface PacePlan {
  /** Services of each metric and side. */
  readonly services: number;
  /** Of each service; one more before them is not counted. */
  readonly steps: number;
}

export interface LatencyResult {
  readonly pace: Pace;
  readonly metric: Metric;
  readonly side: Side;
  /** ms, from the moment the load changed to the watch event with the right count of replicas. */
  readonly latencies: readonly number[];
  /** Steps that were not followed in time. */
  readonly lost: number;
}

type Context = Pick<Bench, 'api' | 'dir' | 'kubeconfigs'> & {
  readonly cluster: Cluster;
  readonly log: (line: string) => void;
};

const NAMESPACE = 'bench-steps';
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const POLICY = '/apis/baton.dev/v1alpha1/orchestrations';
const WIDTH = 16;
const SETTLE_MS = 60_000;
/** The load changes between what so many pods carry. */
const LOADS = [2, 4] as const;
const REQUEST_MILLI = 100;
/** Of the requests; a pod of a query carries as many. */
const TARGET = 50;
/** What a pod has of its target when there are as many as are needed: below 1, so that no rounding on the way asks for one more. */
const FILLED = 0.96;
/** The longest interval of either side: a step begins at a random moment of it, so that no phase is preferred. */
const SPREAD_MS: Record<Pace, number> = { default: 15_000, fast: 1_000 };
const FAST_FLAG = { baton: ['--scaling-interval', '1s'], hpa: ['--horizontal-pod-autoscaler-sync-period=1s'] };

/** One service of the series, on both sides. */
class Series {
  readonly metric: Metric;
  readonly index: number;
  readonly name: string;
  load: number = LOADS[0];
  /** When each side's Deployment came to the count that the load asks for. */
  readonly reached = new Map<Side, number>();

  constructor(metric: Metric, index: number) {
    this.metric = metric;
    this.index = index;
    this.name = `${metric}-${String(index).padStart(3, '0')}`;
  }

  deployment(side: Side): string {
    return `${side}-${this.name}`;
  }

  /** What `metrics` says of it from here on. */
  show(metrics: MetricsApis): void {
    const total = this.load * TARGET * FILLED;
    if (this.metric === 'query') metrics.figures.set(this.name, total);
    for (const side of SIDES) {
      metrics.usage.set(this.deployment(side), ({ count }) => ({ milli: (total * REQUEST_MILLI) / 100 / count }));
    }
  }

  get wish(): Wish {
    return {
      minReplicas: 1,
      maxReplicas: 8,
      metric: this.metric,
      target: TARGET,
      figure: this.name,
      atOnce: true,
    };
  }
}

/** Makes its own services and takes them away again. Throws when a side does not follow the load at all. */
export async function measureLatency(context: Context, plan: LatencyPlan): Promise<LatencyResult[]> {
  const { api, cluster, log } = context;
  const most = Math.max(plan.default.services, plan.fast.services);
  const all = METRICS.flatMap((metric) => Array.from({ length: most }, (_, index) => new Series(metric, index)));
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  const { apis: metrics, prometheusUrl: url } = await MetricsApis.start(cluster, NAMESPACE);
  const abort = new AbortController();
  try {
    await createServices(api, all, metrics, url);
    const broken = await follow(api, all, abort.signal);
    const results: LatencyResult[] = [];
    for (const pace of ['default', 'fast'] as const) {
      log(
        `load steps, ${pace === 'default' ? 'default intervals' : 'every second'}: ${plan[pace].steps} of each service`,
      );
      const some = all.filter(({ index }) => index < plan[pace].services);
      results.push(...(await measurePace(context, pace, some, metrics, plan[pace].steps)));
      if (broken.reason !== undefined) throw broken.reason;
    }
    return results;
  } finally {
    abort.abort();
    await metrics.stop();
    // At its defaults again.
    await cluster.controllerManager.stop();
    await cluster.controllerManager.start();
    await api.delete(`${POLICY}/default`);
    await deleteNamespace(api, NAMESPACE);
  }
}

async function createServices(api: Api, all: readonly Series[], metrics: MetricsApis, url: string): Promise<void> {
  const metricSources = { prometheus: { url, namespaces: [NAMESPACE] } };
  await api.create(POLICY, {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'Orchestration',
    metadata: { name: 'default' },
    spec: { metricSources },
  });
  await inParallel(all, WIDTH, async (series) => {
    series.show(metrics);
    for (const side of SIDES) await api.create(DEPLOYMENTS, podsOf(series, side));
    const service = SYSTEMS.baton.customResource(series.deployment('baton'));
    const spec = { ...(service['spec'] as Json), scaling: scalingOf(series.wish) };
    await api.create(pathOf(SYSTEMS.baton, NAMESPACE), { ...service, spec });
    await api.create(autoscalersIn(NAMESPACE), autoscalerOf(series.deployment('hpa'), series.wish));
  });
}

const podsOf = (series: Series, side: Side): Json =>
  deployment(series.deployment(side), series.load, `${REQUEST_MILLI}m`);

/** Watches the Deployments: the first event with the right count is what a step waits for. */
async function follow(
  api: Api,
  all: readonly Series[],
  signal: AbortSignal,
): Promise<{ readonly reason: Error | undefined }> {
  const byName = new Map(all.flatMap((series) => SIDES.map((side) => [series.deployment(side), { series, side }])));
  const { resourceVersion } = await api.list(DEPLOYMENTS);
  const broken: { reason: Error | undefined } = { reason: undefined };
  api
    .watch(DEPLOYMENTS, resourceVersion, signal, ({ object, at }) => {
      const { series, side } = byName.get(object.metadata.name) ?? {};
      if (series === undefined || side === undefined || series.reached.has(side)) return;
      if ((object['spec'] as { replicas: number }).replicas === series.load) series.reached.set(side, at);
    })
    .catch((error: Error) => {
      if (!signal.aborted) broken.reason = error;
    });
  return broken;
}

async function measurePace(
  context: Context,
  pace: Pace,
  all: readonly Series[],
  metrics: MetricsApis,
  steps: number,
): Promise<LatencyResult[]> {
  const { api, cluster } = context;
  const isFast = pace === 'fast';
  await cluster.controllerManager.stop();
  await cluster.controllerManager.start(isFast ? FAST_FLAG.hpa : []);
  if (isFast) {
    const spec = { metricSources: { resourceMetrics: { interval: '1s' } } };
    await api.patch(`${POLICY}/default`, 'merge', { spec });
  }
  const operator = await launch({ ...context, profile: false }, SYSTEMS.baton, `steps-${pace}`, {
    extra: isFast ? FAST_FLAG.baton : [],
  });
  try {
    const latencies = new Map<string, number[]>();
    const take = (series: Series, side: Side, latency: number): void =>
      void latencies.set(`${series.metric} ${side}`, [...(latencies.get(`${series.metric} ${side}`) ?? []), latency]);
    await Promise.all(
      all.map(async (series) => {
        // Whoever was just started has to have found its services before it counts.
        await step(series, metrics, pace, 180_000);
        for (let index = 0; index < steps; index++) {
          const from = await step(series, metrics, pace, 4 * SPREAD_MS[pace] + 10_000);
          operator.assertRunning();
          for (const side of SIDES) take(series, side, (series.reached.get(side) ?? NaN) - from);
        }
      }),
    );
    return METRICS.flatMap((metric) =>
      SIDES.map((side) => {
        const found = latencies.get(`${metric} ${side}`) ?? [];
        const seen = found.filter((ms) => !Number.isNaN(ms));
        if (seen.length === 0) throw new Error(`${side} followed no step of the load (${metric}, ${pace})`);
        return { pace, metric, side, latencies: seen, lost: found.length - seen.length };
      }),
    );
  } finally {
    await operator.stop();
  }
}

/** Changes the load at a random moment and waits until both sides have followed, or the time is up; when it changed. */
async function step(series: Series, metrics: MetricsApis, pace: Pace, timeoutMs: number): Promise<number> {
  await pause(Math.random() * SPREAD_MS[pace]);
  series.reached.clear();
  series.load = series.load === LOADS[0] ? LOADS[1] : LOADS[0];
  series.show(metrics);
  const from = performance.now();
  const all = (): boolean => SIDES.every((side) => series.reached.has(side));
  await until(series.name, timeoutMs, all).catch(() => undefined);
  // The pods of this step are there, and those of the one before gone, before the load changes again.
  const settled = (): boolean => SIDES.every((side) => metrics.count(series.deployment(side)) === series.load);
  await until(series.name, SETTLE_MS, settled).catch(() => undefined);
  await pause(2_000);
  return from;
}
