// npm run cluster -- up|down|status
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Provider } from './contract.ts';
import { clusterDir, obtainCluster, removeCluster } from './obtain.ts';
import { isRunning } from './processes.ts';
import { type ClusterState, StateFile } from './state.ts';
import { describeCluster } from './status.ts';

const usage = `npm run cluster -- up|down|status [options]

  up      a cluster that stays until down; its kubeconfig is printed
  down    stops all that up started, also what a crash left behind
  status  what runs, and where

  --nodes N            fake nodes, played by KWOK (default 2; 0 with --kubelet)
  --kubelet            one real node: kubelet, containerd, kube-proxy (needs root and Debian's packages)
  --metrics-server     the real one, behind metrics.k8s.io
  --prometheus         a real one that scrapes the API server
  --provider NAME      kubeconfig, kind, assets or build instead of the first that fits
                       (also the variable BATON_CLUSTER_PROVIDER)
  --dir DIR            default .cluster (also the variable BATON_CLUSTER_DIR)
`;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string' },
      kubelet: { type: 'boolean', default: false },
      'metrics-server': { type: 'boolean', default: false },
      prometheus: { type: 'boolean', default: false },
      provider: { type: 'string' },
      dir: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const dir = clusterDir(values.dir);
  const command = positionals.length === 1 ? positionals[0] : undefined;
  if (command === 'up' && !values.help) {
    await up(dir, {
      kubelet: values.kubelet,
      nodes: values.nodes === undefined ? (values.kubelet ? 0 : 2) : wholeNumber(values.nodes),
      metricsServer: values['metrics-server'],
      prometheus: values.prometheus,
      ...(values.provider === undefined ? {} : { provider: values.provider }),
    });
  } else if (command === 'down' && !values.help) await down(dir);
  else if (command === 'status' && !values.help) await status(dir);
  else {
    process.stdout.write(usage);
    if (!values.help) process.exitCode = 2;
  }
}

interface Wanted {
  readonly nodes: number;
  readonly kubelet: boolean;
  readonly metricsServer: boolean;
  readonly prometheus: boolean;
  readonly provider?: string;
}

async function up(dir: string, wanted: Wanted): Promise<void> {
  const present = new StateFile(dir).read();
  if (present !== undefined && alive(present)) {
    if (present.nodes !== wanted.nodes || present.kubelet !== wanted.kubelet) {
      throw new Error(`a cluster with other options is up in ${dir}: ${options(present)}. Take it down first.`);
    }
    return announce(present.provider, present.kubeconfig);
  }
  const { metricsServer, prometheus, ...start } = wanted;
  // The cluster is tied to this process until all of it is there: Ctrl-C or a crash on the way leaves nothing.
  const obtained = await obtainCluster({ ...start, dir, log: say });
  stopOnSignal(() => obtained.stop());
  try {
    if (metricsServer) await obtained.cluster?.startMetricsServer();
    if (prometheus) say(`Prometheus  ${(await obtained.cluster?.startPrometheus())?.url ?? 'not with this provider'}`);
    await obtained.cluster?.detach();
  } catch (error) {
    await obtained.stop();
    throw error;
  }
  announce(obtained.provider, obtained.kubeconfig);
}

/** While it starts, the watchdog does this; Node would otherwise end at once, which is as good but says nothing. */
function stopOnSignal(stop: () => Promise<void>): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      say(`${name}: taking the cluster down`);
      void stop().finally(() => process.exit(1));
    });
  }
}

function announce(provider: Provider, kubeconfig: string): void {
  say(`The cluster is up (${provider}).`);
  say(`  export KUBECONFIG=${kubeconfig}`);
}

function options(state: ClusterState): string {
  return `--nodes ${state.nodes}${state.kubelet ? ' --kubelet' : ''}`;
}

function alive(state: ClusterState): boolean {
  return state.complete && state.processes.every(isRunning);
}

async function down(dir: string): Promise<void> {
  const state = new StateFile(dir).read();
  await removeCluster(dir, say);
  say(state === undefined ? `No cluster is on record in ${dir}.` : 'The cluster is down.');
}

async function status(dir: string): Promise<void> {
  const state = new StateFile(dir).read();
  if (state === undefined) {
    say(`No cluster is on record in ${dir}.`);
    process.exitCode = 3;
    return;
  }
  for (const line of await describeCluster(state, join(dir, 'logs'))) say(line);
  if (!alive(state)) process.exitCode = 3;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error(`--nodes "${text}" is not a whole number from 0 to 9999`);
  return Number(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
