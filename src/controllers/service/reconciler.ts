import type { OrchestratedServiceStatus, OrchestrationSpec } from '../../api/kinds.ts';
import {
  dependencyKeys,
  evaluateDependencies,
  type DependencyFacts,
  type DependencyState,
} from '../../domain/dependencies/evaluate.ts';
import type { Advice } from '../../domain/recommendations/facts.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../../domain/snapshot.ts';
import { isDown } from '../../domain/health/level.ts';
import { deriveStatus, type Derived } from '../../domain/status/derive.ts';
import { type Bucket, take } from '../../domain/status/bucket.ts';
import type { ServiceFigures, ServiceInput, Target, Usage } from '../../domain/status/input.ts';
import type { Reading } from '../../domain/reading.ts';
import type { ScalingFindings } from '../../domain/scaling/findings.ts';
import type { Held } from '../../domain/status/part.ts';
import type { Transition } from '../../domain/status/transitions.ts';
import type {
  Count,
  DecisionEvidence,
  EmitEvent,
  Log,
  RecordDecision,
  Reference,
  Result,
  WriteOutcome,
  WriteStatus,
} from '../ports.ts';
import { say } from '../transitions.ts';
import { type Caches, type CachedService, BY_DEPENDENCY, BY_OWNER, BY_TARGET, targetKey } from './caches.ts';
import { type CheckSources, periodicChecks, type PeriodicCheck, scalingQueries } from './checks.ts';
import { podsOf } from './ownership.ts';
import { lookAtParts, type Part, type PartsAnswer } from './parts.ts';
import type { PodGroups } from './pod-groups.ts';
import { findTarget, type ReadForeign } from './target.ts';
import { WrittenStatuses } from '../written.ts';

/** src/sources' prober, as it is needed here. */
export interface Prober {
  ensure(key: string, checks: readonly PeriodicCheck[]): void;
  forget(key: string): void;
  readings(key: string): ReadonlyMap<string, Reading>;
}

/** src/controllers/scaling's scaler, as it is needed here. */
export interface Scaler {
  scale(
    service: CachedService,
    workload: WorkloadSnapshot,
    pods: readonly PodSnapshot[],
    signal: AbortSignal,
    /** Who acts on the workload with more authority: then nothing is changed. */
    held?: Held,
  ): Promise<{ readonly findings: ScalingFindings; readonly lookAgainInMs: number } | undefined>;
  wasTold(key: string): void;
  forget(key: string): void;
}

/** What recommendations and scores follow from; see ./advisor.ts. */
interface Adviser {
  look(
    service: CachedService,
    workload: WorkloadSnapshot,
    pods: readonly PodSnapshot[],
    scaling: ScalingFindings | undefined,
  ): Advice;
  forget(key: string): void;
}

export interface ServiceReconcilerOptions {
  readonly caches: Caches;
  readonly groups: PodGroups;
  readonly prober: Prober;
  readonly scaler: Scaler;
  readonly advisor: Adviser;
  /** In the order of their authority. */
  readonly parts: readonly Part[];
  /** How often replicas are decided on when nothing changes, ms. */
  readonly scalingIntervalMs: number;
  readonly sources: CheckSources;
  /** Use of the pods of a namespace as last listed. */
  readonly usage: (namespace: string) => Usage;
  readonly policy: () => { readonly spec: OrchestrationSpec; readonly resourceIntervalMs: number };
  readonly readForeign: ReadForeign;
  readonly writeStatus: WriteStatus;
  /** Adds or takes away the finalizer, on condition of the service's version. */
  readonly setFinalizer: (service: CachedService, wanted: boolean, signal: AbortSignal) => Promise<WriteOutcome>;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  /** Whether a transition is told with those of other services. */
  readonly joins: (reference: Reference, transition: Transition) => boolean;
  readonly enqueue: (key: string) => void;
  /** A service was looked at for the first time, or another status of it was written, or it is gone: what the whole is summed up from. */
  readonly onChange: () => void;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly log: Log;
  readonly count: Count;
}

/**
 * One OrchestratedService: takes a snapshot of everything that its health depends on, lets the domain derive the status, and writes it when it
 * differs in a way that a person would notice.
 */
export class ServiceReconciler {
  readonly #options: ServiceReconcilerOptions;
  readonly #written: WrittenStatuses<OrchestratedServiceStatus, CachedService>;
  readonly #figures = new Map<string, ServiceFigures>();
  readonly #buckets = new Map<string, Bucket>();
  /** New services without their target, and when that was first seen. */
  readonly #awaited = new Map<string, number>();

  constructor(options: ServiceReconcilerOptions) {
    this.#options = options;
    this.#written = new WrittenStatuses(options.isNewer);
  }

  /** Exact figures by key, of the services that were looked at since this replica leads. */
  get figures(): ReadonlyMap<string, ServiceFigures> {
    return this.#figures;
  }

  /** The service with the status that was last written, by whoever. */
  latest(key: string): CachedService | undefined {
    const service = this.#options.caches.services.get(key);
    return service && this.#written.latest(key, service);
  }

  /** Every service with the status that was last written, by whoever. */
  *all(): Generator<CachedService> {
    for (const service of this.#options.caches.services.list())
      yield this.#written.latest(`${service.namespace}/${service.name}`, service);
  }

  /** What is known at this moment of those that a service depends on. */
  dependenciesOf(service: CachedService): readonly DependencyState[] {
    return evaluateDependencies(service, service.spec.dependsOn, (other) => this.#dependency(other));
  }

  /** Whether that version of the service is one that this process wrote. */
  wrote(key: string, resourceVersion: string): boolean {
    return this.#written.has(key, resourceVersion);
  }

  /** Another replica leads now: what it writes is not seen here before it is in the cache. */
  reset(): void {
    for (const key of this.#figures.keys()) this.#forget(key);
  }

  async reconcile(key: string, { signal }: { readonly signal: AbortSignal }): Promise<Result> {
    const service = this.latest(key);
    if (!service) {
      this.#forget(key);
      this.#options.onChange();
      return { kind: 'done' };
    }
    const { caches, readForeign, prober, now } = this.#options;
    const target = await findTarget(service, caches, readForeign, signal);
    const late = this.#mayBeLate(key, service, target);
    if (late > 0) return { kind: 'requeueAfter', ms: late };
    const workload = target.state === 'Found' ? target.workload : undefined;
    const pods = workload ? podsOf(workload, caches) : [];
    prober.ensure(key, workload ? this.#checks(service, pods) : []);
    // What cannot be read may be there still; what is gone has no use for replicas that others wait for.
    if (target.state === 'Absent' && !UNREAD.has(target.reason)) this.#options.scaler.forget(key);
    const parts = await this.#lookAtParts(key, service, target, pods, signal);
    const finalizing = await this.#finalize(service, parts.needsFinalizer, signal);
    if (finalizing) return finalizing;
    const scaling = workload && (await this.#scale(service, workload, pods, parts.held, signal));
    // Taken after every wait, so that the decision is about one moment.
    const latest = this.latest(key) ?? service;
    const findings = scaling?.findings;
    const advice = workload && this.#options.advisor.look(latest, workload, pods, findings);
    const input = {
      ...this.#input(key, latest, target, pods, now()),
      scaling: findings,
      advice,
      parts: parts.findings,
    };
    const derivation = deriveStatus(input);
    const before = this.#figures.get(key);
    this.#figures.set(key, derivation.figures);
    // Before the write, which may fail: they read these figures, and not the status.
    if (before?.health !== derivation.figures.health || before.score !== derivation.figures.score)
      this.#wakeOthers(key, service);
    if (!before) this.#options.onChange();
    // Parts go by what is written; what was just derived is news to them.
    const { health = 'Unknown' } = derivation.status;
    const isNews =
      parts.findings.length > 0 && health !== (latest.status?.health ?? (isDown(health) ? undefined : health));
    const actAgainInMs = isNews ? 0 : Math.min(scaling?.lookAgainInMs ?? Infinity, parts.lookAgainInMs);
    const lookAgainAt = Math.min(askAgainAt(target, derivation, now()) ?? Infinity, now() + actAgainInMs);
    const next = { ...derivation, lookAgainAt: lookAgainAt === Infinity ? undefined : lookAgainAt };
    return this.#write(key, latest, next, parts.isUrgent, signal);
  }

  #checks(service: CachedService, pods: readonly PodSnapshot[]): readonly PeriodicCheck[] {
    const { sources, policy, scalingIntervalMs } = this.#options;
    const checks = periodicChecks(service, pods, sources, policy().resourceIntervalMs);
    const queries = scalingQueries(service, sources, scalingIntervalMs);
    return queries.length === 0 ? checks : [...checks, ...queries];
  }

  /** Before the status, so that the status tells what came of it. */
  async #scale(
    service: CachedService,
    workload: WorkloadSnapshot,
    pods: readonly PodSnapshot[],
    held: Held | undefined,
    signal: AbortSignal,
  ) {
    const { scaler } = this.#options;
    if (service.spec.scaling !== undefined) return scaler.scale(service, workload, pods, signal, held);
    scaler.forget(`${service.namespace}/${service.name}`);
    return undefined;
  }

  async #lookAtParts(
    key: string,
    service: CachedService,
    target: Target,
    pods: readonly PodSnapshot[],
    signal: AbortSignal,
  ): Promise<PartsAnswer> {
    const { parts } = this.#options;
    const dependencies = this.dependenciesOf(service);
    return lookAtParts(parts, { key, service, target, pods, dependencies, isSafe: hasFinalizer(service), signal });
  }

  /** What is held must be given back before the service goes; what a look in between says is not written, because the next one comes at once. */
  async #finalize(service: CachedService, wanted: boolean, signal: AbortSignal): Promise<Result | undefined> {
    // Nothing new is promised to one that is going.
    if (hasFinalizer(service) === wanted || (wanted && service.metadata.deletionTimestamp)) return undefined;
    const outcome = await this.#options.setFinalizer(service, wanted, signal);
    return outcome.kind === 'gone' ? { kind: 'done' } : { kind: 'requeueAfter', ms: FINALIZER_SEEN_MS };
  }

  /**
   * How long to wait for the target of a new service, ms. Watches are apart from each other: what was made just before the service may be seen
   * just after it, and that is no news.
   */
  #mayBeLate(key: string, service: CachedService, target: Target): number {
    if (target.state === 'Found' || target.reason !== 'TargetNotFound' || service.status !== undefined) return 0;
    const now = this.#options.now();
    const since = this.#awaited.get(key) ?? now;
    this.#awaited.set(key, since);
    // A clock that was set back must not make it longer.
    return now < since ? 0 : since + LATE_MS - now;
  }

  #input(key: string, service: CachedService, target: Target, pods: readonly PodSnapshot[], now: number): ServiceInput {
    const { prober, usage, policy } = this.#options;
    return {
      service,
      target,
      pods,
      strangers: target.state === 'Found' ? this.#strangers(key, target.workload, pods) : 0,
      usage: usage(service.namespace),
      readings: prober.readings(key),
      dependencies: this.dependenciesOf(service),
      policy: policy().spec,
      now,
    };
  }

  #strangers(key: string, workload: WorkloadSnapshot, pods: readonly PodSnapshot[]): number {
    const { caches, groups } = this.#options;
    const own = new Set(pods.map((pod) => pod.owner?.uid ?? pod.uid));
    own.add(workload.uid);
    for (const set of caches.replicaSets.byIndex(BY_OWNER, workload.uid)) own.add(set.uid);
    const { namespace, selector } = workload;
    return groups.strangers({ namespace, service: key, selector }, own, (kind, ownerUid) =>
      this.#isKnown(kind, ownerUid, namespace),
    );
  }

  /** A ReplicaSet that the cache does not show yet may be the workload's own. */
  #isKnown(kind: string | undefined, uid: string, namespace: string): boolean {
    if (kind !== 'ReplicaSet') return true;
    const { pods, replicaSets } = this.#options.caches;
    const name = pods.byIndex(BY_OWNER, uid)[0]?.owner?.name;
    return name !== undefined && replicaSets.get(`${namespace}/${name}`)?.uid === uid;
  }

  #dependency(key: string): DependencyFacts | undefined {
    const service = this.latest(key);
    if (!service) return undefined;
    // A figure derived a moment ago is newer than any status.
    const figures = this.#figures.get(key);
    const { health = 'Unknown', score } = figures ?? service.status ?? {};
    return { health, score, dependsOn: dependencyKeys(service.namespace, service.spec.dependsOn) };
  }

  async #write(
    key: string,
    service: CachedService,
    derivation: Derived,
    isUrgent: boolean,
    signal: AbortSignal,
  ): Promise<Result> {
    const { status, transitions, lookAgainAt } = derivation;
    const { writeStatus, count, now } = this.#options;
    // The domain gives back the very status that it was given when nothing changed that a person would notice.
    if (status === service.status) return later(lookAgainAt, now());
    const admission = take(this.#buckets.get(key), now());
    this.#buckets.set(key, admission.bucket);
    if (!admission.allowed && !isUrgent) {
      count.statusWrite('OrchestratedService', 'deferred');
      return later(admission.retryAt, now());
    }
    const reference = referenceOf(service);
    const outcome = await writeStatus(reference, status, signal);
    count.statusWrite('OrchestratedService', outcome.kind === 'written' ? 'written' : 'conflict');
    // The cache will show who wrote in between, and then the key comes back; the delay is for a cache that is behind for long.
    if (outcome.kind === 'conflict') return { kind: 'requeueAfter', ms: CONFLICT_RETRY_MS };
    if (outcome.kind === 'gone') return { kind: 'done' };
    this.#written.record(key, { uid: service.uid, resourceVersion: outcome.resourceVersion, status });
    this.#options.scaler.wasTold(key);
    for (const part of this.#options.parts) part.wasTold(key);
    this.#options.onChange();
    const details = { namespace: service.namespace, service: service.name };
    for (const transition of transitions)
      say(this.#options, reference, transition, { ...details, kind: transition.kind }, evidenceOf(derivation));
    return later(lookAgainAt, now());
  }

  /** Those that depend on this one, and those that wait for its target. */
  #wakeOthers(key: string, service: CachedService): void {
    const { caches, enqueue } = this.#options;
    for (const dependant of caches.services.byIndex(BY_DEPENDENCY, key))
      enqueue(`${dependant.namespace}/${dependant.name}`);
    if (service.metadata.deletionTimestamp) this.#wakeRivals(service);
  }

  #wakeRivals({ namespace, name, spec: { targetRef } }: CachedService): void {
    const target = targetKey(targetRef.apiVersion, targetRef.kind, namespace, targetRef.name);
    for (const rival of this.#options.caches.services.byIndex(BY_TARGET, target)) {
      if (rival.name !== name) this.#options.enqueue(`${namespace}/${rival.name}`);
    }
  }

  #forget(key: string): void {
    this.#options.prober.forget(key);
    this.#options.scaler.forget(key);
    this.#options.advisor.forget(key);
    for (const part of this.#options.parts) part.forget(key);
    this.#written.forget(key);
    this.#figures.delete(key);
    this.#buckets.delete(key);
    this.#awaited.delete(key);
    this.#options.groups.forget(key);
  }
}

const UNREAD: ReadonlySet<string> = new Set(['Forbidden', 'TargetUnavailable']);
const CONFLICT_RETRY_MS = 250;
/** The watch shows a finalizer some milliseconds after it was written, and that wakes nobody. */
const FINALIZER_SEEN_MS = 25;
const ASK_AGAIN_MS = 10_000;
const LATE_MS = 500;

/** No watch tells when a kind is installed or gets a scale subresource, nor when its scale may be read. */
function askAgainAt(target: Target, { lookAgainAt }: Derived, now: number): number | undefined {
  if (target.state === 'Found') return lookAgainAt;
  const isUntold =
    target.reason === 'TargetKindUnknown' ||
    target.reason === 'TargetNotScalable' ||
    target.reason === 'TargetUnavailable' ||
    (target.reason === 'Forbidden' && target.resource.endsWith('/scale'));
  return isUntold ? Math.min(lookAgainAt ?? Infinity, now + ASK_AGAIN_MS) : lookAgainAt;
}

const later = (at: number | undefined, now: number): Result =>
  at === undefined ? { kind: 'done' } : { kind: 'requeueAfter', ms: Math.max(0, at - now) };

/** The figures of the moment, without the sentences, which are in the status. */
function evidenceOf({ status, figures }: Derived): DecisionEvidence {
  const { score, confidence, ready, desired, signals } = figures;
  return { confidence, inputs: { score, ready, desired, signals, replicas: status.replicas } };
}

/** Baton holds something of the workload that must be given back before the OrchestratedService may go. */
export const FINALIZER = 'baton.dev/holds';

const hasFinalizer = ({ metadata }: CachedService): boolean => metadata.finalizers?.includes(FINALIZER) ?? false;

const referenceOf = ({ namespace, name, uid, resourceVersion }: CachedService) =>
  ({ kind: 'OrchestratedService', namespace, name, uid, resourceVersion }) as const;
