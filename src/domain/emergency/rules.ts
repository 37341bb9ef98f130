import type { Health, OrchestrationSpec, WorkflowPhase } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import type { Trigger } from './halt.ts';

type Rules = NonNullable<OrchestrationSpec['emergency']>['rules'];
export type RuleName = keyof Rules & Trigger;

export const RULES: readonly RuleName[] = [
  'nodeCPU',
  'nodeMemory',
  'servicesFailed',
  'workflowsFailed',
  'workflowsOverdue',
];

/** When a rule holds. */
export interface Threshold {
  /** In percent. */
  readonly above: number;
  /** A duration, without a break. */
  readonly for: string;
  readonly atLeast: number;
}

/** A single workflow is enough, and it had its time already; a clock that was wrong for a moment is not. */
const OVERDUE: Threshold = { above: 0, for: '1m', atLeast: 1 };

export const thresholdOf = (name: RuleName, rules: Rules): Threshold =>
  name === 'workflowsOverdue' ? OVERDUE : rules[name];

/** What a rule looks at, measured now. */
export type RuleReading =
  | {
      readonly kind: 'value';
      /** In percent. */
      readonly percent: number;
      /** Nodes, services or workflows that it was counted over: those with fresh evidence. */
      readonly counted: number;
      /** Those that there are, with or without evidence. */
      readonly all: number;
    }
  | { readonly kind: 'missing' };

/** Since when the limit has been passed without a break, by the monotonic clock; and when that was last seen. */
export interface RuleState {
  readonly since: number;
  readonly seenAt: number;
}

/** Readings further apart than this are no evidence for the time between them. */
const LONGEST_GAP_MS = 90_000;
/** With fewer of the whole than this the rest may be well. */
const LEAST_SHARE = 0.9;

/**
 * One look at a rule: undefined when what it looks at is not above its limit, is too little to judge by, or is not known, which begins the
 * window anew. Missing data halts nothing.
 */
export function watchRule(
  state: RuleState | undefined,
  reading: RuleReading,
  { above, atLeast }: Threshold,
  at: number,
): RuleState | undefined {
  if (reading.kind === 'missing') return undefined;
  const { percent, counted, all } = reading;
  const isEnough = counted >= atLeast && counted >= LEAST_SHARE * all;
  if (!isEnough || percent <= above) return undefined;
  const stands = state !== undefined && at >= state.seenAt && at - state.seenAt <= LONGEST_GAP_MS;
  return { since: stands ? state.since : at, seenAt: at };
}

/** Whether the limit was passed for the whole of the rule's window. */
export function holds(state: RuleState | undefined, rule: Threshold): boolean {
  return state !== undefined && state.seenAt - state.since >= parseDuration(rule.for);
}

const SUBJECTS: Readonly<Record<Exclude<RuleName, 'workflowsOverdue'>, string>> = {
  nodeCPU: 'CPU in use on the nodes',
  nodeMemory: 'memory in use on the nodes',
  servicesFailed: 'services that are Failed',
  workflowsFailed: 'workflows that failed, of those that ended within an hour',
};

/** Without figures that move while it holds. */
export function sentence(name: RuleName, rule: Threshold): string {
  if (name === 'workflowsOverdue') return 'a workflow has run for longer than limits.maxWorkflowDuration';
  return `${SUBJECTS[name]}: above ${rule.above} % for ${rule.for}`;
}

/** What the rule about services looks at of one. */
export interface ServiceEvidence {
  readonly health: Health;
  /** Share of its evidence that is fresh, 0 to 1. */
  readonly confidence: number;
  readonly everAvailable: boolean;
}

/** The share of services that are Failed: of those that were available once, and with fresh evidence. */
export function failedServices(services: Iterable<ServiceEvidence>): RuleReading {
  let [all, counted, failed] = [0, 0, 0];
  for (const { health, confidence, everAvailable } of services) {
    if (!everAvailable) continue;
    all += 1;
    if (confidence <= 0 || health === 'Unknown') continue;
    counted += 1;
    if (health === 'Failed') failed += 1;
  }
  return counted === 0 ? { kind: 'missing' } : { kind: 'value', percent: (failed / counted) * 100, counted, all };
}

/** What the rules about workflows look at of one. */
export interface WorkflowEvidence {
  readonly phase: WorkflowPhase | undefined;
  /** It failed of itself, and nobody ended it. */
  readonly failed: boolean;
  /** ms since the epoch */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** How long it was paused, ms; until now where it is. */
  readonly pausedMs: number;
}

/** So long an end counts, ms. */
const RECENT_MS = 3_600_000;
const ENDS: ReadonlySet<WorkflowPhase> = new Set<WorkflowPhase>([
  'Succeeded',
  'Failed',
  'RolledBack',
  'RollbackFailed',
]);

/** The share of workflows that failed: of those that began, and ended within an hour without being cancelled. */
export function failedWorkflows(workflows: Iterable<WorkflowEvidence>, now: number): RuleReading {
  let [counted, failedOnes] = [0, 0];
  for (const { phase, failed, startedAt, finishedAt } of workflows) {
    if (phase === undefined || !ENDS.has(phase) || startedAt === undefined || finishedAt === undefined) continue;
    // One that ended in the future did so by another clock, and says nothing of now.
    if (finishedAt > now || now - finishedAt > RECENT_MS || (!failed && phase !== 'Succeeded')) continue;
    counted += 1;
    if (failed) failedOnes += 1;
  }
  return shareOf(failedOnes, counted);
}

const RUNS: ReadonlySet<WorkflowPhase> = new Set<WorkflowPhase>(['Running', 'Verifying', 'Paused', 'RollingBack']);

/** The share of workflows under way that have run for longer than the policy allows, pauses not counted. */
export function overdueWorkflows(workflows: Iterable<WorkflowEvidence>, limitMs: number, now: number): RuleReading {
  let [counted, overdue] = [0, 0];
  for (const { phase, startedAt, pausedMs } of workflows) {
    if (phase === undefined || !RUNS.has(phase) || startedAt === undefined) continue;
    counted += 1;
    if (now - startedAt - pausedMs > limitMs) overdue += 1;
  }
  return shareOf(overdue, counted);
}

const shareOf = (part: number, counted: number): RuleReading =>
  counted === 0 ? { kind: 'missing' } : { kind: 'value', percent: (part / counted) * 100, counted, all: counted };
