// One measured run of one operator against a fleet: start, quiet, changes, stop.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Api, Json } from './api.ts';
import { pause, until } from './api.ts';
import type { Bystander } from './board.ts';
import { changeReadiness, type ChangePlan } from './changes.ts';
import { clearStatuses, type Fleet, flowSchemaName, REQUEST_CLASSES, type RequestClass } from './fleet.ts';
import { ProcessUnderTest } from './process.ts';
import { median, percentile, samples } from './stats.ts';
import { LEASE_NAMESPACE, type System } from './systems.ts';

/** What one run gave. Times in the unit of the name, memory in MiB. */
export interface Figures {
  /** From spawning the process until the last status was right. */
  readonly startSeconds: number;
  /** Writes but those of the lease until the quiet window, per service. */
  readonly startWrites: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly fromSendingP50Ms: number;
  readonly fromSendingP99Ms: number;
  readonly lostChanges: number;
  readonly cpuMsPerChange: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
  /** Everything but the lease, in the quiet window. */
  readonly quietWrites: number;
  readonly quietReads: number;
  readonly quietLeaseRequests: number;
  /** All but the lease, in the window of the changes. */
  readonly requestsPerChange: number;
  readonly statusWritesMedian: number;
  readonly statusWritesMean: number;
  readonly stopSeconds: number;
  /** The process ended by itself with code 0 after SIGTERM, and its Lease has no holder. */
  readonly stoppedCleanly: boolean;
}

export interface Timing {
  readonly plan: ChangePlan;
  /** Waited before the quiet window, so that nothing of the start is in it. */
  readonly settleMs: number;
  readonly quietMs: number;
  /** Waited after the last change, so that late writes count. */
  readonly tailMs: number;
}

export interface Bench {
  readonly api: Api;
  readonly fleet: Fleet;
  readonly bystander: Bystander;
  readonly kubeconfigs: ReadonlyMap<System, string>;
  readonly timing: Timing;
  /** Folder of built binaries and logs. */
  readonly dir: string;
  readonly profile: boolean;
}

const START_TIMEOUT_MS = 120_000;
export const MIB = 1024 * 1024;

export async function measure(bench: Bench, system: System, label: string): Promise<Figures> {
  const { api, fleet, bystander, timing } = bench;
  const board = bystander.boards.get(system);
  if (board === undefined) throw new Error(`${system.name} is not watched`);
  await clearStatuses(api, system, fleet);
  await until('statuses are cleared', 30_000, () => board.told === 0);
  await pause(2000);

  const atStart = await requestsBy(api, system);
  const process = await launch(bench, system, label);
  try {
    const startSeconds = (await allRight(bench, system, process)) / 1000;
    await pause(timing.settleMs);
    const quiet = await quietWindow(api, system, process, timing.quietMs);

    const before = await requestsBy(api, system);
    const started = difference(before, atStart);
    const cpuBefore = process.cpuMs();
    const changes = await changeReadiness(api, fleet, bystander, board, timing.plan, timing.tailMs);
    const cpuMs = process.cpuMs() - cpuBefore;
    const requests = difference(await requestsBy(api, system), before);
    const { peak } = process.memory();
    process.assertRunning();
    bystander.assertWatching();
    return {
      startSeconds,
      startWrites: (started.status + started.write - quiet.quietWrites) / fleet.services,
      latencyP50Ms: percentile(changes.latencies, 0.5),
      latencyP99Ms: percentile(changes.latencies, 0.99),
      fromSendingP50Ms: percentile(changes.fromSending, 0.5),
      fromSendingP99Ms: percentile(changes.fromSending, 0.99),
      lostChanges: changes.lost,
      cpuMsPerChange: cpuMs / changes.changes,
      ...quiet,
      peakMiB: peak / MIB,
      requestsPerChange: (requests.status + requests.write + requests.read) / changes.changes,
      statusWritesMedian: median(changes.writesPerChange),
      statusWritesMean: requests.status / changes.changes,
      ...(await stopAndCheck(api, system, process)),
    };
  } finally {
    await process.stop();
  }
}

/** Starts the operator, its output in a file of that name. `extra` flags come after its own. */
export async function launch(
  bench: Pick<Bench, 'dir' | 'kubeconfigs' | 'profile'>,
  system: System,
  label: string,
  { extra = [], metricsPort }: { readonly extra?: readonly string[]; readonly metricsPort?: number } = {},
): Promise<ProcessUnderTest> {
  const logs = join(bench.dir, 'logs');
  mkdirSync(logs, { recursive: true });
  const command = system.command({
    buildDir: bench.dir,
    ports: [metricsPort ?? (await freePort()), await freePort()],
    profileDir: bench.profile ? join(bench.dir, 'profile') : undefined,
  });
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, KUBECONFIG: bench.kubeconfigs.get(system) };
  return new ProcessUnderTest([...command, ...extra], env, join(logs, `${label}.log`));
}

/** Milliseconds from the start of the process to the event that made the last status right. */
export async function allRight(
  bench: Pick<Bench, 'bystander' | 'fleet'>,
  system: System,
  process: ProcessUnderTest,
): Promise<number> {
  const { bystander, fleet } = bench;
  const board = bystander.boards.get(system);
  let done = NaN;
  if (board === undefined) throw new Error(`${system.name} is not watched`);
  board.listener = (_service, _status, at) => {
    if (board.right === fleet.services) done = at;
    board.listener = board.right === fleet.services ? undefined : board.listener;
  };
  try {
    await until(`${fleet.services} right statuses`, START_TIMEOUT_MS, () => {
      process.assertRunning();
      bystander.assertWatching();
      return !Number.isNaN(done);
    });
  } catch (error) {
    throw new Error(`${system.name}: ${board.told} of ${fleet.services} statuses told, ${board.right} right`, {
      cause: error,
    });
  } finally {
    board.listener = undefined;
  }
  return done - process.startedAt;
}

async function quietWindow(
  api: Api,
  system: System,
  process: ProcessUnderTest,
  quietMs: number,
): Promise<Pick<Figures, 'idleMiB' | 'quietWrites' | 'quietReads' | 'quietLeaseRequests'>> {
  const before = await requestsBy(api, system);
  const resident: number[] = [];
  const end = performance.now() + quietMs;
  while (performance.now() < end) {
    await pause(Math.min(1000, quietMs));
    resident.push(process.memory().resident);
  }
  const requests = difference(await requestsBy(api, system), before);
  return {
    idleMiB: median(resident) / MIB,
    quietWrites: requests.status + requests.write,
    quietReads: requests.read,
    quietLeaseRequests: requests.lease,
  };
}

export async function stopAndCheck(
  api: Api,
  system: System,
  process: ProcessUnderTest,
): Promise<Pick<Figures, 'stopSeconds' | 'stoppedCleanly'>> {
  const ending = await process.stop();
  const lease = await api.get(`/apis/coordination.k8s.io/v1/namespaces/${LEASE_NAMESPACE}/leases/${system.lease}`);
  const holder = (lease['spec'] as Json)['holderIdentity'];
  const stoppedCleanly = !ending.killed && ending.code === 0 && !holder;
  return { stopSeconds: ending.seconds, stoppedCleanly };
}

export type Requests = Record<RequestClass, number>;

export async function requestsBy(api: Api, system: System): Promise<Requests> {
  const found = samples(await api.text('/metrics'), 'apiserver_flowcontrol_dispatched_requests_total');
  return Object.fromEntries(
    REQUEST_CLASSES.map((requests) => {
      const schema = flowSchemaName(system, requests);
      return [requests, found.find(({ labels }) => labels['flow_schema'] === schema)?.value ?? 0];
    }),
  ) as Requests;
}

export function difference(after: Requests, before: Requests): Requests {
  return Object.fromEntries(REQUEST_CLASSES.map((key) => [key, after[key] - before[key]])) as Requests;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
