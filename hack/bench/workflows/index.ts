// How fast workflows are carried out, beside the writes that they make by themselves; see docs/benchmark.md.
import type { Cluster } from '../../cluster/index.ts';
import { inParallel, type Json, pause, until } from '../api.ts';
import { cpuMsOfProcess, type ProcessUnderTest } from '../process.ts';
import { type Bench, difference, launch, MIB, type Requests, requestsBy, stopAndCheck } from '../run.ts';
import { median, percentile } from '../stats.ts';
import { SYSTEMS } from '../systems.ts';
import { writeBare } from './bare.ts';
import { type Course, Courses, Gaps } from './board.ts';
import { createTargets, deleteAll, DEPLOYMENTS, instant, prepareGround, scaling, WORKFLOWS } from './objects.ts';

export interface WorkflowsPlan {
  readonly rounds: number;
  /** Workflows of instant steps, sent as fast as the API server takes them. */
  readonly instant: number;
  /** How often so many are sent at once. */
  readonly bursts: number;
  readonly together: number;
  /** Workflows that are sent one by one, so that a slot is free for each. */
  readonly alone: number;
  /** Workflows that scale. */
  readonly scaling: number;
  /** Before each look at memory. */
  readonly settleMs: number;
}

/** Of workflows that were sent together. Times in ms. */
export interface Carried {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the workflow being there to its first status in which it has begun. */
  readonly begunP50Ms: number;
  readonly begunP99Ms: number;
  readonly statusWrites: number;
  /** Events, and what steps write. */
  readonly otherWrites: number;
  readonly reads: number;
  /** CPU for each workflow: of Baton, of the API server and etcd, and of the benchmark that creates and watches them. */
  readonly batonMs: number;
  readonly serverMs: number;
  readonly benchMs: number;
}

export interface WorkflowFigures {
  readonly instant: Carried;
  /** The same number of creations and status writes, without an engine. */
  readonly bare: { readonly perSecond: number; readonly serverMs: number };
  readonly together: Carried;
  readonly alone: Carried;
  readonly scaling: Carried & { readonly betweenP50Ms: number; readonly betweenP99Ms: number };
  /** Before the first workflow, after the last one, and the most, MiB. */
  readonly emptyMiB: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
}

export interface WorkflowsResult {
  readonly plan: WorkflowsPlan;
  readonly rounds: readonly WorkflowFigures[];
}

type Context = Pick<Bench, 'api' | 'dir' | 'kubeconfigs' | 'profile'> & {
  readonly cluster: Cluster;
  readonly log: (line: string) => void;
};

interface Ground extends Context {
  readonly courses: Courses;
  readonly operator: ProcessUnderTest;
}

/** What was sent together, and what it took. */
interface Sent {
  readonly courses: readonly Course[];
  /** From the first request to the last end. */
  readonly ms: number;
  readonly cpu: Cpu;
  readonly requests: Requests;
}

type Cpu = Readonly<Record<'baton' | 'server' | 'bench', number>>;

/** As many at once as the operator looks at. */
const WIDTH = 32;
const ALONE_EVERY_MS = 50;
const BURST_EVERY_MS = 500;
/** Node compiles what is hot, and the API server its rules. */
const WARM_UP = 100;
const TIMEOUT_MS = 300_000;

export async function measureWorkflows(context: Context, plan: WorkflowsPlan): Promise<WorkflowsResult> {
  await prepareGround(context.api);
  const rounds: WorkflowFigures[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    const figures = await measureRound(context, plan, round);
    rounds.push(figures);
    context.log(`workflows: round ${round} of ${plan.rounds}, ${lineOf(figures)}`);
  }
  return { plan, rounds };
}

async function measureRound(context: Context, plan: WorkflowsPlan, round: number): Promise<WorkflowFigures> {
  const { api } = context;
  const stop = new AbortController();
  const courses = await Courses.watch(api, stop.signal);
  const operator = await launch(context, SYSTEMS.baton, `workflows-${round}`);
  try {
    await pause(plan.settleMs);
    const emptyMiB = await residentOf(operator);
    const ground = { ...context, courses, operator };
    const { status, ...carried } = await carryOutAll(ground, plan);
    await pause(plan.settleMs);
    const idleMiB = await residentOf(operator);
    const peakMiB = operator.memory().peak / MIB;
    const { stoppedCleanly } = await stopAndCheck(api, SYSTEMS.baton, operator);
    if (!stoppedCleanly) throw new Error(`workflows, round ${round}: Baton did not stop cleanly`);
    const bare = await measureBare(context, plan.instant, Math.round(carried.instant.statusWrites), status);
    return { ...carried, bare, emptyMiB, idleMiB, peakMiB };
  } finally {
    stop.abort();
    await operator.stop();
  }
}

async function carryOutAll(ground: Ground, plan: WorkflowsPlan) {
  const { api } = ground;
  await carryOut(ground, namesOf('warm-up', WARM_UP), instant);
  await deleteAll(api, WORKFLOWS);
  const crowd = await carryOut(ground, namesOf('instant', plan.instant), instant);
  const { status } = (await api.get(`${WORKFLOWS}/instant-0`)) as { status: Json };
  await deleteAll(api, WORKFLOWS);
  const bursts: Sent[] = [];
  for (let burst = 0; burst < plan.bursts; burst++) {
    bursts.push(await carryOut(ground, namesOf(`burst-${burst}`, plan.together), instant, plan.together));
    await pause(BURST_EVERY_MS);
  }
  const alone = await carryOut(ground, namesOf('alone', plan.alone), instant, 1, ALONE_EVERY_MS);
  await deleteAll(api, WORKFLOWS);
  return {
    status,
    instant: figuresOf([crowd]),
    together: figuresOf(bursts),
    alone: figuresOf([alone]),
    scaling: await measureScaling(ground, namesOf('scaling', plan.scaling)),
  };
}

async function measureScaling(ground: Ground, names: readonly string[]): Promise<WorkflowFigures['scaling']> {
  const { api } = ground;
  const stop = new AbortController();
  try {
    await createTargets(api, names);
    const gaps = await Gaps.watch(api, stop.signal);
    const sent = await carryOut(ground, names, scaling);
    const { between } = gaps;
    return {
      ...figuresOf([sent]),
      betweenP50Ms: percentile(between, 0.5),
      betweenP99Ms: percentile(between, 0.99),
    };
  } finally {
    stop.abort();
    await deleteAll(api, WORKFLOWS);
    await deleteAll(api, DEPLOYMENTS);
  }
}

/** Sends workflows, `width` at once and one each `everyMs`, and waits until all have succeeded. */
async function carryOut(
  { api, cluster, courses, operator }: Ground,
  names: readonly string[],
  make: (name: string) => Json,
  width = WIDTH,
  everyMs = 0,
): Promise<Sent> {
  const { baton } = SYSTEMS;
  const requests = await requestsBy(api, baton);
  const cpu = cpuOf(cluster, operator);
  const from = performance.now();
  const sent: Course[] = [];
  await inParallel(names, width, async (name) => {
    const course = courses.expect(name);
    sent.push(course);
    await api.post(WORKFLOWS, make(name));
    if (Number.isNaN(course.held)) course.held = performance.now();
    await pause(everyMs);
  });
  await until(`${names.length} workflows are over`, TIMEOUT_MS, () => {
    operator.assertRunning();
    courses.assertWatching();
    return sent.every(({ phase }) => phase !== undefined);
  });
  const failed = sent.filter(({ phase }) => phase !== 'Succeeded').length;
  if (failed > 0) throw new Error(`${failed} of ${names.length} workflows did not succeed`);
  const ms = Math.max(...sent.map(({ done }) => done)) - from;
  const after = cpuOf(cluster, operator);
  const took = { baton: after.baton - cpu.baton, server: after.server - cpu.server, bench: after.bench - cpu.bench };
  return { courses: sent, ms, cpu: took, requests: difference(await requestsBy(api, baton), requests) };
}

function cpuOf({ apiServer, etcd }: Cluster, operator: ProcessUnderTest): Cpu {
  const { user, system } = process.cpuUsage();
  const server = cpuMsOfProcess(apiServer.pid) + cpuMsOfProcess(etcd.pid);
  return { baton: operator.cpuMs(), server, bench: (user + system) / 1000 };
}

/** The floor: no workflow is looked at by anybody. */
async function measureBare(
  { api, cluster: { apiServer, etcd } }: Context,
  count: number,
  writes: number,
  status: Json,
): Promise<WorkflowFigures['bare']> {
  const cpuMs = (): number => cpuMsOfProcess(apiServer.pid) + cpuMsOfProcess(etcd.pid);
  await writeBare(api, namesOf('bare-warm-up', WARM_UP), writes, status);
  const before = cpuMs();
  const ms = await writeBare(api, namesOf('bare', count), writes, status);
  const serverMs = (cpuMs() - before) / count;
  await deleteAll(api, WORKFLOWS);
  return { perSecond: (count / ms) * 1000, serverMs };
}

/** Of all that was sent, together or in several bursts. */
function figuresOf(all: readonly Sent[]): Carried {
  const courses = all.flatMap((sent) => sent.courses);
  const count = courses.length;
  const each = (of: (sent: Sent) => number): number => all.reduce((sum, sent) => sum + of(sent), 0) / count;
  const latencies = courses.map(({ sent, done }) => done - sent);
  const waits = courses.map(({ held, begun }) => Math.max(0, begun - held));
  return {
    perSecond: median(all.map(({ courses: sent, ms }) => (sent.length / ms) * 1000)),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    begunP50Ms: percentile(waits, 0.5),
    begunP99Ms: percentile(waits, 0.99),
    statusWrites: each(({ requests }) => requests.status),
    otherWrites: each(({ requests }) => requests.write),
    reads: each(({ requests }) => requests.read),
    batonMs: each(({ cpu }) => cpu.baton),
    serverMs: each(({ cpu }) => cpu.server),
    benchMs: each(({ cpu }) => cpu.bench),
  };
}

async function residentOf(operator: ProcessUnderTest): Promise<number> {
  const seen: number[] = [];
  for (let look = 0; look < 5; look++) {
    seen.push(operator.memory().resident);
    await pause(1000);
  }
  return median(seen) / MIB;
}

const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function lineOf({ instant: crowd, bare, together, alone, scaling: scaled, ...memory }: WorkflowFigures): string {
  const at = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
  return [
    `${at(crowd.perSecond)}/s (bare ${at(bare.perSecond)}/s)`,
    `${crowd.statusWrites.toFixed(2)}+${crowd.otherWrites.toFixed(2)} writes`,
    `CPU ${at(crowd.batonMs)}+${at(crowd.serverMs)}+${at(crowd.benchMs)} ms (bare ${at(bare.serverMs)})`,
    `together p50 ${at(together.p50Ms)} p99 ${at(together.p99Ms)} ms`,
    `alone begun p99 ${at(alone.begunP99Ms)}, done p50 ${at(alone.p50Ms)} ms`,
    `scaling ${at(scaled.perSecond)}/s, between ${at(scaled.betweenP50Ms)}/${at(scaled.betweenP99Ms)} ms`,
    `memory ${at(memory.emptyMiB)}/${at(memory.idleMiB)}/${at(memory.peakMiB)} MiB`,
  ].join(', ');
}
