import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readFile, writeFile } from 'node:fs/promises';
import { provideBinaries } from '../../../hack/cluster/binaries.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';
import { eventually } from '../support/eventually.ts';

const run = promisify(execFile);

const kubeconfig = process.env['KUBECONFIG'] || '.cluster/kubeconfig';

/** For names that no other test has. */
export const unique = (): string => randomBytes(4).toString('hex');

export async function kubectl(...args: string[]): Promise<string> {
  return command(await kubectlBinary(), ['--kubeconfig', kubeconfig, ...args]);
}

export async function helm(...args: string[]): Promise<string> {
  return command(await helmBinary(), ['--kubeconfig', kubeconfig, ...args]);
}

export async function apply(...objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await command(await kubectlBinary(), ['--kubeconfig', kubeconfig, 'apply', '--filename', '-'], list);
}

export const get = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await kubectl('get', ...args, '--output', 'json')) as T;

/** Waits until kubectl finds a kind: the API server tells what it serves a moment after it serves it. */
export const known = (kind: string): Promise<string> =>
  eventually(
    `kubectl knows ${kind}`,
    60,
    () =>
      kubectl('get', kind, '--all-namespaces', '--output', 'name').then(
        () => '',
        (error: Error) => error.message,
      ),
    (problem) => problem === '',
  );

/** Applies the CRDs of this tree and waits until kubectl finds their kinds. */
export async function applyCrds(): Promise<void> {
  await kubectl('apply', '--server-side', '--filename', 'crds/');
  await known('orchestratedservices,orchestrations,workflows,workflowtemplates,scheduledworkflows');
}

/** The path of kubectl. */
export async function kubectlBinary(): Promise<string> {
  const { kubectl: path } = await provideBinaries(['kubectl'], (line) => console.error(line));
  return path ?? 'kubectl';
}

async function command(program: string, args: readonly string[], input = ''): Promise<string> {
  const pending = run(program, args, { maxBuffer: 64 << 20 });
  // A program that ends without reading says why on its standard error.
  pending.child.stdin?.on('error', () => {}).end(input);
  const { stdout } = await pending.catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(error.stderr || error.message);
  });
  return stdout;
}

/** Address and authority (PEM) of the API server. */
export async function apiServer(): Promise<{ server: string; ca: string }> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  if (cluster === undefined) throw new Error(`${kubeconfig} names no cluster`);
  return { server: cluster.server, ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString() };
}

/** Writes a kubeconfig with a bearer token for the API server, or what stands before it. */
export async function writeTokenKubeconfig(file: string, server: string, token: string): Promise<void> {
  const it = 'it';
  const config = {
    // client-node takes a plain address only like this.
    clusters: [{ name: it, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: it, user: { token } }],
    contexts: [{ name: it, context: { cluster: it, user: it } }],
  };
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config, 'current-context': it }));
}
