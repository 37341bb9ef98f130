import { createHash } from 'node:crypto';
import type { Policy } from '../controllers/orchestration/policy.ts';
import type { Count, EmitEvent, Log, RecordDecision, WatchedCache, WriteStatus } from '../controllers/ports.ts';
import type { CachedService, Caches } from '../controllers/service/caches.ts';
import type { CachedWorkflow, WorkflowCaches } from '../controllers/workflow/caches.ts';
import { Deadlocks } from '../controllers/workflow/deadlocks.ts';
import { Entrance } from '../controllers/workflow/entrance.ts';
import { demandOf, durationsOf, evidenceOf, phasesOf, standingIn } from '../controllers/workflow/known.ts';
import { WorkflowReconciler } from '../controllers/workflow/reconciler.ts';
import { Scheduler } from '../controllers/workflow/scheduler.ts';
import { Schedules } from '../controllers/workflow/schedules.ts';
import { StepActor, workflowAskerOf } from '../controllers/workflow/steps/actor.ts';
import { Steps } from '../controllers/workflow/steps/steps.ts';
import { Waiters } from '../controllers/workflow/steps/waiters.ts';
import { Templates } from '../controllers/workflow/templates.ts';
import { WorkflowTriggers } from '../controllers/workflow/triggers.ts';
import { lockedOf, movesOf, servicesAbout } from '../controllers/workflow/workloads.ts';
import type { BegunWorkflow } from '../domain/emergency/workflows.ts';
import type { Locked } from '../domain/guard/situation.ts';
import type { WorkflowStanding } from '../domain/healing/step.ts';
import { compile, isTrue, loadExpressions, matchesWhole } from '../domain/workflow/expression.ts';
import { lockKey } from '../domain/workflow/locks.ts';
import { isUnderWay } from '../domain/workflow/phase.ts';
import { workflowPolicy } from '../domain/workflow/policy.ts';
import { expressionsOf, NAMES, resolve } from '../domain/workflow/resolve.ts';
import { typeOf } from '../domain/workflow/rules.ts';
import { readTemplate } from '../domain/workflow/template.ts';
import type { Discovery } from '../kube/discovery.ts';
import type { RestClient } from '../kube/rest.ts';
import { StepObjects } from '../kube/step-objects.ts';
import { WorkflowObjects } from '../kube/workflows.ts';
import { Controller, type Reconcile } from '../runtime/controller.ts';
import type { Projected } from '../runtime/store.ts';
import type { DestinationPolicy } from '../sources/api.ts';
import { createHttpRequests } from '../sources/http-request.ts';
import { controllerHooks } from '../telemetry/hooks.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { WORKFLOWS } from './caches.ts';

export interface WorkflowsOptions {
  readonly rest: RestClient;
  readonly discovery: Discovery;
  readonly metrics: Metrics;
  readonly policy: Policy;
  readonly caches: WorkflowCaches & Pick<Caches, 'services' | 'deployments' | 'statefulSets'>;
  readonly jobs: WatchedCache<Projected>;
  /** Where requests of steps may go. */
  readonly destinations: () => DestinationPolicy;
  readonly version: string;
  readonly leads: () => boolean;
  /** Whether this replica's term has begun, so that keys are worth queueing. */
  readonly acts: () => boolean;
  /** Transitions of the lease. */
  readonly epoch: () => number;
  /** The id of the emergency halt that lasts. */
  readonly halt: () => string | undefined;
  readonly latestService: (key: string) => CachedService | undefined;
  /** Looks at a service again. */
  readonly enqueueService: (key: string) => void;
  /** The summary of all has changed. */
  readonly onChange: () => void;
  readonly onError: (key: string, error: unknown, retryInMs: number | undefined) => void;
  readonly writeStatus: WriteStatus;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly log: Log;
  readonly count: Count;
}

const compiler = { compile, readTemplate, expressionsOf };

/** Workflows, their templates and schedules, with the API server behind them. */
export function createWorkflows(options: WorkflowsOptions) {
  const { rest, discovery, metrics, policy, caches, leads, acts, halt, onError, now, writeStatus, count, log } =
    options;
  const spec = () => workflowPolicy(policy.current.spec);
  const isExempt = (type: string): boolean => spec().haltExempt.includes(type);
  const assertLeads = (): void => {
    if (!leads()) throw new Error('no longer leading');
  };
  const objects = new WorkflowObjects(rest, WORKFLOWS);
  const remove = async (workflow: CachedWorkflow, signal: AbortSignal): Promise<void> => {
    assertLeads();
    await objects.delete(workflow, signal);
  };
  const scheduler = new Scheduler({
    limits: spec,
    now,
    foreign: { get: (key) => movesOf(key, caches.services, options.latestService) },
    onLocks: (keys) => {
      for (const key of keys)
        for (const { namespace, name } of servicesAbout(key, caches.services))
          options.enqueueService(`${namespace}/${name}`);
    },
    enqueue: (key) => enqueue(key),
    soon: (run) => void setImmediate(run),
  });
  const deadlocks = new Deadlocks({
    caches,
    scheduler,
    latest: (key) => reconciler.latest(key),
    read: (workflow, signal) => objects.get(workflow, signal),
    enqueue: (key) => enqueue(key),
  });
  const entrance = new Entrance({
    caches,
    services: caches.services,
    scheduler,
    deadlocks,
    ports: compiler,
    matches: matchesWhole,
    writeContent: async (workflow, content, signal) => {
      assertLeads();
      return objects.patch(workflow, content, signal);
    },
    now,
  });
  const waiters = new Waiters(({ namespace, name }) => reconciler.awake(`${namespace}/${name}`));
  const stepObjects = new StepObjects(rest, discovery);
  const actor = new StepActor({
    asker: {
      workflow: async ({ namespace, name }, signal) => {
        const live = await objects.get({ namespace, name }, signal);
        return live && workflowAskerOf(live);
      },
    },
    writes: { write: (permit, account, signal) => stepObjects.write(permit.act, account, false, signal) },
    leads,
    halt,
    isExempt,
    holdsLock: ({ namespace, name }, target) => scheduler.holds(`${namespace}/${name}`, lockKey(namespace, target)),
    onOutcome: (act, purpose, outcome) => metrics.increment('baton_workflow_acts_total', { act, purpose, outcome }),
  });
  const steps = new Steps({
    objects: {
      read: (address, account, signal) => stepObjects.read(address, account, signal),
      scale: (address, account, signal) => stepObjects.scale(address, account, signal),
      pods: (namespace, selector, account, signal) => stepObjects.pods(namespace, selector, account, signal),
      rehearse: (act, account, signal) => stepObjects.write(act, account, true, signal),
    },
    actor,
    waiters,
    requests: createHttpRequests({ destinations: options.destinations, version: options.version }),
    healthOf: (namespace, name) => options.latestService(`${namespace}/${name}`)?.status?.health,
    maxDepth: () => spec().maxDepth,
    now,
    onError: ({ step }, error) => log.warn({ step, error: String(error) }, 'a step of a workflow is tried again'),
  });
  const reconciler = new WorkflowReconciler({
    ...options,
    scheduler,
    entrance,
    deadlocks,
    steps,
    ports: { hash, resolve, isTrue: evaluates },
    halted: (type) => {
      const id = isExempt(type) ? undefined : halt();
      return id === undefined ? undefined : `emergency halt ${id} lasts`;
    },
    maxDurationMs: () => spec().maxDurationMs,
    durations: (workflow) => durationsOf(workflow, caches.workflows),
    delete: remove,
    enqueue: (key) => enqueue(key),
    onEnded: ({ spec: { type } }, { phase = '', startedAt, finishedAt }) => {
      if (startedAt === undefined || finishedAt === undefined) return;
      const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
      metrics.observe('baton_workflow_duration_seconds', { type: type ?? 'Maintenance', phase }, seconds);
    },
  });
  const templates = new Templates({ caches, ports: compiler, matches: matchesWhole, writeStatus, now, count });
  const schedules = new Schedules({
    ...options,
    latest: (key) => reconciler.latest(key),
    matches: matchesWhole,
    create: async (workflow, signal) => {
      assertLeads();
      return objects.create(workflow, signal);
    },
    cancel: async (workflow, signal) => {
      assertLeads();
      await objects.patch(workflow, { spec: { cancel: 'StopAndRollback' } }, signal);
    },
    delete: remove,
  });
  const controller = new Controller({
    name: 'workflow',
    reconcile: withExpressions((key, context) => reconciler.reconcile(key, context)),
    onError,
    ...controllerHooks(metrics, 'workflow'),
  });
  const templateController = new Controller({
    name: 'workflowtemplate',
    workers: 2,
    reconcile: withExpressions((key, context) => templates.reconcile(key, context)),
    onError,
    ...controllerHooks(metrics, 'workflowtemplate'),
  });
  const scheduleController = new Controller({
    name: 'scheduledworkflow',
    workers: 4,
    reconcile: withExpressions((key, context) => schedules.reconcile(key, context)),
    onError,
    ...controllerHooks(metrics, 'scheduledworkflow'),
  });
  const when =
    (queue: Controller) =>
    (key: string): void => {
      if (acts()) queue.enqueue(key);
    };
  const enqueue = when(controller);
  const enqueueTemplate = when(templateController);
  const enqueueSchedule = when(scheduleController);

  const triggers = new WorkflowTriggers({
    caches,
    jobs: options.jobs,
    waiters,
    scheduler,
    reconciler,
    schedules,
    acts,
    halt,
    enqueue,
    enqueueTemplate,
    enqueueSchedule,
    enqueueService: options.enqueueService,
  });
  policy.onChange(() => scheduler.reconsider());

  /** All that is known, when this replica begins to lead: those that run go on, and hold what they held. */
  function begin(): void {
    reconciler.reset();
    steps.begin(options.epoch());
    const all = [...caches.workflows.list()].map(({ namespace, name }) => reconciler.latest(`${namespace}/${name}`));
    const known = all.filter((workflow) => workflow !== undefined);
    const underWay = known.filter(({ status }) => isUnderWay(status?.phase));
    scheduler.begin(underWay.map((workflow) => demandOf(workflow, caches.workflows)));
    triggers.all();
  }

  return {
    begin,
    scheduler,
    /** What workflows have to themselves of a service's workloads. */
    lockedOf: (service: CachedService): Locked => lockedOf(service, scheduler),
    /** Asked whenever a halt may have begun or ended. */
    lookAtHalt: (): void => triggers.halted(),
    run: async (term: { readonly signal: AbortSignal }): Promise<void> => {
      await Promise.all([controller, templateController, scheduleController].map((each) => each.run(term)));
    },
    stuck: (): string | undefined => controller.stuck() ?? templateController.stuck() ?? scheduleController.stuck(),
    /** How it stands with a workflow, `namespace/name`; the API server is asked where the watch does not tell. */
    standingOf: async (key: string, signal: AbortSignal): Promise<WorkflowStanding> => {
      const [namespace = '', name = ''] = key.split('/');
      const workflow = reconciler.latest(key) ?? (await objects.get({ namespace, name }, signal));
      return workflow === undefined ? 'Failed' : standingIn(workflow.status?.phase);
    },
    /** Those that have begun and not ended, as a halt sees them. */
    *begun(): Generator<BegunWorkflow> {
      for (const { namespace, name } of caches.workflows.list()) {
        const key = `${namespace}/${name}`;
        const workflow = reconciler.latest(key);
        if (workflow && isUnderWay(workflow.status?.phase)) yield { key, isExempt: isExempt(typeOf(workflow.spec)) };
      }
    },
    /** What rules of emergency halts go by. */
    evidence: () => evidenceOf(caches.workflows, now()),
    figures: () => ({ phases: phasesOf(caches.workflows), waiting: prioritiesOf(scheduler) }),
  };
}

function* prioritiesOf(scheduler: Scheduler): Generator<number> {
  for (const { priority } of scheduler.waiting()) yield priority;
}

/** For what reads expressions, which no object of another kind makes necessary. */
const withExpressions =
  (reconcile: Reconcile): Reconcile =>
  async (key, context) => {
    await loadExpressions();
    return reconcile(key, context);
  };

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function evaluates(text: string, scope: Readonly<Record<string, unknown>>) {
  const compiled = compile(text, NAMES);
  return compiled.ok ? isTrue(compiled.expression, scope) : compiled;
}
