import type { Health, OrchestratedServiceStatus } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { check } from '../health/checks.ts';
import { dependencySignal } from '../health/dependency-signal.ts';
import { dueAt, type Evidence, type LevelState, type Pending, step } from '../health/hysteresis.ts';
import { examinePods, type PodFacts } from '../health/pods.ts';
import { resources } from '../health/resources.ts';
import { type Cap, type Score, scoreOf } from '../health/score.ts';
import type { Signal } from '../health/signal.ts';
import { availability, rollout, stability } from '../health/workload-signals.ts';
import type { WorkloadSnapshot } from '../snapshot.ts';
import type { ServiceInput, Target } from './input.ts';

/** How long a workload may take to be available once where its kind has no progress deadline: the default of Deployments. */
const PROGRESS_DEADLINE = 600_000;

/** The health of a service, before it is put into words. */
export interface Assessment {
  readonly level: LevelState;
  /** Exact; undefined before the first evidence. */
  readonly score: number | undefined;
  readonly confidence: number;
  readonly cap: Cap | undefined;
  readonly signals: readonly Signal[];
  readonly everAvailable: boolean;
  /** Was never available, and may still become so. */
  readonly awaited: boolean;
  /** When the passing of time alone may change something, ms since the epoch. */
  readonly lookAgainAt: number;
}

type Absent = Exclude<Target, { state: 'Found' }>;

export function assessFound(input: ServiceInput, workload: WorkloadSnapshot, facts: PodFacts): Assessment {
  const { service, now } = input;
  const everAvailable = service.status?.everAvailable === true || isAvailable(workload, facts);
  if (workload.desired === 0) return atZero(facts, everAvailable);
  const signals = gatherSignals(input, workload, facts);
  const minReplicas = service.spec.scaling?.minReplicas ?? 0;
  const score = scoreOf(signals, { desired: workload.desired, ready: facts.ready, minReplicas });
  const base = { confidence: score.confidence, cap: score.cap, signals, everAvailable };
  if (!everAvailable && isAwaited(workload, service.status, now)) {
    const level: LevelState = { level: 'Unknown', pending: undefined };
    const deadline = workload.createdAt + PROGRESS_DEADLINE;
    const lookAgainAt = hasOwnDeadline(workload) ? facts.nextExpiry : Math.min(facts.nextExpiry, deadline);
    return { ...base, level, score: undefined, awaited: true, lookAgainAt };
  }
  const evidence = evidenceOf(input, score);
  const level = step(lastLevel(service.status), evidence, now);
  const lookAgainAt = Math.min(facts.nextExpiry, dueAt(level, evidence) ?? Infinity);
  return { ...base, level, score: score.score, awaited: false, lookAgainAt };
}

/** A workload that cannot be read says nothing: the last level stands. One that was there and is gone serves nobody. */
export function assessAbsent(input: ServiceInput, target: Absent): Assessment {
  const { status } = input.service;
  const everAvailable = status?.everAvailable === true;
  const nothing = { confidence: 0, cap: undefined, signals: [], everAvailable, awaited: false, lookAgainAt: Infinity };
  if (target.reason === 'TargetAlreadyManaged' || (target.reason === 'TargetNotFound' && !everAvailable)) {
    return { ...nothing, level: { level: 'Unknown', pending: undefined }, score: undefined };
  }
  if (target.reason !== 'TargetNotFound') {
    return { ...nothing, level: { level: lastLevel(status).level, pending: undefined }, score: status?.score };
  }
  const evidence = evidenceOf(input, { atBest: 0, asLastSeen: 0 });
  const level = step(lastLevel(status), evidence, input.now);
  return { ...nothing, confidence: 1, level, score: 0, lookAgainAt: dueAt(level, evidence) ?? Infinity };
}

/** Scaled to zero on purpose is healthy at once: it is what somebody asked for, not evidence that must last. */
function atZero(facts: PodFacts, everAvailable: boolean): Assessment {
  const level: LevelState = { level: 'Healthy', pending: undefined };
  const signals = [availability(facts, 0)];
  return {
    level,
    score: 100,
    confidence: 1,
    cap: undefined,
    signals,
    everAvailable,
    awaited: false,
    lookAgainAt: Infinity,
  };
}

function gatherSignals(input: ServiceInput, workload: WorkloadSnapshot, facts: PodFacts): Signal[] {
  const { service, policy, readings } = input;
  const last = service.status?.signals;
  const lastOf = (name: string) => last?.find((signal) => signal.name === name);
  const signals: Signal[] = [availability(facts, workload.desired)];
  const add = (signal: Signal | undefined): void => {
    if (signal !== undefined) signals.push(signal);
  };
  add(rollout(workload));
  add(stability(facts));
  if (policy.metricSources.resourceMetrics.enabled) add(resources(input.pods, input.usage, lastOf('resources')));
  add(dependencySignal(input.dependencies, lastOf('dependencies')));
  // What the status says of a check under another spec may be about another check of that name.
  const isSameSpec = service.status?.observedGeneration === service.metadata.generation;
  for (const spec of service.spec.health?.checks ?? []) {
    add(check(spec, readings.get(spec.name), isSameSpec ? lastOf(spec.name) : undefined));
  }
  return signals;
}

/** A Deployment tells that it was rolled out completely once; of others it is seen. */
function isAvailable(workload: WorkloadSnapshot, facts: PodFacts): boolean {
  if (workload.desired === 0) return false;
  return facts.ready >= workload.desired || (hasOwnDeadline(workload) && workload.rollout.state === 'Complete');
}

/** Once a level was given it is not taken back, except after the workload asked for nothing. */
function isAwaited(workload: WorkloadSnapshot, status: OrchestratedServiceStatus | undefined, now: number): boolean {
  const isNew = (status?.health ?? 'Unknown') === 'Unknown' || status?.phase === 'ScaledToZero';
  if (!isNew || workload.rollout.state === 'Stuck') return false;
  return hasOwnDeadline(workload) || now < workload.createdAt + PROGRESS_DEADLINE;
}

function hasOwnDeadline({ kind, apiVersion }: WorkloadSnapshot): boolean {
  return kind === 'Deployment' && apiVersion === 'apps/v1';
}

function evidenceOf({ service, policy }: ServiceInput, score: Pick<Score, 'atBest' | 'asLastSeen'>): Evidence {
  const own = service.spec.health?.hysteresis;
  const general = policy.health.hysteresis;
  const fall = parseDuration(own?.fall ?? general.fall);
  const rise = parseDuration(own?.rise ?? general.rise);
  return { atBest: score.atBest, asLastSeen: score.asLastSeen, fall, rise };
}

function lastLevel(status: OrchestratedServiceStatus | undefined): LevelState {
  const level: Health = status?.health ?? 'Unknown';
  return { level, pending: readPending(status?.pending) };
}

function readPending(pending: OrchestratedServiceStatus['pending']): Pending | undefined {
  if (pending?.health === undefined || pending.since === undefined) return undefined;
  const since = Date.parse(pending.since);
  return Number.isNaN(since) ? undefined : { level: pending.health, since };
}

/** The facts of no pods, for targets that are absent. */
export const NO_PODS: PodFacts = examinePods([], 0);
