// The embedded cluster itself: what it starts can be broken and comes back, and nothing of it outlives its end.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientCertificate, type Cluster, startCluster } from '../../../hack/cluster/index.ts';
import { until as waitUntil } from '../../../hack/cluster/poll.ts';
import { isRunning, processesWithEnvironment } from '../../../hack/cluster/processes.ts';
import { membership, StateFile } from '../../../hack/cluster/state.ts';

const cli = join(import.meta.dirname, '../../../hack/cluster/cli.ts');
const temporary = () => mkdtempSync(join(tmpdir(), 'cluster-test-'));
const quiet = () => undefined;

/** Resolves with true once it is so, for an expectation to be made of it; to fail to ask is no answer. */
async function until(what: string, ask: () => boolean | Promise<boolean>): Promise<true> {
  await waitUntil(what, 180_000, async () => ask());
  return true;
}

describe('a control plane', () => {
  let cluster: Cluster;
  const dir = temporary();

  beforeAll(async () => {
    cluster = await startCluster({ dir, nodes: 3, log: quiet, apiServerFlags: ['--min-request-timeout=17'] });
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const kubectl = (...args: string[]) =>
    execFileSync(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], { encoding: 'utf8', stdio: 'pipe' });

  it('has its nodes in three zones, and runs pods on them', async () => {
    const zones = kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}');
    expect(zones.split(' ').toSorted()).toEqual(['zone-a', 'zone-b', 'zone-c']);
    kubectl('create', 'deployment', 'web', '--image=web', '--replicas=30');
    kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
  });

  it('passes on flags, and keeps data, port and clients when the API server is killed and started again', async () => {
    const before = cluster.apiServer.pid;
    expect(readFileSync(`/proc/${before}/cmdline`, 'utf8')).toContain('--min-request-timeout=17');
    await cluster.apiServer.kill();
    expect(cluster.apiServer.pid).toBeUndefined();
    expect(() => kubectl('get', 'nodes')).toThrow('refused');
    await cluster.apiServer.start();
    expect(cluster.apiServer.pid).not.toBe(before);
    expect(kubectl('get', 'deployment', 'web', '-o', 'name')).toBe('deployment.apps/web\n');
  });

  it('knows the user and the groups of a certificate it issues, until it expires', async () => {
    const alice = { commonName: 'alice', groups: ['team'] };
    const lasting = await cluster.issueClientCertificate(alice);
    const kubeconfig = cluster.writeKubeconfig(join(dir, 'alice'), lasting);
    const whoami = execFileSync(cluster.kubectl, ['--kubeconfig', kubeconfig, 'auth', 'whoami', '-o', 'json'], {
      encoding: 'utf8',
    });
    const { userInfo } = (JSON.parse(whoami) as { status: { userInfo: { username: string; groups: string[] } } })
      .status;
    expect(userInfo.username).toBe('alice');
    expect(userInfo.groups).toContain('team');
    expect(await statusOf(cluster, lasting)).toBe(200);
    // Of the same kind, so that nothing but its time can be why it is refused.
    const brief = await cluster.issueClientCertificate({ ...alice, validSeconds: 5 });
    await until('the certificate to expire', async () => (await statusOf(cluster, brief)) === 401);
    expect(new X509Certificate(brief.certificate).validToDate.getTime()).toBeLessThan(Date.now());
  });

  it('says why when a component cannot start', async () => {
    await cluster.scheduler.stop();
    await expect(cluster.scheduler.start(['--no-such-flag'])).rejects.toThrow('unknown flag: --no-such-flag');
    await cluster.scheduler.start();
  });

  it('serves metrics.k8s.io by a real metrics-server, with what fake pods say they use', async () => {
    const patch = { spec: { template: { metadata: { annotations: { 'kwok.x-k8s.io/usage-cpu': '250m' } } } } };
    kubectl('patch', 'deployment', 'web', '-p', JSON.stringify(patch));
    kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
    await cluster.startMetricsServer();
    interface PodMetrics {
      items: { containers: { usage: { cpu: string } }[] }[];
    }
    const read = () =>
      JSON.parse(kubectl('get', '--raw', '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods')) as PodMetrics;
    const milli = (cpu: string) => Number.parseInt(cpu, 10) / (cpu.endsWith('n') ? 1e6 : 1);
    const measured = until('usage of pods', () => {
      const usage = read().items.map((item) => milli(item.containers[0]?.usage.cpu ?? '0'));
      return usage.length >= 30 && usage.every((value) => value > 225 && value < 275);
    });
    expect(await measured).toBe(true);
  });

  it('starts a real Prometheus that scrapes what it is told', async () => {
    const prometheus = await cluster.startPrometheus();
    const scraped = until('a scrape of the API server', async () => {
      const answer = await fetch(`${prometheus.url}/api/v1/query?query=up{job="kube-apiserver"}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1] === '1';
    });
    expect(await scraped).toBe(true);
    await prometheus.stop();
  });
});

/** On a connection of its own: a certificate is looked at once per connection. */
function statusOf(cluster: Cluster, { certificate, privateKey }: ClientCertificate): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `${cluster.server}/version`;
    const options = { agent: false, ca: cluster.caCertificate, cert: certificate, key: privateKey };
    const outgoing = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe.runIf(process.platform === 'linux')('nothing outlives', () => {
  const members = (dir: string) => processesWithEnvironment(membership(dir).entry);

  async function started(code: string, dir: string): Promise<ChildProcess> {
    const script = join(dir, 'start.ts');
    const index = join(import.meta.dirname, '../../../hack/cluster/index.ts');
    writeFileSync(script, `import { startCluster } from ${JSON.stringify(index)};\n${code}`);
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await until('the cluster', () => new StateFile(dir).read()?.complete === true);
    return child;
  }

  it('a test run that is killed', async () => {
    const dir = temporary();
    const child = await started(
      'await startCluster({ dir: process.argv[2], nodes: 1 });\nsetInterval(() => {}, 1000);',
      dir,
    );
    expect(members(dir)).toHaveLength(5);
    child.kill('SIGKILL');
    await until('everything to end', () => members(dir).length === 0 && new StateFile(dir).read() === undefined);
    rmSync(dir, { recursive: true, force: true });
  });

  it('Ctrl-C while it starts', async () => {
    const dir = temporary();
    const child = spawn(process.execPath, [cli, 'up', '--provider', 'build', '--dir', dir], { stdio: 'ignore' });
    await until('the first component', () => members(dir).length > 0);
    child.kill('SIGINT');
    expect(
      await until('everything to end', () => members(dir).length === 0 && new StateFile(dir).read() === undefined),
    ).toBe(true);
    rmSync(dir, { recursive: true, force: true });
  });

  it('down, also when a component died and another run had begun in between', async () => {
    const dir = temporary();
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [cli, ...args, '--dir', dir], { encoding: 'utf8', stdio: 'pipe' });
    expect(run('up', '--provider', 'build', '--nodes', '0')).toContain(join(dir, 'kubeconfig'));
    expect(run('up', '--provider', 'build', '--nodes', '0')).toContain('The cluster is up (build).');
    expect(() => run('up', '--provider', 'build', '--nodes', '5')).toThrow('a cluster with other options is up');
    const first = new StateFile(dir).read()?.processes ?? [];
    const scheduler = first.find(({ name }) => name === 'kube-scheduler');
    if (scheduler === undefined) throw new Error('no scheduler is on record');
    process.kill(scheduler.pid, 'SIGKILL');
    await until('the scheduler to end', () => !isRunning(scheduler));
    expect(() => run('status')).toThrow('Command failed');
    // What a crash left is replaced.
    expect(run('up', '--provider', 'build', '--nodes', '0')).toContain('The cluster is up');
    expect(run('status')).toMatch(/version +v1\.\d+/);
    expect(members(dir)).toHaveLength(4);
    run('down');
    expect(members(dir)).toHaveLength(0);
    expect(run('down')).toContain('No cluster is on record');
    rmSync(dir, { recursive: true, force: true });
  });
});
