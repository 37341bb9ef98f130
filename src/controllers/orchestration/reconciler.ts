import {
  ORCHESTRATION_NAME,
  type Orchestration,
  type OrchestrationSpec,
  type OrchestrationStatus,
  type WorkflowPhase,
} from '../../api/kinds.ts';
import type { DiscoveryFindings } from '../../domain/discovery/findings.ts';
import type { Emergency } from '../../domain/emergency/derive.ts';
import { policyChanges } from '../../domain/orchestration/policy.ts';
import { summarise, type ServiceSummary } from '../../domain/orchestration/summarise.ts';
import { type Sample, sampled, type Trend, trendOf } from '../../domain/orchestration/trend.ts';
import type { Cache, Count, EmitEvent, Log, RecordDecision, Reference, Result, WriteStatus } from '../ports.ts';
import { say } from '../transitions.ts';
import type { Policy } from './policy.ts';

/** Orchestration/default as the cache keeps it. */
export type CachedOrchestration = Orchestration & {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

export interface OrchestrationReconcilerOptions {
  readonly orchestrations: Cache<CachedOrchestration>;
  readonly policy: Policy;
  readonly services: () => Iterable<ServiceSummary>;
  /** Phases of workflows. */
  readonly workflows: () => Iterable<WorkflowPhase>;
  /** Halts and planned stops. */
  readonly emergency: {
    readonly look: (previous: OrchestrationStatus | undefined) => Emergency;
    /** The written status asks for something to be done. */
    readonly wake: () => void;
    readonly begun: (halt: NonNullable<OrchestrationStatus['halt']>) => void;
  };
  readonly discovery: () => DiscoveryFindings | 'Unsettled';
  /** Creates Orchestration/default with nothing in its spec; resolves also when somebody was faster. */
  readonly create: (signal: AbortSignal) => Promise<Reference | undefined>;
  readonly writeStatus: WriteStatus;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly log: Log;
  readonly count: Count;
}

/** Summing up goes over all services, and nobody reads it more often than this. */
const INTERVAL_MS = 1_000;
const CREATED_RETRY_MS = 1_000;
/** By Event, what became of the policy. */
const VERDICTS = { Created: 'Created', PolicyChanged: 'Changed', PolicyInvalid: 'Invalid' } as const;

/** Orchestration/default: creates it when it is absent, tells which policy is in force, and sums up all services. */
export class OrchestrationReconciler {
  readonly #options: OrchestrationReconcilerOptions;
  #written:
    | { readonly uid: string; readonly resourceVersion: string; readonly status: OrchestrationStatus }
    | undefined;
  #lastLook = -Infinity;
  /** A person who changed the policy is answered at once. */
  #lastGeneration: number | undefined;
  #samples: readonly Sample[] = [];
  #shuttingDown = false;

  constructor(options: OrchestrationReconcilerOptions) {
    this.#options = options;
  }

  /** What was written last, by whoever; for metrics. */
  get status(): OrchestrationStatus | undefined {
    const cached = this.#options.orchestrations.get(ORCHESTRATION_NAME);
    return cached && (this.#newerThan(cached)?.status ?? cached.status);
  }

  /** For how long there is no use in looking again, ms. */
  get tooEarlyMs(): number {
    const early = this.#lastLook + INTERVAL_MS - this.#options.now();
    // A clock that was set back must not make it longer.
    return early > 0 && early <= INTERVAL_MS ? early : 0;
  }

  /** What this process wrote, unless the cache shows it already or something newer. */
  #newerThan({ uid, resourceVersion }: CachedOrchestration) {
    const ours = this.#written;
    return ours?.uid === uid && this.#options.isNewer(ours.resourceVersion, resourceVersion) ? ours : undefined;
  }

  async reconcile({ signal }: { readonly signal: AbortSignal }): Promise<Result> {
    const { orchestrations, now } = this.#options;
    const cached = orchestrations.get(ORCHESTRATION_NAME);
    if (!cached) return this.#create(signal);
    const { generation } = cached.metadata;
    const isAsked = generation !== this.#lastGeneration;
    const early = this.tooEarlyMs;
    if (early > 0 && !this.#shuttingDown && !isAsked) return { kind: 'requeueAfter', ms: early };
    this.#lastLook = now();
    this.#lastGeneration = generation;
    return this.#write(cached, signal);
  }

  /** The last words of a leader that ends; the next one says what is true then. */
  async shutDown(signal: AbortSignal): Promise<void> {
    const cached = this.#options.orchestrations.get(ORCHESTRATION_NAME);
    this.#shuttingDown = true;
    if (cached) await this.#write(cached, signal);
  }

  async #create(signal: AbortSignal): Promise<Result> {
    const { create, emit, log } = this.#options;
    const created = await create(signal);
    if (!created) return { kind: 'requeueAfter', ms: CREATED_RETRY_MS };
    const note = `Orchestration/${ORCHESTRATION_NAME} was absent and was created with the default policy`;
    log.info({ orchestration: ORCHESTRATION_NAME }, note);
    emit(created, { reason: 'Created', type: 'Normal', note });
    this.#record(created, 'Created', 'Done', note, {});
    // The cache shows it in a moment and wakes this again.
    return { kind: 'done' };
  }

  async #write(cached: CachedOrchestration, signal: AbortSignal): Promise<Result> {
    const { policy, services, workflows, emergency, discovery, writeStatus, count, now } = this.#options;
    const ours = this.#newerThan(cached);
    const previous = (ours ?? cached).status;
    const { spec, generation, problems } = policy.current;
    const shuttingDown = this.#shuttingDown;
    const found = emergency.look(previous);
    const summary = summarise({
      services: services(),
      workflows: workflows(),
      emergency: found,
      discovery: discovery(),
      trend: (score, before) => this.#trend(score, before),
      policy: spec,
      generation,
      problems,
      shuttingDown,
      previous,
      now: now(),
    });
    const { status } = summary;
    const again: Result =
      summary.lookAgainAt === undefined
        ? { kind: 'done' }
        : { kind: 'requeueAfter', ms: Math.max(0, summary.lookAgainAt - now()) };
    if (status === previous) {
      if (found.isDue) emergency.wake();
      return again;
    }
    const { uid } = cached;
    const { resourceVersion } = ours ?? cached;
    const reference: Reference = {
      kind: 'Orchestration',
      namespace: undefined,
      name: ORCHESTRATION_NAME,
      uid,
      resourceVersion,
    };
    const outcome = await writeStatus(reference, status, signal);
    count.statusWrite('Orchestration', outcome.kind === 'written' ? 'written' : 'conflict');
    if (outcome.kind !== 'written') return { kind: 'requeueAfter', ms: INTERVAL_MS };
    this.#written = { uid, resourceVersion: outcome.resourceVersion, status };
    // The intent is written: whoever leads from here on finds it there.
    if (found.isDue) emergency.wake();
    this.#tellPolicy(reference, previous?.policy as OrchestrationSpec | undefined, spec);
    this.#tellProblems(reference, previous, problems);
    const evidence = { confidence: undefined, inputs: { score: status.score, services: status.services } };
    for (const transition of summary.transitions) {
      say(this.#options, reference, transition, { kind: transition.kind }, evidence);
      if (transition.reason === 'EmergencyHalt' && status.halt) emergency.begun(status.halt);
    }
    return again;
  }

  #trend(score: number | undefined, before: Trend | undefined): Trend | undefined {
    const at = this.#options.monotonic();
    this.#samples = sampled(this.#samples, score, at);
    return trendOf(this.#samples, before, at);
  }

  /** Once for each new set of problems. */
  #tellProblems(reference: Reference, previous: OrchestrationStatus | undefined, problems: readonly string[]): void {
    const note = `${problems.join('; ')}; the policy before stays in force`;
    const told = previous?.conditions?.some(({ reason, message }) => reason === 'PolicyInvalid' && message === note);
    if (problems.length === 0 || told === true) return;
    const { emit, log, count } = this.#options;
    log.warn({ orchestration: ORCHESTRATION_NAME }, note);
    count.decision('Policy', 'Invalid');
    emit(reference, { reason: 'PolicyInvalid', type: 'Warning', note });
    this.#record(reference, 'PolicyInvalid', 'Refused', note, { problems });
  }

  #tellPolicy(reference: Reference, before: OrchestrationSpec | undefined, after: OrchestrationSpec): void {
    const changes = before === undefined ? '' : policyChanges(before, after);
    if (changes === '') return;
    const { emit, log, count } = this.#options;
    log.info({ orchestration: ORCHESTRATION_NAME }, `the policy changed: ${changes}`);
    count.decision('Policy', 'Changed');
    emit(reference, { reason: 'PolicyChanged', type: 'Normal', note: changes });
    this.#record(reference, 'PolicyChanged', 'Done', changes, after);
  }

  #record(
    reference: Reference,
    rule: keyof typeof VERDICTS,
    outcome: 'Done' | 'Refused',
    because: string,
    inputs: unknown,
  ): void {
    const verdict = VERDICTS[rule];
    const decision = { kind: 'Policy', rule, before: '', verdict, because, outcome, confidence: undefined, inputs };
    this.#options.record(reference, decision);
  }
}
