import type { ConditionType } from '../../api/conditions.ts';
import type { Condition, Health } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { isWorse } from '../health/level.ts';
import type { ScalingFindings } from '../scaling/findings.ts';
import { findCondition } from './conditions.ts';

/** Something a person would want to be told of: it becomes a line of the log, and an Event. */
export interface Transition {
  readonly kind:
    | 'Health'
    | 'State'
    | 'Scaling'
    | 'Failover'
    | 'Anomaly'
    | 'Recommendation'
    | 'Workflow'
    | 'Discovery'
    | ConditionType;
  readonly from: string;
  readonly to: string;
  readonly reason: Reason;
  readonly message: string;
  /** The type of the Event. */
  readonly type: 'Normal' | 'Warning';
  /** What came of it, where that is more than that a status tells it. */
  readonly outcome?: 'Done' | 'Refused' | 'Rehearsed';
  /** For the history alone: the status says it, and nobody has to be called. */
  readonly isQuiet?: true;
  /** What it was made from, where that is something else than the evidence of health. */
  readonly evidence?: { readonly confidence: number | undefined; readonly inputs: unknown };
}

/** Conditions of which people are told, and the status of each that is good. Ready, Healthy and Reconciling follow from others. */
const TOLD: readonly {
  readonly type: ConditionType;
  readonly good: Condition['status'] | 'absent';
  readonly isQuiet?: true;
}[] = [
  { type: 'Stalled', good: 'absent' },
  { type: 'MetricsAvailable', good: 'True' },
  { type: 'DependenciesReady', good: 'True' },
  { type: 'ObjectivesMet', good: 'True' },
  { type: 'InMaintenance', good: 'absent' },
  { type: 'SelectorUnique', good: 'absent' },
  { type: 'Suspended', good: 'absent' },
  { type: 'ScalingActive', good: 'True' },
  { type: 'FailoverReady', good: 'True' },
  { type: 'DiscoveryReady', good: 'True' },
  { type: 'ScalingLimited', good: 'False', isQuiet: true },
  { type: 'PredictionTrusted', good: 'True', isQuiet: true },
];

/** The first look at a service tells only what is not well: adopting a thousand good ones is no news. */
export function healthTransition(
  from: Health | undefined,
  to: Health,
  reason: Reason,
  message: string,
): Transition | undefined {
  if (from === to || (from === undefined && (to === 'Healthy' || to === 'Unknown'))) return undefined;
  const best = from === undefined || from === 'Unknown' ? 'Healthy' : from;
  const isBad = to !== 'Unknown' && isWorse(to, best);
  const text = `${from ?? 'Unknown'} → ${to}: ${message}`;
  const type = isBad ? 'Warning' : 'Normal';
  return { kind: 'Health', from: from ?? 'Unknown', to, reason, message: text, type };
}

export function conditionTransitions(
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
): Transition[] {
  const stalled = findCondition(after, 'Stalled');
  return TOLD.flatMap(({ type, good, isQuiet }): Transition[] => {
    const old = findCondition(before, type);
    const now = findCondition(after, type);
    const from = statusOf(old);
    const to = statusOf(now);
    const isSame = from === to && (to === good || !REASON_TELLS.has(type) || old?.reason === now?.reason);
    if (isSame || (from === 'absent' && to === good)) return [];
    // A target that cannot be read is told once, as Stalled.
    if (FOLLOWS_TARGET.has(type) && now !== undefined && now.reason === stalled?.reason) return [];
    // What was in the way of scaling is told by its name when it ends, too: that it goes on again has but one.
    const isOver = now === undefined || (ENDS_BY_NAME.has(type) && to === good && from === 'False');
    const told = isOver ? old : now;
    // A condition that is no longer there because the spec no longer asks for it is no news either.
    if (told === undefined || (to === 'absent' && good !== 'absent')) return [];
    const reason = told.reason as Reason;
    const message = isOver ? `no longer: ${told.message}` : told.message;
    if (isQuiet) return [{ kind: type, from, to, reason, message, type: 'Normal', isQuiet }];
    const isWarning = to !== good && type !== 'InMaintenance' && to !== 'Unknown' && !ON_PURPOSE.has(reason);
    return [{ kind: type, from, to, reason, message, type: isWarning ? 'Warning' : 'Normal' }];
  });
}

/** What was done about the replicas, or would be: told once for each count. */
export function scalingTransitions(
  told: ScalingFindings['told'],
  before: number | undefined,
  recommended: number | undefined,
): Transition[] {
  return told.flatMap(({ event, verdict, because }) => {
    if (event === undefined || (event === 'WouldScale' && before === recommended)) return [];
    return [{ kind: 'Scaling', from: '', to: verdict, reason: event, message: because, type: 'Normal' }];
  });
}

/** Conditions of which another reason is news although the status is the same. */
const REASON_TELLS: ReadonlySet<ConditionType> = new Set<ConditionType>([
  'Stalled',
  'ScalingActive',
  'FailoverReady',
  'DiscoveryReady',
  'ScalingLimited',
  'PredictionTrusted',
]);
/** Conditions of which it is told by its name what no longer stands in the way. */
const ENDS_BY_NAME: ReadonlySet<ConditionType> = new Set<ConditionType>([
  'ScalingActive',
  'FailoverReady',
  'DiscoveryReady',
]);
/** Conditions that are False for the reason of Stalled when the target cannot be read. */
const FOLLOWS_TARGET: ReadonlySet<ConditionType> = new Set<ConditionType>(['MetricsAvailable', 'ScalingActive']);
/** What somebody wrote is no fault. */
const ON_PURPOSE: ReadonlySet<string> = new Set<Reason>([
  'RecommendOnly',
  'ObserveOnly',
  'ScalingDisabled',
  'FailbackManual',
  'Suspended',
  'MaintenanceWindow',
  'HeldByHalt',
  'NamespaceStopped',
]);

/**
 * What is not known yet, a moment after the start, is no news: it counts as if the condition were not there. Nor is what a failover or a
 * workflow does while it is under way: that is told by itself.
 */
const NOT_YET: ReadonlySet<string> = new Set<Reason>([
  'NotAskedYet',
  'DependencyUnknown',
  'FailoverInProgress',
  'FailoverCooldown',
  'TargetLocked',
]);

function statusOf(condition: Condition | undefined): Condition['status'] | 'absent' {
  return condition === undefined || NOT_YET.has(condition.reason) ? 'absent' : condition.status;
}
