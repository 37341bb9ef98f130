import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createAuthority, issueCertificate } from '../../../hack/cluster/certificates.ts';
import type { Api } from '../../cluster/support/api.ts';
import { eventually } from '../../cluster/support/eventually.ts';

export interface PodInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its place among the pods with the same label app, by age, and how many there are. */
  readonly index: number;
  readonly count: number;
}

/** Thousandths of a core, and bytes; undefined for a pod without a figure. */
export type UsageOf = (pod: PodInfo) => { readonly milli: number; readonly bytes?: number } | undefined;

interface Metadata {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly creationTimestamp: string;
  };
}

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
  readonly #api: Api;
  readonly #namespace: string;
  #pods: readonly PodInfo[] = [];
  #servers: Server[] = [];
  #listing: NodeJS.Timeout | undefined;

  private constructor(api: Api, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  static async start(api: Api, namespace: string): Promise<{ apis: MetricsApis; prometheusUrl: string }> {
    const apis = new MetricsApis(api, namespace);
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
    apis.#listing = setInterval(() => void apis.#list(), 250);
    await apis.#register(port, authority.certificate);
    return { apis, prometheusUrl: `http://127.0.0.1:${prometheusPort}` };
  }

  async stop(): Promise<void> {
    clearInterval(this.#listing);
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    await Promise.all(this.#servers.map(async (server) => server.listening && once(server, 'close')));
  }

  async #register(port: number, ca: string): Promise<void> {
    const name = 'metrics-stand-in';
    const service = { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] };
    await this.#api.call('POST', '/api/v1/namespaces/kube-system/services', {
      body: { metadata: { name }, spec: service },
    });
    for (const group of ['metrics.k8s.io', 'external.metrics.k8s.io']) {
      const spec = {
        service: { name, namespace: 'kube-system', port },
        group,
        version: 'v1beta1',
        caBundle: Buffer.from(ca).toString('base64'),
        groupPriorityMinimum: 100,
        versionPriority: 100,
      };
      const body = { metadata: { name: `v1beta1.${group}` }, spec };
      const answer = await this.#api.call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { body });
      if (answer.status >= 300) throw new Error(answer.message);
    }
    const look = () => this.#api.call('GET', `/apis/metrics.k8s.io/v1beta1/namespaces/${this.#namespace}/pods`);
    await eventually('metrics.k8s.io answers', 60, look, ({ status }) => status === 200);
  }

  async #list(): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods`;
    const { body } = await this.#api.call('GET', path, { accept: METADATA_ONLY, query: { resourceVersion: '0' } });
    const byApp = Map.groupBy(
      (body['items'] as Metadata[] | undefined) ?? [],
      ({ metadata }) => metadata.labels?.['app'],
    );
    this.#pods = [...byApp.values()].flatMap((pods) =>
      pods
        .map(({ metadata }) => metadata)
        .sort((a, b) => (a.creationTimestamp + a.name < b.creationTimestamp + b.name ? -1 : 1))
        .map(({ name, labels = {} }, index) => ({ name, labels, index, count: pods.length })),
    );
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
    const items = this.#pods.flatMap((pod) => {
      if (app !== undefined && pod.labels['app'] !== app) return [];
      const used = this.usage.get(pod.labels['app'] ?? '')?.(pod);
      if (used === undefined) return [];
      const usage = { cpu: `${Math.round(used.milli)}m`, memory: String(Math.round(used.bytes ?? 1e6)) };
      const metadata = { name: pod.name, namespace: this.#namespace, labels: pod.labels, creationTimestamp: timestamp };
      return [{ metadata, timestamp, window: '1s', containers: [{ name: 'main', usage }] }];
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
