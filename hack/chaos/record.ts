import type { Api } from '../../test/cluster/support/api.ts';
import type { Obj } from '../../test/cluster/operator/support/objects.ts';

/** One version of an object, as the API server wrote it. */
export interface Version {
  readonly version: number;
  readonly kind: Kind;
  readonly name: string;
  readonly isGone: boolean;
  readonly object: Obj;
}

const PATHS = {
  deployments: 'apis/apps/v1',
  pods: 'api/v1',
  services: 'api/v1',
  endpointslices: 'apis/discovery.k8s.io/v1',
  orchestratedservices: 'apis/baton.dev/v1alpha1',
} as const;
export type Kind = keyof typeof PATHS | 'leases';

const WATCH_SECONDS = 2;

interface Change {
  readonly type: string;
  readonly object: Obj;
}

/** What the API server wrote in a namespace, all of it, in its order: versions of etcd are in one order for all kinds. */
export class Recording {
  readonly #api: Api;
  readonly #versions: Version[] = [];
  readonly #watches: readonly Promise<void>[];
  #stopped = false;

  private constructor(api: Api, paths: ReadonlyMap<Kind, string>, starts: ReadonlyMap<Kind, string>) {
    this.#api = api;
    this.#watches = [...paths].map(([kind, path]) => this.#watch(kind, path, starts.get(kind) ?? ''));
  }

  /** Leases are in another namespace where the operator looks after all. */
  static async of(api: Api, namespace: string, leaseNamespace: string): Promise<Recording> {
    const paths = new Map<Kind, string>(
      Object.entries(PATHS).map(([kind, base]) => [kind as Kind, `/${base}/namespaces/${namespace}/${kind}`]),
    );
    paths.set('leases', `/apis/coordination.k8s.io/v1/namespaces/${leaseNamespace}/leases`);
    const starts = new Map<Kind, string>();
    const first: Version[] = [];
    for (const [kind, path] of paths) {
      const { body } = await api.call('GET', path);
      starts.set(kind, (body['metadata'] as { resourceVersion: string }).resourceVersion);
      for (const object of body['items'] as Obj[]) first.push(versionOf(kind, object, false));
    }
    const recording = new Recording(api, paths, starts);
    recording.#versions.push(...first);
    return recording;
  }

  /** Ends it, and gives all versions in order. */
  async end(): Promise<readonly Version[]> {
    this.#stopped = true;
    await Promise.all(this.#watches);
    return this.#versions.toSorted((a, b) => a.version - b.version);
  }

  async #watch(kind: Kind, path: string, from: string): Promise<void> {
    let resourceVersion = from;
    let isLast = false;
    // Once more after the end, for what was written before it.
    while (!isLast) {
      isLast = this.#stopped;
      const changes = await this.#api.watch<Change>(path, resourceVersion, isLast ? 1 : WATCH_SECONDS);
      for (const { type, object } of changes) {
        if (type === 'ERROR') throw new Error(`the record is not whole: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        this.#versions.push(versionOf(kind, object, type === 'DELETED'));
      }
    }
  }
}

const versionOf = (kind: Kind, object: Obj, isGone: boolean): Version => ({
  version: Number(object.metadata.resourceVersion),
  kind,
  name: object.metadata.name,
  isGone,
  object,
});
