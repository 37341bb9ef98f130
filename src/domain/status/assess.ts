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
import type { Held } from './part.ts';

/** How long a workload may take to be available once where its kind has no progress deadline: the default of Deployments. */
const PROGRESS_DEADLINE = 600_000;
/** Workloads and pods come by watches of their own: for so long after a Deployment was made it may be known to be complete before its pods are. */
const PODS_BEHIND = 10_000;

/** The health of a service, before it is put into words. */
export interface Assessment {
  readonly level: LevelState;
  /** Exact; undefined before the first evidence. */
  readonly score: number | undefined;
  readonly confidence: number;
  readonly cap: Cap | undefined;
  readonly signals: readonly Signal[];
  readonly everAvailable: boolean;
  /** Was not available since it wants pods, and may still become so. */
  readonly awaited: boolean;
  /** Why it has no pods though its owner wants some. */
  readonly kept?: Held | undefined;
  /** When pods were wanted again after none were, ms since the epoch; until all of them were ready. */
  readonly startingSince: number | undefined;
  /** When the passing of time alone may change something, ms since the epoch. */
  readonly lookAgainAt: number;
}

type Absent = Exclude<Target, { state: 'Found' }>;

export function assessFound(input: ServiceInput, workload: WorkloadSnapshot, facts: PodFacts): Assessment {
  const { service, now } = input;
  const startingSince = startOf(service.status, workload, facts, now);
  const everAvailable = service.status?.everAvailable === true || isAvailable(workload, facts, startingSince, now);
  if (workload.desired === 0) {
    const kept = input.parts?.find(({ keepsAtZero }) => keepsAtZero)?.keepsAtZero;
    return kept === undefined ? atZero(facts, everAvailable) : keptAtZero(kept, everAvailable);
  }
  const signals = gatherSignals(input, workload, facts);
  const minReplicas = service.spec.scaling?.minReplicas ?? 0;
  const score = scoreOf(signals, { desired: workload.desired, ready: facts.ready, minReplicas });
  const base = { confidence: score.confidence, cap: score.cap, signals, everAvailable, startingSince };
  const deadline = deadlineOf(workload, startingSince);
  const isAwaited = (!everAvailable || startingSince !== undefined) && mayBeAwaited(workload, service.status);
  if (isAwaited && now < deadline) {
    const level: LevelState = { level: 'Unknown', pending: undefined };
    const lookAgainAt = Math.min(facts.nextExpiry, deadline, podsAwaitedUntil(workload, now));
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
  const nothing = {
    confidence: 0,
    cap: undefined,
    signals: [],
    everAvailable,
    awaited: false,
    startingSince: undefined,
    lookAgainAt: Infinity,
  };
  if (target.reason === 'TargetAlreadyManaged' || (target.reason === 'TargetNotFound' && !everAvailable)) {
    return { ...nothing, level: { level: 'Unknown', pending: undefined }, score: undefined };
  }
  if (target.reason !== 'TargetNotFound') {
    const level: LevelState = { level: lastLevel(status).level, pending: undefined };
    return { ...nothing, level, score: status?.score, startingSince: readMoment(status?.startingSince) };
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
    startingSince: undefined,
    lookAgainAt: Infinity,
  };
}

/** It waits for its turn: it is not well, and nobody can say that it is ill. */
const keptAtZero = (kept: Held, everAvailable: boolean): Assessment => ({
  level: { level: 'Unknown', pending: undefined },
  score: undefined,
  confidence: 0,
  cap: undefined,
  signals: [],
  everAvailable,
  awaited: true,
  startingSince: undefined,
  kept,
  lookAgainAt: Infinity,
});

function gatherSignals(input: ServiceInput, workload: WorkloadSnapshot, facts: PodFacts): Signal[] {
  const { service, policy, readings } = input;
  const last = service.status?.signals;
  const lastOf = (name: string) => last?.find((signal) => signal.name === name);
  const signals: Signal[] = [availability(facts, workload.desired, workload.createFailure)];
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

/** A Deployment tells that it was rolled out completely once, which one at zero always was; of others it is seen. */
function isAvailable(
  workload: WorkloadSnapshot,
  facts: PodFacts,
  startingSince: number | undefined,
  now: number,
): boolean {
  if (workload.desired === 0) return false;
  const isRolledOut = hasOwnDeadline(workload) && workload.rollout.state === 'Complete' && startingSince === undefined;
  return facts.ready >= workload.desired || (isRolledOut && podsAwaitedUntil(workload, now) === Infinity);
}

/** Until when a Deployment that says it is complete says nothing about pods that are not known to be ready; Infinity when that is over. */
function podsAwaitedUntil({ createdAt, rollout: { state } }: WorkloadSnapshot, now: number): number {
  return state === 'Complete' && now < createdAt + PODS_BEHIND ? createdAt + PODS_BEHIND : Infinity;
}

/** A moment in the future (the clock was set back) counts from now. */
function startOf(
  status: OrchestratedServiceStatus | undefined,
  workload: WorkloadSnapshot,
  facts: PodFacts,
  now: number,
): number | undefined {
  if (facts.ready >= workload.desired) return undefined;
  const since = wasAtZero(status) ? now : readMoment(status?.startingSince);
  return since === undefined ? undefined : Math.min(since, now);
}

const wasAtZero = (status: OrchestratedServiceStatus | undefined): boolean => status?.replicas?.desired === 0;

/** Once a level was given it is not taken back, except after the workload asked for nothing. */
function mayBeAwaited(workload: WorkloadSnapshot, status: OrchestratedServiceStatus | undefined): boolean {
  const isNew = (status?.health ?? 'Unknown') === 'Unknown' || wasAtZero(status);
  return isNew && workload.rollout.state !== 'Stuck';
}

/** A Deployment tells itself that it makes no progress, but not where only its replicas changed. */
function deadlineOf(workload: WorkloadSnapshot, startingSince: number | undefined): number {
  const tells = hasOwnDeadline(workload) && workload.rollout.state !== 'Complete';
  return tells ? Infinity : (startingSince ?? workload.createdAt) + PROGRESS_DEADLINE;
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
  const since = readMoment(pending?.since);
  return pending?.health === undefined || since === undefined ? undefined : { level: pending.health, since };
}

function readMoment(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/** The facts of no pods, for targets that are absent. */
export const NO_PODS: PodFacts = examinePods([], 0);
