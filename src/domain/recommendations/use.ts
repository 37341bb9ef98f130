import type { PodSnapshot, PodUsage } from '../snapshot.ts';
import { DecayingHistogram } from './histogram.ts';

const HOUR = 3_600_000;
const HALF_LIFE_MS = 24 * HOUR;
/** A longer silence between two samples is no time that was observed. */
const LONGEST_GAP_MS = 10 * 60_000;
/** What a pod would have used that was killed for its memory: as the VerticalPodAutoscaler takes it (OOMBumpUpRatio). */
const OOM_BUMP = 1.2;

/** How many containers of a pod are observed one by one: some two kilobytes each. */
const MOST_CONTAINERS = 8;

/** What was seen of the use of one pod, or of one container in all pods; cores and bytes. */
export interface UseFigures {
  /** How long it was observed, without gaps. */
  readonly observedMs: number;
  readonly cpu: { readonly p90: number; readonly p95: number };
  /** Of the highest figures of each hour, over all pods. */
  readonly memory: { readonly p98: number; readonly highest: number };
}

export interface PodUseFigures extends UseFigures {
  readonly containers: ReadonlyMap<string, UseFigures>;
}

interface Sample {
  readonly cpu: number;
  readonly memory: number;
  /** As the monotonic clock has it. */
  readonly measured: number | undefined;
}

/** The use of the pods of one workload, and of each of their containers: what is set is set for a container. */
export class PodUseHistory {
  /** Absent where pods have one container only, which then is the pod. */
  #pod: UseHistory | undefined;
  readonly #containers = new Map<string, UseHistory>();
  #oomSeen: number | undefined;

  /** Takes in what was measured since the last time; `at` in ms of the monotonic clock. */
  observe(pods: readonly PodSnapshot[], usage: ReadonlyMap<string, PodUsage>, at: number): void {
    const running = pods.filter(
      ({ name, phase, terminating }) => phase === 'Running' && !terminating && usage.has(name),
    );
    const killed = this.#killed(pods);
    const names = new Set(running.flatMap(({ template }) => template.containers.map(({ name }) => name)));
    if (names.size > 1) this.#pod ??= new UseHistory();
    else if (names.size === 1) this.#pod = undefined;
    // While no pod runs nothing is known to have gone.
    if (names.size > 0) for (const name of this.#containers.keys()) if (!names.has(name)) this.#containers.delete(name);
    this.#pod?.observe(samplesOf(running, usage, undefined), killed.get(undefined) ?? 0, at);
    for (const name of [...names].slice(0, MOST_CONTAINERS)) {
      const history = this.#containers.get(name) ?? new UseHistory();
      this.#containers.set(name, history);
      history.observe(samplesOf(running, usage, name), killed.get(name) ?? 0, at);
    }
  }

  /** Undefined before the first sample. */
  figures(): PodUseFigures | undefined {
    const containers = new Map<string, UseFigures>();
    for (const [name, history] of this.#containers) {
      const figures = history.figures();
      if (figures) containers.set(name, figures);
    }
    const [only] = containers.values();
    const pod = this.#pod ? this.#pod.figures() : only;
    return pod && { ...pod, containers };
  }

  /** What a container needed that was killed since the last look, by its name; undefined where the limit of the whole pod killed it. */
  #killed(pods: readonly PodSnapshot[]): ReadonlyMap<string | undefined, number> {
    const needed = new Map<string | undefined, number>();
    let latest = this.#oomSeen ?? 0;
    for (const { oomKilledAt, oomKilledContainer, template } of pods) {
      if (oomKilledAt === undefined || oomKilledAt <= (this.#oomSeen ?? 0)) continue;
      latest = Math.max(latest, oomKilledAt);
      const own = template.containers.find(({ name }) => name === oomKilledContainer)?.limits.memory;
      const whose = own === undefined ? undefined : oomKilledContainer;
      const bytes = (own ?? template.podLevel?.limits.memory ?? 0) * OOM_BUMP;
      needed.set(whose, Math.max(needed.get(whose) ?? 0, bytes));
    }
    this.#oomSeen = latest;
    return needed;
  }
}

function samplesOf(
  pods: readonly PodSnapshot[],
  usage: ReadonlyMap<string, PodUsage>,
  container: string | undefined,
): Sample[] {
  return pods.flatMap(({ name }): Sample[] => {
    const pod = usage.get(name);
    const used = container === undefined ? pod : pod?.containers?.find((each) => each.name === container);
    return pod && used ? [{ cpu: used.cpu, memory: used.memory, measured: pod.measured }] : [];
  });
}

/**
 * Each sample of CPU, and the peak of memory in each hour: a request for memory must hold the peaks. The peaks are those of the fullest pod,
 * because all pods have one template. Some two kilobytes, however long and however many pods.
 */
class UseHistory {
  readonly #cpu = new DecayingHistogram({ first: 0.001, most: 1_000, halfLifeMs: HALF_LIFE_MS });
  readonly #memory = new DecayingHistogram({ first: 1e6, most: 1e12, halfLifeMs: HALF_LIFE_MS });
  #lastAt: number | undefined;
  #observedMs = 0;
  #peak: { readonly since: number; readonly bytes: number } | undefined;

  /** `needed` is what was needed at least by what was killed, bytes. */
  observe(samples: readonly Sample[], needed: number, at: number): void {
    const last = this.#lastAt;
    const fresh = samples.filter(({ measured = at }) => last === undefined || measured > last);
    for (const { cpu } of fresh) this.#cpu.add(cpu, at);
    const fullest = Math.max(needed, ...fresh.map(({ memory }) => memory));
    if (fullest > 0) this.#keepPeak(fullest, at);
    if (fresh.length === 0) return;
    this.#observedMs += last === undefined ? 0 : Math.min(Math.max(0, at - last), LONGEST_GAP_MS);
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
}
