import type { ContainerFacts, Resources } from '../snapshot.ts';

/** What scaling reads of a pod; a PodSnapshot is one. Moments are milliseconds since the epoch. */
export interface ScalePod {
  readonly name: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** When the kubelet took it on. */
  readonly startedAt?: number | undefined;
  /** When its condition Ready last changed its status; absent while it has none. */
  readonly readyChangedAt?: number | undefined;
  readonly template: { readonly requests: Resources; readonly containers?: readonly ContainerFacts[] };
}

/** A figure of one pod in thousandths of its unit, measured over `windowMs` up to `at`. */
export interface Sample {
  readonly milli: number;
  readonly at: number;
  readonly windowMs: number;
}

export interface Grouped {
  /** Figures of the pods that count, by name. */
  readonly counted: Map<string, number>;
  /** Not running, or too young for its CPU figure to mean anything. */
  readonly unready: readonly string[];
  /** Running, but without a figure. */
  readonly missing: readonly string[];
}

/** A pod's CPU figure is that of its start for this long after it began, unless a whole window was measured since it became ready. */
const CPU_INITIALIZATION_MS = 300_000;
/** Ready that last changed within this time of the start was never True: it is the first "not ready" that the kubelet wrote. */
const INITIAL_READINESS_MS = 30_000;

/**
 * Sorts pods as the HorizontalPodAutoscaler does: what is going or failed is ignored, what is not running is unready, what runs without
 * a figure is missing. Readiness matters for CPU alone, because starting costs CPU and says nothing of load.
 */
export function groupPods(
  pods: readonly ScalePod[],
  samples: ReadonlyMap<string, Sample>,
  isCpu: boolean,
  now: number,
): Grouped {
  const counted = new Map<string, number>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const pod of pods) {
    if (isIgnored(pod)) continue;
    const sample = samples.get(pod.name);
    if (pod.phase === 'Pending') unready.push(pod.name);
    else if (sample === undefined) missing.push(pod.name);
    else if (isCpu && isStarting(pod, sample, now)) unready.push(pod.name);
    else counted.set(pod.name, sample.milli);
  }
  return { counted, unready, missing };
}

const isIgnored = ({ terminating, phase }: ScalePod): boolean => terminating || phase === 'Failed';

function isStarting({ ready, startedAt, readyChangedAt }: ScalePod, sample: Sample, now: number): boolean {
  if (startedAt === undefined || readyChangedAt === undefined) return true;
  if (startedAt + CPU_INITIALIZATION_MS > now) return !ready || sample.at < readyChangedAt + sample.windowMs;
  return !ready && startedAt + INITIAL_READINESS_MS > readyChangedAt;
}

/** Pods that run and are ready. */
export function countReady(pods: readonly ScalePod[]): number {
  let count = 0;
  for (const { phase, ready } of pods) if (phase === 'Running' && ready) count += 1;
  return count;
}

/** Pods that count for the workload's status.replicas. */
export function countActive(pods: readonly ScalePod[]): number {
  let count = 0;
  for (const pod of pods) if (!isIgnored(pod) && pod.phase !== 'Succeeded') count += 1;
  return count;
}
