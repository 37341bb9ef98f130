import { COPIED_FROM } from '../../api/annotations.ts';
import type { WorkflowTemplateSpec } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { parseDuration } from '../../domain/duration.ts';
import { workloadRefs } from '../../domain/failover/serving.ts';
import type { ObjectReference } from '../../domain/workflow/action.ts';
import { accountProblems, requesterProblems } from '../../domain/workflow/account.ts';
import { dependenciesOf } from '../../domain/workflow/dependency.ts';
import type { Admission, Problem, WorkflowInput } from '../../domain/workflow/input.ts';
import { instantiate } from '../../domain/workflow/instantiate.ts';
import { type Lock, locksOf, writeLock } from '../../domain/workflow/locks.ts';
import { validate } from '../../domain/workflow/validate.ts';
import type { Cache } from '../ports.ts';
import type { CachedService } from '../service/caches.ts';
import { ancestorsOf, type CachedWorkflow, type WorkflowCaches } from './caches.ts';
import type { Deadlocks } from './deadlocks.ts';
import type { Scheduler } from './scheduler.ts';

export interface EntranceOptions {
  readonly caches: Pick<WorkflowCaches, 'workflows' | 'templates'>;
  readonly services: Cache<CachedService>;
  readonly scheduler: Scheduler;
  readonly deadlocks: Pick<Deadlocks, 'refusalOf'>;
  readonly ports: Parameters<typeof validate>[1];
  /** Whether a whole text matches a regular expression (RE2); undefined where that is none. */
  readonly matches: (pattern: string, text: string) => boolean | undefined;
  /** Writes the content of a template into a workflow, on condition of its resourceVersion. False: somebody was faster. */
  readonly writeContent: (workflow: CachedWorkflow, content: Content, signal: AbortSignal) => Promise<boolean>;
  readonly now: () => number;
}

/** Of a template. */
export interface Content {
  readonly spec: object;
  readonly annotations: Readonly<Record<string, string>>;
}

type Template = { readonly name: string; readonly generation: number; readonly spec: WorkflowTemplateSpec };

/** What comes before the first step: the template, what is wrong with the spec, and whose turn it is. */
export class Entrance {
  readonly #options: EntranceOptions;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** Copies the template into a workflow that has none of it yet; true when it did, and the workflow will come back with it. */
  async instantiate(workflow: CachedWorkflow, signal: AbortSignal): Promise<boolean> {
    if (!isEmpty(workflow)) return false;
    const template = this.#template(workflow);
    if (template === undefined) return false;
    const instance = instantiate(template.spec, workflow.spec.parameters ?? [], this.#options.matches);
    if (!instance.ok) return false;
    const annotations = { [COPIED_FROM]: `${template.name}@${template.generation}` };
    await this.#options.writeContent(workflow, { spec: instance.spec, annotations }, signal);
    return true;
  }

  /** What the engine is about. */
  subject({ uid, namespace, name, metadata, spec }: CachedWorkflow): WorkflowInput['workflow'] {
    const { generation, deletionTimestamp } = metadata;
    return { uid, namespace, name, generation, isBeingDeleted: deletionTimestamp !== undefined, spec };
  }

  /** Asked while it is Pending. */
  problems(workflow: CachedWorkflow): readonly Problem[] {
    const { ports } = this.#options;
    if (isEmpty(workflow)) return this.#templateProblems(workflow);
    const problems = [
      ...validate(workflow.spec, ports),
      ...accountProblems(workflow.spec),
      ...requesterProblems(workflow.spec),
    ];
    if (problems.length > 0) return problems;
    const locks = this.#locks(workflow);
    return Array.isArray(locks) ? [] : [locks];
  }

  /** Asked while it waits: whether it may begin. */
  admission(workflow: CachedWorkflow): Admission {
    const { caches, scheduler, now } = this.#options;
    const { namespace, name, spec, status } = workflow;
    const key = `${namespace}/${name}`;
    if (isEmpty(workflow)) return { ...absent(workflow), kind: 'waiting' };
    const before = dependenciesOf(name, spec.dependsOn ?? [], (other) => this.#other(namespace, other));
    if (before.kind === 'impossible') {
      scheduler.release(key);
      return { ...before, kind: 'refused' };
    }
    const locks = this.#locks(workflow);
    if (!Array.isArray(locks)) return { ...locks, kind: 'refused' };
    const { priority, slots = [] } = spec;
    const since = status?.queuedAt === undefined ? now() : Date.parse(status.queuedAt);
    const blocked = before.kind === 'waiting' ? before : undefined;
    const ancestors = ancestorsOf(workflow, caches.workflows);
    const grant = scheduler.ask({ key, priority, since, locks, slots, blocked, ancestors });
    if (grant.kind === 'granted') return { kind: 'granted', locks: locks.map(writeLock) };
    const refusal = this.#options.deadlocks.refusalOf(key);
    if (refusal === undefined) return grant;
    scheduler.release(key);
    return { ...refusal, kind: 'refused' };
  }

  /** `name@generation`, as the status has it; undefined before its content was copied. */
  templateOf(workflow: CachedWorkflow): string | undefined {
    const { spec, status, metadata } = workflow;
    if (spec.templateRef === undefined || isEmpty(workflow)) return undefined;
    return status?.template ?? metadata.annotations?.[COPIED_FROM] ?? spec.templateRef.name;
  }

  /** How long one that is over is still kept, ms; undefined for ever. */
  leftMs({ spec, status }: CachedWorkflow): number | undefined {
    if (spec.ttlAfterFinished === undefined || status?.finishedAt === undefined) return undefined;
    return Date.parse(status.finishedAt) + parseDuration(spec.ttlAfterFinished) - this.#options.now();
  }

  #locks({ namespace, spec }: CachedWorkflow): Lock[] | Problem {
    const parameters = Object.fromEntries((spec.parameters ?? []).map(({ name, value }) => [name, value]));
    try {
      return locksOf(namespace, spec, parameters, (service) => this.#workloads(namespace, service));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { reason: 'InvalidSpec' satisfies Reason, message: error.message };
    }
  }

  #workloads(namespace: string, service: string): readonly ObjectReference[] {
    const found = this.#options.services.get(`${namespace}/${service}`);
    return found ? workloadRefs(found) : [];
  }

  #templateProblems(workflow: CachedWorkflow): readonly Problem[] {
    const template = this.#template(workflow);
    // It waits for its template, which somebody may be about to apply; a plan waits for nothing.
    if (template === undefined) return workflow.spec.mode === 'Plan' ? [absent(workflow)] : [];
    const instance = instantiate(template.spec, workflow.spec.parameters ?? [], this.#options.matches);
    return instance.ok ? [] : [{ reason: 'InvalidParameters', message: instance.problems.join('; ') }];
  }

  #template({ namespace, spec }: CachedWorkflow): Template | undefined {
    if (spec.templateRef === undefined) return undefined;
    const found = this.#options.caches.templates.get(`${namespace}/${spec.templateRef.name}`);
    return found && { name: found.name, generation: found.metadata.generation, spec: found.spec };
  }

  #other(namespace: string, name: string) {
    const found = this.#options.caches.workflows.get(`${namespace}/${name}`);
    return found && { phase: found.status?.phase, dependsOn: found.spec.dependsOn ?? [] };
  }
}

/** Whether its template was not copied into it yet. */
const isEmpty = ({ spec }: CachedWorkflow): boolean => spec.templateRef !== undefined && spec.steps === undefined;

const absent = ({ namespace, spec }: CachedWorkflow): Problem => ({
  reason: 'TemplateNotFound',
  message: `there is no WorkflowTemplate ${spec.templateRef?.name} in namespace ${namespace}`,
});
