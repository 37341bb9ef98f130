import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { OrchestratedService } from '../../src/api/kinds.ts';

const run = promisify(execFile);

/** What hack/e2e/cli.ts brought up. */
export const image = given('BATON_E2E_IMAGE');
export const busybox = given('BATON_E2E_BUSYBOX');
const kubeconfig = given('BATON_E2E_KUBECONFIG');

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; these tests are run by npm run e2e`);
  return value;
}

export const kubectl = (...args: string[]) => command(given('BATON_E2E_KUBECTL'), args);
export const helm = (...args: string[]) => command(given('BATON_E2E_HELM'), args);

async function command(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const { stdout } = await run(program, args, { env, maxBuffer: 64 << 20 }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`);
    },
  );
  return stdout;
}

/** Waits until the API server goes by roles and bindings that were written: it hears of them a moment later. */
export const may = (user: string, verb: string, resource: string): Promise<string> =>
  eventually(
    `${user} may ${verb} ${resource}`,
    30,
    () => kubectl('auth', 'can-i', verb, resource, '--namespace', 'shop', '--as', user),
    (answer) => answer.trim() === 'yes',
  );

/** Who has had Baton's lease since this was called, '' for nobody, without repetitions. */
export function holders(): Disposable & { readonly seen: () => string[] } {
  const args = ['get', 'lease', 'baton', '--namespace', 'baton-system', '--watch', '--output'];
  const child = spawn(
    given('BATON_E2E_KUBECTL'),
    ['--kubeconfig', kubeconfig, ...args, 'jsonpath={.spec.holderIdentity};'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const seen = (): string[] =>
    text
      .split(';')
      .slice(0, -1)
      .filter((holder, index, all) => index === 0 || holder !== all[index - 1]);
  return { seen, [Symbol.dispose]: () => void child.kill() };
}

export async function apply(...objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const pending = run(given('BATON_E2E_KUBECTL'), ['--kubeconfig', kubeconfig, 'apply', '--filename', '-']);
  pending.child.stdin?.on('error', () => {}).end(list);
  await pending;
}

export const get = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await kubectl('get', ...args, '--output', 'json')) as T;

export const service = (name: string) => get<OrchestratedService>('osvc', name, '--namespace', 'shop');

/** How many times as long as it takes on a machine that does nothing else something is waited for. */
const PATIENCE = 3;

/**
 * Looks every quarter of a second until `accept` holds; if it does not in what may become of so many `seconds` it throws with what was seen last. A
 * look that fails is followed by another: an API server that stands still for some seconds ends the connection of a kubectl.
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Promise<T>,
  accept: (seen: T) => boolean,
): Promise<T> {
  const patience = seconds * PATIENCE;
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    let last: string;
    try {
      const seen = await look();
      if (accept(seen)) return seen;
      last = JSON.stringify(seen, null, 1);
    } catch (error) {
      last = String(error);
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${patience} s; last seen ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Waits until the service's level is one of these. */
export const level = (name: string, seconds: number, ...levels: string[]): Promise<OrchestratedService> =>
  eventually(
    `${name} ${levels.join(' or ')}`,
    seconds,
    () => service(name),
    ({ status }) => levels.includes(status?.health ?? ''),
  );

export const condition = (of: OrchestratedService, type: string) =>
  of.status?.conditions?.find((candidate) => candidate.type === type);

export const signal = (of: OrchestratedService, name: string) =>
  of.status?.signals?.find((candidate) => candidate.name === name);

export interface Pod {
  metadata: { name: string; uid: string };
  status: {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number }[];
  };
}

export const pods = async (namespace: string, app: string): Promise<Pod[]> => {
  const selector = `app.kubernetes.io/name=${app}`;
  return (await get<{ items: Pod[] }>('pods', '--namespace', namespace, '--selector', selector)).items;
};

/** Runs a shell command in every pod of a shop's workload. */
export async function inPods(app: string, shell: string, count = Number.POSITIVE_INFINITY): Promise<void> {
  for (const { metadata } of (await pods('shop', app)).slice(0, count)) {
    await kubectl('exec', '--namespace', 'shop', metadata.name, '--', 'sh', '-c', shell);
  }
}
