import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from '../../test/cluster/support/api.ts';
import { eventually } from '../../test/cluster/support/eventually.ts';
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
/** What workflows are, and what they make and change beside. */
const WORKFLOW_PATHS = {
  workflows: 'apis/baton.dev/v1alpha1',
  scheduledworkflows: 'apis/baton.dev/v1alpha1',
  jobs: 'apis/batch/v1',
  configmaps: 'api/v1',
  replicationcontrollers: 'api/v1',
} as const;
export type Kind = keyof typeof PATHS | keyof typeof WORKFLOW_PATHS | 'leases';

export interface Recorded {
  readonly namespace: string;
  /** Another one where the operator looks after all. */
  readonly leaseNamespace: string;
  readonly hasWorkflows: boolean;
}

const AGAIN_MS = 100;
/** For what was written before the end to be told. */
const PATIENCE_S = 30;

interface Change {
  readonly type: string;
  readonly object: Obj;
}

/** What the API server wrote in a namespace, all of it, in its order: versions of etcd are in one order for all kinds. */
export class Recording {
  readonly #api: Api;
  readonly #paths: ReadonlyMap<Kind, string>;
  /** Of each object the version that was told last, also of those that are gone. */
  readonly #last = new Map<string, Version>();
  #versions: Version[] = [];
  readonly #end = new AbortController();
  readonly #watches: readonly Promise<void>[];
  #fault: Error | undefined;

  private constructor(api: Api, paths: ReadonlyMap<Kind, string>, listed: ReadonlyMap<Kind, Listed>) {
    this.#api = api;
    this.#paths = paths;
    for (const [kind, { items }] of listed) for (const object of items) this.#take(versionOf(kind, object, false));
    this.#watches = [...listed].map(([kind, { resourceVersion }]) => this.#watch(kind, resourceVersion));
  }

  static async of(api: Api, { namespace, leaseNamespace, hasWorkflows }: Recorded): Promise<Recording> {
    const bases = { ...PATHS, ...(hasWorkflows && WORKFLOW_PATHS) };
    const paths = new Map<Kind, string>(
      Object.entries(bases).map(([kind, base]) => [kind as Kind, `/${base}/namespaces/${namespace}/${kind}`]),
    );
    paths.set('leases', `/apis/coordination.k8s.io/v1/namespaces/${leaseNamespace}/leases`);
    const listed = new Map<Kind, Listed>();
    for (const [kind, path] of paths) listed.set(kind, await list(api, path));
    return new Recording(api, paths, listed);
  }

  /** What is there now. It costs nothing, where asking the API server ten times a second costs it more than all the rest. */
  now(kind: Kind): readonly Obj[] {
    return this.#there.filter((each) => each.kind === kind).map(({ object }) => object);
  }

  /** Forgets how it came to be as it is now. */
  begin(): void {
    this.#versions = [...this.#there];
  }

  /** Ends it, and gives all versions in order: at least those that there are when it is called. */
  async end(): Promise<readonly Version[]> {
    for (const [kind, path] of this.#paths) {
      const listed = await list(this.#api, path);
      await eventually(`the record of ${kind}`, PATIENCE_S, () => Promise.resolve(this.#misses(kind, listed)), isWhole);
    }
    await this.close();
    if (this.#fault !== undefined) throw this.#fault;
    return this.#versions.toSorted((a, b) => a.version - b.version);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#watches);
  }

  get #there(): readonly Version[] {
    return [...this.#last.values()].filter(({ isGone }) => !isGone);
  }

  #misses(kind: Kind, listed: Listed): string | undefined {
    if (this.#fault !== undefined) throw this.#fault;
    return missing(
      [...this.#last.values()].filter((each) => each.kind === kind),
      listed,
    );
  }

  #take(version: Version): void {
    this.#versions.push(version);
    this.#last.set(`${version.kind}/${version.name}`, version);
  }

  /** The API server ends the watch of a reader that falls behind; it goes on after what was told last, so that nothing is lost. */
  async #watch(kind: Kind, from: string): Promise<void> {
    const path = this.#paths.get(kind) ?? '';
    let version = from;
    while (!this.#end.signal.aborted && this.#fault === undefined) {
      const following = this.#api.follow(path, version, this.#end.signal, (change) => {
        const { type, object } = change as Change;
        if (type === 'ERROR') throw (this.#fault = new Error(`the record is not whole: ${JSON.stringify(object)}`));
        version = object.metadata.resourceVersion ?? version;
        this.#take(versionOf(kind, object, type === 'DELETED'));
      });
      await following.catch(() => undefined);
      if (!this.#end.signal.aborted) await pause(AGAIN_MS);
    }
  }
}

/** What of a list was not told yet, or who was not told to be gone by then. What came or went since is no part of it. */
export function missing(last: readonly Version[], { resourceVersion, items }: Listed): string | undefined {
  const told = new Map(last.map(({ name, version }) => [name, version]));
  const late = items.find(({ metadata }) => (told.get(metadata.name) ?? 0) < Number(metadata.resourceVersion));
  const names = new Set(items.map(({ metadata }) => metadata.name));
  const gone = last.find(
    ({ name, version, isGone }) => !isGone && !names.has(name) && version <= Number(resourceVersion),
  );
  return late?.metadata.name ?? gone?.name;
}

interface Listed {
  readonly resourceVersion: string;
  readonly items: readonly Obj[];
}

async function list(api: Api, path: string): Promise<Listed> {
  const { body } = await api.call('GET', path);
  const { resourceVersion } = body['metadata'] as { resourceVersion: string };
  return { resourceVersion, items: body['items'] as Obj[] };
}

const isWhole = (name: string | undefined): boolean => name === undefined;

const versionOf = (kind: Kind, object: Obj, isGone: boolean): Version => ({
  version: Number(object.metadata.resourceVersion),
  kind,
  name: object.metadata.name,
  isGone,
  object,
});
