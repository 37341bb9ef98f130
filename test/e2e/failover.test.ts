// What a client sees of a failover: requests through a Service, over kube-proxy, to real pods on a real node, in a cluster of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../hack/cluster/index.ts';
import type { OrchestratedService } from '../../src/api/kinds.ts';
import { parseDuration } from '../../src/domain/duration.ts';
import { Operator } from '../cluster/operator/support/process.ts';
import { eventually } from './bed.ts';

const dir = mkdtempSync(join(tmpdir(), 'failover-test-'));
let cluster: Cluster;
let operator: Operator;
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

beforeAll(async () => {
  cluster = await startCluster({ dir, kubelet: true, log: () => undefined });
  kubectl(['apply', '--server-side', '--filename', 'crds/']);
  const flags = ['--namespace', 'default', '--lease-namespace', 'default', '--heartbeat-address', ''];
  operator = await Operator.start(flags, 'leading', cluster.kubeconfig);
});
afterAll(async () => {
  await operator?.end();
  await cluster?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const kubectl = (args: readonly string[], input?: object): string =>
  execFileSync(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });

/** Serves the name of its side, and is ready while a file is there. */
function deployment(name: string, side: string): object {
  const labels = { app: name, side };
  const script = `mkdir /tmp/served-by-the-failover; echo ${side} > /tmp/served-by-the-failover/index.html; touch /tmp/ok; exec httpd -f -p 8080 -h /tmp/served-by-the-failover`;
  const container = {
    name: 'main',
    image: cluster.node?.busyboxImage,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    // On a machine that is busy it takes more than the second that it has by default, and one of them would be a failure.
    readinessProbe: {
      exec: { command: ['test', '-f', '/tmp/ok'] },
      periodSeconds: 1,
      failureThreshold: 1,
      timeoutSeconds: 60,
    },
  };
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `${name}-${side}` }, spec };
}

function objects(name: string, fencing: string): object {
  const ref = (side: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-${side}` });
  const selector = (side: string) => ({ app: name, side });
  const selectors = { primary: selector('a'), standby: selector('b') };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: selectors.primary, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const failover = { standbyRef: ref('b'), serviceName: name, selectors, after: '1s', fencing };
  const looksAfter = {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'OrchestratedService',
    metadata: { name },
    spec: { targetRef: ref('a'), failover },
  };
  return { apiVersion: 'v1', kind: 'List', items: [deployment(name, 'a'), deployment(name, 'b'), service, looksAfter] };
}

const read = (name: string): OrchestratedService =>
  JSON.parse(kubectl(['get', 'osvc', name, '--output', 'json'])) as OrchestratedService;

const until = (name: string, what: string, holds: (status: NonNullable<OrchestratedService['status']>) => boolean) =>
  eventually(
    what,
    90,
    async () => read(name),
    ({ status }) => status !== undefined && holds(status),
  );

/** Asks again and again, each time over a new connection, and remembers when who answered. */
class Client {
  readonly answers: { at: number; side: string }[] = [];
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(host: string) {
    this.#done = this.#run(host);
  }

  async #run(host: string): Promise<void> {
    while (!this.#isOver) {
      const side = await ask(host);
      if (side !== undefined) this.answers.push({ at: performance.now(), side });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  /** From the last answer of one side to the first of the other, ms. */
  gap(): number {
    const first = this.answers.findIndex(({ side }) => side === 'b');
    const [last, next] = [this.answers[first - 1], this.answers[first]];
    return last && next ? next.at - last.at : Infinity;
  }
}

function ask(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, port: 80, agent: false, timeout: 250 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve(text.trim()));
      answer.on('error', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

async function failOver(name: string, fencing: string) {
  kubectl(['apply', '--filename', '-'], objects(name, fencing));
  await until(name, `${name} could fail over`, ({ health, conditions }) => {
    const ready = conditions?.find(({ type }) => type === 'FailoverReady');
    return health === 'Healthy' && ready?.status === 'True' && ready.reason === 'StandbyReady';
  });
  const host = kubectl(['get', 'service', name, '--output', 'jsonpath={.spec.clusterIP}']);
  const client = new Client(host);
  await eventually(
    `${name} answers`,
    30,
    async () => client.answers.length,
    (count) => count > 20,
  );
  const pods = kubectl(['get', 'pods', '--selector', `app=${name},side=a`, '--output', 'name'])
    .trim()
    .split('\n');
  for (const pod of pods) kubectl(['exec', pod, '--', 'rm', '/tmp/ok']);
  const { status } = await until(
    name,
    `${name} has failed over`,
    ({ failover }) => failover?.state === 'Completed' && failover.active === 'Standby',
  );
  await eventually(
    `${name} answers again`,
    30,
    async () => client.answers.at(-1)?.side,
    (side) => side === 'b',
  );
  await client.stop();
  const part = (what: 'detection' | 'preparation' | 'fencing' | 'switch') =>
    parseDuration(status?.failover?.took?.[what] ?? '');
  const took = {
    detection: part('detection'),
    preparation: part('preparation'),
    fencing: part('fencing'),
    switch: part('switch'),
  };
  const gap = Math.round(client.gap());
  console.log(`[failover] fencing ${fencing}: the client saw a gap of ${gap} ms; ${JSON.stringify(took)}`);
  // Two seconds are promised, and less than one is usual; a machine that runs other things beside may stand still for ten.
  expect(took.preparation + took.switch).toBeLessThan(25_000);
  return { gap, took, sides: client.answers.map(({ side }) => side) };
}

it('is a gap of the detection and the switch where nothing is fenced', async () => {
  const { gap, took, sides } = await failOver('quick', 'None');
  expect(took.fencing).toBe(0);
  expect(gap).toBeLessThan(Infinity);
  // Never both: once the other side has answered, the first does not again.
  expect(sides.slice(sides.indexOf('b'))).not.toContain('a');
});

it('is longer by the time that pods take to end where the primary is fenced', async () => {
  const { gap, took, sides } = await failOver('safe', 'ScaleToZero');
  expect(took.fencing).toBeGreaterThan(0);
  expect(gap).toBeLessThan(Infinity);
  expect(sides.slice(sides.indexOf('b'))).not.toContain('a');
  expect(kubectl(['get', 'pods', '--selector', 'app=safe,side=a', '--output', 'name'])).toBe('');
});
