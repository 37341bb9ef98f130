import { parseQuantity } from '../api/quantity.ts';
import { parseDuration } from '../domain/duration.ts';
import type { ContainerUsage, PodUsage, Resources } from '../domain/snapshot.ts';
import type { ResourceMetricsOptions } from './api.ts';
import type { Clock } from './contract.ts';

/** A figure and when, by the monotonic clock, it was measured. */
export interface Entry extends PodUsage {
  readonly measured: number;
  /** The highest ratio to a limit or request that listeners were told of. */
  told: { cpu: number; memory: number } | undefined;
}

export type UsageByNamespace = Map<string, Map<string, Entry>>;

/** A move of a ratio that is worth looking at again: a hundredth of the limit is at most 4 points of the resources signal. */
const STEP = 0.01;

interface PodMetrics {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly timestamp?: string;
  /** As Go writes durations, such as 17.5s or 1m0s. */
  readonly window?: string;
  readonly containers?: readonly { readonly name?: string; readonly usage?: Readonly<Record<string, string>> }[];
}

/**
 * Reads the items of a PodMetricsList; pods whose figures do not parse are left out.
 * The monotonic clock counts the age of a figure since its timestamp last advanced, so that a jump of the clock makes no old figure fresh. How
 * old a figure is when it comes is taken from the wall clock, and from what that would be if it had not jumped since the start: the lower of the two,
 * so that a jump makes no fresh figure old either.
 */
export class UsageReader {
  readonly usage: UsageByNamespace = new Map();
  readonly #before: UsageByNamespace;
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(before: UsageByNamespace, clock: Clock, startedAt: number) {
    this.#before = before;
    this.#clock = clock;
    this.#startedAt = startedAt;
  }

  take(raw: unknown): void {
    const item = raw as PodMetrics;
    const { name, namespace } = item.metadata ?? {};
    const figure = figureOf(item);
    if (name === undefined || namespace === undefined || figure === undefined) return;
    const pods = this.usage.get(namespace) ?? new Map<string, Entry>();
    this.usage.set(namespace, pods);
    const last = this.#before.get(namespace)?.get(name);
    pods.set(name, { ...figure, measured: measuredAt(figure.at, last, this.#clock, this.#startedAt), told: undefined });
  }
}

/** Older than this on arrival, a figure says nothing of now. A younger one may become older until the next one comes. */
const LATE_MS = 90_000;

function measuredAt(at: number, last: Entry | undefined, clock: Clock, startedAt: number): number {
  const monotonic = clock.monotonic();
  const age = Math.max(0, Math.min(clock.now(), startedAt + monotonic) - at);
  if (last === undefined) return monotonic - age;
  if (at <= last.at) return last.measured;
  return age > LATE_MS ? monotonic - age : monotonic;
}

function figureOf(item: PodMetrics): PodUsage | undefined {
  const at = Date.parse(item.timestamp ?? '');
  const containers = (item.containers ?? []).map(
    ({ name = '', usage }): ContainerUsage => ({
      name,
      cpu: parseQuantity(usage?.['cpu'] ?? '') ?? Number.NaN,
      memory: parseQuantity(usage?.['memory'] ?? '') ?? Number.NaN,
    }),
  );
  const cpu = containers.reduce((sum, container) => sum + container.cpu, 0);
  const memory = containers.reduce((sum, container) => sum + container.memory, 0);
  // A pod of which no container is told uses not nothing, but nobody knows what.
  if (containers.length === 0 || !Number.isFinite(at) || !(cpu >= 0 && memory >= 0)) return undefined;
  const windowMs = windowOf(item.window);
  return { cpu, memory, containers, at, ...(windowMs !== undefined && { windowMs }) };
}

function windowOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

/** Those measured at this moment of the monotonic clock or later. */
export function freshIn(usage: UsageByNamespace, since: number): UsageByNamespace {
  const fresh: UsageByNamespace = new Map();
  for (const [namespace, pods] of usage) {
    const kept = [...pods].filter(([, entry]) => entry.measured >= since);
    if (kept.length > 0) fresh.set(namespace, kept.length === pods.size ? pods : new Map(kept));
  }
  return fresh;
}

/** The pods that somebody looks after and whose ratio moved, or that gained or lost their figure. Remembers in `next` what is told. */
export function moved(
  before: UsageByNamespace,
  next: UsageByNamespace,
  resourcesOf: ResourceMetricsOptions['resourcesOf'],
): Map<string, Set<string>> {
  const changes = new Map<string, Set<string>>();
  const tell = (namespace: string, pod: string): void => {
    const pods = changes.get(namespace) ?? new Set<string>();
    changes.set(namespace, pods.add(pod));
  };
  for (const [namespace, pods] of next) {
    for (const [pod, entry] of pods) {
      const resources = resourcesOf(namespace, pod);
      if (resources === undefined) continue;
      const ratio = { cpu: ratioOf('cpu', entry, resources), memory: ratioOf('memory', entry, resources) };
      const told = before.get(namespace)?.get(pod)?.told;
      const isNews = told === undefined || differs(told.cpu, ratio.cpu) || differs(told.memory, ratio.memory);
      entry.told = isNews ? ratio : told;
      if (isNews) tell(namespace, pod);
    }
  }
  for (const [namespace, pods] of before) {
    for (const [pod, entry] of pods) {
      if (entry.told !== undefined && !next.get(namespace)?.has(pod)) tell(namespace, pod);
    }
  }
  return changes;
}

// A sum like 0.3 - 0.29 is a little below 0.01.
const differs = (a: number, b: number): boolean => Math.abs(a - b) > STEP - 1e-9;

function ratioOf(
  name: keyof Resources,
  usage: PodUsage,
  { limits, requests }: { readonly limits: Resources; readonly requests: Resources },
): number {
  const bound = Math.min(limits[name] ?? Infinity, requests[name] ?? Infinity);
  return bound > 0 ? usage[name] / bound : 0;
}
