import type { Missing, Reading } from '../domain/reading.ts';
import type { PodUsage } from '../domain/snapshot.ts';
import type { ResourceMetrics, ResourceMetricsOptions } from './api.ts';
import { messageOf, missing } from './contract.ts';
import { deadlineWithin } from './deadline.ts';
import { Pause } from './pause.ts';
import type { ResourceQuery } from './queries.ts';
import { freshIn, moved, type UsageByNamespace, UsageReader } from './usage.ts';

/** A figure that was not measured anew for this long says nothing any more; twice the interval where that is longer. */
const STALE_AFTER_MS = 90_000;
const LIST_TIMEOUT_MS = 15_000;
/** How often to look whether the policy switched the source on. */
const OFF_INTERVAL_MS = 30_000;
const NONE: ReadonlyMap<string, PodUsage> = new Map();

type ChangeListener = (changes: ReadonlyMap<string, ReadonlySet<string>>) => void;

/**
 * metrics.k8s.io for all services at once: one list per interval, whatever the number of services. Listeners hear of a pod only when its
 * ratio moved by a hundredth, so that a thousand quiet services are not looked at again at each list.
 */
export function createResourceMetrics(options: ResourceMetricsOptions): ResourceMetrics {
  const { clock, policy } = options;
  const startedAt = clock.now() - clock.monotonic();
  const changeListeners: ChangeListener[] = [];
  const problemListeners: (() => void)[] = [];
  /** All that was listed last, and the part of it that is fresh. The stale part stays known, so that it cannot pass for new later. */
  let known: UsageByNamespace = new Map();
  let fresh: UsageByNamespace = new Map();
  const notAskedYet = (): Missing => missing('NotAskedYet', 'metrics.k8s.io was not asked yet', clock.now());
  let failure: Missing | undefined = notAskedYet();
  const pause = new Pause(clock);

  function settle(next: UsageByNamespace, failed: Missing | undefined, staleAfterMs: number): void {
    const problemBefore = problem();
    known = next;
    failure = failed;
    const freshNow = freshIn(known, clock.monotonic() - staleAfterMs);
    const changes = moved(fresh, freshNow, options.resourcesOf);
    fresh = freshNow;
    if (changes.size > 0) for (const listener of changeListeners) listener(changes);
    if (problemBefore?.reason !== problem()?.reason) for (const listener of problemListeners) listener();
  }

  const problem = (): Missing | undefined => (fresh.size > 0 ? undefined : failure);

  async function listOnce(signal: AbortSignal, staleAfterMs: number): Promise<void> {
    const deadline = deadlineWithin(clock, signal, LIST_TIMEOUT_MS);
    const path = `/apis/metrics.k8s.io/v1beta1/${options.namespace ? `namespaces/${options.namespace}/` : ''}pods`;
    try {
      const reader = new UsageReader(known, clock, startedAt);
      await options.list(path, (item) => reader.take(item), deadline.signal);
      settle(reader.usage, undefined, staleAfterMs);
    } catch (error) {
      if (!signal.aborted) settle(known, failureOf(error, deadline.expired(), clock.now()), staleAfterMs);
    } finally {
      deadline.end();
    }
  }

  async function turn(signal: AbortSignal): Promise<number> {
    const now = policy();
    if (now === undefined) {
      const off = 'the policy switches metricSources.resourceMetrics off';
      settle(new Map(), missing('SourceNotConfigured', off, clock.now()), STALE_AFTER_MS);
      return OFF_INTERVAL_MS;
    }
    const began = clock.monotonic();
    await listOnce(signal, Math.max(STALE_AFTER_MS, 2 * now.intervalMs));
    return Math.max(0, now.intervalMs - (clock.monotonic() - began));
  }

  function read(query: ResourceQuery): Reading {
    const now = clock.now();
    if (query.pods.length === 0) return missing('NoTargets', 'there is no pod', now);
    const worst = highest(query, fresh.get(query.namespace) ?? NONE, now);
    return worst ?? failure ?? noFigure(query, known.get(query.namespace) ?? NONE, now);
  }

  return {
    name: 'resource-metrics',
    read: async (query) => read(query),
    usage: (namespace) => fresh.get(namespace) ?? NONE,
    problem,
    onChange: (listener) => void changeListeners.push(listener),
    onProblem: (listener) => void problemListeners.push(listener),
    poke: () => pause.end(),
    async run(signal) {
      // What was listed before, when this replica led another time, is out of date.
      settle(new Map(), notAskedYet(), STALE_AFTER_MS);
      while (!signal.aborted) {
        const ms = await turn(signal);
        if (!signal.aborted) await pause.wait(ms, signal);
      }
    },
  };
}

function highest(query: ResourceQuery, usage: ReadonlyMap<string, PodUsage>, now: number): Reading | undefined {
  let worst: { ratio: number; pod: string; at: number } | undefined;
  let asked = 0;
  for (const pod of query.pods) {
    const bound = pod[query.of === 'limit' ? 'limits' : 'requests'][query.resource];
    const used = usage.get(pod.name);
    if (bound === undefined || bound <= 0 || used === undefined) continue;
    asked += 1;
    const ratio = used[query.resource] / bound;
    if (worst === undefined || ratio > worst.ratio) worst = { ratio, pod: pod.name, at: used.at };
  }
  if (worst === undefined) return undefined;
  const percent = Math.round(worst.ratio * 1000) / 10;
  const evidence = `${query.resource} at ${percent} % of the ${query.of} in pod ${worst.pod}, the highest of ${asked}`;
  return { kind: 'value', value: worst.ratio, at: Math.min(worst.at, now), evidence };
}

function noFigure(query: ResourceQuery, known: ReadonlyMap<string, PodUsage>, at: number): Missing {
  const bounds = query.of === 'limit' ? 'limits' : 'requests';
  if (query.pods.every((pod) => pod[bounds][query.resource] === undefined)) {
    return missing(
      'NoData',
      `no pod has a ${query.resource} ${query.of}; set resources.${bounds}.${query.resource}`,
      at,
    );
  }
  const stale = query.pods.find((pod) => known.has(pod.name));
  return stale === undefined
    ? missing('NoData', `metrics.k8s.io has no figure for any of ${query.pods.length} pods`, at)
    : missing('StaleData', `metrics.k8s.io has nothing newer for pod ${stale.name}`, at);
}

function failureOf(error: unknown, timedOut: boolean, at: number): Missing {
  if (timedOut) return missing('SourceTimeout', `metrics.k8s.io did not answer within ${LIST_TIMEOUT_MS / 1000} s`, at);
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 403) return missing('Forbidden', `may not list pods.metrics.k8s.io: ${messageOf(error)}`, at);
  if (status === 404)
    return missing('SourceUnavailable', 'the API server has no metrics.k8s.io; install metrics-server', at);
  return missing('SourceUnavailable', `metrics.k8s.io: ${messageOf(error)}`, at);
}
