import { backoffDelay, type BackoffPolicy } from '../runtime/backoff.ts';
import { orAborted, sleep, systemClock, type Clock } from '../runtime/clock.ts';
import type { Cache } from '../runtime/manager.ts';
import { keyOf, Store, type Indexes, type Projected, type ReadonlyStore, type StoreProblem } from '../runtime/store.ts';
import { type Codec, type EventSplitter, JSON_CODEC, type ObjectEvent, type WatchEvent } from './codec.ts';
import { ApiError, type StatusBody } from './errors.ts';
import { listPages } from './pages.ts';
import { resourceName, type KubeObject, type Resource } from './resource.ts';
import type { RestClient } from './rest.ts';

/** What happens to a reflector, for logs and counters. */
export type ReflectorEvent =
  | { readonly kind: 'synced'; readonly by: 'WatchList' | 'pages'; readonly objects: number; readonly ms: number }
  /** The stream ended otherwise than by the server's timeout, and goes on from where it was or with a new list. */
  | { readonly kind: 'restarted'; readonly relist: boolean; readonly error: unknown; readonly retryInMs: number }
  | { readonly kind: 'problem'; readonly problem: StoreProblem }
  /** The problem has passed; `problem` is what it was. */
  | { readonly kind: 'recovered'; readonly problem: StoreProblem }
  /** An object that `project` could not read; the store keeps what it had of it, if anything, until it changes. */
  | { readonly kind: 'unreadable'; readonly key: string; readonly error: unknown };

export interface ReflectorOptions<T extends Projected, R extends KubeObject> {
  rest: RestClient;
  resource: Resource;
  /** Only this namespace; default all. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Default: JSON. */
  codec?: Codec<R>;
  /** The few fields that are kept; it must hold on to nothing else of the object. */
  project: (object: R) => T;
  indexes?: Indexes<T>;
  /** Ready to serve also while the API server does not know the resource. */
  optional?: boolean;
  clock?: Clock;
  random?: () => number;
  onEvent?: (event: ReflectorEvent) => void;
  /** What a store listener threw: a fault of the program. */
  onListenerError: (error: unknown) => void;
  /** Server-side end of a watch, seconds. Default 290. */
  timeoutSeconds?: number;
  /** Silence after which a stream counts as dead, milliseconds. Default 30 s more than the server's timeout. */
  stallMs?: number;
}

/** Where it stands, after kube-rs's watcher. */
type State<T> =
  | { readonly kind: 'empty' }
  /** A WatchList streams the initial objects; they are shown when they are complete. */
  | { readonly kind: 'initial'; readonly items: Map<string, T> }
  | { readonly kind: 'watching'; readonly version: string };

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
// Over a connection that is cut again and again a stream begins anew each time; pages are asked for again one by one.
const MAX_CUT_STREAMS = 3;
const SHORT_LIVED_MS = 1_000;
// The API server that comes back must be noticed within seconds, and a refused connection costs next to nothing.
const RETRY: BackoffPolicy = { initialMs: 200, factor: 2, maxMs: 2_000 };
// A CRD or a role appears when a person installs it.
const RETRY_REFUSED: BackoffPolicy = { initialMs: 500, factor: 2, maxMs: 10_000 };
// A server that asks for an hour is not believed: without this cache nothing is right.
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Keeps a store equal to a collection of the API server: lists, watches, and begins again after every fault until its signal
 * aborts. Raw objects live only while one event is read.
 */
export class Reflector<T extends Projected, R extends KubeObject = KubeObject> implements Cache {
  readonly name: string;
  readonly #options: ReflectorOptions<T, R>;
  readonly #clock: Clock;
  readonly #codec: Codec<R>;
  readonly #store: Store<T>;
  readonly #settled = Promise.withResolvers<void>();
  #state: State<T> = { kind: 'empty' };
  #hasWatchList = true;
  /** Initial streams in a row that were cut off. */
  #cutStreams = 0;
  #listBegan = 0;
  #failures = 0;
  #failedAs = '';
  #openedAt = Number.POSITIVE_INFINITY;

  constructor(options: ReflectorOptions<T, R>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#codec = options.codec ?? JSON_CODEC;
    this.name = resourceName(options.resource);
    this.#store = new Store<T>({
      clock: this.#clock,
      onListenerError: options.onListenerError,
      ...(options.indexes && { indexes: options.indexes }),
    });
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  async whenSettled(signal: AbortSignal): Promise<void> {
    await orAborted(this.#settled.promise, signal);
  }

  notReady(): string | undefined {
    const { problem, synced } = this.#store;
    if (problem?.reason === 'Missing' && !this.#options.optional) {
      return `the API server does not know ${this.name}: install the CRDs`;
    }
    return synced || (problem && problem.reason !== 'Unavailable') ? undefined : `waiting for the list of ${this.name}`;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#advance(signal);
      } catch (error) {
        if (signal.aborted) return;
        await sleep(this.#clock, this.#recover(error), signal);
      }
    }
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const state = this.#state;
    if (state.kind === 'watching') return this.#stream({ resourceVersion: state.version }, signal);
    this.#listBegan = this.#clock.monotonic();
    if (!this.#hasWatchList || this.#cutStreams >= MAX_CUT_STREAMS) return this.#list(signal);
    this.#state = { kind: 'initial', items: new Map() };
    await this.#stream({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }, signal);
    // A server that does not know the parameter watches without ever marking the end of the list.
    if (this.#isInitial()) this.#hasWatchList = false;
  }

  #isInitial(): boolean {
    return this.#state.kind === 'initial';
  }

  /** Reads one watch to its end. Returns after the server's timeout; every other end throws. */
  async #stream(query: Record<string, string>, signal: AbortSignal): Promise<void> {
    const { timeoutSeconds = 290, stallMs = timeoutSeconds * 1_000 + 30_000 } = this.#options;
    let events: EventSplitter | undefined;
    const full = {
      ...this.#selectors(),
      ...query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(timeoutSeconds),
    };
    const onOpen = (contentType: string): void => {
      events = this.#codec.events(contentType, (event) => this.#onEvent(event));
      this.#openedAt = this.#clock.monotonic();
      if (this.#state.kind === 'watching') this.#recovered();
    };
    this.#openedAt = Number.POSITIVE_INFINITY;
    const options = { signal, stallMs, accept: this.#codec.accept, onOpen };
    await this.#options.rest.stream(this.#target(), full, options, (chunk) => events?.push(chunk));
    // Proxies end idle streams cleanly as well; one that keeps doing so at once must not become a busy loop.
    if (!this.#isInitial() && this.#clock.monotonic() - this.#openedAt < SHORT_LIVED_MS)
      throw new Error('the stream ended as soon as it began');
  }

  async #list(signal: AbortSignal): Promise<void> {
    // A list that fails is no stream that had lived for long.
    this.#openedAt = Number.POSITIVE_INFINITY;
    const items = new Map<string, T>();
    const version = await listPages<R>(this.#options.rest, this.#target(), this.#codec, this.#selectors(), signal, {
      restart: () => items.clear(),
      item: (object) => this.#project(object, (item) => items.set(keyOf(item), item)),
    });
    this.#complete(items, version, 'pages');
  }

  #onEvent(event: WatchEvent<R>): void {
    if (event.type === 'ERROR') throw errorOfEvent(this.name, event.object);
    if (this.#state.kind === 'initial') this.#onInitial(event, this.#state.items);
    else this.#onChange(event);
    this.#failures = 0;
  }

  #onInitial({ type, object }: ObjectEvent<R>, items: Map<string, T>): void {
    if (type === 'BOOKMARK') {
      if (object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return;
      this.#complete(items, object.metadata.resourceVersion, 'WatchList');
    } else if (type === 'DELETED') {
      items.delete(keyOf(object.metadata));
    } else {
      this.#project(object, (item) => items.set(keyOf(item), item));
    }
  }

  #onChange({ type, object }: ObjectEvent<R>): void {
    const { resourceVersion } = object.metadata;
    if (type === 'BOOKMARK') this.#store.advance(resourceVersion);
    else if (type === 'DELETED') this.#store.delete(keyOf(object.metadata), resourceVersion);
    else this.#project(object, (item) => this.#store.upsert(item));
    this.#state = { kind: 'watching', version: resourceVersion };
  }

  #recovered(): void {
    const { problem } = this.#store;
    if (!problem) return;
    this.#store.problem = undefined;
    this.#options.onEvent?.({ kind: 'recovered', problem });
  }

  #complete(items: Map<string, T>, version: string, by: 'WatchList' | 'pages'): void {
    this.#recovered();
    this.#store.replace(items, version);
    this.#state = { kind: 'watching', version };
    this.#failures = 0;
    this.#cutStreams = 0;
    this.#settled.resolve();
    const ms = this.#clock.monotonic() - this.#listBegan;
    this.#options.onEvent?.({ kind: 'synced', by, objects: items.size, ms });
  }

  #project(object: R, use: (item: T) => void): void {
    let item: T;
    try {
      item = this.#options.project(object);
    } catch (error) {
      this.#options.onEvent?.({ kind: 'unreadable', key: keyOf(object.metadata), error });
      return;
    }
    use(item);
  }

  /** Decides where to go on after a fault and returns how long to wait first, milliseconds. */
  #recover(error: unknown): number {
    const api = error instanceof ApiError ? error : undefined;
    const lacksWatchList = this.#isInitial() && (api?.status === 422 || api?.status === 400);
    if (lacksWatchList) this.#hasWatchList = false;
    else if (this.#isInitial() && (!api || api.status === 0)) this.#cutStreams += 1;
    const relist = this.#state.kind !== 'watching' || api?.expired === true || api?.notFound === true;
    const retryInMs = lacksWatchList ? 0 : this.#delay(error, api);
    if (relist) this.#state = { kind: 'empty' };
    this.#options.onEvent?.({ kind: 'restarted', relist, error, retryInMs });
    return retryInMs;
  }

  #delay(error: unknown, api: ApiError | undefined): number {
    const problem = this.#problemOf(error, api);
    const livedLong = this.#clock.monotonic() - this.#openedAt >= SHORT_LIVED_MS;
    // A new kind of trouble starts over: a server that refuses while it starts up has been away long enough already.
    if (livedLong || problem.reason !== this.#failedAs) this.#failures = 0;
    this.#failedAs = problem.reason;
    this.#failures += 1;
    if (api?.expired && this.#failures === 1) return 0;
    this.#suffer(problem);
    const policy = problem.reason === 'Unavailable' ? RETRY : RETRY_REFUSED;
    const backoff = backoffDelay(policy, this.#failures, this.#options.random ?? Math.random);
    return Math.max(Math.min(api?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS), backoff);
  }

  #suffer(problem: StoreProblem): void {
    // One stream cut off is nothing to speak of; the next attempt follows at once.
    if (problem.reason === 'Unavailable' && this.#failures === 1) return;
    // A refusal stands until it is lifted: since then the store is out of date, which silence does not mend.
    if (problem.reason === 'Unavailable' && this.#store.problem?.reason === 'Forbidden') return;
    const isNew = problem.reason !== this.#store.problem?.reason;
    this.#store.problem = problem;
    if (problem.reason !== 'Unavailable') this.#settled.resolve();
    if (isNew) this.#options.onEvent?.({ kind: 'problem', problem });
  }

  #problemOf(error: unknown, api: ApiError | undefined): StoreProblem {
    const reason = api?.notFound ? 'Missing' : api?.status === 403 ? 'Forbidden' : 'Unavailable';
    // A WatchList is a watch to RBAC as well; only pages ask for the right to list.
    const verb = this.#state.kind !== 'watching' && !this.#hasWatchList ? 'list' : 'watch';
    const message = error instanceof Error ? error.message : String(error);
    return { reason, verb, resource: this.name, message };
  }

  #target(): Resource & { namespace?: string } {
    const { resource, namespace } = this.#options;
    return { ...resource, ...(namespace !== undefined && { namespace }) };
  }

  #selectors(): Record<string, string | undefined> {
    const { labelSelector, fieldSelector } = this.#options;
    return { labelSelector, fieldSelector };
  }
}

function errorOfEvent(name: string, status: StatusBody): ApiError {
  return new ApiError({
    status: status.code ?? 500,
    reason: status.reason ?? 'Unknown',
    message: `watch of ${name}: ${status.message ?? 'error event'}`,
    details: status.details,
    retryAfterMs: status.details?.retryAfterSeconds ? status.details.retryAfterSeconds * 1_000 : undefined,
  });
}
