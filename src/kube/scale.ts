import { keyOf, type Projected } from '../runtime/store.ts';
import type { DiscoveredKind, Discovery } from './discovery.ts';
import { ApiError } from './errors.ts';
import { Reflector, type ReflectorEvent } from './reflector.ts';
import { type KubeObject, resourceName } from './resource.ts';
import type { RestClient } from './rest.ts';

export interface ScaleReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What every workload has: its metadata, and perhaps how far its controller has come. */
type Workload = Pick<KubeObject, 'metadata'> & { readonly status?: { readonly observedGeneration?: number | string } };

/** autoscaling/v1 */
export interface Scale {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

export type ScaleAnswer =
  | { readonly kind: 'found'; readonly object: Workload; readonly scale: Scale }
  | { readonly kind: 'unknownKind' | 'noScale' | 'notFound' }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string };

interface Cached extends Projected {
  readonly object: Workload;
}

interface Watched {
  readonly reflector: Reflector<Cached>;
  /** The scale that was read for an object, as long as the object stays at that resourceVersion. */
  readonly scales: Map<string, { readonly resourceVersion: string; readonly scale: Scale }>;
}

export interface ScaleReaderOptions {
  readonly rest: RestClient;
  readonly discovery: Discovery;
  /** One namespace only; undefined for all. */
  readonly namespace?: string | undefined;
  /** A workload of a watched kind changed. */
  readonly onChange: (reference: ScaleReference) => void;
  readonly onEvent: (resource: string, event: ReflectorEvent) => void;
  readonly onListenerError: (error: unknown) => void;
}

/**
 * Workloads of any kind with a scale subresource. The first question about a kind begins a watch on it, so that later ones cost a request
 * only when the object has changed since.
 */
export class ScaleReader {
  readonly #options: ScaleReaderOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #stop = new AbortController();

  constructor(options: ScaleReaderOptions) {
    this.#options = options;
  }

  /** Rejects with ApiError where trying again may help, and when `signal` aborts. */
  async read(reference: ScaleReference, signal: AbortSignal): Promise<ScaleAnswer> {
    const kind = await this.#options.discovery.resolveScaleTarget(reference.apiVersion, reference.kind);
    if (!kind) return { kind: 'unknownKind' };
    if (!kind.hasScale || !kind.namespaced) return { kind: 'noScale' };
    const watched = this.#watch(kind, reference);
    await watched.reflector.whenSettled(signal);
    const { store } = watched.reflector;
    if (store.problem?.reason === 'Forbidden') {
      return { kind: 'forbidden', verb: store.problem.verb, resource: store.problem.resource };
    }
    const cached = store.get(keyOf(reference));
    return cached ? this.#withScale(kind, reference, cached, watched, signal) : { kind: 'notFound' };
  }

  /** Ends every watch. */
  stop(): void {
    this.#stop.abort(new Error('stopping'));
  }

  async #withScale(
    kind: DiscoveredKind,
    reference: ScaleReference,
    { object, resourceVersion }: Cached,
    { scales }: Watched,
    signal: AbortSignal,
  ): Promise<ScaleAnswer> {
    const key = keyOf(reference);
    const known = scales.get(key);
    if (known?.resourceVersion === resourceVersion) return { kind: 'found', object, scale: known.scale };
    const { group, version, plural } = kind;
    const { namespace, name } = reference;
    try {
      const scale = await this.#options.rest.get<Scale>(
        { group, version, plural, namespace, name, subresource: 'scale' },
        { signal },
      );
      scales.set(key, { resourceVersion, scale });
      return { kind: 'found', object, scale };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 403) return { kind: 'forbidden', verb: 'get', resource: `${resourceName(kind)}/scale` };
      if (error.notFound) return { kind: 'notFound' };
      throw error;
    }
  }

  #watch(kind: DiscoveredKind, { apiVersion, kind: kindName }: ScaleReference): Watched {
    const name = `${apiVersion}/${kindName}`;
    const known = this.#watched.get(name);
    if (known) return known;
    const { rest, namespace, onChange, onEvent, onListenerError } = this.#options;
    const { group, version, plural } = kind;
    const reflector = new Reflector<Cached>({
      rest,
      resource: { group, version, plural },
      ...(namespace && { namespace }),
      project,
      // A kind may be uninstalled again; the operator is ready without it.
      optional: true,
      onEvent: (event) => onEvent(plural, event),
      onListenerError,
    });
    const watched: Watched = { reflector, scales: new Map() };
    reflector.store.subscribe(({ type, key, old, new: now }) => {
      if (type === 'deleted') watched.scales.delete(key);
      const object = now ?? old;
      if (object) onChange({ apiVersion, kind: kindName, namespace: object.namespace ?? '', name: object.name });
    });
    this.#watched.set(name, watched);
    void reflector.run(this.#stop.signal);
    return watched;
  }
}

function project(raw: KubeObject): Cached {
  const { namespace, name, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = raw.metadata;
  const observedGeneration = (raw as Workload).status?.observedGeneration;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion,
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    object: { metadata, ...(observedGeneration !== undefined && { status: { observedGeneration } }) },
  };
}
