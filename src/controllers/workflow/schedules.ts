import { isOver } from '../../domain/workflow/phase.ts';
import { SCHEDULED_AT } from '../../api/annotations.ts';
import type { Condition, ScheduledWorkflowStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { readCron } from '../../domain/cron.ts';
import { deepEqual } from '../../domain/equal.ts';
import { Conditions } from '../../domain/status/conditions.ts';
import type { Problem } from '../../domain/workflow/input.ts';
import { instantiate } from '../../domain/workflow/instantiate.ts';
import { type Child, type Due, recur, recurrenceStatus } from '../../domain/workflow/recurrence.ts';
import type { Count, EmitEvent, Log, Reference, Result, WriteStatus } from '../ports.ts';
import { WrittenStatuses } from '../written.ts';
import { BY_OWNER, type CachedSchedule, type CachedWorkflow, type WorkflowCaches } from './caches.ts';
import { scheduled } from './scheduled.ts';

export interface SchedulesOptions {
  readonly caches: WorkflowCaches;
  /** With the status that was last written. */
  readonly latest: (key: string) => CachedWorkflow | undefined;
  /** Whether a whole text matches a regular expression (RE2); undefined where that is none. */
  readonly matches: Parameters<typeof instantiate>[2];
  /** `exists`: there is one of that name, and its owner is not the schedule. */
  readonly create: (workflow: ReturnType<typeof scheduled>, signal: AbortSignal) => Promise<'created' | 'exists'>;
  readonly cancel: (workflow: CachedWorkflow, signal: AbortSignal) => Promise<void>;
  readonly delete: (workflow: CachedWorkflow, signal: AbortSignal) => Promise<void>;
  readonly writeStatus: WriteStatus;
  readonly emit: EmitEvent;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly log: Log;
  readonly count: Count;
}

const DONE: Result = { kind: 'done' };
const CONFLICT_MS = 250;
/** The longest timer: after a jump of the clock it is looked at again. */
const LONGEST_MS = 300_000;

/** Starts workflows on their schedules: each time once, whoever leads, because the name of a workflow follows from its time. */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #written: WrittenStatuses<ScheduledWorkflowStatus, CachedSchedule>;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    this.#written = new WrittenStatuses(options.isNewer);
  }

  wrote(key: string, resourceVersion: string): boolean {
    return this.#written.has(key, resourceVersion);
  }

  async reconcile(key: string, { signal }: { readonly signal: AbortSignal }): Promise<Result> {
    const { caches, now } = this.#options;
    const cached = caches.schedules.get(key);
    if (cached === undefined) {
      this.#written.forget(key);
      return DONE;
    }
    const schedule = this.#written.latest(key, cached);
    if (schedule.metadata.deletionTimestamp !== undefined) return DONE;
    const cron = readCron(schedule.spec);
    if (typeof cron === 'string') {
      await this.#write(key, schedule, schedule.status ?? {}, ['False', 'InvalidSchedule', cron], signal);
      return DONE;
    }
    const children = this.#children(schedule);
    const due = recur(
      {
        name: schedule.name,
        createdAt: Date.parse(schedule.metadata.creationTimestamp),
        spec: schedule.spec,
        status: schedule.status,
      },
      cron,
      children,
      now(),
    );
    return this.#do(key, schedule, due, children, signal);
  }

  async #do(
    key: string,
    schedule: CachedSchedule,
    found: Due,
    children: readonly Child[],
    signal: AbortSignal,
  ): Promise<Result> {
    const { cancel, delete: remove, now } = this.#options;
    for (const name of found.remove) await this.#with(schedule, name, (workflow) => remove(workflow, signal));
    for (const name of found.cancel) await this.#with(schedule, name, (workflow) => cancel(workflow, signal));
    const due = await this.#start(schedule, found, signal);
    // Those that were removed just now have been seen, too: when one last succeeded is not forgotten with it.
    const status = recurrenceStatus(schedule.status, due, withStarted(children, due.start));
    const written = await this.#write(key, schedule, status, this.#verdict(schedule, due), signal);
    if (!written) return { kind: 'requeueAfter', ms: CONFLICT_MS };
    if (due.leftOut)
      this.#say(schedule, 'ScheduleMissed', 'Warning', `${stamp(due.leftOut.at)} is left out: ${due.leftOut.because}`);
    if (due.next === undefined || schedule.spec.suspend) return DONE;
    return { kind: 'requeueAfter', ms: Math.min(LONGEST_MS, Math.max(0, due.next - now())) };
  }

  /** What is due is there before the status says so: who dies in between finds it by its name. */
  async #start(schedule: CachedSchedule, due: Due, signal: AbortSignal): Promise<Due> {
    if (due.start === undefined) return due;
    const { name, at } = due.start;
    const obstacle = this.#obstacle(schedule);
    if (obstacle !== undefined) return { ...due, start: undefined, leftOut: { at, because: obstacle.message } };
    if ((await this.#options.create(scheduled(schedule, name, at), signal)) === 'exists')
      return { ...due, start: undefined, leftOut: { at, because: `there is another workflow ${name}` } };
    this.#say(schedule, 'ScheduleStarted', 'Normal', `started workflow ${name} for ${stamp(at)}`);
    return due;
  }

  /** Why nothing that is started could begin: told when the schedule is written, and not when somebody misses what it does. */
  #obstacle({ namespace, spec: { template: name, parameters = [] } }: CachedSchedule): Problem | undefined {
    const { caches, matches } = this.#options;
    const template = caches.templates.get(`${namespace}/${name}`);
    if (template === undefined)
      return { reason: 'TemplateNotFound', message: `there is no WorkflowTemplate ${name} in namespace ${namespace}` };
    const instance = instantiate(template.spec, parameters, matches);
    return instance.ok ? undefined : { reason: 'InvalidParameters', message: instance.problems.join('; ') };
  }

  #verdict(schedule: CachedSchedule, { leftOut }: Due): [Condition['status'], Reason, string] {
    const obstacle = this.#obstacle(schedule);
    if (obstacle !== undefined) return ['False', obstacle.reason, obstacle.message];
    if (schedule.spec.suspend) return ['False', 'Suspended', 'spec.suspend is true: nothing is started'];
    if (leftOut) return ['True', 'ScheduleMissed', `${stamp(leftOut.at)} was left out: ${leftOut.because}`];
    return ['True', 'Scheduled', 'workflows are started on schedule'];
  }

  #children({ uid }: CachedSchedule): Child[] {
    const { caches, latest } = this.#options;
    return caches.workflows
      .byIndex(BY_OWNER, uid)
      .map((cached) => childOf(latest(`${cached.namespace}/${cached.name}`) ?? cached));
  }

  async #with(
    { namespace }: CachedSchedule,
    name: string,
    act: (workflow: CachedWorkflow) => Promise<void>,
  ): Promise<void> {
    const workflow = this.#options.latest(`${namespace}/${name}`);
    if (workflow !== undefined && workflow.metadata.deletionTimestamp === undefined) await act(workflow);
  }

  async #write(
    key: string,
    schedule: CachedSchedule,
    status: ScheduledWorkflowStatus,
    [verdict, reason, message]: [Condition['status'], Reason, string],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { writeStatus, now, count } = this.#options;
    const { generation } = schedule.metadata;
    const conditions = new Conditions(schedule.status?.conditions, generation, now());
    conditions.set('Ready', verdict, reason, message);
    const next = { observedGeneration: generation, ...status, conditions: conditions.list };
    if (deepEqual(next, schedule.status)) return true;
    const outcome = await writeStatus(this.#reference(schedule), next, signal);
    count.statusWrite('ScheduledWorkflow', outcome.kind === 'written' ? 'written' : 'conflict');
    if (outcome.kind === 'written')
      this.#written.record(key, { uid: schedule.uid, resourceVersion: outcome.resourceVersion, status: next });
    return outcome.kind !== 'conflict';
  }

  #say(
    schedule: CachedSchedule,
    reason: 'ScheduleStarted' | 'ScheduleMissed',
    type: 'Normal' | 'Warning',
    note: string,
  ): void {
    const { emit, log, count } = this.#options;
    count.decision('Schedule', reason);
    log.info({ schedule: `${schedule.namespace}/${schedule.name}`, reason }, note);
    emit(this.#reference(schedule), { reason, type, note });
  }

  #reference({ namespace, name, uid, resourceVersion }: CachedSchedule): Reference {
    return { kind: 'ScheduledWorkflow', namespace, name, uid, resourceVersion };
  }
}

/** The cache shows it in a moment. */
function withStarted(children: readonly Child[], started: Due['start']): readonly Child[] {
  if (started === undefined || children.some(({ name }) => name === started.name)) return children;
  const { name, at } = started;
  return [
    ...children,
    { name, phase: undefined, isOver: false, scheduledAt: at, finishedAt: undefined, isCancelled: false },
  ];
}

const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function childOf({ name, metadata, spec, status }: CachedWorkflow): Child {
  const scheduledAt = metadata.annotations?.[SCHEDULED_AT];
  return {
    name,
    phase: status?.phase,
    isOver: isOver(status?.phase),
    scheduledAt: Date.parse(scheduledAt ?? metadata.creationTimestamp),
    finishedAt: status?.finishedAt === undefined ? undefined : Date.parse(status.finishedAt),
    isCancelled: spec.cancel !== 'None',
  };
}
