import type { StepStatus, WorkflowPhase, WorkflowStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Transition } from '../status/transitions.ts';
import { isUnderWay } from './phase.ts';
import type { Run } from './run.ts';
import { mayHaveHappened } from './track.ts';

/** Of steps that failed at once: more are in the status. */
const MOST_STEPS = 3;
const MOST_NAMED = 10;

type Type = Transition['type'];

/** What is news to those who know what is written. Steps are told only where a person is wanted, or something went wrong. */
export function newsOf(run: Run, written: WorkflowStatus | undefined): Transition[] {
  const { status } = run;
  const from = written?.phase ?? 'Pending';
  const to = status.phase ?? 'Pending';
  const tell = (reason: Reason, message: string, type: Type = 'Normal'): Transition => ({
    kind: 'Workflow',
    from,
    to,
    reason,
    message,
    type,
  });
  const steps = status.steps.flatMap((step) => stepNews(run, step, run.written(step.name), tell));
  const told = steps.slice(0, MOST_STEPS);
  if (from === to) return told;
  const isBegun = written?.startedAt === undefined && status.startedAt !== undefined && status.finishedAt === undefined;
  const many = status.steps.length === 1 ? '1 step' : `${status.steps.length} steps`;
  if (isBegun && run.spec.mode !== 'Plan') told.unshift(tell('WorkflowStarted', many));
  const own = phaseNews(from, to, status);
  if (own !== undefined) told.push(tell(own.reason, own.message, own.type));
  return told;
}

/** What is told of one that was deleted before it ended: what it did is not undone, and its status is gone. */
export function lastNewsOf({ phase = 'Pending', steps = [] }: WorkflowStatus): Transition | undefined {
  if (!isUnderWay(phase)) return undefined;
  const done = steps.filter((step) => mayHaveHappened(step) && step.state !== 'Compensated').map(({ name }) => name);
  const named = done.slice(0, MOST_NAMED).join(', ');
  const more = done.length > MOST_NAMED ? ` and ${done.length - MOST_NAMED} more` : '';
  const what = done.length === 0 ? 'it had changed nothing' : `what these steps did stays: ${named}${more}`;
  const message = `it was deleted while it was ${phase}; ${what}`;
  return { kind: 'Workflow', from: phase, to: 'Cancelled', reason: 'WorkflowCancelled', message, type: 'Normal' };
}

function stepNews(
  run: Run,
  { name, state, reason, message = '' }: StepStatus,
  before: StepStatus | undefined,
  tell: (reason: Reason, message: string, type?: Type) => Transition,
): Transition[] {
  if (before?.state === state) return [];
  const what = `${name}: ${message}`;
  // One that failed may be undone already when that is written.
  if (hasEnded(state) && (before === undefined || !hasEnded(before.state)) && !isNoNews(reason)) {
    return [tell(reason === 'OutcomeUnknown' ? reason : 'StepFailed', what, 'Warning')];
  }
  const isAsked = state === 'Verifying' && run.step(name).step.approval !== undefined;
  return isAsked ? [tell('ApprovalNeeded', what)] : [];
}

const hasEnded = (state: StepStatus['state']): boolean =>
  state === 'Failed' ||
  state === 'Unknown' ||
  state === 'Compensating' ||
  state === 'Compensated' ||
  state === 'CompensationFailed';

/** It succeeded, or was ended because of another. */
const isNoNews = (reason: string | undefined): boolean =>
  reason === undefined || reason === 'Stopped' || reason === 'OutputsLeftOut';

const ENDS: Partial<Record<WorkflowPhase, Type>> = {
  Succeeded: 'Normal',
  RolledBack: 'Warning',
  RollbackFailed: 'Warning',
  Failed: 'Warning',
  Cancelled: 'Normal',
  Planned: 'Normal',
};

function phaseNews(
  from: WorkflowPhase,
  to: WorkflowPhase,
  { reason, message = '', because = '', outcome }: WorkflowStatus,
): { readonly reason: Reason; readonly message: string; readonly type: Type } | undefined {
  if (to === 'Paused') return { reason: 'WorkflowPaused', message, type: 'Normal' };
  if (to === 'RollingBack') return { reason: 'RollbackStarted', message: because, type: 'Warning' };
  if (to === 'Running' && from === 'Paused' && outcome === undefined)
    return { reason: 'WorkflowResumed', message, type: 'Normal' };
  const type = ENDS[to];
  if (type === undefined) return undefined;
  return { reason: reason as Reason, message, type: to === 'Planned' && reason === 'PlanRefused' ? 'Warning' : type };
}
