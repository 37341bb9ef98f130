import type { WorkflowSpec, WorkflowStep } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import type { Action } from './action.ts';

const MINUTE = 60_000;
const STEP_TIMEOUT_MS = 5 * MINUTE;
const WORKFLOW_TIMEOUT_MS = 60 * MINUTE;
const PARALLEL_STEPS = 4;
/** Although nobody asked for them: a rollback must not end at the first refusal that passes. */
const COMPENSATION_RETRIES = 3;

export const typeOf = ({ type }: WorkflowSpec): NonNullable<WorkflowSpec['type']> => type ?? 'Maintenance';

export const stepsOf = ({ steps }: WorkflowSpec): readonly WorkflowStep[] => steps ?? [];

export const parallelSteps = ({ maxParallelSteps }: WorkflowSpec): number => maxParallelSteps ?? PARALLEL_STEPS;

/** How long it may run, ms. */
export const workflowTimeout = ({ timeout }: WorkflowSpec, most: number): number =>
  Math.min(timeout === undefined ? WORKFLOW_TIMEOUT_MS : parseDuration(timeout), most);

/** ms */
export const rollbackTimeout = ({ rollback }: WorkflowSpec): number => parseDuration(rollback?.timeout ?? '1h');

/** How long one attempt may take, ms. What only waits for a time, or for people, may take as long as the workflow where it says nothing. */
export function stepTimeout({ timeout }: Pick<WorkflowStep, 'timeout'>, action: Action): number {
  if (timeout !== undefined) return parseDuration(timeout);
  return action.kind === 'approval' || (action.kind === 'wait' && action.durationMs !== undefined)
    ? Infinity
    : STEP_TIMEOUT_MS;
}

export type Direction = 'Forward' | 'Backward';

/** Attempts in all. `isUnchanged`: nothing came of the last one for certain, so that undoing is not done twice by another. */
export function attemptsOf({ retry }: Pick<WorkflowStep, 'retry'>, direction: Direction, isUnchanged: boolean): number {
  const limit = retry?.limit ?? 0;
  return 1 + (direction === 'Backward' && isUnchanged ? Math.max(limit, COMPENSATION_RETRIES) : limit);
}

/**
 * How long to wait after attempt number `attempt` (from 1), ms: exponential with full jitter, so that workflows that failed together do not come
 * back together. `part` is from 0 to 1.
 */
export function backoff(step: Pick<WorkflowStep, 'retry'>, attempt: number, part: number): number {
  const { initial = '5s', factor = 2 } = step.retry?.backoff ?? {};
  const most = Math.min(mostBackoff(step), parseDuration(initial) * factor ** Math.min(attempt - 1, 64));
  return Math.max(1, Math.round(most * part));
}

/** The longest that it waits before it is tried again, ms. */
export const mostBackoff = ({ retry }: Pick<WorkflowStep, 'retry'>): number =>
  parseDuration(retry?.backoff?.max ?? '5m');
