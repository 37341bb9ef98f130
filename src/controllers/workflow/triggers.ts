import { HEALS } from '../../api/annotations.ts';
import { isOver, isUnderWay } from '../../domain/workflow/phase.ts';
import type { CacheChange, WatchedCache } from '../ports.ts';
import { BY_HEALING, type Caches } from '../service/caches.ts';
import {
  BY_TEMPLATE,
  type CachedSchedule,
  type CachedTemplate,
  type CachedWorkflow,
  type WorkflowCaches,
} from './caches.ts';
import { standingIn } from './known.ts';
import type { WorkflowReconciler } from './reconciler.ts';
import type { Schedules } from './schedules.ts';
import type { Scheduler } from './scheduler.ts';
import type { Waiters } from './steps/waiters.ts';

interface Named {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface TriggerOptions {
  readonly caches: WorkflowCaches & Pick<Caches, 'services' | 'deployments' | 'statefulSets'>;
  /** Those that steps run. */
  readonly jobs: WatchedCache<Named>;
  readonly waiters: Pick<Waiters, 'changed' | 'forget'>;
  readonly scheduler: Pick<Scheduler, 'reconsider'>;
  readonly reconciler: Pick<WorkflowReconciler, 'wrote' | 'gone' | 'forget'>;
  readonly schedules: Pick<Schedules, 'wrote'>;
  /** Whether this replica's term has begun. */
  readonly acts: () => boolean;
  /** The id of the emergency halt that lasts. */
  readonly halt: () => string | undefined;
  readonly enqueue: (key: string) => void;
  readonly enqueueTemplate: (key: string) => void;
  readonly enqueueSchedule: (key: string) => void;
  readonly enqueueService: (key: string) => void;
}

/** Turns changes in the caches into keys of workflows, templates and schedules to look at, and of services that wait for one of these. */
export class WorkflowTriggers {
  readonly #options: TriggerOptions;
  #halt: string | undefined;

  constructor(options: TriggerOptions) {
    this.#options = options;
    const { caches, jobs, waiters, scheduler } = options;
    caches.workflows.subscribe((change) => this.#workflow(change));
    caches.templates.subscribe((change) => this.#template(change));
    caches.schedules.subscribe((change) => this.#schedule(change));
    caches.services.subscribe(({ new: service, old }) => {
      waiters.changed('OrchestratedService', service ?? old);
      scheduler.reconsider();
    });
    caches.deployments.subscribe(({ new: workload, old }) => waiters.changed('Deployment', workload ?? old));
    caches.statefulSets.subscribe(({ new: workload, old }) => waiters.changed('StatefulSet', workload ?? old));
    jobs.subscribe(({ new: job, old }) => waiters.changed('Job', job ?? old));
  }

  /** Everything anew, when this replica begins to lead. */
  all(): void {
    const { caches, enqueue, enqueueTemplate, enqueueSchedule } = this.#options;
    for (const { namespace, name } of caches.workflows.list()) enqueue(`${namespace}/${name}`);
    for (const { namespace, name } of caches.templates.list()) enqueueTemplate(`${namespace}/${name}`);
    for (const { namespace, name } of caches.schedules.list()) enqueueSchedule(`${namespace}/${name}`);
  }

  /** Asked whenever a halt may have begun or ended. */
  halted(): void {
    const { caches, halt, enqueue } = this.#options;
    const before = this.#halt;
    this.#halt = halt();
    if (this.#halt === before) return;
    for (const { namespace, name, status } of caches.workflows.list())
      if (!isOver(status?.phase)) enqueue(`${namespace}/${name}`);
  }

  #workflow({ type, key, old, new: workflow }: CacheChange<CachedWorkflow>): void {
    const { waiters, reconciler, acts, enqueue, enqueueSchedule, enqueueService } = this.#options;
    const { namespace, name, owner, metadata } = workflow ?? old;
    const [before, phase] = [old?.status?.phase, workflow?.status?.phase];
    waiters.changed('Workflow', { namespace, name });
    const healed = metadata.annotations?.[HEALS];
    if (healed !== undefined && standingIn(before) !== standingIn(phase)) enqueueService(`${namespace}/${healed}`);
    if (owner?.kind === 'ScheduledWorkflow' && before !== phase) enqueueSchedule(`${namespace}/${owner.name}`);
    if (type === 'deleted') waiters.forget({ namespace, name });
    if (type === 'deleted' && acts()) reconciler.gone(key, old);
    else if (type === 'deleted') reconciler.forget(key);
    else if (!reconciler.wrote(key, workflow.resourceVersion)) enqueue(key);
  }

  #template({ type, key }: CacheChange<CachedTemplate>): void {
    const { caches, enqueue, enqueueTemplate, enqueueSchedule, enqueueService } = this.#options;
    enqueueTemplate(key);
    for (const { namespace, name, status } of caches.workflows.byIndex(BY_TEMPLATE, key))
      if (!isOver(status?.phase) && !isUnderWay(status?.phase)) enqueue(`${namespace}/${name}`);
    for (const { namespace, name } of caches.schedules.byIndex(BY_TEMPLATE, key))
      enqueueSchedule(`${namespace}/${name}`);
    if (type === 'updated') return;
    for (const { namespace, name } of caches.services.byIndex(BY_HEALING, key)) enqueueService(`${namespace}/${name}`);
  }

  #schedule({ type, key, new: schedule }: CacheChange<CachedSchedule>): void {
    const { schedules, enqueueSchedule } = this.#options;
    if (type === 'deleted' || !schedules.wrote(key, schedule.resourceVersion)) enqueueSchedule(key);
  }
}
