import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from '../../../src/api/kinds.ts';
import type { PodProjector } from '../../../src/controllers/project/pod.ts';
import type { DecisionRecord, Reference, WriteOutcome } from '../../../src/controllers/ports.ts';
import { type CachedService, INDEXES } from '../../../src/controllers/service/caches.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot } from '../../../src/controllers/project/autoscaler.ts';
import { BUDGET_INDEXES, type BudgetSnapshot } from '../../../src/controllers/project/budget.ts';
import { Advisor } from '../../../src/controllers/service/advisor.ts';
import { PodGroups } from '../../../src/controllers/service/pod-groups.ts';
import type { Part } from '../../../src/controllers/service/parts.ts';
import { FINALIZER, ServiceReconciler } from '../../../src/controllers/service/reconciler.ts';
import { Triggers } from '../../../src/controllers/service/triggers.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import type { ScalingFindings } from '../../../src/domain/scaling/findings.ts';
import type { OwnerReference, PodSnapshot, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import type { Target, Usage } from '../../../src/domain/status/input.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import { compareVersions, type Projected, Store, type StoreProblem } from '../../../src/runtime/store.ts';
import { NOW, pod, UNBOUNDED, workload } from '../domain/fixtures.ts';

type Written = { readonly reference: Reference; readonly status: OrchestratedServiceStatus };

function store<T extends Projected>(indexes = {}): Store<T> {
  return new Store<T>({
    indexes,
    onListenerError: (error) => {
      throw error;
    },
  });
}

const missing: Reading = { kind: 'missing', reason: 'NotAskedYet', at: 0, evidence: '' };
const never = (): Promise<Reading & { kind: 'missing' }> => Promise.resolve(missing as Reading & { kind: 'missing' });

/** Real stores, triggers and reconciler of services; sources are silent, and writes go to `writes`. */
export class Bed {
  readonly stores = {
    services: store<CachedService>(INDEXES.services),
    orchestrations: store<never>(),
    pods: store<PodSnapshot>(INDEXES.pods),
    replicaSets: store<WorkloadSnapshot>(INDEXES.replicaSets),
    deployments: store<WorkloadSnapshot>(),
    statefulSets: store<WorkloadSnapshot>(),
    budgets: store<BudgetSnapshot>(BUDGET_INDEXES),
  };
  readonly groups = new PodGroups();
  readonly writes: Written[] = [];
  /** Keys in the order in which they were enqueued. */
  readonly woken: string[] = [];
  /** What went into the history. */
  readonly recorded: (DecisionRecord & { readonly name: string })[] = [];
  /** How often the rollup was told. */
  sums = 0;
  now = NOW;
  monotonic = 0;
  usage: Usage = { kind: 'known', pods: new Map() };
  /** What the scaler gives. */
  scaled: ScalingFindings | undefined;
  /** What the scaler was told to forget. */
  readonly unscaled: string[] = [];
  readonly advisor: Advisor;
  /** What the next writes end with; a write that is not listed succeeds. */
  readonly outcomes: (WriteOutcome | Error)[] = [];
  /** What kinds outside apps/v1 are, by name. */
  readonly foreign = new Map<string, WorkloadSnapshot>();
  readonly parts: Part[] = [];
  readonly reconciler: ServiceReconciler;
  #version = 100;

  constructor() {
    for (const each of Object.values(this.stores)) each.replace(new Map<never, never>(), '1');
    const enqueue = (key: string): void => {
      this.woken.push(key);
    };
    this.advisor = new Advisor({
      caches: this.stores,
      autoscalers: store<AutoscalerSnapshot>(AUTOSCALER_INDEXES),
      usage: () => this.usage,
      monotonic: () => this.monotonic,
    });
    this.reconciler = new ServiceReconciler({
      advisor: this.advisor,
      caches: this.stores,
      groups: this.groups,
      prober: { ensure: () => undefined, forget: () => undefined, readings: () => new Map() },
      scaler: {
        scale: () => Promise.resolve(this.scaled && { findings: this.scaled, lookAgainInMs: 15_000 }),
        wasTold: () => undefined,
        forget: (key) => void this.unscaled.push(key),
      },
      parts: this.parts,
      setFinalizer: (service, wanted) => Promise.resolve(this.#finalize(service, wanted)),
      scalingIntervalMs: 15_000,
      sources: { prometheus: never, resource: never, http: never, tcp: never, heartbeat: never, service: never },
      usage: () => this.usage,
      policy: () => ({ spec: DEFAULT_POLICY, resourceIntervalMs: 15_000 }),
      readForeign: ({ name }) => Promise.resolve(this.#foreign(name)),
      writeStatus: (reference, status) => this.#write(reference, status),
      emit: () => undefined,
      joins: () => false,
      record: (reference, decision) => void this.recorded.push({ name: reference.name, ...decision }),
      enqueue,
      onChange: () => {
        this.sums++;
      },
      isNewer: (a, b) => compareVersions(a, b) > 0,
      now: () => this.now,
      log: { info: () => undefined, warn: () => undefined },
      count: { decision: () => undefined, statusWrite: () => undefined },
    });
    const projector = { forget: () => undefined, forgetOwner: () => undefined } as unknown as PodProjector;
    const isOwnWrite = (key: string, version: string): boolean => this.reconciler.wrote(key, version);
    const acts = (): boolean => true;
    // oxlint-disable-next-line no-new -- it subscribes
    new Triggers({ caches: this.stores, groups: this.groups, projector, enqueue, acts, isOwnWrite });
  }

  service(name: string, spec: Partial<OrchestratedServiceSpec> = {}, status?: OrchestratedServiceStatus): void {
    const resourceVersion = this.version();
    const metadata = {
      name,
      namespace: 'shop',
      uid: `uid-osvc-${name}`,
      resourceVersion,
      generation: 1,
      creationTimestamp: '2026-04-01T00:00:00Z',
    };
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
    this.stores.services.upsert({
      apiVersion: 'baton.dev/v1alpha1',
      kind: 'OrchestratedService',
      metadata,
      spec: { targetRef, priority: 'Normal', mode: 'Enforce', ...spec },
      ...(status && { status }),
      namespace: 'shop',
      name,
      uid: metadata.uid,
      resourceVersion,
    });
  }

  /** The service as the API server tells it after it was written, or without a status. */
  echo(name: string): void {
    const spec = this.stores.services.get(`shop/${name}`)?.spec;
    this.service(name, spec, this.status(name));
  }

  deployment(name: string, overrides: Partial<WorkloadSnapshot> = {}): WorkloadSnapshot {
    return this.#put('deployments', name, { kind: 'Deployment', desired: 1, ...overrides });
  }

  statefulSet(name: string, overrides: Partial<WorkloadSnapshot> = {}): WorkloadSnapshot {
    return this.#put('statefulSets', name, { kind: 'StatefulSet', desired: 1, ...overrides });
  }

  replicaSet(name: string, owner: OwnerReference | undefined): WorkloadSnapshot {
    return this.#put('replicaSets', name, { kind: 'ReplicaSet', owner });
  }

  pod(name: string, owner: OwnerReference | undefined, app: string, overrides: Partial<PodSnapshot> = {}): PodSnapshot {
    const template = { ...UNBOUNDED, labels: { app } };
    const made = pod(name, { owner, template, resourceVersion: this.version(), ...overrides });
    this.stores.pods.upsert(made);
    return made;
  }

  /** A healthy Deployment of one pod with its ReplicaSet, and the service that looks after it. */
  running(name: string, spec: Partial<OrchestratedServiceSpec> = {}): PodSnapshot {
    const set = this.replicaSet(`${name}-1`, this.deployment(name));
    const made = this.pod(`${name}-a`, set, name);
    this.service(name, spec);
    return made;
  }

  delete(kind: keyof Bed['stores'], name: string): void {
    this.stores[kind].delete(`shop/${name}`, this.version());
  }

  async reconcile(name: string) {
    return this.reconciler.reconcile(`shop/${name}`, { signal: new AbortController().signal });
  }

  /** The last status of the service. */
  status(name: string): OrchestratedServiceStatus | undefined {
    return this.reconciler.latest(`shop/${name}`)?.status;
  }

  condition(name: string, type: string) {
    return this.status(name)?.conditions?.find((condition) => condition.type === type);
  }

  /** As a cache is that never got its list. */
  empty(kind: 'replicaSets' | 'deployments'): void {
    this.stores[kind] = store<WorkloadSnapshot>(kind === 'replicaSets' ? INDEXES.replicaSets : {});
  }

  /** As a reflector sets it that never got a list, or lost it again. */
  problem(kind: keyof Bed['stores'], reason: StoreProblem['reason']): void {
    this.stores[kind].problem = { reason, verb: 'watch', resource: `${kind.toLowerCase()}.apps`, message: '' };
  }

  version(): string {
    return String(++this.#version);
  }

  #put(
    kind: 'deployments' | 'statefulSets' | 'replicaSets',
    name: string,
    overrides: Partial<WorkloadSnapshot>,
  ): WorkloadSnapshot {
    const uid = `uid-${overrides.kind}-${name}`;
    const made = workload({ name, uid, selector: `app=${name}`, resourceVersion: this.version(), ...overrides });
    this.stores[kind].upsert(made);
    return made;
  }

  #foreign(name: string): Target {
    const workload = this.foreign.get(name);
    return workload ? { state: 'Found', workload } : { state: 'Absent', reason: 'TargetNotFound' };
  }

  #finalize(service: CachedService, wanted: boolean): WriteOutcome {
    const finalizers = wanted ? [FINALIZER] : [];
    const resourceVersion = this.version();
    const metadata = { ...service.metadata, resourceVersion, finalizers };
    this.stores.services.upsert({ ...service, metadata, resourceVersion });
    return { kind: 'written', resourceVersion };
  }

  #write(reference: Reference, status: object): Promise<WriteOutcome> {
    const outcome = this.outcomes.shift() ?? { kind: 'written' as const, resourceVersion: this.version() };
    if (outcome instanceof Error) return Promise.reject(outcome);
    if (outcome.kind === 'written') this.writes.push({ reference, status });
    return Promise.resolve(outcome);
  }
}
