// The real node of the embedded cluster, in a cluster of its own beside the one that the other tests use: two clones do
// not meet, and nothing of a node that crashed is left on the machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../hack/cluster/index.ts';
import { identify } from '../../hack/cluster/processes.ts';
import { StateFile } from '../../hack/cluster/state.ts';
import { eventually } from './bed.ts';

const dir = mkdtempSync(join(tmpdir(), 'real-node-test-'));
let cluster: Cluster;
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

beforeAll(async () => {
  cluster = await startCluster({ dir, kubelet: true, log: () => undefined });
});
afterAll(async () => {
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

const kubectl = (args: readonly string[], input?: object): string =>
  execFileSync(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });

function pod(name: string, script: string, readiness: string): object {
  const container = {
    name: 'main',
    image: cluster.node?.busyboxImage,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    readinessProbe: { exec: { command: ['sh', '-c', readiness] }, periodSeconds: 1, timeoutSeconds: 60 },
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, allowPrivilegeEscalation: false },
  };
  const labels = { app: name };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers: [container] } };
}

it('runs pods that the host reaches, by their own and by a Service address', async () => {
  kubectl(
    ['apply', '-f', '-'],
    pod(
      'web',
      'mkdir /tmp/served-by-the-test; echo hello > /tmp/served-by-the-test/index.html; httpd -f -p 8080 -h /tmp/served-by-the-test',
      'true',
    ),
  );
  kubectl(['expose', 'pod', 'web', '--port=80', '--target-port=8080']);
  kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=120s']);
  const address = kubectl(['get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}']);
  const service = kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
  for (const url of [`http://${address}:8080/`, `http://${service}/`]) {
    const text = await eventually(
      url,
      30,
      // Before kube-proxy has the address a connection hangs, and one that began then would hang on.
      () => fetch(url, { signal: AbortSignal.timeout(1_000) }).then((answer) => answer.text(), String),
      (it) => it === 'hello\n',
    );
    expect(text).toBe('hello\n');
  }
});

it('lets a pod reach the API server and its logs be read', async () => {
  const call = 'echo | nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT';
  const script = `until ${call}; do sleep 1; done; echo reached; touch /tmp/reached; sleep 1000`;
  kubectl(['apply', '-f', '-'], pod('client', script, 'test -f /tmp/reached'));
  kubectl(['wait', '--for=condition=Ready', 'pod/client', '--timeout=120s']);
  const log = await eventually(
    'the log',
    30,
    async () => kubectl(['logs', 'client']),
    (text) => text.includes('reached'),
  );
  expect(log).toContain('reached');
});

it('follows a readiness probe that fails and recovers', () => {
  kubectl(['apply', '-f', '-'], pod('moody', 'touch /tmp/ok; sleep 1000', 'test -f /tmp/ok'));
  kubectl(['wait', '--for=condition=Ready', 'pod/moody', '--timeout=120s']);
  kubectl(['exec', 'moody', '--', 'rm', '/tmp/ok']);
  kubectl(['wait', '--for=condition=Ready=false', 'pod/moody', '--timeout=120s']);
  kubectl(['exec', 'moody', '--', 'touch', '/tmp/ok']);
  expect(kubectl(['wait', '--for=condition=Ready', 'pod/moody', '--timeout=120s'])).toContain('condition met');
});

it('is measured by the real metrics-server', async () => {
  await cluster.startMetricsServer();
  const read = async () => kubectl(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods']);
  const metrics = await eventually('metrics of a pod', 60, read, (text) => text.includes('"name":"web"'));
  expect(metrics).toContain('"memory"');
});

/** Some end by themselves as soon as another one is gone. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

it('leaves no process, mount, link or cgroup when all of it is killed at once', async () => {
  const state = new StateFile(dir).read();
  const { hostLink, cgroup } = state?.node ?? { hostLink: '', cgroup: '' };
  const shims = () =>
    readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes('/tmp/served-by-the-test'));
  expect(existsSync(`/sys/class/net/${hostLink}`)).toBe(true);
  expect(shims()).not.toHaveLength(0);
  for (const { pid } of state?.processes ?? []) kill(pid);
  await cluster.stop();
  expect(state?.processes.filter(({ pid }) => identify(pid) !== undefined)).toEqual([]);
  expect(shims()).toEqual([]);
  expect(existsSync(`/sys/class/net/${hostLink}`)).toBe(false);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dir);
  const hierarchies = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name, cgroup));
  expect([join('/sys/fs/cgroup', cgroup), ...hierarchies].filter((path) => existsSync(path))).toEqual([]);
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
