import { orAborted, systemClock, within, type Clock } from '../runtime/clock.ts';
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
  /** The API server does not say at present. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string };

interface Cached extends Projected {
  readonly object: Workload;
}

interface Watched {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly reflector: Reflector<Cached>;
  readonly stop: AbortController;
  /** Ends when there is a list, when it is known why there is none, or when nobody should wait any longer. */
  readonly patience: Promise<void>;
  /** The last scale could not be read: one request at a time finds out whether that has passed. */
  failing: boolean;
  asking: number;
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
  /** What can be said of all workloads of a kind changed: its list came, or a permission or its CRD came or went. */
  readonly onKind: (apiVersion: string, kind: string) => void;
  /** Whether anybody asks about workloads of this kind. */
  readonly isUsed: (apiVersion: string, kind: string) => boolean;
  /** A question that had no answer, for the log; what everybody hears who asks is told once. */
  readonly onFailure: (reference: ScaleReference, error: unknown) => void;
  readonly onEvent: (resource: string, event: ReflectorEvent) => void;
  readonly onListenerError: (error: unknown) => void;
  readonly clock?: Clock;
}

// How long the first questions about a kind wait for its list. It must be short: all of them hold a worker.
const PATIENCE_MS = 1_000;
const SCALE_TIMEOUT_MS = 2_000;

/**
 * Workloads of any kind with a scale subresource. The first question about a kind begins a watch on it, so that later ones cost a request
 * only when the object has changed since.
 */
export class ScaleReader {
  readonly #options: ScaleReaderOptions;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  #told: unknown;
  #stopped = false;

  constructor(options: ScaleReaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Answers within some seconds whatever the API server does: one kind that is broken must not hold up the others. Rejects when `signal`
   * aborts.
   */
  async read(reference: ScaleReference, signal: AbortSignal): Promise<ScaleAnswer> {
    let kind: DiscoveredKind | undefined;
    try {
      const { discovery } = this.#options;
      kind = await orAborted(discovery.resolveScaleTarget(reference.apiVersion, reference.kind), signal);
    } catch (error) {
      return this.#unavailable(reference, error, signal);
    }
    if (!kind) return { kind: 'unknownKind' };
    if (!kind.hasScale || !kind.namespaced) return { kind: 'noScale' };
    const watched = this.#watch(kind, reference);
    await orAborted(watched.patience, signal);
    const { store } = watched.reflector;
    const { problem } = store;
    if (problem?.reason === 'Forbidden') return { kind: 'forbidden', verb: problem.verb, resource: problem.resource };
    if (problem?.reason === 'Missing') return { kind: 'unknownKind' };
    if (!store.synced) return { kind: 'unavailable' };
    const cached = store.get(keyOf(reference));
    return cached ? this.#withScale(kind, reference, cached, watched, signal) : { kind: 'notFound' };
  }

  /** Ends the watches on kinds that nobody asks about any more. */
  release(): void {
    for (const [name, { apiVersion, kind, stop }] of this.#watched) {
      if (this.#options.isUsed(apiVersion, kind)) continue;
      this.#watched.delete(name);
      stop.abort(new Error('nobody asks any more'));
    }
  }

  /** Ends every watch. */
  stop(): void {
    this.#stopped = true;
    for (const { stop } of this.#watched.values()) stop.abort(new Error('stopping'));
  }

  async #withScale(
    kind: DiscoveredKind,
    reference: ScaleReference,
    { object, resourceVersion }: Cached,
    watched: Watched,
    signal: AbortSignal,
  ): Promise<ScaleAnswer> {
    const key = keyOf(reference);
    const known = watched.scales.get(key);
    if (known?.resourceVersion === resourceVersion) return { kind: 'found', object, scale: known.scale };
    if (watched.failing && watched.asking > 0) return { kind: 'unavailable' };
    watched.asking += 1;
    try {
      const scale = await this.#scale(kind, reference, signal);
      watched.scales.set(key, { resourceVersion, scale });
      watched.failing = false;
      return { kind: 'found', object, scale };
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) {
        return { kind: 'forbidden', verb: 'get', resource: `${resourceName(kind)}/scale` };
      }
      if (error instanceof ApiError && error.notFound) return { kind: 'notFound' };
      watched.failing ||= !signal.aborted;
      return this.#unavailable(reference, error, signal);
    } finally {
      watched.asking -= 1;
    }
  }

  #scale(
    { group, version, plural }: DiscoveredKind,
    { namespace, name }: ScaleReference,
    signal: AbortSignal,
  ): Promise<Scale> {
    const target = { group, version, plural, namespace, name, subresource: 'scale' };
    return this.#options.rest.get<Scale>(target, { signal, timeoutMs: SCALE_TIMEOUT_MS });
  }

  #unavailable(reference: ScaleReference, error: unknown, signal: AbortSignal): ScaleAnswer {
    if (signal.aborted) throw error;
    if (error !== this.#told) this.#options.onFailure(reference, error);
    this.#told = error;
    return { kind: 'unavailable' };
  }

  #watch({ group, version, plural }: DiscoveredKind, { apiVersion, kind }: ScaleReference): Watched {
    const name = `${apiVersion}/${kind}`;
    const known = this.#watched.get(name);
    if (known?.plural === plural) return known;
    known?.stop.abort(new Error('the kind has another resource now'));
    const { rest, namespace, onChange, onListenerError } = this.#options;
    const reflector = new Reflector<Cached>({
      rest,
      resource: { group, version, plural },
      ...(namespace && { namespace }),
      project,
      // A kind may be uninstalled again; the operator is ready without it.
      optional: true,
      clock: this.#clock,
      onEvent: (event) => this.#onEvent(apiVersion, kind, plural, event),
      onListenerError,
    });
    const stop = new AbortController();
    if (this.#stopped) stop.abort(new Error('stopping'));
    const patience = within(this.#clock, PATIENCE_MS, reflector.whenSettled(stop.signal)).catch(() => undefined);
    const scales: Watched['scales'] = new Map();
    const watched: Watched = { apiVersion, kind, plural, reflector, stop, patience, scales, failing: false, asking: 0 };
    reflector.store.subscribe(({ type, key, old, new: now }) => {
      if (type === 'deleted') scales.delete(key);
      const object = now ?? old;
      if (object) onChange({ apiVersion, kind, namespace: object.namespace ?? '', name: object.name });
    });
    this.#watched.set(name, watched);
    void reflector.run(stop.signal);
    return watched;
  }

  #onEvent(apiVersion: string, kind: string, plural: string, event: ReflectorEvent): void {
    const { onEvent, onKind, discovery } = this.#options;
    onEvent(plural, event);
    if (event.kind !== 'problem' && event.kind !== 'recovered' && event.kind !== 'synced') return;
    // Installed again it may be another: with another resource, or without scale.
    if (event.kind === 'problem' && event.problem.reason === 'Missing') discovery.forget(apiVersion);
    onKind(apiVersion, kind);
    // The last service may have gone while its kind was first asked about.
    this.release();
  }
}

function project(raw: KubeObject): Cached {
  const { namespace, name, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = raw.metadata;
  // What Baton itself wrote; those of others may be large.
  const ours = Object.entries(raw.metadata.annotations ?? {}).filter(([key]) => key.startsWith('baton.dev/'));
  const observedGeneration = (raw as Workload).status?.observedGeneration;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion,
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(ours.length > 0 && { annotations: Object.fromEntries(ours) }),
  };
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    object: { metadata, ...(observedGeneration !== undefined && { status: { observedGeneration } }) },
  };
}
