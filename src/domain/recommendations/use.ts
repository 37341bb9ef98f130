import type { PodSnapshot, PodUsage } from '../snapshot.ts';
import { DecayingHistogram } from './histogram.ts';

const HOUR = 3_600_000;
const HALF_LIFE_MS = 24 * HOUR;
/** A longer silence between two samples is no time that was observed. */
const LONGEST_GAP_MS = 10 * 60_000;
/** What a pod would have used that was killed for its memory: as the VerticalPodAutoscaler takes it (OOMBumpUpRatio). */
const OOM_BUMP = 1.2;

/** What was seen of the use of one pod, cores and bytes. */
export interface UseFigures {
  /** How long it was observed, without gaps. */
  readonly observedMs: number;
  readonly cpu: { readonly p90: number; readonly p95: number };
  /** Of the highest figures of each hour, over all pods. */
  readonly memory: { readonly p98: number; readonly highest: number };
}

/**
 * The use of the pods of one workload, each sample of CPU and the peak of memory in each hour: a request for memory must hold the peaks. The
 * peaks are those of the fullest pod, because all pods have one template. Some two kilobytes, however long and however many pods.
 */
export class UseHistory {
  readonly #cpu = new DecayingHistogram({ first: 0.001, most: 1_000, halfLifeMs: HALF_LIFE_MS });
  readonly #memory = new DecayingHistogram({ first: 1e6, most: 1e12, halfLifeMs: HALF_LIFE_MS });
  #lastAt: number | undefined;
  #observedMs = 0;
  #peak: { readonly since: number; readonly bytes: number } | undefined;
  #oomSeen: number | undefined;

  /** Takes in what was measured since the last time; `at` in ms of the monotonic clock. */
  observe(pods: readonly PodSnapshot[], usage: ReadonlyMap<string, PodUsage>, at: number): void {
    let samples = 0;
    let fullest = this.#killed(pods);
    for (const pod of pods) {
      const used = usage.get(pod.name);
      if (used === undefined || pod.phase !== 'Running' || pod.terminating) continue;
      if (this.#lastAt !== undefined && (used.measured ?? at) <= this.#lastAt) continue;
      this.#cpu.add(used.cpu, at);
      fullest = Math.max(fullest, used.memory);
      samples += 1;
    }
    if (fullest > 0) this.#keepPeak(fullest, at);
    if (samples === 0) return;
    this.#observedMs += this.#lastAt === undefined ? 0 : Math.min(Math.max(0, at - this.#lastAt), LONGEST_GAP_MS);
    this.#lastAt = at;
  }

  /** Undefined before the first sample. */
  figures(): UseFigures | undefined {
    if (this.#peak === undefined) return undefined;
    const { bytes } = this.#peak;
    return {
      observedMs: this.#observedMs,
      cpu: { p90: this.#cpu.percentile(0.9), p95: this.#cpu.percentile(0.95) },
      // The hour that runs counts as far as it got where it is the first, and else when it is over.
      memory: {
        p98: this.#memory.percentile(0.98) || bytes,
        highest: Math.max(this.#memory.percentile(1), bytes),
      },
    };
  }

  #keepPeak(bytes: number, at: number): void {
    const peak = this.#peak;
    if (peak === undefined || at - peak.since < HOUR) {
      this.#peak = { since: peak?.since ?? at, bytes: Math.max(peak?.bytes ?? 0, bytes) };
      return;
    }
    this.#memory.add(peak.bytes, at);
    this.#peak = { since: at, bytes };
  }

  /** What a pod needed that was killed since the last look; 0 when none was. */
  #killed(pods: readonly PodSnapshot[]): number {
    let bytes = 0;
    let latest = this.#oomSeen ?? 0;
    for (const { oomKilledAt, template } of pods) {
      if (oomKilledAt === undefined || oomKilledAt <= (this.#oomSeen ?? 0)) continue;
      latest = Math.max(latest, oomKilledAt);
      bytes = Math.max(bytes, (template.limits.memory ?? 0) * OOM_BUMP);
    }
    this.#oomSeen = latest;
    return bytes;
  }
}
