import type { BackoffPolicy } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';
import { WorkQueue, type Priority, type QueueItem, type QueueMetrics } from './queue.ts';

/** What a reconcile says when it ends. A thrown error counts as `error`. */
export type Result =
  /** Nothing to do until something changes. */
  | { readonly kind: 'done' }
  /** Look again after `ms` milliseconds, or earlier when something changes. */
  | { readonly kind: 'requeueAfter'; readonly ms: number }
  /** Try again after the key's backoff. */
  | { readonly kind: 'error'; readonly error: unknown }
  /** Trying again would not help: wait for a change. */
  | { readonly kind: 'terminal'; readonly error: unknown };

export interface ReconcileContext {
  /** Aborts at the deadline, when leadership is lost and when the process stops: give it to every request. */
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** Failures of this key in a row before this run. */
  readonly failures: number;
}

export type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

/** Counters of a controller, `baton_reconcile_*`; `seconds` is the duration of one run. */
export interface ControllerMetrics {
  reconciled(result: Result['kind'], seconds: number): void;
  active(workers: number): void;
}

export interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  /** Reconciles at one time, of different keys. Default 32. */
  workers?: number;
  /** Deadline of one reconcile, milliseconds. Default 30,000. */
  timeoutMs?: number;
  backoff?: BackoffPolicy;
  clock?: Clock;
  random?: () => number;
  metrics?: ControllerMetrics;
  queueMetrics?: QueueMetrics;
  /** Hears of each error, for the log; `retryInMs` is undefined when it is terminal. */
  onError?: (key: string, error: unknown, retryInMs: number | undefined) => void;
}

/**
 * Runs reconciles of one kind from a queue. Keys may be added from the moment it exists: they wait until `run`, which happens
 * when this replica leads. A reconcile that throws, or ignores its deadline, costs its own key and no other.
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #aborts = new Set<AbortController>();
  #queue: WorkQueue;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#queue = this.#newQueue();
  }

  /** The reconciles under way, for `workqueue_unfinished_work_seconds` and `workqueue_longest_running_processor_seconds`. */
  running(): Iterable<{ key: string; forMs: number }> {
    return this.#queue.working();
  }

  enqueue(key: string, priority: Priority = 'change'): void {
    this.#queue.add(key, priority);
  }

  enqueueAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  /** A reconcile that runs on long after its deadline, in words; for liveness. */
  stuck(): string | undefined {
    const limit = this.#timeoutMs() * 4;
    for (const { key, forMs } of this.#queue.working()) {
      if (forMs > limit)
        return `controller ${this.name}: ${key} has been reconciling for ${Math.round(forMs / 1_000)} s`;
    }
    return undefined;
  }

  /**
   * Works until `signal` aborts, then resolves when the reconciles under way have ended (their signals abort too). What
   * still waited is dropped: before it runs again every key must be enqueued, because others acted in the meantime.
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (signal.aborted) return;
    const queue = this.#queue;
    const stop = (): void => {
      this.#queue = this.#newQueue();
      queue.close();
      for (const controller of this.#aborts) controller.abort(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    await Promise.all(Array.from({ length: this.#options.workers ?? 32 }, () => this.#work(queue)));
  }

  async #work(queue: WorkQueue): Promise<void> {
    for (let item = await queue.next(); item; item = await queue.next()) await this.#one(queue, item);
  }

  async #one(queue: WorkQueue, item: QueueItem): Promise<void> {
    const started = this.#clock.monotonic();
    const result = await this.#withDeadline(item);
    this.#options.metrics?.active(this.#aborts.size);
    this.#options.metrics?.reconciled(result.kind, (this.#clock.monotonic() - started) / 1_000);
    this.#settle(queue, item.key, result);
    queue.done(item.key);
  }

  async #withDeadline({ key, priority, failures }: QueueItem): Promise<Result> {
    const controller = new AbortController();
    this.#aborts.add(controller);
    this.#options.metrics?.active(this.#aborts.size);
    const timeoutMs = this.#timeoutMs();
    const timer = this.#clock.setTimeout(
      () => controller.abort(new Error(`${this.name}: reconcile of ${key} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await this.#options.reconcile(key, { signal: controller.signal, priority, failures });
    } catch (error) {
      return { kind: 'error', error };
    } finally {
      timer.cancel();
      this.#aborts.delete(controller);
    }
  }

  #settle(queue: WorkQueue, key: string, result: Result): void {
    switch (result.kind) {
      case 'done':
        return queue.forget(key);
      case 'requeueAfter':
        queue.forget(key);
        return queue.addAfter(key, result.ms);
      case 'error':
        return this.#options.onError?.(key, result.error, queue.retry(key));
      case 'terminal':
        queue.forget(key);
        return this.#options.onError?.(key, result.error, undefined);
    }
  }

  #timeoutMs(): number {
    return this.#options.timeoutMs ?? 30_000;
  }

  #newQueue(): WorkQueue {
    const { clock, random, backoff, queueMetrics } = this.#options;
    return new WorkQueue({
      ...(clock && { clock }),
      ...(random && { random }),
      ...(backoff && { backoff }),
      ...(queueMetrics && { metrics: queueMetrics }),
    });
  }
}
