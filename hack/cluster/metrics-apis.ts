import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttp, type Server } from 'node:http';
import { Agent, createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ApiAccess, call } from './api.ts';
import { createAuthority, issueCertificate } from './certificates.ts';
import type { Cluster } from './contract.ts';
import { registerMetricsApis } from './metrics-server.ts';
import { until } from './poll.ts';

export interface PodInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its place among the pods with the same label app, by age, and how many there are. */
  readonly index: number;
  readonly count: number;
}

interface Used {
  /** Thousandths of a core. */
  readonly milli: number;
  readonly bytes?: number;
}

/** Use of the container main, and of others by name; undefined for a pod without a figure. */
export type UsageOf = (pod: PodInfo) => (Used & { readonly others?: Readonly<Record<string, Used>> }) | undefined;

interface Metadata {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly creationTimestamp: string;
  };
}

const GROUPS = ['metrics.k8s.io', 'external.metrics.k8s.io'];
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const json = (response: ServerResponse, body: object, code = 200): void =>
  void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/**
 * Stands in for metrics-server and for an adapter of external metrics, both registered with the API server as APIServices, and for a
 * Prometheus that gives the same external figures to who asks by name. So the HorizontalPodAutoscaler and Baton see the same series.
 */
export class MetricsApis {
  /** By the label app of the pods. */
  readonly usage = new Map<string, UsageOf>();
  /** External figures by name; what is absent fails. Several make a query ambiguous. */
  readonly figures = new Map<string, number | readonly number[]>();
  readonly #access: ApiAccess;
  readonly #namespace: string;
  readonly #agent = new Agent({ keepAlive: true });
  #pods: ReadonlyMap<string, readonly PodInfo[]> = new Map();
  #servers: Server[] = [];
  #listing: NodeJS.Timeout | undefined;

  private constructor(access: ApiAccess, namespace: string) {
    this.#access = access;
    this.#namespace = namespace;
  }

  /** Looks which pods there are in the namespace every `listEveryMs`. */
  static async start(
    cluster: Cluster,
    namespace: string,
    listEveryMs = 250,
  ): Promise<{ apis: MetricsApis; prometheusUrl: string }> {
    const { server, caCertificate } = cluster;
    const administrator = await cluster.issueClientCertificate({
      commonName: 'metrics-stand-in',
      groups: ['system:masters'],
    });
    const apis = new MetricsApis({ server, caCertificate, administrator }, namespace);
    const authority = createAuthority('metrics-stand-in');
    const hosts = ['localhost', '127.0.0.1', 'metrics-stand-in.kube-system.svc'];
    const { certificate, privateKey } = issueCertificate(authority, {
      commonName: 'metrics-stand-in',
      usage: 'server',
      hosts,
    });
    const secure = createHttps({ cert: certificate, key: privateKey }, (request, response) =>
      apis.#aggregated(request, response),
    );
    const plain = createHttp((request, response) => void apis.#prometheus(request, response));
    apis.#servers = [secure, plain];
    const [port, prometheusPort] = await Promise.all([listen(secure), listen(plain)]);
    await apis.#list();
    // While the API server does not answer, the last list serves.
    apis.#listing = setInterval(() => void apis.#list().catch(() => undefined), listEveryMs);
    await apis.#register(port, authority.certificate);
    return { apis, prometheusUrl: `http://127.0.0.1:${prometheusPort}` };
  }

  /** How many pods with that label app there were when it last looked, those that are going included. */
  count(app: string): number {
    return this.#pods.get(app)?.length ?? 0;
  }

  async stop(): Promise<void> {
    clearInterval(this.#listing);
    this.#agent.destroy();
    // A group that is registered and served by nobody would keep every namespace from being deleted.
    for (const group of GROUPS) {
      await call(this.#access, {
        method: 'DELETE',
        path: `/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${group}`,
      });
    }
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    await Promise.all(this.#servers.map(async (server) => server.listening && once(server, 'close')));
  }

  async #register(port: number, ca: string): Promise<void> {
    await registerMetricsApis(this.#access, { name: 'metrics-stand-in', port, ca, groups: GROUPS });
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${this.#namespace}/pods`;
    await until('metrics.k8s.io', 180_000, async () => (await call(this.#access, { path })).status === 200);
  }

  async #list(): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods?resourceVersion=0`;
    const { status, body } = await call(this.#access, { path, accept: METADATA_ONLY, agent: this.#agent });
    if (status !== 200) return;
    const { items } = JSON.parse(body) as { items: readonly Metadata[] | null };
    const byApp = Map.groupBy(items ?? [], ({ metadata }) => metadata.labels?.['app'] ?? '');
    this.#pods = new Map([...byApp].map(([app, pods]) => [app, byAge(pods)]));
  }

  #aggregated(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const [, , group = '', version, , namespace, resource] = url.pathname.split('/');
    if (version === undefined) return json(response, {}, 404);
    if (namespace === undefined && !url.pathname.endsWith('/pods')) return json(response, resourcesOf(group));
    if (group === 'external.metrics.k8s.io') return this.#external(response, resource ?? '');
    return this.#podMetrics(response, url.searchParams.get('labelSelector') ?? '');
  }

  #podMetrics(response: ServerResponse, selector: string): void {
    const app = /(?:^|,)app=([^,]+)/.exec(selector)?.[1];
    const timestamp = new Date().toISOString();
    const pods = app === undefined ? [...this.#pods.values()].flat() : (this.#pods.get(app) ?? []);
    const items = pods.flatMap((pod) => {
      const used = this.usage.get(pod.labels['app'] ?? '')?.(pod);
      if (used === undefined) return [];
      const metadata = { name: pod.name, namespace: this.#namespace, labels: pod.labels, creationTimestamp: timestamp };
      const containers = Object.entries({ main: used, ...used.others }).map(([name, { milli, bytes = 1e6 }]) => ({
        name,
        usage: { cpu: `${Math.round(milli * 1e6)}n`, memory: String(Math.round(bytes)) },
      }));
      return [{ metadata, timestamp, window: '1s', containers }];
    });
    json(response, { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items });
  }

  #external(response: ServerResponse, metricName: string): void {
    const figures = this.#figuresOf(metricName);
    if (figures === undefined)
      return json(response, { kind: 'Status', status: 'Failure', code: 500, message: 'no adapter' }, 500);
    const timestamp = new Date().toISOString();
    const items = figures.map((value) => ({
      metricName,
      metricLabels: {},
      timestamp,
      value: `${Math.round(value * 1_000)}m`,
    }));
    json(response, {
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items,
    });
  }

  async #prometheus(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URLSearchParams(await text(request)).get('query') ?? '';
    const figures = this.#figuresOf(query);
    if (figures === undefined)
      return json(response, { status: 'error', errorType: 'unavailable', error: 'no data source' }, 503);
    const result = figures.map((value, index) => ({
      metric: { part: String(index) },
      value: [Date.now() / 1_000, String(value)],
    }));
    json(response, { status: 'success', data: { resultType: 'vector', result } });
  }

  #figuresOf(name: string): readonly number[] | undefined {
    const figure = this.figures.get(name);
    return typeof figure === 'number' ? [figure] : figure;
  }
}

const byAge = (pods: readonly Metadata[]): readonly PodInfo[] =>
  pods
    .map(({ metadata }) => metadata)
    .sort((a, b) => (a.creationTimestamp + a.name < b.creationTimestamp + b.name ? -1 : 1))
    .map(({ name, labels = {} }, index) => ({ name, labels, index, count: pods.length }));

function resourcesOf(group: string): object {
  const pods = { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] };
  const resources = group === 'metrics.k8s.io' ? [pods] : [];
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1beta1`, resources };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
