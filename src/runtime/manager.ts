import { systemClock, type Clock } from './clock.ts';
import type { LeaderElector, Leadership } from './leader.ts';

/** Listens for others (HTTP, probes, metrics): first up, last down. */
export interface Server {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps a store up to date; runs on every replica. */
export interface Cache {
  readonly name: string;
  /** Runs until `signal` aborts; rejects only for faults of the program. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when it has synced or knows why it cannot (no CRD, no RBAC); rejects when `signal` aborts. */
  whenSettled(signal: AbortSignal): Promise<void>;
  /** Why this replica is not ready to serve because of this cache; undefined when it is. */
  notReady(): string | undefined;
}

/** Acts on the cluster, so only while this replica leads. */
export interface Worker {
  readonly name: string;
  /** Resolves soon after `leadership.signal` aborts. */
  run(leadership: Leadership): Promise<void>;
  /** Words when it makes no progress although it should. */
  stuck?(): string | undefined;
}

export interface ManagerOptions {
  servers?: readonly Server[];
  caches?: readonly Cache[];
  /** Without one this process always leads (a single replica, a test). */
  elector?: LeaderElector;
  workers?: readonly Worker[];
  /** Longest stop, milliseconds: then `run` resolves although something still hangs. Default 4,500. */
  stopTimeoutMs?: number;
  clock?: Clock;
  /** What starts, stops and hangs, for the log. */
  onPhase?: (phase: string) => void;
}

/** Starts servers → caches → election → workers, and stops them in reverse. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  #settled = false;
  #stopping = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Why `/readyz` must not say ok, one line each; empty when ready. */
  notReady(): string[] {
    if (this.#stopping) return ['shutting down'];
    const reasons = (this.#options.caches ?? []).map((cache) => cache.notReady()).filter((why) => why !== undefined);
    return this.#settled || reasons.length > 0 ? reasons : ['starting'];
  }

  /** Why `/healthz` must not say ok, so that the kubelet restarts the process; empty when it works. */
  stuck(): string[] {
    return (this.#options.workers ?? []).map((worker) => worker.stuck?.()).filter((why) => why !== undefined);
  }

  /**
   * Runs until `signal` aborts, then stops everything and resolves with the names of what had not stopped in time.
   * Rejects, after stopping, when a part fails: the process should exit non-zero then.
   */
  async run(signal: AbortSignal): Promise<string[]> {
    const { servers = [], caches = [] } = this.#options;
    const halt = new AbortController();
    const forward = (): void => halt.abort(signal.reason);
    signal.addEventListener('abort', forward, { once: true });
    if (signal.aborted) forward();
    let failure: { error: unknown } | undefined;
    const guarded = (part: Promise<void>): Promise<void> =>
      part.catch((error: unknown) => {
        if (halt.signal.aborted) return;
        failure ??= { error };
        halt.abort(error);
      });
    const cacheStop = new AbortController();
    const started: Server[] = [];
    await guarded(this.#startServers(servers, started));
    const cacheRuns = caches.map((cache) => ({ name: cache.name, done: guarded(cache.run(cacheStop.signal)) }));
    const leading = guarded(this.#leadWhenSettled(caches, halt.signal));
    await aborted(halt.signal);
    this.#stopping = true;
    const hanging = await this.#stop([
      () => [{ name: 'workers', done: leading }],
      () => (cacheStop.abort(), cacheRuns),
      () => started.toReversed().map((server) => ({ name: server.name, done: guarded(server.stop()) })),
    ]);
    signal.removeEventListener('abort', forward);
    if (failure) throw failure.error;
    return hanging;
  }

  async #startServers(servers: readonly Server[], started: Server[]): Promise<void> {
    for (const server of servers) {
      this.#options.onPhase?.(`starting ${server.name}`);
      await server.start();
      started.push(server);
    }
  }

  async #leadWhenSettled(caches: readonly Cache[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#options.onPhase?.('waiting for caches');
    await Promise.all(caches.map((cache) => cache.whenSettled(signal)));
    this.#settled = true;
    const { elector } = this.#options;
    if (!elector) return this.#work({ signal, epoch: 0, isFresh: () => !signal.aborted });
    this.#options.onPhase?.('standing for election');
    await elector.run(signal, (leadership) => this.#work(leadership));
  }

  /** All workers end before this does, also when one fails: only then is the lease given back. */
  async #work(leadership: Leadership): Promise<void> {
    const { workers = [] } = this.#options;
    const failed = new AbortController();
    const signal = AbortSignal.any([leadership.signal, failed.signal]);
    this.#options.onPhase?.('leading');
    const ends = await Promise.allSettled([
      aborted(signal),
      ...workers.map((worker) =>
        worker.run({ ...leadership, signal }).catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    ]);
    this.#options.onPhase?.('no longer leading');
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Goes through the stages in order while time lasts; returns who hangs. */
  async #stop(stages: (() => { name: string; done: Promise<void> }[])[]): Promise<string[]> {
    const hanging = new Set<string>();
    const timeout = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(timeout.resolve, this.#options.stopTimeoutMs ?? 4_500);
    for (const stage of stages) {
      const parts = stage();
      for (const { name, done } of parts) {
        hanging.add(name);
        void done.then(() => hanging.delete(name));
      }
      await Promise.race([Promise.all(parts.map((part) => part.done)), timeout.promise]);
    }
    timer.cancel();
    return [...hanging];
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
