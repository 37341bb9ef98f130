import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readFile, writeFile } from 'node:fs/promises';
import { provideBinaries } from '../../../hack/cluster/binaries.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';

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

async function kubectlBinary(): Promise<string> {
  const { kubectl: path } = await provideBinaries(['kubectl'], (line) => console.error(line));
  return path ?? 'kubectl';
}

async function command(program: string, args: readonly string[], input = ''): Promise<string> {
  const pending = run(program, args, { maxBuffer: 64 << 20 });
  pending.child.stdin?.end(input);
  const { stdout } = await pending.catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(error.stderr || error.message);
  });
  return stdout;
}

/** Writes a kubeconfig for the same API server with a bearer token in place of the administrator's certificate. */
export async function writeTokenKubeconfig(file: string, token: string): Promise<void> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as { clusters: { name: string; cluster: object }[] };
  const cluster = config.clusters[0];
  const context = { name: 'it', context: { cluster: cluster?.name, user: 'it' } };
  const users = [{ name: 'it', user: { token } }];
  const written = { apiVersion: 'v1', kind: 'Config', clusters: [cluster], users, contexts: [context] };
  await writeFile(file, JSON.stringify({ ...written, 'current-context': 'it' }));
}

/** Looks every 200 ms until `accept` holds; after `seconds` it throws with what was seen last. */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Promise<T>,
  accept: (seen: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s; last seen ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
