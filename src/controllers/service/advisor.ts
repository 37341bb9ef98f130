import { DemandHistory } from '../../domain/recommendations/demand.ts';
import { certainty } from '../../domain/recommendations/draft.ts';
import type { Advice } from '../../domain/recommendations/facts.ts';
import { roundCpu, roundMemory } from '../../domain/recommendations/rounding.ts';
import { type PodUseFigures, type UseFigures, PodUseHistory } from '../../domain/recommendations/use.ts';
import type { ScalingFindings } from '../../domain/scaling/findings.ts';
import { activeScaling } from '../../domain/scaling/from-spec.ts';
import { withStrategy } from '../../domain/scaling/strategies.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Usage } from '../../domain/status/input.ts';
import type { Cache } from '../ports.ts';
import { type AutoscalerSnapshot, BY_SCALE_TARGET } from '../project/autoscaler.ts';
import { type Caches, type CachedService, targetKey } from './caches.ts';
import { coverageOf } from './coverage.ts';
import { podsOf } from './ownership.ts';

export interface AdvisorOptions {
  readonly caches: Caches;
  readonly autoscalers: Cache<AutoscalerSnapshot>;
  readonly usage: (namespace: string) => Usage;
  readonly monotonic: () => number;
}

/** What is remembered of one service for as long as its workload is the same object; in memory only. */
interface Evidence {
  workload: WorkloadSnapshot;
  use: PodUseHistory | undefined;
  demand: DemandHistory | undefined;
  /** The spec.scaling that the decisions were made by, and how it reads. */
  scaling: { readonly spec: object; readonly text: string } | undefined;
  /** What the last look was told of the use, roughly. */
  told: string;
}

/** Gathers over time what recommendations and scores follow from. */
export class Advisor {
  readonly #options: AdvisorOptions;
  readonly #evidence = new Map<string, Evidence>();

  constructor(options: AdvisorOptions) {
    this.#options = options;
  }

  /** The services of which there is any. */
  get keys(): Iterable<string> {
    return this.#evidence.keys();
  }

  /** One look at a service: takes in what it found and says what is known by now. */
  look(
    service: CachedService,
    workload: WorkloadSnapshot,
    pods: readonly PodSnapshot[],
    scaling: ScalingFindings | undefined,
  ): Advice {
    const { caches, autoscalers } = this.#options;
    const evidence = this.#evidenceOf(`${service.namespace}/${service.name}`, workload);
    this.#observe(evidence, pods);
    this.#count(evidence, service, scaling);
    const use = evidence.use?.figures();
    evidence.told = outlineOf(use);
    const { apiVersion, kind, namespace, name } = workload;
    return {
      coverage: coverageOf(pods, caches.budgets),
      use,
      demand: evidence.demand?.figures(),
      isScaledByOthers: autoscalers.byIndex(BY_SCALE_TARGET, targetKey(apiVersion, kind, namespace, name)).length > 0,
    };
  }

  /** Takes in the use of the pods between two looks; whether that says something else than at the last look. */
  sample(key: string): boolean {
    const evidence = this.#evidence.get(key);
    if (evidence === undefined) return false;
    this.#observe(evidence, podsOf(evidence.workload, this.#options.caches));
    return outlineOf(evidence.use?.figures()) !== evidence.told;
  }

  forget(key: string): void {
    this.#evidence.delete(key);
  }

  #evidenceOf(key: string, workload: WorkloadSnapshot): Evidence {
    const known = this.#evidence.get(key);
    if (known?.workload.uid === workload.uid) {
      known.workload = workload;
      return known;
    }
    const evidence = { workload, use: undefined, demand: undefined, scaling: undefined, told: '' };
    this.#evidence.set(key, evidence);
    return evidence;
  }

  #observe(evidence: Evidence, pods: readonly PodSnapshot[]): void {
    const { usage, monotonic } = this.#options;
    const known = usage(evidence.workload.namespace);
    if (known.kind === 'missing' || !pods.some(({ name }) => known.pods.has(name))) return;
    evidence.use ??= new PodUseHistory();
    evidence.use.observe(pods, known.pods, monotonic());
  }

  /** Decisions by another spec say nothing of this one. */
  #count(evidence: Evidence, { spec }: CachedService, findings: ScalingFindings | undefined): void {
    const written = spec.scaling;
    const scaling = activeScaling(written && withStrategy(written, undefined));
    if (written === undefined || scaling === undefined || findings === undefined) {
      evidence.demand = undefined;
      evidence.scaling = undefined;
      return;
    }
    if (evidence.scaling?.spec !== written) {
      const text = JSON.stringify(written);
      if (evidence.scaling?.text !== text) evidence.demand = undefined;
      evidence.scaling = { spec: written, text };
    }
    evidence.demand ??= new DemandHistory();
    const { minReplicas, maxReplicas } = scaling;
    const isPaced = findings.limited?.reason === 'ScaleUpLimit';
    const { desired: paid } = evidence.workload;
    evidence.demand.observe(
      { wanted: findings.reactive, paid, minReplicas, maxReplicas, isPaced },
      this.#options.monotonic(),
    );
  }
}

/** Moves only when a recommendation may; '' while the use says nothing. */
function outlineOf(use: PodUseFigures | undefined): string {
  if (use === undefined) return '';
  const all: (readonly [string, UseFigures])[] = [['', use], ...use.containers];
  const known = all.map(([name, figures]) => [name, outline(figures)] as const).filter(([, text]) => text !== '');
  return known.map(([name, text]) => `${name} ${text}`).join(';');
}

function outline(use: UseFigures): string {
  const known = certainty(use.observedMs);
  if (known === undefined) return '';
  const { cpu, memory } = use;
  const figures = [roundCpu(cpu.p90), roundCpu(cpu.p95), roundMemory(memory.p98), roundMemory(memory.highest)];
  return [known.confidence, ...figures].join();
}
