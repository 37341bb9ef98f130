import { ORCHESTRATION_NAME, type OrchestrationSpec } from '../api/kinds.ts';
import type { Settings } from '../config/schema.ts';
import { Situations } from '../controllers/acts/situations.ts';
import { Policy } from '../controllers/orchestration/policy.ts';
import { heartbeatChecks } from '../controllers/service/checks.ts';
import { foreignTargets } from '../controllers/service/foreign.ts';
import { servicesOfOwner } from '../controllers/service/ownership.ts';
import { PodGroups } from '../controllers/service/pod-groups.ts';
import type { ServiceReconciler } from '../controllers/service/reconciler.ts';
import { Triggers } from '../controllers/service/triggers.ts';
import { Connection } from '../kube/connection.ts';
import { Discovery } from '../kube/discovery.ts';
import { LeaderFence } from '../kube/fence.ts';
import { ReplicasWriter } from '../kube/replicas.ts';
import { RestClient } from '../kube/rest.ts';
import { sleep, systemClock } from '../runtime/clock.ts';
import { Controller } from '../runtime/controller.ts';
import type { Leadership } from '../runtime/leader.ts';
import { Manager } from '../runtime/manager.ts';
import { messageOf } from '../sources/contract.ts';
import { collectServices, collectSystem, collectWorkflows } from '../telemetry/collectors.ts';
import { controllerHooks, restHooks } from '../telemetry/hooks.ts';
import type { Logger } from '../telemetry/log.ts';
import { Metrics } from '../telemetry/registry.ts';
import { createActor } from './acts.ts';
import { createAdvising } from './advising.ts';
import { createCaches } from './caches.ts';
import { releaseMemory } from './heap.ts';
import { createEmergency } from './emergency.ts';
import { evidenceOf, figuresOf, summaries, systemOf } from './figures.ts';
import { createDiscovery } from './discovery.ts';
import { createHistory } from './history.ts';
import { createElector, leaderOf } from './leader.ts';
import { watchLog } from './log.ts';
import { createOrchestration } from './orchestration.ts';
import { createScales } from './scales.ts';
import { createScaler } from './scaling.ts';
import { createServers } from './servers.ts';
import { createServices } from './services.ts';
import { createSources } from './sources.ts';
import { createTelling } from './telling.ts';
import { createWorkflows } from './workflows.ts';

/** Of the time that there is to end, what the last status may take. */
const LAST_WORDS_SHARE = 0.2;
/** metrics-server answers in some milliseconds, or nothing does. */
const FIRST_USAGE_MS = 1_000;
/** How often to see whether every service was looked at. */
const FIRST_LOOK_MS = 2_000;
/** How long looks at services wait while an emergency halt stops them. */
const STOPPING_MS = 1_000;

/** Runs the operator until `signal` aborts. Resolves with what had not stopped in time; rejects when a part fails. */
export async function runOperator(
  settings: Settings,
  version: string,
  log: Logger,
  signal: AbortSignal,
): Promise<string[]> {
  const clock = systemClock;
  const now = (): number => clock.now();
  const metrics = new Metrics({ version });
  const connection = new Connection({ userAgent: `baton/${version}` });
  const rest = new RestClient({ connection, metrics: restHooks(metrics) });
  // Right also when this process slept through its own timers: another replica may lead by now.
  const leads = (): boolean => !elector || elector.leadership?.isFresh() === true;
  const fence = new LeaderFence({ leads, onItsWayMs: settings.leaseDuration, clock });
  /** For whatever only a leader may write. */
  const leading = new RestClient({ connection, metrics: restHooks(metrics), fence });
  const namespace = settings.leaseNamespace || connection.namespace || 'default';
  const faulty = (error: unknown): void => log.error({ error }, 'a fault of the program: please report it');
  const onWatch = watchLog(log, metrics);

  const policy = new Policy();
  const caches = createCaches({
    rest,
    namespace: settings.namespace,
    now,
    onEvent: (resource, event) => {
      onWatch(resource, event);
      // A permission or a CRD that came or went changes what can be said of every service.
      if (event.kind !== 'problem' && event.kind !== 'recovered' && event.kind !== 'synced') return;
      triggers.all();
      discovery.all();
    },
    onListenerError: faulty,
  });
  const stores = {
    services: caches.services.store,
    orchestrations: caches.orchestrations.store,
    pods: caches.pods.store,
    replicaSets: caches.replicaSets.store,
    deployments: caches.deployments.store,
    statefulSets: caches.statefulSets.store,
    budgets: caches.budgets.store,
  };
  const groups = new PodGroups();
  const assertLeads = (): void => {
    if (!leads()) throw new Error('no longer leading');
  };
  const { history, record, servers: historyServers } = createHistory(settings, metrics, log, now);
  const { recorder, chorus, told } = createTelling({
    rest,
    leading,
    metrics,
    log,
    clock,
    assertLeads,
    record,
    orchestration: () => {
      const found = seesAll ? stores.orchestrations.get(ORCHESTRATION_NAME) : undefined;
      return found && { name: found.name, uid: found.uid, resourceVersion: found.resourceVersion };
    },
  });

  const sources = createSources({
    clock,
    rest,
    policy,
    pods: stores.pods,
    namespace: settings.namespace,
    apiServer: connection.server,
    version,
    metrics,
    isManaged: (pod) => pod.owner !== undefined && servicesOfOwner(pod.namespace, pod.owner, stores).length > 0,
  });
  const scales = createScales({
    rest,
    namespace: settings.namespace,
    services: stores.services,
    enqueue: (key) => enqueue(key),
    onEvent: onWatch,
    onListenerError: faulty,
    log,
  });

  const kinds = new Discovery(rest);
  const replicas = new ReplicasWriter(leading, kinds);
  const situations = new Situations({
    services: () => services.all(),
    dependenciesOf: (service) => services.dependenciesOf(service),
    lockedOf: (service) => workflows.lockedOf(service),
    policy: () => policy.current.spec,
    now,
  });
  const { projector, ...reflectors } = caches;
  const actor = createActor({
    rest: leading,
    metrics,
    replicas,
    leads,
    situations,
    projector,
    now,
    halt: () => emergency.haltId(),
  });
  const emergency = createEmergency({
    rest,
    clock,
    metrics,
    caches: stores,
    autoscalers: caches.autoscalers.store,
    policy,
    ownNamespace: namespace,
    status: () => orchestration.status,
    actor: () => actor,
    latest: (key) => services.latest(key),
    evidence: () => (services.figures.size < stores.services.size ? undefined : evidenceOf(services)),
    workflows: () => workflows.evidence(),
    begunWorkflows: () => workflows.begun(),
    isNewer: told.isNewer,
    now,
    onReading: () => sumUp(),
    wake: () => {
      if (acts()) halting.enqueue(ORCHESTRATION_NAME);
    },
  });
  const scaler = createScaler({
    rest,
    metrics,
    log,
    clock,
    policy: () => policy.current.spec,
    autoscalers: caches.autoscalers.store,
    services: stores.services,
    enqueue: (key) => enqueue(key),
    history,
    actor,
    replicas,
    record,
    readings: (key) => sources.prober.readings(key),
    usage: sources.usage,
    intervalMs: settings.scalingInterval,
    isNewer: told.isNewer,
    now,
    monotonic: () => clock.monotonic(),
  });
  const advising = createAdvising({
    clock,
    caches: stores,
    autoscalers: caches.autoscalers.store,
    usage: sources.usage,
    enqueue: (key) => enqueue(key),
    onRound: () => sumUp(),
  });
  const services: ServiceReconciler = createServices({
    told,
    chorus,
    rest,
    leading,
    assertLeads,
    metrics,
    log,
    clock,
    settings,
    caches: stores,
    groups,
    policy,
    sources,
    readForeign: foreignTargets(scales),
    actor,
    situations,
    halts: emergency.part,
    scaler,
    advisor: advising.advisor,
    lockedOf: (service) => workflows.lockedOf(service),
    standingOf: (key, abort) => workflows.standingOf(key, abort),
    hasTemplate: (key) => caches.templates.store.get(key) !== undefined,
    enqueue: (key) => enqueue(key),
    onChange: () => sumUp(),
  });
  const onError = (key: string, error: unknown, retryInMs: number | undefined): void =>
    log.warn({ key, error: messageOf(error), retryInMs }, 'a reconcile failed');
  const controller = new Controller({
    name: 'service',
    workers: settings.workers,
    // While services are being stopped nothing else may take the API server's time.
    reconcile: async (key, context) =>
      emergency.isStopping() ? { kind: 'requeueAfter', ms: STOPPING_MS } : services.reconcile(key, context),
    onError,
    ...controllerHooks(metrics, 'service'),
  });
  const workflows = createWorkflows({
    ...told,
    rest: leading,
    discovery: kinds,
    metrics,
    policy,
    caches: {
      ...stores,
      workflows: caches.workflows.store,
      templates: caches.templates.store,
      schedules: caches.schedules.store,
    },
    jobs: caches.jobs.store,
    destinations: sources.destinations,
    version,
    leads,
    acts: () => acts(),
    epoch: () => term?.epoch ?? 0,
    halt: () => emergency.haltId(),
    latestService: (key) => services.latest(key),
    enqueueService: (key) => enqueue(key),
    onChange: () => sumUp(),
    onError,
  });
  const discovery = createDiscovery({
    ...told,
    rest,
    leading,
    caches: stores,
    policy,
    hasOrchestration: () => stores.orchestrations.get(ORCHESTRATION_NAME) !== undefined,
    ownNamespace: namespace,
    assertLeads,
    enqueue: (key) => {
      if (seesAll && acts()) discovering.enqueue(key);
    },
    onChange: () => sumUp(),
    monotonic: () => clock.monotonic(),
    onEvent: onWatch,
    onListenerError: faulty,
  });
  const discovering = new Controller({
    name: 'discovery',
    // One after the other, so that two workloads never ask for one name at once.
    workers: 1,
    reconcile: async (key, { signal: abort }) =>
      emergency.isStopping() ? { kind: 'requeueAfter', ms: STOPPING_MS } : discovery.reconcile(key, abort),
    onError,
    ...controllerHooks(metrics, 'discovery'),
  });
  const orchestration = createOrchestration({
    ...told,
    leading,
    orchestrations: stores.orchestrations,
    policy,
    services: () => summaries(services),
    workflows: () => workflows.figures().phases,
    emergency: emergency.forSum,
    discovery: () => discovery.findings(),
    monotonic: () => clock.monotonic(),
  });
  const system = new Controller({
    name: 'orchestration',
    workers: 1,
    reconcile: (_key, context) => orchestration.reconcile(context).finally(afterSum),
    onError,
    ...controllerHooks(metrics, 'orchestration'),
  });
  const halting = new Controller({
    name: 'emergency',
    workers: 1,
    reconcile: (_key, { signal: abort }) => emergency.reconcile(abort),
    onError,
    ...controllerHooks(metrics, 'emergency'),
  });
  /** A policy may order a halt: that comes first, and then what it means for each of thousands of services. */
  let isPolicyNew = false;
  const afterSum = (): void => {
    if (isPolicyNew) triggers.all();
    isPolicyNew = false;
  };
  // A replica that does not lead looks at nothing, and at everything when it begins to lead.
  let term: Leadership | undefined;
  const acts = (): boolean => term !== undefined && !term.signal.aborted;
  const enqueue = (key: string): void => {
    if (acts()) controller.enqueue(key);
  };
  // One namespace is not the whole: its operator reads the policy, and leaves it to the one that sees all to sum up. Two would write
  // against each other for ever.
  const seesAll = settings.namespace === '';
  const leaveDiscovery = (): void => {
    if (!seesAll && policy.current.spec.discovery !== undefined) {
      log.warn({}, 'discovery is for all namespaces: it is left to an operator that sees them all');
    }
  };
  const sumUp = (): void => {
    // Not a look for each change: most would come too early, and only plan another one.
    if (seesAll && acts()) system.enqueueAfter(ORCHESTRATION_NAME, orchestration.tooEarlyMs);
  };
  const triggers = new Triggers({
    caches: stores,
    groups,
    projector,
    enqueue,
    acts,
    isOwnWrite: (key, resourceVersion) => services.wrote(key, resourceVersion),
  });

  stores.services.subscribe(({ type, old }) => {
    if (type === 'deleted') sources.heartbeats.forget(old.namespace, old.name);
  });
  stores.orchestrations.subscribe(({ new: orch }) => {
    workflows.lookAtHalt();
    policy.offer(orch?.spec, orch?.metadata.generation ?? 0, orch?.status?.policy as OrchestrationSpec | undefined);
    discovery.follow();
    // A person who changed it is answered at once.
    if (seesAll && acts()) system.enqueue(ORCHESTRATION_NAME);
  });
  policy.onChange(() => {
    leaveDiscovery();
    sources.prober.setMaxConcurrent(policy.current.spec.httpChecks.maxConcurrent);
    sources.resources.poke();
    isPolicyNew = true;
    if (!seesAll) afterSum();
  });
  sources.prober.onChange(enqueue);
  sources.resources.onChange((changes) => {
    for (const [of, names] of changes) for (const name of names) triggers.usage(of, name);
  });
  const usageAsked = new Promise<void>((resolve) => sources.resources.onProblem(resolve));
  sources.resources.onProblem(() => triggers.all());
  sources.heartbeats.onBeat((of, name) => {
    const key = `${of}/${name}`;
    const service = stores.services.get(key);
    for (const check of service ? heartbeatChecks(service) : []) sources.prober.kick(key, check);
  });

  const elector = createElector({ settings, namespace, rest, metrics, log, mayRelease: () => fence.isQuiet });
  const manager = new Manager({
    servers: [
      ...historyServers,
      ...createServers({
        settings,
        namespace,
        rest,
        clock,
        metrics,
        log,
        alive: () => manager.stuck(),
        ready: () => manager.notReady(),
        leader: () => leaderOf(term !== undefined, elector?.holder),
        known: (of, name) => stores.services.get(`${of}/${name}`) !== undefined,
        record: (beat) => sources.heartbeats.record(beat),
      }),
      recorder,
    ],
    caches: Object.values(reflectors),
    ...(elector && { elector }),
    workers: [
      {
        name: 'leader',
        run: lead,
        stuck: () =>
          [controller, workflows, system, halting, discovering]
            .map((one) => one.stuck())
            .find((why) => why !== undefined),
      },
    ],
    stopTimeoutMs: settings.shutdownTimeout - 500,
    onPhase: (phase) => log.info({}, phase),
  });

  async function lead(leadership: Leadership): Promise<void> {
    term = leadership;
    // What this replica knew when it led before may be long out of date.
    services.reset();
    situations.begin();
    emergency.reset();
    sources.heartbeats.begin();
    triggers.all();
    workflows.begin();
    if (seesAll) discovery.begin(leadership.signal);
    sumUp();
    const listing = sources.resources.run(leadership.signal);
    // With the first list of usage each status is right at once; without it a thousand would be written twice.
    await Promise.race([usageAsked, sleep(clock, FIRST_USAGE_MS, leadership.signal)]);
    const tidying = tidyUp(leadership.signal);
    const gathering = advising.run(leadership.signal);
    const measuring = seesAll ? emergency.nodes.run(leadership.signal) : undefined;
    const running = [controller, workflows, system, halting, ...(seesAll ? [discovering] : [])];
    const controllers = running.map((one) => one.run(leadership));
    await Promise.all([...controllers, listing, tidying, gathering, measuring]);
    term = undefined;
    chorus.flush();
    // Another leader's word is not written over.
    if (signal.aborted && seesAll && (!elector || leadership.isFresh())) {
      await orchestration
        .shutDown(AbortSignal.timeout(Math.round(settings.shutdownTimeout * LAST_WORDS_SHARE)))
        .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'the last status could not be written'));
    }
    services.reset();
  }

  /** After every service was looked at for the first time. */
  async function tidyUp(until: AbortSignal): Promise<void> {
    do await sleep(clock, FIRST_LOOK_MS, until);
    while (!until.aborted && services.figures.size < stores.services.size);
    if (!until.aborted) releaseMemory();
  }

  collectServices(metrics, () => figuresOf(services, now()));
  collectWorkflows(metrics, () => (term ? workflows.figures() : undefined));
  collectSystem(metrics, () => (term && seesAll ? systemOf(orchestration) : undefined));
  log.info({ version, server: connection.server, namespace }, 'baton starts');
  try {
    return await manager.run(signal);
  } finally {
    scales.stop();
    await Promise.all([sources.prober.stop(), sources.prometheus.close(), connection.close()]);
  }
}
