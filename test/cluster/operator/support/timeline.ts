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
  readonly #seen: Seen[] = [];
  readonly #watches: Promise<void>[];
  #stopped = false;

  private constructor(bed: Bed, resourceVersion: string) {
    const paths = [`/apis/apps/v1/namespaces/${bed.namespace}/deployments`, `/api/v1/namespaces/${bed.namespace}/pods`];
    this.#watches = paths.map((path) => this.#watch(bed, path, resourceVersion));
  }

  static async of(bed: Bed): Promise<Timeline> {
    const { body } = accept(await bed.api.call('GET', `/api/v1/namespaces/${bed.namespace}/pods`));
    return new Timeline(bed, (body['metadata'] as { resourceVersion: string }).resourceVersion);
  }

  async end(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#watches);
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

  async #watch(bed: Bed, path: string, from: string): Promise<void> {
    let resourceVersion = from;
    while (!this.#stopped) {
      const changes = await bed.api.watch<Change>(path, resourceVersion, 2);
      for (const { type, object } of changes) {
        if (type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        this.#seen.push({ version: Number(resourceVersion), object, isGone: type === 'DELETED' });
      }
    }
  }
}
