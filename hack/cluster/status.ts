// What `status` tells: the provider, the version, each process and the nodes.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type ApiAccess, call } from './api.ts';
import { isRunning, residentBytes } from './processes.ts';
import type { ClusterState } from './state.ts';

export async function describeCluster(state: ClusterState, logs: string): Promise<string[]> {
  const lines = [
    `provider    ${state.provider}${state.complete ? '' : ' (its start was not finished)'}`,
    `since       ${state.createdAt}`,
    `kubeconfig  ${state.kubeconfig}`,
    `logs        ${logs}`,
    ...(await describeApi(state.kubeconfig)),
  ];
  for (const process of state.processes) {
    const rss = isRunning(process) ? `up    ${Math.round(residentBytes(process.pid) / 2 ** 20)} MiB` : 'down';
    lines.push(`${process.name.padEnd(26)} ${String(process.pid).padStart(8)}  ${rss}`);
  }
  return lines;
}

async function describeApi(kubeconfig: string): Promise<string[]> {
  try {
    const access = accessFrom(kubeconfig);
    const version = JSON.parse((await call(access, { path: '/version' })).body) as { gitVersion: string };
    const nodes = JSON.parse((await call(access, { path: '/api/v1/nodes' })).body) as NodeList;
    const names = nodes.items.map((node) => `${node.metadata.name}${isReady(node) ? '' : ' (not ready)'}`);
    return [`version     ${version.gitVersion}`, `nodes       ${names.join(', ') || 'none'}`];
  } catch (error) {
    return [`version     the API server does not answer (${(error as Error).message})`];
  }
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

function isReady(node: NodeList['items'][number]): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

interface KubeconfigFile {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** For the files that this folder's providers write: one cluster, one user, certificates inside. */
function accessFrom(kubeconfig: string): ApiAccess {
  const file = parse(readFileSync(kubeconfig, 'utf8')) as KubeconfigFile;
  const cluster = file.clusters[0]?.cluster;
  const user = file.users[0]?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} has no cluster or no user`);
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  return {
    server: cluster.server,
    caCertificate: text(cluster['certificate-authority-data']),
    administrator: { certificate: text(user['client-certificate-data']), privateKey: text(user['client-key-data']) },
  };
}
