import type { Condition, OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { DependencyState } from '../dependencies/evaluate.ts';
import type { PodFacts } from '../health/pods.ts';
import { isObserved } from '../health/workload-signals.ts';
import type { WindowState } from '../maintenance/windows.ts';
import { activeScaling } from '../scaling/from-spec.ts';
import type { WorkloadSnapshot } from '../snapshot.ts';
import type { Ledger } from '../uptime/ledger.ts';
import type { ObjectiveFigures } from '../uptime/objectives.ts';
import type { Assessment } from './assess.ts';
import { advise, Conditions, timestamp } from './conditions.ts';
import { type Explanation, explainMissing } from './explain.ts';
import type { ServiceInput } from './input.ts';
import type { SignalStatus } from './signals.ts';

/** Everything that was concluded about one service at one moment. */
export interface Findings {
  readonly input: ServiceInput;
  /** Undefined when the target is absent. */
  readonly workload: WorkloadSnapshot | undefined;
  readonly facts: PodFacts;
  readonly assessment: Assessment;
  readonly signals: SignalStatus[];
  readonly explanation: Explanation;
  /** The service's own and the policy's. */
  readonly windows: readonly WindowState[];
  readonly ledger: Ledger;
  readonly ledgerBefore: Ledger | undefined;
  readonly objectives: readonly ObjectiveFigures[];
  readonly objectiveStatuses: NonNullable<OrchestratedServiceStatus['objectives']>;
}

/** After kstatus: Ready is always there; Reconciling, Stalled and those that tell of something unusual only while they hold. */
export function conditionsOf(findings: Findings): Condition[] {
  const { metadata, status } = findings.input.service;
  const conditions = new Conditions(status?.conditions, metadata.generation, findings.input.now);
  const stalled = stalledBy(findings);
  setReady(conditions, findings, stalled);
  setHealthy(conditions, findings);
  setReconciling(conditions, findings);
  if (stalled !== undefined) conditions.set('Stalled', 'True', stalled.reason, stalled.message);
  setMetricsAvailable(conditions, findings);
  setDependenciesReady(conditions, findings.input.dependencies);
  setObjectivesMet(conditions, findings);
  setInMaintenance(conditions, findings);
  setScaling(conditions, findings);
  for (const part of findings.input.parts ?? [])
    for (const { type, status: is, reason, message } of part.conditions) conditions.set(type, is, reason, message);
  setSelectorUnique(conditions, findings);
  return conditions.list;
}

function stalledBy({ workload, explanation, windows }: Findings): Explanation | undefined {
  if (workload === undefined) return explanation;
  // The policy's windows were looked at before the policy came into force.
  const [own] = windows;
  if (own?.state !== 'Invalid') return undefined;
  return { reason: 'InvalidSpec', message: advise(`spec.${own.problem}`, 'InvalidSpec') };
}

function setReady(conditions: Conditions, findings: Findings, stalled: Explanation | undefined): void {
  const { workload, assessment, explanation } = findings;
  const { level } = assessment.level;
  if (stalled !== undefined) {
    const isUnread = stalled.reason === 'Forbidden' || stalled.reason === 'TargetUnavailable';
    conditions.set('Ready', isUnread ? 'Unknown' : 'False', stalled.reason, stalled.message);
  } else if (workload?.terminating === true) {
    conditions.set('Ready', 'False', 'TargetTerminating', advise('the workload is being deleted', 'TargetTerminating'));
  } else {
    const isReady = level === 'Healthy' || level === 'Warning';
    conditions.set('Ready', isReady ? 'True' : 'False', explanation.reason, explanation.message);
  }
}

function setHealthy(conditions: Conditions, { assessment, workload, explanation }: Findings): void {
  const { level } = assessment.level;
  if (level === 'Healthy' && workload === undefined) {
    conditions.set('Healthy', 'True', 'Healthy', `the last level stands: ${explanation.message}`);
    return;
  }
  const status = level === 'Unknown' ? 'Unknown' : level === 'Healthy' ? 'True' : 'False';
  conditions.set('Healthy', status, explanation.reason, explanation.message);
}

function setReconciling(conditions: Conditions, { workload, assessment, facts }: Findings): void {
  if (workload === undefined) return;
  const set = (reason: Reason, evidence: string): void =>
    conditions.set('Reconciling', 'True', reason, advise(evidence, reason));
  if (workload.terminating) set('TargetTerminating', 'the workload is being deleted');
  else if (!isObserved(workload)) set('NotObserved', 'the workload controller has not seen the last change yet');
  else if (workload.rollout.state === 'Progressing') set('Progressing', 'a rollout is under way');
  else if (assessment.awaited) set('Progressing', facts.current === 0 ? 'no pod exists yet' : 'the pods start');
}

function setMetricsAvailable(
  conditions: Conditions,
  { input, workload, assessment, signals, explanation }: Findings,
): void {
  if (workload === undefined) {
    const { target } = input;
    const isUnread = target.state === 'Absent' && !/NotFound|AlreadyManaged/.test(target.reason);
    if (isUnread) conditions.set('MetricsAvailable', 'False', explanation.reason, explanation.message);
    return;
  }
  const missing = explainMissing(assessment.signals, signals);
  if (missing === undefined) {
    conditions.set('MetricsAvailable', 'True', 'AllSourcesAnswer', 'every signal has fresh evidence');
  } else {
    const status = missing.reason === 'NotAskedYet' ? 'Unknown' : 'False';
    conditions.set('MetricsAvailable', status, missing.reason, missing.message);
  }
}

/** What matters most first. */
const DEPENDENCY_REASONS = [
  ['Below', 'DependencyUnhealthy'],
  ['Cycle', 'DependencyCycle'],
  ['NotFound', 'DependencyNotFound'],
  ['Unknown', 'DependencyUnknown'],
] as const;

function setDependenciesReady(conditions: Conditions, dependencies: readonly DependencyState[]): void {
  if (dependencies.length === 0) return;
  for (const [state, reason] of DEPENDENCY_REASONS) {
    const dependency = dependencies.find((candidate) => candidate.state === state);
    if (dependency === undefined) continue;
    const status = state === 'Unknown' ? 'Unknown' : 'False';
    conditions.set('DependenciesReady', status, reason, advise(sentence(dependency), reason));
    return;
  }
  conditions.set(
    'DependenciesReady',
    'True',
    'DependenciesHealthy',
    'every dependency is at its minimumHealth or above',
  );
}

function sentence(dependency: DependencyState): string {
  const { key } = dependency;
  switch (dependency.state) {
    case 'Ready':
      return `${key} is ${dependency.health}`;
    case 'Below':
      return `${key} is ${dependency.health}, at least ${dependency.minimumHealth} is needed`;
    case 'Cycle':
      return `the services depend on each other in a circle: ${[...dependency.ring, dependency.ring[0]].join(' → ')}`;
    case 'NotFound':
      return `there is no OrchestratedService ${key}`;
    case 'Unknown':
      return `nothing is known of ${key} yet`;
  }
}

function setObjectivesMet(conditions: Conditions, { objectives, input }: Findings): void {
  const [first] = objectives;
  if (first === undefined) return;
  const missed = objectives.find(({ met }) => !met);
  const { target, window } = input.service.spec.objectives?.find(({ name }) => name === (missed ?? first).name) ?? {};
  const promise = `${(missed ?? first).name} of ${target}% over ${window}`;
  if (missed === undefined) conditions.set('ObjectivesMet', 'True', 'ObjectivesMet', `${promise} is kept`);
  else
    conditions.set(
      'ObjectivesMet',
      'False',
      'BudgetExhausted',
      advise(`the error budget for ${promise} is spent`, 'BudgetExhausted'),
    );
}

function setInMaintenance(conditions: Conditions, { windows }: Findings): void {
  let until = -Infinity;
  for (const window of windows) if (window.state === 'Open') until = Math.max(until, window.until);
  if (until === -Infinity) return;
  const end = until === Infinity ? 'and follows itself without a gap' : `until ${timestamp(until)}`;
  conditions.set('InMaintenance', 'True', 'MaintenanceWindow', `a maintenance window is open ${end}`);
}

function setScaling(conditions: Conditions, { input, workload, explanation }: Findings): void {
  const { scaling, service } = input;
  if (workload === undefined) {
    if (activeScaling(service.spec.scaling) === undefined) return;
    conditions.set('ScalingActive', 'False', explanation.reason, explanation.message);
  } else if (scaling !== undefined) {
    const { active, limited, prediction } = scaling;
    conditions.set('ScalingActive', active.status, active.reason, active.message);
    if (limited !== undefined) conditions.set('ScalingLimited', limited.status, limited.reason, limited.message);
    if (prediction === undefined) return;
    const { status, reason, message } = prediction.trusted;
    conditions.set('PredictionTrusted', status, reason, message);
  }
}

function setSelectorUnique(conditions: Conditions, { input, workload }: Findings): void {
  if (input.strangers === 0 || workload === undefined) return;
  const evidence = `the selector ${workload.selector.slice(0, 200)} matches pods of others too, which do not count`;
  conditions.set('SelectorUnique', 'False', 'SelectorOverlap', advise(evidence, 'SelectorOverlap'));
}
