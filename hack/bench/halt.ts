// `node hack/bench/halt.ts [SERVICESxPODS] [ROUNDS]`: how long an emergency halt takes beside the same patches by nobody but the API server.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster } from '../cluster/index.ts';
import { Api, inParallel, pause, until } from './api.ts';
import { createFleet, type Fleet, prepare } from './fleet.ts';
import { ProcessUnderTest } from './process.ts';
import { median } from './stats.ts';
import { SYSTEMS, userOf } from './systems.ts';

const DIR = '.bench';
/** As many requests at once as the operator has under way. */
const WIDTH = 32;
const POLICY = '/apis/baton.dev/v1alpha1/orchestrations/default';
/** The promise: the last write comes at most this much later than without an operator. */
const ALLOWED = 1.3;

interface Replicas {
  readonly spec: { readonly replicas: number };
}

const log = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

/** What a watch on the Deployments saw last of their replicas, and when each of them last changed. */
class Board {
  readonly replicas = new Map<string, number>();
  #changedAt = 0;

  static async watch(api: Api, { namespace }: Fleet, signal: AbortSignal): Promise<Board> {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const board = new Board();
    const { items, resourceVersion } = await api.list(path);
    for (const item of items as unknown as (Replicas & { metadata: { name: string } })[])
      board.replicas.set(item.metadata.name, item.spec.replicas);
    void api
      .watch(path, resourceVersion, signal, ({ object, at }) => {
        const { replicas } = (object as unknown as Replicas).spec;
        if (board.replicas.get(object.metadata.name) === replicas) return;
        board.replicas.set(object.metadata.name, replicas);
        board.#changedAt = at;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    return board;
  }

  /** When the last of them came to `wanted`, ms after `from`. */
  async reached(wanted: number, from: number): Promise<number> {
    await until(`every Deployment asks for ${wanted}`, 300_000, () =>
      [...this.replicas.values()].every((replicas) => replicas === wanted),
    );
    return this.#changedAt - from;
  }
}

async function settled(api: Api, { namespace, services }: Fleet, replicas: number): Promise<void> {
  await until(
    `${services * replicas} pods`,
    600_000,
    async () => {
      const { items } = await api.list(`/apis/apps/v1/namespaces/${namespace}/deployments`);
      return (items as { status?: { replicas?: number; readyReplicas?: number } }[]).every(
        ({ status }) => (status?.replicas ?? 0) === replicas && (status?.readyReplicas ?? 0) === replicas,
      );
    },
    2_000,
  );
  await pause(5_000);
}

/** The same patches, without an operator. */
async function bare(api: Api, fleet: Fleet, board: Board): Promise<number> {
  const annotations = { 'baton.dev/halt-id': 'halt-bench', 'baton.dev/halted-replicas': String(fleet.replicas) };
  const from = performance.now();
  const patches = inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    const path = `/apis/apps/v1/namespaces/${fleet.namespace}/deployments/${name}`;
    await api.patch(path, 'merge', { metadata: { annotations }, spec: { replicas: 0 } });
  });
  const [ms] = await Promise.all([board.reached(0, from), patches]);
  await settled(api, fleet, 0);
  await inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    const path = `/apis/apps/v1/namespaces/${fleet.namespace}/deployments/${name}`;
    const none = { 'baton.dev/halt-id': null, 'baton.dev/halted-replicas': null };
    await api.patch(path, 'merge', { metadata: { annotations: none }, spec: { replicas: fleet.replicas } });
  });
  await settled(api, fleet, fleet.replicas);
  return ms;
}

async function halted(
  api: Api,
  fleet: Fleet,
  board: Board,
  kubeconfig: string,
): Promise<{ haltMs: number; resumeMs: number }> {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const flags = ['--lease-namespace', 'bench-system', '--heartbeat-address', '', '--log-level', 'warn'];
  const operator = new ProcessUnderTest(
    [
      process.execPath,
      'dist/operator.mjs',
      ...flags,
      '--metrics-address',
      '127.0.0.1:0',
      '--probe-address',
      '127.0.0.1:0',
    ],
    env,
    join(DIR, 'halt.log'),
  );
  type Status = {
    services?: { healthy?: number };
    halt?: { id: string; state: string; held: number; problems?: object[] };
  };
  const status = async (): Promise<Status> => (await api.get(POLICY))['status'] ?? {};
  try {
    await until('every service is Healthy', 120_000, async () => {
      operator.assertRunning();
      return (await status().catch((): Status => ({}))).services?.healthy === fleet.services;
    });
    await pause(5_000);
    const emergency = { halt: 'Halt', onHalt: { Normal: 'ScaleToZero' }, resumePerSecond: 1_000, resumePatience: '0s' };
    const from = performance.now();
    await api.patch(POLICY, 'merge', { spec: { emergency } });
    const haltMs = await board.reached(0, from);
    await until('the status follows', 120_000, async () => (await status()).halt?.state === 'Halted');
    const { halt } = await status();
    if (halt?.held !== fleet.services || halt.problems) throw new Error(`not all are held: ${JSON.stringify(halt)}`);
    await settled(api, fleet, 0);
    const resumed = performance.now();
    await api.patch(POLICY, 'merge', { spec: { emergency: { halt: 'None', resume: halt.id } } });
    const resumeMs = await board.reached(fleet.replicas, resumed);
    await until('it is told', 120_000, async () => (await status()).halt?.state === 'Resumed');
    await settled(api, fleet, fleet.replicas);
    return { haltMs, resumeMs };
  } finally {
    await operator.stop();
  }
}

const [size = '1000x2', rounds = '3'] = process.argv.slice(2);
const [services, replicas] = size.split('x').map(Number);
if (!services || !replicas) throw new Error(`${size} is no SERVICESxPODS, such as 1000x2`);
mkdirSync(DIR, { recursive: true });
log('starting the cluster');
const cluster = await startCluster({
  dir: join(process.cwd(), DIR, 'halt-cluster'),
  nodes: Math.max(20, Math.ceil((services * replicas) / 100)),
});
const admin = await cluster.issueClientCertificate({ commonName: 'bench', groups: ['system:masters'] });
const api = new Api(cluster.server, cluster.caCertificate, admin);
const stop = new AbortController();
try {
  await prepare(api);
  const fleet = await createFleet(api, { services, replicas }, log);
  const user = await cluster.issueClientCertificate({ commonName: userOf(SYSTEMS.baton) });
  const kubeconfig = cluster.writeKubeconfig(join(process.cwd(), DIR, 'halt.kubeconfig'), user);
  const board = await Board.watch(api, fleet, stop.signal);
  const ratios: number[] = [];
  for (let round = 1; round <= Number(rounds); round++) {
    const bareMs = await bare(api, fleet, board);
    log(`round ${round}: the same patches by themselves took ${bareMs.toFixed(0)} ms`);
    const { haltMs, resumeMs } = await halted(api, fleet, board, kubeconfig);
    ratios.push(haltMs / bareMs);
    const figures = [
      `bare ${bareMs.toFixed(0)} ms`,
      `halt ${haltMs.toFixed(0)} ms`,
      `resume ${resumeMs.toFixed(0)} ms`,
    ];
    log(`round ${round}: ${figures.join(', ')}, ratio ${(haltMs / bareMs).toFixed(2)}`);
  }
  const ratio = median(ratios);
  console.log(
    `${services} services: the last spec.replicas=0 comes after ${ratio.toFixed(2)} times what the bare API server needs`,
  );
  process.exitCode = ratio <= ALLOWED ? 0 : 1;
} finally {
  stop.abort();
  await api.close();
  await cluster.stop();
}
