import type { ConditionType } from '../../api/conditions.ts';
import type { Health, OrchestratedServiceStatus } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { deepEqual } from '../equal.ts';
import { servingRef } from '../failover/serving.ts';
import { isDown } from '../health/level.ts';
import { examinePods } from '../health/pods.ts';
import { wholeScore } from '../health/score.ts';
import { openWindow, type WindowState } from '../maintenance/windows.ts';
import type { ScalingFindings } from '../scaling/findings.ts';
import { enter, readLedger, startLedger, type UptimeState, writeLedger } from '../uptime/ledger.ts';
import { longestWindow, type ObjectiveFigures } from '../uptime/objectives.ts';
import { recommendationsOf, serviceScores } from './advice.ts';
import { assessAbsent, assessFound, type Assessment, NO_PODS } from './assess.ts';
import { conditionsOf, type Findings } from './condition-set.ts';
import { anomalyStatuses, predictedStatus } from './prediction.ts';
import { explain, explainAbsent } from './explain.ts';
import type { ServiceFigures, ServiceInput } from './input.ts';
import { figuresOf, objectiveStatuses } from './objectives.ts';
import { NOTICEABLE, signalStatuses } from './signals.ts';
import { anomalyTransitions, recommendationTransitions } from './news.ts';
import { decisionOf, refusalOf } from './decision.ts';
import { conditionTransitions, healthTransition, scalingTransitions, type Transition } from './transitions.ts';

export interface Derived {
  /** The status as it should be; the very object of the input when nothing changed that a person would notice. */
  readonly status: OrchestratedServiceStatus;
  readonly transitions: readonly Transition[];
  /** When time alone may change something, ms since the epoch; undefined when it cannot. */
  readonly lookAgainAt: number | undefined;
  readonly figures: ServiceFigures;
}

/**
 * The whole next status of a service. Pure and a fixed point: deriving again from the status that it gave, at the same moment, gives that
 * status. What may tremble (scores, figures, sentences with figures) is carried over until it moved noticeably.
 */
export function deriveStatus(input: ServiceInput): Derived {
  const { service } = input;
  const previous = service.status;
  const findings = examine(input);
  const { assessment, ledger } = findings;
  const before = previous?.uptime;
  const recommendations = recommendationsOf(findings);
  const next: OrchestratedServiceStatus = {
    observedGeneration: service.metadata.generation,
    health: assessment.level.level,
    ...scoreStatus(assessment, previous),
    confidence: `${Math.floor(assessment.confidence * 100)}%`,
    phase: phaseOf(findings),
    ...targetStatus(findings),
    ...(findings.signals.length > 0 ? { signals: findings.signals } : {}),
    ...(findings.objectiveStatuses.length > 0 ? { objectives: findings.objectiveStatuses } : {}),
    uptime: before !== undefined && ledger === findings.ledgerBefore ? before : writeLedger(ledger),
    ...pendingStatus(assessment),
    ...startingStatus(assessment),
    everAvailable: assessment.everAvailable,
    ...anomalyStatuses(input.scaling ?? {}, previous?.anomalies),
    ...Object.assign({}, ...(input.parts ?? []).map(({ status }) => status)),
    ...(recommendations.length > 0 ? { recommendations } : {}),
    conditions: conditionsOf(findings),
  };
  const transitions = transitionsOf(findings, next);
  const decision = decisionOf(transitions, input, assessment.confidence);
  if (decision !== undefined) next.lastDecision = decision;
  return {
    status: settle(next, findings, previous),
    transitions,
    lookAgainAt: lookAgainAt(findings),
    figures: { ...figuresFor(findings), recommendations: recommendations.length },
  };
}

function examine(input: ServiceInput): Findings {
  const { service, target, policy, now } = input;
  const { spec, status: previous } = service;
  const workload = target.state === 'Found' ? target.workload : undefined;
  const facts = workload === undefined ? NO_PODS : examinePods(input.pods, now);
  const assessment =
    target.state === 'Found' ? assessFound(input, target.workload, facts) : assessAbsent(input, target);
  const levelChanged = previous?.health !== assessment.level.level;
  const signals = signalStatuses(assessment.signals, previous?.signals, levelChanged, now);
  const { fall, rise } = { ...policy.health.hysteresis, ...spec.health?.hysteresis };
  const explanation =
    target.state === 'Found'
      ? explain(assessment, signals, { fall: parseDuration(fall), rise: parseDuration(rise) })
      : explainAbsent(target, `${servingRef(service).kind} ${servingRef(service).name}`);
  const own = openWindow(spec.maintenanceWindows, now);
  const general = openWindow(policy.maintenanceWindows, now);
  const ledgerBefore = readLedger(previous?.uptime);
  const state = uptimeState(assessment, own, general);
  const ledger =
    ledgerBefore === undefined
      ? startLedger(state, now)
      : enter(ledgerBefore, state, now, longestWindow(spec.objectives));
  const objectives = figuresOf(spec.objectives, ledger, now);
  return {
    input,
    workload,
    facts,
    assessment,
    signals,
    explanation,
    windows: [own, general],
    ledger,
    ledgerBefore,
    objectives,
    objectiveStatuses: objectiveStatuses(objectives, previous?.objectives),
  };
}

function uptimeState({ level, confidence }: Assessment, ...windows: readonly WindowState[]): UptimeState {
  if (windows.some(({ state }) => state === 'Open')) return 'Maintenance';
  if (level.level === 'Unknown' || confidence === 0) return 'Unknown';
  return isDown(level.level) ? 'Down' : 'Up';
}

/** The score of the last status until it moved by 5 points or something else is written anyway (see settle). */
function scoreStatus(
  { score, level }: Assessment,
  previous: OrchestratedServiceStatus | undefined,
): Pick<OrchestratedServiceStatus, 'score'> {
  if (score === undefined) return {};
  const shown = previous?.score;
  const stands = shown !== undefined && previous?.health === level.level && Math.abs(shown - score) < NOTICEABLE;
  return { score: stands ? shown : wholeScore(score) };
}

/** Where something else is written anyway, the score and the prediction are brought up to date with it. */
function settle(
  next: OrchestratedServiceStatus,
  { assessment: { score }, input }: Findings,
  previous: OrchestratedServiceStatus | undefined,
): OrchestratedServiceStatus {
  if (previous !== undefined && deepEqual(previous, next)) return previous;
  if (score !== undefined) next.score = wholeScore(score);
  const predicted = input.scaling?.prediction?.replicas;
  if (predicted !== undefined && next.replicas !== undefined) next.replicas = { ...next.replicas, predicted };
  const refusal = refusalOf(input);
  if (refusal !== undefined) next.lastDecision = refusal;
  return next;
}

function targetStatus({ workload, facts, input }: Findings): Partial<OrchestratedServiceStatus> {
  // Where traffic goes by now, which may have been moved in this very look.
  const failover = input.parts?.find(({ status }) => status.failover)?.status.failover;
  const { spec, status } = input.service;
  const serving = servingRef({
    spec,
    ...((failover || status) && { status: { ...status, ...(failover && { failover }) } }),
  });
  const activeTarget = `${serving.kind}/${serving.name}`;
  // What cannot be read says nothing of the pods; the last counts stand until the target is known to be gone or another's.
  if (workload === undefined) {
    const { target, service } = input;
    const isGone = target.state === 'Absent' && target.reason !== 'Forbidden' && target.reason !== 'TargetUnavailable';
    return isGone ? {} : standingTarget(service.status);
  }
  const { current, ready } = facts;
  const selector = workload.selector.slice(0, 1024);
  const { recommended, prediction } = input.scaling ?? {};
  const replicas = {
    current,
    ready,
    desired: workload.desired,
    ...(recommended !== undefined && { recommended }),
    ...predictedStatus(prediction?.replicas, input.service.status?.replicas?.predicted),
  };
  return { replicas, selector, activeTarget };
}

function standingTarget(previous: OrchestratedServiceStatus | undefined): Partial<OrchestratedServiceStatus> {
  const { replicas, selector, activeTarget } = previous ?? {};
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(selector === undefined ? {} : { selector }),
    ...(activeTarget === undefined ? {} : { activeTarget }),
  };
}

function pendingStatus({ level: { pending } }: Assessment): Pick<OrchestratedServiceStatus, 'pending'> {
  return pending === undefined
    ? {}
    : { pending: { health: pending.level, since: new Date(pending.since).toISOString() } };
}

function startingStatus({ startingSince }: Assessment): Pick<OrchestratedServiceStatus, 'startingSince'> {
  return startingSince === undefined ? {} : { startingSince: new Date(startingSince).toISOString() };
}

type Phase = NonNullable<OrchestratedServiceStatus['phase']>;

function phaseOf({ workload, assessment, input, facts }: Findings): Phase {
  if (input.service.metadata.deletionTimestamp !== undefined || workload?.terminating === true) return 'Terminating';
  if (workload === undefined) return 'Stalled';
  if (workload.desired === 0) return assessment.kept === undefined ? 'ScaledToZero' : 'Pending';
  if (assessment.awaited) return facts.current === 0 ? 'Pending' : 'Progressing';
  return workload.rollout.state === 'Progressing' ? 'Progressing' : 'Running';
}

function transitionsOf({ input, explanation }: Findings, next: OrchestratedServiceStatus): Transition[] {
  const previous = input.service.status;
  const health: Health = next.health ?? 'Unknown';
  const changed = healthTransition(previous?.health, health, explanation.reason, explanation.message);
  const others = conditionTransitions(previous?.conditions, next.conditions ?? []);
  const { scaling } = input;
  const scaled = scalingTransitions(scaling?.told ?? [], previous?.replicas?.recommended, scaling?.recommended);
  const anomalies = anomalyTransitions(previous?.anomalies, next.anomalies, scaling);
  // A service that is adopted, or whose target went, is told of as such.
  const isQuiet = (previous?.health ?? 'Unknown') === 'Unknown' || input.target.state === 'Absent';
  const advice = recommendationTransitions(previous?.recommendations, next.recommendations, isQuiet);
  return [
    ...(changed ? [changed] : []),
    ...scaled,
    ...(input.parts ?? []).flatMap(({ told }) => told),
    ...others.map((one) => withEvidence(one, scaling)),
    ...anomalies,
    ...advice,
  ];
}

/** What was concluded about scaling did not follow from health. */
function withEvidence(transition: Transition, scaling: ScalingFindings | undefined): Transition {
  if (scaling === undefined || !OF_SCALING.has(transition.kind)) return transition;
  return { ...transition, evidence: scaling.evidence };
}

const OF_SCALING: ReadonlySet<string> = new Set<ConditionType>([
  'ScalingActive',
  'ScalingLimited',
  'PredictionTrusted',
]);

function lookAgainAt({ assessment, windows, objectives, input }: Findings): number | undefined {
  let at = assessment.lookAgainAt;
  for (const window of windows) {
    if (window.state === 'Open') at = Math.min(at, window.askAgainAt);
    if (window.state === 'Closed') at = Math.min(at, window.nextOpens ?? Infinity);
  }
  for (const { movesAt } of objectives) at = Math.min(at, movesAt ?? Infinity);
  return at === Infinity ? undefined : Math.max(at, input.now);
}

function figuresFor(findings: Findings): Omit<ServiceFigures, 'recommendations'> {
  const { assessment, facts, workload, ledger, input } = findings;
  const scores = serviceScores(findings, workload);
  const { level, score, confidence } = assessment;
  const { current, ready } = facts;
  const signals = assessment.signals.map((signal) => ({
    name: signal.name,
    score: signal.state === 'fresh' ? signal.score : undefined,
  }));
  const desired = workload?.desired ?? 0;
  const { objectives } = input.service.spec;
  const objectivesAt = objectives === undefined ? noObjectives : (at: number) => figuresOf(objectives, ledger, at);
  const { recommended, prediction, anomalies } = input.scaling ?? {};
  const wanted = {
    ...(anomalies !== undefined && { anomalies: anomalies.length }),
    ...(recommended !== undefined && { recommended }),
    ...(prediction?.replicas !== undefined && { predicted: prediction.replicas }),
  };
  return { health: level.level, score, confidence, current, ready, desired, ...wanted, signals, scores, objectivesAt };
}

const noObjectives = (): readonly ObjectiveFigures[] => [];
