import { isOver, isUnderWay } from '../../domain/workflow/phase.ts';
import type { WorkflowStatus } from '../../api/kinds.ts';
import type { Transition } from '../../domain/status/transitions.ts';
import { advance } from '../../domain/workflow/advance.ts';
import type { Advanced, Facts, Looks, Ports } from '../../domain/workflow/input.ts';
import type { Answered, Effect } from '../../domain/workflow/operation.ts';
import { lastNewsOf } from '../../domain/workflow/news.ts';
import { typeOf } from '../../domain/workflow/rules.ts';
import type { Count, EmitEvent, Log, RecordDecision, Reference, Result, WriteStatus } from '../ports.ts';
import { say } from '../transitions.ts';
import { WrittenStatuses } from '../written.ts';
import { BY_DEPENDENCY, type CachedWorkflow, type WorkflowCaches } from './caches.ts';
import type { Deadlocks } from './deadlocks.ts';
import type { Entrance } from './entrance.ts';
import type { Scheduler } from './scheduler.ts';
import type { WorkflowIdentity } from './steps/contract.ts';
import type { Steps } from './steps/steps.ts';
import { UnsaidStatuses } from './unsaid.ts';

export interface WorkflowReconcilerOptions {
  readonly caches: Pick<WorkflowCaches, 'workflows'>;
  readonly scheduler: Scheduler;
  readonly entrance: Entrance;
  readonly deadlocks: Pick<Deadlocks, 'look' | 'forget' | 'reset'>;
  readonly steps: Pick<Steps, 'run'>;
  readonly ports: Ports;
  /** Transitions of the lease. */
  readonly epoch: () => number;
  /** Why workflows of a type may not go on, in words. */
  readonly halted: (type: string) => string | undefined;
  /** limits.maxWorkflowDuration, ms. */
  readonly maxDurationMs: () => number;
  readonly durations: (workflow: CachedWorkflow) => readonly number[];
  readonly delete: (workflow: CachedWorkflow, signal: AbortSignal) => Promise<void>;
  readonly enqueue: (key: string) => void;
  readonly onEnded: (workflow: CachedWorkflow, status: WorkflowStatus) => void;
  readonly onChange: () => void;
  readonly writeStatus: WriteStatus;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly log: Log;
  readonly count: Count;
}

const DONE: Result = { kind: 'done' };
/** The cache shows in a moment what was written by somebody else. */
const CONFLICT_MS = 250;
/** Until one that waits for the end of another has begun, which it is told of at once. */
const AWAITED_MS = 5_000;
/** A workflow of 200 steps, each tried a hundred times at once, takes fewer turns. */
const MAX_TURNS = 100_000;
const NO_LOOKS: Looks = new Map();

/**
 * Carries a workflow on as far as it goes: the engine (src/domain/workflow/advance.ts) says what the status is and what is to be done, the
 * kinds of steps do it, and their answers go back to the engine. A status is written when nothing more can be done without it: whatever changes
 * something has its intent in the written status first. What it says in words only is written a moment later.
 */
export class WorkflowReconciler {
  readonly #options: WorkflowReconcilerOptions;
  readonly #written: WrittenStatuses<WorkflowStatus, CachedWorkflow>;
  /** When what was asked is asked again; gone when something woke the workflow, so that all is asked. */
  readonly #looks = new Map<string, Looks>();
  #lookedAt = -Infinity;
  readonly #unsaid = new UnsaidStatuses();

  constructor(options: WorkflowReconcilerOptions) {
    this.#options = options;
    this.#written = new WrittenStatuses(options.isNewer);
  }

  /** Another may have led in the meantime: nothing of this term counts any more. */
  reset(): void {
    this.#looks.clear();
    this.#unsaid.clear();
    this.#options.deadlocks.reset();
  }

  /** Whether this version of a workflow is what this process wrote. */
  wrote(key: string, resourceVersion: string): boolean {
    return this.#written.has(key, resourceVersion);
  }

  /** Asks all again of which a workflow waits for an answer. */
  awake(key: string): void {
    this.#looks.delete(key);
    this.#options.enqueue(key);
  }

  /** With the status that was last written. */
  latest(key: string): CachedWorkflow | undefined {
    const cached = this.#options.caches.workflows.get(key);
    return cached && this.#written.latest(key, cached);
  }

  async reconcile(key: string, { signal }: { readonly signal: AbortSignal }): Promise<Result> {
    this.#trustClock();
    const workflow = this.latest(key);
    if (workflow === undefined) {
      this.forget(key);
      return DONE;
    }
    if (isOver(workflow.status?.phase)) return this.#keep(key, workflow, signal);
    if (await this.#options.entrance.instantiate(workflow, signal)) return DONE;
    return this.#carryOn(key, workflow, signal);
  }

  /** After the clock was set back nothing is asked later than it would have been. */
  #trustClock(): void {
    const now = this.#options.now();
    if (now < this.#lookedAt) this.#looks.clear();
    this.#lookedAt = now;
  }

  /** A workflow that is over: kept until its time has come. */
  async #keep(key: string, workflow: CachedWorkflow, signal: AbortSignal): Promise<Result> {
    this.#options.scheduler.release(key);
    this.#options.deadlocks.forget(key);
    this.#looks.delete(key);
    this.#unsaid.forget(key);
    const leftMs = this.#options.entrance.leftMs(workflow);
    if (leftMs === undefined || workflow.metadata.deletionTimestamp !== undefined) return DONE;
    if (leftMs > 0) return { kind: 'requeueAfter', ms: leftMs };
    if (this.#isAwaited(key)) return { kind: 'requeueAfter', ms: AWAITED_MS };
    await this.#options.delete(workflow, signal);
    return DONE;
  }

  /** Whether another has yet to see how it ended: without it that one would wait for ever. */
  #isAwaited(key: string): boolean {
    return this.#options.caches.workflows
      .byIndex(BY_DEPENDENCY, key)
      .some(({ status }) => !isOver(status?.phase) && !isUnderWay(status?.phase));
  }

  async #carryOn(key: string, workflow: CachedWorkflow, signal: AbortSignal): Promise<Result> {
    const { entrance, now } = this.#options;
    let written: WorkflowStatus | undefined = workflow.status;
    let { resourceVersion } = workflow;
    let state: WorkflowStatus | undefined = this.#unsaid.of(key, resourceVersion) ?? written;
    let answers: readonly Answered[] = [];
    let looks = this.#looks.get(key) ?? NO_LOOKS;
    this.#looks.set(key, looks);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      signal.throwIfAborted();
      const facts = this.#facts(state === undefined ? workflow : { ...workflow, status: state }, looks);
      const found: Advanced = advance({
        workflow: entrance.subject(workflow),
        state,
        written,
        answers,
        facts,
        ports: this.#options.ports,
      });
      looks = found.looks;
      answers = await this.#carryOut(workflow, found.effects, signal);
      state = found.status;
      if (found.effects.length > 0) continue;
      const saidInMs = this.#saidInMs(key, resourceVersion, found.status, written);
      if (saidInMs > 0) {
        // Where somebody woke it while it was looked at, all is asked again.
        if (this.#looks.has(key)) this.#looks.set(key, looks);
        await this.#options.deadlocks.look(key, signal);
        const ms = Math.min(saidInMs, Math.max(0, (found.lookAgainAt ?? Infinity) - now()));
        return ms === Infinity ? DONE : { kind: 'requeueAfter', ms };
      }
      const outcome = await this.#write(key, workflow, resourceVersion, found, signal);
      if (outcome === 'conflict') return { kind: 'requeueAfter', ms: CONFLICT_MS };
      if (outcome === 'gone') return DONE;
      resourceVersion = outcome.resourceVersion;
      written = found.status;
      if (!isOver(found.status.phase)) continue;
      this.#ended(key, workflow, found.status);
      return this.#keep(key, { ...workflow, status: found.status }, signal);
    }
    throw new Error(`workflow ${key} does not come to rest`);
  }

  /** When a status is to be written, ms; 0 for now, Infinity for never. */
  #saidInMs(key: string, resourceVersion: string, status: WorkflowStatus, written: WorkflowStatus | undefined): number {
    if (status === written) {
      this.#unsaid.forget(key);
      return Infinity;
    }
    const { scheduler, now } = this.#options;
    return this.#unsaid.keep(key, resourceVersion, status, { written, queued: scheduler.queued, now: now() });
  }

  #facts(workflow: CachedWorkflow, looks: Looks): Facts {
    const { entrance, epoch, halted, maxDurationMs, durations, now } = this.#options;
    return {
      now: now(),
      epoch: epoch(),
      problems: () => entrance.problems(workflow),
      admission: () => entrance.admission(workflow),
      stepAside: () => this.#options.scheduler.release(`${workflow.namespace}/${workflow.name}`),
      halted: halted(typeOf(workflow.spec)),
      durations: durations(workflow),
      maxDurationMs: maxDurationMs(),
      template: entrance.templateOf(workflow),
      looks,
    };
  }

  /** All at once, and not over before each of them is: what one of them has sent may still be on its way where another gave up. */
  async #carryOut(workflow: CachedWorkflow, effects: readonly Effect[], signal: AbortSignal): Promise<Answered[]> {
    const identity = identityOf(workflow);
    const dryRun = workflow.spec.mode === 'Plan';
    const one = async (effect: Effect): Promise<Answered> => {
      const answer = await this.#options.steps.run(effect, { workflow: identity, dryRun, signal });
      return { want: effect.want, opId: effect.operation.opId, answer };
    };
    const running = effects.map(one);
    await Promise.allSettled(running);
    return Promise.all(running);
  }

  async #write(
    key: string,
    workflow: CachedWorkflow,
    resourceVersion: string,
    { status, told }: Advanced,
    signal: AbortSignal,
  ): Promise<'conflict' | 'gone' | { readonly resourceVersion: string }> {
    const { writeStatus, count, onChange } = this.#options;
    const reference = referenceOf(workflow, resourceVersion);
    const outcome = await writeStatus(reference, status, signal);
    count.statusWrite('Workflow', outcome.kind === 'written' ? 'written' : 'conflict');
    if (outcome.kind !== 'written') return outcome.kind;
    this.#written.record(key, { uid: workflow.uid, resourceVersion: outcome.resourceVersion, status });
    this.#tell(reference, told, workflow);
    onChange();
    return outcome;
  }

  #tell(reference: Reference, told: readonly Transition[], { namespace, name }: CachedWorkflow): void {
    for (const transition of told)
      say(
        this.#options,
        reference,
        transition,
        { workflow: `${namespace}/${name}` },
        { confidence: undefined, inputs: {} },
      );
  }

  #ended(key: string, workflow: CachedWorkflow, status: WorkflowStatus): void {
    this.#options.onEnded(workflow, status);
    this.#wakeDependants(key);
  }

  #wakeDependants(key: string): void {
    for (const { namespace, name } of this.#options.caches.workflows.byIndex(BY_DEPENDENCY, key))
      this.#options.enqueue(`${namespace}/${name}`);
  }

  /** It was deleted, and was so before. */
  gone(key: string, last: CachedWorkflow): void {
    const workflow = this.#written.latest(key, last);
    const news = lastNewsOf(workflow.status ?? {});
    if (news !== undefined) this.#tell(referenceOf(workflow, workflow.resourceVersion), [news], workflow);
    this.forget(key);
  }

  /** It is gone: what it held is free. */
  forget(key: string): void {
    this.#options.scheduler.release(key);
    this.#options.deadlocks.forget(key);
    this.#looks.delete(key);
    this.#unsaid.forget(key);
    this.#written.forget(key);
    this.#wakeDependants(key);
  }
}

const referenceOf = ({ namespace, name, uid }: CachedWorkflow, resourceVersion: string): Reference => ({
  kind: 'Workflow',
  namespace,
  name,
  uid,
  resourceVersion,
});

const identityOf = ({ namespace, name, uid, spec }: CachedWorkflow): WorkflowIdentity => ({
  namespace,
  name,
  uid,
  type: typeOf(spec),
  serviceAccountName: spec.serviceAccountName,
  requestedBy: spec.requestedBy,
});
