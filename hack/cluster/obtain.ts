// A cluster from whichever provider the machine has: for the demo, the tests and people, who only need a kubeconfig.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Cluster, ClusterOptions, Provider } from './contract.ts';
import { kindDown, kindUp } from './kind.ts';
import { chooseProvider, thisMachine } from './provider.ts';
import { projectDir, startCluster } from './start.ts';
import { StateFile } from './state.ts';
import { teardown } from './teardown.ts';

export interface ObtainOptions extends ClusterOptions {
  /** Instead of the order of preference; default the variable BATON_CLUSTER_PROVIDER. */
  readonly provider?: string;
}

export interface ObtainedCluster {
  readonly provider: Provider;
  readonly because: string;
  readonly kubeconfig: string;
  /** Present when the control plane is ours. */
  readonly cluster: Cluster | undefined;
  /** Leaves a cluster that the user named as it is. */
  stop(): Promise<void>;
}

export function clusterDir(dir?: string): string {
  return resolve(dir ?? process.env['BATON_CLUSTER_DIR'] ?? join(projectDir, '.cluster'));
}

export async function obtainCluster(options: ObtainOptions = {}): Promise<ObtainedCluster> {
  const dir = clusterDir(options.dir);
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const { provider, because } = chooseProvider(
    thisMachine(),
    options.provider ?? process.env['BATON_CLUSTER_PROVIDER'],
  );
  log(`cluster: ${provider} (${because})`);
  if (provider === 'kubeconfig') return named(because, log);
  if (provider === 'kind') return fromKind(dir, because, options, log);
  const assets = provider === 'assets' ? process.env['KUBEBUILDER_ASSETS'] : '';
  if (provider === 'assets' && !assets) throw new Error('provider "assets" needs KUBEBUILDER_ASSETS');
  const cluster = await startCluster({ ...options, dir, log, assets: assets ?? '' });
  return { provider, because, kubeconfig: cluster.kubeconfig, cluster, stop: () => cluster.stop() };
}

function named(because: string, log: (line: string) => void): ObtainedCluster {
  const kubeconfig = process.env['KUBECONFIG'];
  if (!kubeconfig) throw new Error('provider "kubeconfig" needs KUBECONFIG');
  log(`WARNING: ${whatItIs(kubeconfig)} is used as it is: objects are created in it, and it is never taken down.`);
  log('         Unset KUBECONFIG to get one that is thrown away.');
  return { provider: 'kubeconfig', because, kubeconfig, cluster: undefined, stop: () => Promise.resolve() };
}

interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly cluster: string } }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster: { readonly server: string } }[];
}

/** So that a person sees in time that it is the wrong one. Several files are joined by rules of their own: then the names. */
function whatItIs(kubeconfig: string): string {
  if (kubeconfig.includes(delimiter)) return `the cluster that ${kubeconfig} names`;
  const file = parse(readFileSync(kubeconfig, 'utf8')) as KubeconfigFile;
  const context = file['current-context'];
  const cluster = file.contexts?.find(({ name }) => name === context)?.context.cluster;
  const server = file.clusters?.find(({ name }) => name === cluster)?.cluster.server;
  return `the cluster of context "${context}" in ${kubeconfig} (${server})`;
}

async function fromKind(
  dir: string,
  because: string,
  options: ObtainOptions,
  log: (line: string) => void,
): Promise<ObtainedCluster> {
  if ((options.nodes ?? 0) > 0) log('kind brings a real node; fake nodes are not added to it');
  mkdirSync(dir, { recursive: true });
  const state = new StateFile(dir);
  const record = { version: 1, provider: 'kind', createdAt: new Date().toISOString(), processes: [] } as const;
  // Before it is created: a crash on the way must leave word that there may be something to delete.
  state.write({ ...record, kubeconfig: join(dir, 'kubeconfig'), nodes: 0, kubelet: true, complete: false });
  const kubeconfig = await kindUp(dir, log);
  state.update({ complete: true });
  return { provider: 'kind', because, kubeconfig, cluster: undefined, stop: () => removeCluster(dir, log) };
}

/** Takes down whatever is on record in the folder; the record goes last. */
export async function removeCluster(dir: string, log: (line: string) => void): Promise<void> {
  if (new StateFile(dir).read()?.provider === 'kind') await kindDown(dir, log);
  await teardown(dir);
  rmSync(join(dir, 'up.lock'), { force: true });
}
