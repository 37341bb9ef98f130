import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, type Component, type Prometheus, startCluster } from '../../../hack/cluster/index.ts';
import { Connection } from '../../../src/kube/connection.ts';
import { RestClient } from '../../../src/kube/rest.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { ResourceMetrics } from '../../../src/sources/api.ts';
import { createPrometheus } from '../../../src/sources/prometheus.ts';
import type { PrometheusQuery, ResourceQuery } from '../../../src/sources/queries.ts';
import { createResourceMetrics } from '../../../src/sources/resource-metrics.ts';
import { describeSource } from '../../unit/sources/contract.ts';
import { eventually } from '../../cluster/support/eventually.ts';

// metrics-server and Prometheus are stopped and killed here, so they belong to a cluster of this file's own.
const START_MS = 600_000;
/** Prometheus may stand still for a while on a busy machine, and then answers. */
const PATIENT_MS = 60_000;
let cluster: Cluster;
let folder: string;
const connections: Connection[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sources-'));
  cluster = await startCluster({ dir: folder, nodes: 1, log: () => {} });
}, START_MS);
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const never = (): AbortSignal => new AbortController().signal;

describe('Prometheus itself', () => {
  let prometheus: Prometheus;
  // With a moment, a figure is good for five minutes; without one it is gone when the next scrape takes too long.
  const page = createServer((_, response) => {
    const now = Date.now();
    const many = Array.from({ length: 10_000 }, (_unused, index) => `many{pod="checkout-7d9f-${index}"} 1 ${now}\n`);
    response.end(`errors_ratio{code="5xx"} 0.25 ${now}\nerrors_ratio{code="4xx"} 0.5 ${now}\n${many.join('')}`);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const targets = [`127.0.0.1:${(page.address() as AddressInfo).port}`];
    const scrapeConfigs = [{ job_name: 'page', scrape_interval: '2s', static_configs: [{ targets }] }];
    prometheus = await cluster.startPrometheus({ scrapeConfigs, scrapeInterval: '2s' });
    const look = () => ask('count(many)');
    await eventually('the page is scraped', 30, look, ({ kind }) => kind === 'value');
  }, START_MS);
  afterAll(() => void page.close());

  async function ask(query: string, timeoutMs = PATIENT_MS) {
    const policy = { url: prometheus.url, namespaces: ['shop'], timeoutMs };
    const source = createPrometheus({ clock: systemClock, policy: () => policy });
    const reading = await source.read({ namespace: 'shop', query }, never());
    await source.close();
    return reading;
  }

  it.each([
    ['errors_ratio{code="5xx"}', 0.25],
    ['sum(errors_ratio)', 0.75],
    ['scalar(vector(7))', 7],
    ['count(many)', 10_000],
  ])('%s gives %d', async (query, value) => expect(await ask(query)).toMatchObject({ kind: 'value', value }));

  it.each([
    ['nothing_of_this_name', 'NoData', 'no series'],
    ['errors_ratio', 'AmbiguousResult', '2 series'],
    ['many', 'AmbiguousResult', 'series'],
    ['sum(errors_ratio) * 0 / 0', 'InvalidValue', 'NaN'],
    ['vector(1) / 0', 'InvalidValue', '+Inf'],
    ['"hello"', 'InvalidValue', 'hello'],
    ['errors_ratio[1m]', 'InvalidValue', 'rate()'],
    ['sum(errors_ratio', 'InvalidValue', 'unclosed left parenthesis'],
    ['errors_ratio * on(job) errors_ratio', 'InvalidValue', 'many-to-many'],
  ])('%s: %s', async (query, reason, evidence) => {
    const reading = await ask(query);
    expect(reading).toMatchObject({ kind: 'missing', reason });
    expect(reading.evidence).toContain(evidence);
  });

  it('that hangs: SourceTimeout; that is there again: a value', async () => {
    prometheus.pause();
    try {
      expect(await ask('vector(1)', 300)).toMatchObject({ reason: 'SourceTimeout' });
    } finally {
      prometheus.resume();
    }
    expect(await ask('vector(1)')).toMatchObject({ kind: 'value' });
  });

  describeSource<PrometheusQuery>('the real Prometheus', async () => {
    const policy = { url: prometheus.url, namespaces: ['*'], timeoutMs: PATIENT_MS };
    const source = createPrometheus({ clock: systemClock, policy: () => policy });
    return {
      source,
      good: { namespace: 'shop', query: 'sum(errors_ratio)' },
      none: { namespace: 'shop', query: 'nothing_of_this_name' },
      breakBackend: () => prometheus.kill(),
      close: () => source.close(),
    };
  });
});

describe('metrics-server itself', () => {
  const life = new AbortController();
  let metrics: Component;
  let admin: RestClient;
  let source: ResourceMetrics;
  afterAll(() => life.abort());

  const clientOf = (kubeconfig: string): RestClient => {
    const connection = new Connection({ kubeconfig, userAgent: 'baton-test' });
    connections.push(connection);
    return new RestClient({ connection });
  };
  const sourceWith = (rest: RestClient): ResourceMetrics => {
    const created = createResourceMetrics({
      clock: systemClock,
      policy: () => ({ intervalMs: 1000 }),
      list: (path, onItem, signal) => rest.items(path, onItem, { signal, stallMs: 15_000 }),
      resourcesOf: () => ({ requests: {}, limits: { cpu: 1, memory: 2 ** 30 } }),
    });
    void created.run(life.signal);
    return created;
  };
  const query = (resource: 'cpu' | 'memory', ...names: string[]): ResourceQuery => ({
    namespace: 'default',
    resource,
    of: 'limit',
    pods: names.map((name) => ({ name, requests: {}, limits: { cpu: 1, memory: 2 ** 30 } })),
  });
  const problemIs = (of: ResourceMetrics, reason: string) =>
    eventually(
      reason,
      30,
      async () => of.problem(),
      (problem) => problem?.reason === reason,
    );

  async function createPod(name: string, cpu: string, memory: string): Promise<void> {
    const annotations = { 'kwok.x-k8s.io/usage-cpu': cpu, 'kwok.x-k8s.io/usage-memory': memory };
    const spec = { containers: [{ name: 'main', image: 'none.invalid/none' }] };
    const pods = { group: '', version: 'v1', plural: 'pods', namespace: 'default' };
    await admin.create(pods, { metadata: { name, annotations }, spec });
  }

  beforeAll(() => {
    admin = clientOf(cluster.kubeconfig);
    source = sourceWith(admin);
  });

  it('that is not installed: SourceUnavailable that says what to install', async () => {
    expect((await problemIs(source, 'SourceUnavailable'))?.evidence).toContain('install metrics-server');
  });

  it('gives the use of pods as ratios, and tells of them', { timeout: START_MS }, async () => {
    const told = new Set<string>();
    source.onChange((changes) => changes.get('default')?.forEach((pod) => told.add(pod)));
    await createPod('small', '100m', '128Mi');
    await createPod('large', '300m', '512Mi');
    metrics = await cluster.startMetricsServer();
    const look = () => source.read(query('memory', 'small', 'large'), never());
    const memory = await eventually('figures of both', 60, look, ({ evidence }) => evidence.includes('highest of 2'));
    expect(memory).toMatchObject({ kind: 'value', value: 0.5 });
    expect(memory.evidence).toContain('50 % of the limit in pod large');
    const cpu = await source.read(query('cpu', 'small', 'large'), never());
    expect(cpu.kind === 'value' && cpu.value).toBeCloseTo(0.3, 1);
    expect([...told].sort()).toEqual(['large', 'small']);
    expect(await source.read(query('cpu', 'unknown'), never())).toMatchObject({ reason: 'NoData' });
  });

  it('without the right to list: Forbidden with verb and resource', async () => {
    const user = await cluster.issueClientCertificate({ commonName: 'nobody' });
    const file = cluster.writeKubeconfig(join(folder, 'nobody.kubeconfig'), user);
    const forbidden = await problemIs(sourceWith(clientOf(file)), 'Forbidden');
    expect(forbidden?.evidence).toContain('may not list pods.metrics.k8s.io');
  });

  describeSource<ResourceQuery>('the real metrics-server', async () => ({
    source,
    good: query('cpu', 'small'),
    none: query('cpu', 'unknown'),
    breakBackend: () => metrics.kill(),
    close: async () => {},
  }));

  it('that was killed: SourceUnavailable for whoever asks anew', async () => {
    const problem = await problemIs(sourceWith(admin), 'SourceUnavailable');
    expect(problem?.evidence).toContain('metrics.k8s.io');
  });
});
