// What scaling a fleet costs while its load holds: Baton with and without it, and the HorizontalPodAutoscaler in kube-controller-manager.
import type { Cluster, Component } from '../../cluster/index.ts';
import { MetricsApis } from '../../cluster/metrics-apis.ts';
import { type Api, inParallel, type Json, pause, until } from '../api.ts';
import { watchFleet } from '../board.ts';
import { clearStatuses, createFleet, deleteFleet, type Fleet, type Scale } from '../fleet.ts';
import { cpuMsOfProcess, memoryOfProcess } from '../process.ts';
import { allRight, type Bench, difference, freePort, launch, MIB, requestsBy, stopAndCheck } from '../run.ts';
import { median, samples } from '../stats.ts';
import { pathOf, SYSTEMS } from '../systems.ts';
import { autoscalerOf, autoscalersIn, scalingOf, type Wish } from './objects.ts';

export interface CostPlan {
  readonly scale: Scale;
  readonly rounds: number;
  /** Waited before each window, so that nothing of the start is in it. */
  readonly settleMs: number;
  /** Whole intervals of both sides. */
  readonly windowMs: number;
}

export const SUBJECTS = ['health', 'scaling', 'manager', 'autoscalers'] as const;
/** Baton without and with scaling; kube-controller-manager without and with HorizontalPodAutoscalers. */
export type Subject = (typeof SUBJECTS)[number];

/** What one window gave. Of a process, but for the last. */
export interface CostFigures {
  readonly cpuMsPerSecond: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
  /** Looks of the operator at services in the window; NaN of kube-controller-manager, which does not tell. */
  readonly looks: number;
  /** Requests of the operator but for the lease, each second; NaN of kube-controller-manager. */
  readonly requestsPerSecond: number;
  /** The API server's CPU in the same window, ms each second. */
  readonly apiServerCpuMsPerSecond: number;
}

export interface CostResult extends Scale {
  readonly runs: Readonly<Record<Subject, readonly CostFigures[]>>;
}

type Context = Pick<Bench, 'api' | 'dir' | 'kubeconfigs' | 'profile'> & {
  readonly cluster: Cluster;
  readonly log: (line: string) => void;
};

type Ground = Context & { readonly fleet: Fleet; readonly plan: CostPlan };

const WIDTH = 32;
/** In which each service is evaluated: the default of both sides. */
export const INTERVAL_MS = 15_000;
const WARM_UP_MS = 180_000;
/** What a pod of the fleet requests (../fleet.ts), in thousandths of a core. */
const REQUEST_MILLI = 10;
/** Above the requests and below the limits, so that whole thousandths, which both sides count in, are fine enough. */
const TARGET_PERCENT = 400;

/** Makes its own fleet and takes it away again; with a profile, Baton with scaling alone. */
export async function measureCost(context: Context, plan: CostPlan): Promise<CostResult> {
  const { api, cluster, log } = context;
  const scale = `${plan.scale.services}x${plan.scale.replicas}`;
  log(`cost of scaling, ${scale}: creating the fleet`);
  const fleet = await createFleet(api, plan.scale, (line) => log(`cost of scaling, ${scale}: ${line}`));
  const { apis: metrics } = await MetricsApis.start(cluster, fleet.namespace, 60_000);
  // Noise around the target: each look finds other figures, and no reason to change anything.
  const noise = (): number => 0.9 + 0.2 * Math.random();
  const milli = (REQUEST_MILLI * TARGET_PERCENT) / 100;
  for (const name of fleet.pods.keys()) metrics.usage.set(name, () => ({ milli: milli * noise(), bytes: 8 * MIB }));
  const ground = { ...context, fleet, plan };
  const runs: Record<Subject, CostFigures[]> = { health: [], scaling: [], manager: [], autoscalers: [] };
  const add = (subject: Subject, figures: CostFigures, round: number): void => {
    runs[subject].push(figures);
    log(`cost of scaling, ${scale}: round ${round} of ${plan.rounds}, ${subject}: ${line(figures)}`);
  };
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      const steps = [
        async () => add('health', await measureOperator(ground, false, `health-${round}`), round),
        async () => add('scaling', await measureOperator(ground, true, `scaling-${round}`), round),
        async () => {
          const { without, having } = await measureAutoscalers(ground);
          add('manager', without, round);
          add('autoscalers', having, round);
        },
      ];
      const chosen = context.profile ? steps.slice(1, 2) : steps;
      // Another one is first in each round, so that a drift of the machine falls on all.
      for (let index = 0; index < chosen.length; index++) await chosen[(index + round - 1) % chosen.length]?.();
    }
  } finally {
    await metrics.stop();
    await deleteFleet(api, fleet);
  }
  return { ...plan.scale, runs };
}

function line(figures: CostFigures): string {
  return [
    `CPU ${figures.cpuMsPerSecond.toFixed(1)} ms/s`,
    `${figures.looks} looks`,
    `memory ${figures.idleMiB.toFixed(0)}/${figures.peakMiB.toFixed(0)} MiB`,
    `${figures.requestsPerSecond.toFixed(2)} requests/s`,
    `API server ${figures.apiServerCpuMsPerSecond.toFixed(0)} ms/s`,
  ].join(', ');
}

const wishOf = ({ replicas }: Fleet): Wish => ({
  minReplicas: Math.max(1, Math.floor(replicas / 2)),
  maxReplicas: 2 * replicas,
  metric: 'cpu',
  target: TARGET_PERCENT,
});

async function measureOperator(ground: Ground, scales: boolean, label: string): Promise<CostFigures> {
  const { api, cluster, fleet, plan } = ground;
  const { baton } = SYSTEMS;
  const scaling = scales ? scalingOf(wishOf(fleet)) : null;
  await inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    await api.patch(pathOf(baton, fleet.namespace, name), 'merge', { spec: { scaling } });
  });
  await clearStatuses(api, baton, fleet);
  const bystander = await watchFleet(api, fleet, [baton]);
  const metricsPort = await freePort();
  const operator = await launch(ground, baton, `cost-${label}`, { metricsPort });
  const looks = (): Promise<number> => reconcilesOf(metricsPort);
  try {
    await allRight({ bystander, fleet }, baton, operator);
    if (scales) await until('every service is scaled by its metrics', WARM_UP_MS, () => allActive(api, fleet), 1000);
    await pause(plan.settleMs);
    const before = { requests: await requestsBy(api, baton), looks: await looks() };
    const window = await watch(operator, cluster.apiServer, plan.windowMs);
    const seen = (await looks()) - before.looks;
    const requests = difference(await requestsBy(api, baton), before.requests);
    operator.assertRunning();
    bystander.assertWatching();
    const { stoppedCleanly } = await stopAndCheck(api, baton, operator);
    if (!stoppedCleanly) throw new Error(`${label}: Baton did not stop cleanly`);
    return {
      ...window,
      looks: seen,
      requestsPerSecond: ((requests.status + requests.write + requests.read) / plan.windowMs) * 1000,
    };
  } finally {
    bystander.stop();
    await operator.stop();
  }
}

interface Subjects {
  cpuMs(): number;
  memory(): { readonly resident: number; readonly peak: number };
}

async function watch(
  subject: Subjects,
  apiServer: Component,
  windowMs: number,
): Promise<Pick<CostFigures, 'cpuMsPerSecond' | 'idleMiB' | 'peakMiB' | 'apiServerCpuMsPerSecond'>> {
  const resident: number[] = [];
  const cpuBefore = subject.cpuMs();
  const serverBefore = cpuMsOfProcess(apiServer.pid);
  const from = performance.now();
  while (performance.now() - from < windowMs) {
    await pause(Math.min(1000, Math.max(0, from + windowMs - performance.now())));
    resident.push(subject.memory().resident);
  }
  const seconds = (performance.now() - from) / 1000;
  return {
    cpuMsPerSecond: (subject.cpuMs() - cpuBefore) / seconds,
    idleMiB: median(resident) / MIB,
    peakMiB: subject.memory().peak / MIB,
    apiServerCpuMsPerSecond: (cpuMsOfProcess(apiServer.pid) - serverBefore) / seconds,
  };
}

async function reconcilesOf(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return samples(text, 'baton_reconcile_total')
    .filter(({ labels }) => labels['controller'] === 'service')
    .reduce((sum, { value }) => sum + value, 0);
}

async function allActive(api: Api, fleet: Fleet): Promise<boolean> {
  const { items } = await api.list(pathOf(SYSTEMS.baton, fleet.namespace));
  return items.every(isActive);
}

function isActive({ status }: Json): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === 'ScalingActive' && condition.status === 'True');
}

/** A kube-controller-manager that was just started, first without autoscalers, then with one for each service of the fleet. */
async function measureAutoscalers({
  api,
  cluster,
  fleet,
  plan,
}: Ground): Promise<{ without: CostFigures; having: CostFigures }> {
  const { controllerManager, apiServer } = cluster;
  await controllerManager.stop();
  await controllerManager.start();
  const manager: Subjects = {
    cpuMs: () => cpuMsOfProcess(controllerManager.pid),
    memory: () => memoryOfProcess(controllerManager.pid),
  };
  const path = autoscalersIn(fleet.namespace);
  const unknown = { looks: NaN, requestsPerSecond: NaN };
  await pause(plan.settleMs);
  const without = { ...(await watch(manager, apiServer, plan.windowMs)), ...unknown };
  try {
    await inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
      await api.create(path, autoscalerOf(name, wishOf(fleet)));
    });
    await until(
      'every HorizontalPodAutoscaler is active',
      WARM_UP_MS,
      () => areActive(api, path, fleet.services),
      1000,
    );
    await pause(plan.settleMs);
    const having = { ...(await watch(manager, apiServer, plan.windowMs)), ...unknown };
    return { without, having };
  } finally {
    await api.delete(path);
  }
}

async function areActive(api: Api, path: string, count: number): Promise<boolean> {
  const { items } = await api.list(path);
  return items.length === count && items.every(isActive);
}
