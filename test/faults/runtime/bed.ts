import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../../hack/cluster/index.ts';
import { JSON_CODEC } from '../../../src/kube/codec.ts';
import { Connection } from '../../../src/kube/connection.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { Reflector, type ReflectorEvent, type ReflectorOptions } from '../../../src/kube/reflector.ts';
import type { KubeObject, Resource } from '../../../src/kube/resource.ts';
import { RestClient } from '../../../src/kube/rest.ts';
import { keyOf, type Projected } from '../../../src/runtime/store.ts';
import { until } from '../../support/until.ts';

export const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps' };
export const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces' };

/** A control plane of this file's own, and the administrator's client to it. */
export class Bed {
  readonly cluster: Cluster;
  readonly dir: string;
  readonly admin: RestClient;
  readonly #connections: Connection[] = [];

  private constructor(cluster: Cluster, dir: string) {
    this.cluster = cluster;
    this.dir = dir;
    this.admin = this.client(cluster.kubeconfig);
  }

  static async start(options: ClusterOptions = {}): Promise<Bed> {
    const dir = mkdtempSync(path.join(tmpdir(), 'baton-faults-'));
    const cluster = await startCluster({ dir: path.join(dir, 'cluster'), nodes: 0, log: () => undefined, ...options });
    return new Bed(cluster, dir);
  }

  client(kubeconfig: string, more: { inClusterRoot?: string } = {}): RestClient {
    const connection = new Connection({ kubeconfig, userAgent: 'baton/test', ...more });
    this.#connections.push(connection);
    return new RestClient({ connection });
  }

  async namespace(): Promise<string> {
    const made = await this.admin.create<KubeObject>(NAMESPACES, { metadata: { generateName: 'faults-' } });
    return made.metadata.name;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.cluster.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Item extends Projected {
  readonly value: string | undefined;
}
export type RawItem = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** A reflector that runs, and a copy of its store made of nothing but the changes it announced. */
export function watch(rest: RestClient, options: Partial<ReflectorOptions<Item, RawItem>> = {}) {
  const events: ReflectorEvent[] = [];
  const faults: unknown[] = [];
  const stop = new AbortController();
  const reflector = new Reflector<Item, RawItem>({
    rest,
    resource: CONFIG_MAPS,
    project: ({ metadata, data }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      value: data?.['value'],
    }),
    onEvent: (event) => events.push(event),
    onListenerError: (fault) => faults.push(fault),
    ...options,
  });
  const heard = new Map<string, string>();
  reflector.store.subscribe((change) => {
    const before = change.old?.resourceVersion;
    if (heard.get(change.key) !== before)
      faults.push(new Error(`${change.type} ${change.key} does not follow what was heard`));
    if (change.new) heard.set(change.key, change.new.resourceVersion);
    else heard.delete(change.key);
  });
  const running = reflector.run(stop.signal);
  return {
    reflector,
    store: reflector.store,
    events,
    heard,
    faults,
    count: (kind: ReflectorEvent['kind']) => events.filter((event) => event.kind === kind).length,
    stop: async () => {
      stop.abort(new Error('test ended'));
      await running;
    },
  };
}

export type Watch = ReturnType<typeof watch>;

/** Far longer than it takes, and far less than until the next full list. */
const RIGHT_MS = 120_000;

/** Compares with a fresh, full list until all is equal; fails with the difference. */
export async function expectRight(watched: Watch, admin: RestClient, namespace: string): Promise<void> {
  const versions = (items: Iterable<readonly [string, string]>) =>
    Object.fromEntries([...items].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const seen = () => versions([...watched.store.list()].map((item) => [keyOf(item), item.resourceVersion] as const));
  let listed = {};
  await until(
    'store equal to a fresh list',
    async () => {
      const fresh = await admin.list<KubeObject>({ ...CONFIG_MAPS, namespace }, JSON_CODEC);
      listed = versions(fresh.items.map(({ metadata }) => [keyOf(metadata), metadata.resourceVersion] as const));
      return JSON.stringify(listed) === JSON.stringify(seen());
    },
    RIGHT_MS,
  ).catch(() => undefined);
  expect(seen()).toEqual(listed);
  expect(versions(watched.heard)).toEqual(listed);
  expect(watched.faults).toEqual([]);
}

/** Creates, changes and deletes ConfigMaps without pause until told to stop; a request that fails is not repeated. */
export function churn(rest: RestClient, namespace: string, workers = 4) {
  const end = new AbortController();
  let writes = 0;
  const failed: ApiError[] = [];
  const work = async (worker: number): Promise<void> => {
    for (let turn = 0; !end.signal.aborted; turn += 1) {
      const name = `c${worker}-${turn % 10}`;
      const target = { ...CONFIG_MAPS, namespace, name };
      try {
        if (turn % 10 === 7) await rest.delete(target, undefined, { attempts: 1 });
        else {
          const body = {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name },
            data: { value: String(turn), pad: 'x'.repeat(500) },
          };
          await rest.apply(target, body, { fieldManager: 'churn', force: true, attempts: 1 });
        }
        writes += 1;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.notFound) failed.push(error);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const running = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return {
    failed,
    get writes() {
      return writes;
    },
    /** Until so many writes more have succeeded. */
    more: (count: number) => {
      const goal = writes + count;
      return until(`${count} more writes`, () => writes >= goal);
    },
    stop: async () => {
      end.abort();
      await running;
    },
  };
}
