import type { Api } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { accept, type Bed, type Pod } from './bed.ts';
import type { Obj } from './objects.ts';

interface Change {
  readonly type: string;
  readonly object: Pod & Obj & { readonly spec: { readonly replicas?: number } };
}

interface Seen {
  readonly version: number;
  readonly object: Change['object'];
  readonly isGone: boolean;
}

/** What Deployments and pods of a namespace went through, in the order in which the API server wrote it. */
export class Timeline {
  readonly #api: Api;
  readonly #paths: readonly string[];
  readonly #seen: Seen[] = [];
  readonly #over = new AbortController();
  readonly #watches: readonly Promise<void>[];
  #fault: unknown;

  private constructor(api: Api, paths: readonly string[], resourceVersion: string) {
    this.#api = api;
    this.#paths = paths;
    this.#watches = paths.map((path) => this.#watch(path, resourceVersion));
  }

  static async of({ api, namespace }: Bed): Promise<Timeline> {
    const paths = [`/apis/apps/v1/namespaces/${namespace}/deployments`, `/api/v1/namespaces/${namespace}/pods`];
    const { body } = accept(await api.call('GET', `/api/v1/namespaces/${namespace}/pods`));
    return new Timeline(api, paths, (body['metadata'] as { resourceVersion: string }).resourceVersion);
  }

  /** Ends it, with all that there is when it is called. */
  async end(): Promise<void> {
    if (this.#over.signal.aborted) return;
    try {
      for (const path of this.#paths) {
        const items = accept(await this.#api.call('GET', path)).body['items'] as Obj[];
        const isTold = (): Promise<boolean> => Promise.resolve(items.every((item) => this.#knows(item)));
        await eventually(`all of ${path} is told`, 30, isTold, (told) => told || this.#fault !== undefined);
      }
    } finally {
      this.#over.abort();
      await Promise.all(this.#watches);
    }
    if (this.#fault !== undefined) throw this.#fault;
    this.#seen.sort((a, b) => a.version - b.version);
  }

  /** When the replicas of a Deployment went from zero to more, or to zero. */
  turns(name: string, isUp: boolean): number[] {
    const turns: number[] = [];
    let last: number | undefined;
    for (const { object, version } of this.#seen) {
      const { replicas } = object.spec;
      if (replicas === undefined || object.metadata.name !== name) continue;
      if (last !== undefined && last > 0 !== replicas > 0 && replicas > 0 === isUp) turns.push(version);
      last = replicas;
    }
    return turns;
  }

  /** When so many pods with the label app=NAME were ready at once for the first time. */
  ready(name: string, count: number): number {
    const ready = new Set<string>();
    for (const { object, version, isGone } of this.#seen) {
      if (object.spec.replicas !== undefined || object.metadata.labels?.['app'] !== name) continue;
      const is = object.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
      if (is && !isGone) ready.add(object.metadata.name);
      else ready.delete(object.metadata.name);
      if (ready.size >= count) return version;
    }
    return Infinity;
  }

  #knows({ metadata: { uid, resourceVersion } }: Obj): boolean {
    return this.#seen.some(({ object, version }) => object.metadata.uid === uid && version >= Number(resourceVersion));
  }

  /** One watch for all the time: a version that was told long ago may be too old to begin another one with. */
  async #watch(path: string, from: string): Promise<void> {
    let resourceVersion = from;
    while (!this.#over.signal.aborted && this.#fault === undefined) {
      const following = this.#api.follow(path, resourceVersion, this.#over.signal, (change) => {
        const { type, object } = change as Change;
        if (type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        this.#seen.push({ version: Number(resourceVersion), object, isGone: type === 'DELETED' });
      });
      await following.catch((error: unknown) => (this.#fault ??= error));
    }
  }
}
