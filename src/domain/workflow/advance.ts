import type { WorkflowPhase, WorkflowStatus } from '../../api/kinds.ts';
import { deepEqual } from '../equal.ts';
import { line, whyNoLocks } from './bounds.ts';
import { trustClock } from './clock.ts';
import { conditionsOf } from './conditions.ts';
import { verifyCriteria } from './criteria.ts';
import { etaOf } from './eta.ts';
import { finish } from './ending.ts';
import { execute } from './execute.ts';
import type { Advanced, WorkflowInput } from './input.ts';
import { newsOf } from './news.ts';
import { holdOf, isCancelled } from './pause.ts';
import { isOver } from './phase.ts';
import { plan } from './plan.ts';
import { rollBack } from './rollback.ts';
import { Run } from './run.ts';
import { currentOf, describe, progressOf } from './summary.ts';
import { stamp } from './times.ts';

/**
 * One step of a workflow: from what is known, what was answered and the time to the next status, and to what is to be done. Advancing again from
 * its own result with nothing new gives that result, and asks for nothing but what it has asked for: so a process that knows only the written
 * status goes on where another one died.
 */
export function advance(input: WorkflowInput): Advanced {
  const run = new Run(input);
  if (!isOver(run.status.phase)) {
    trustClock(run);
    proceed(run);
    describe(run);
    summarise(run);
  }
  const status = settled(run, input);
  const told = status === input.written ? [] : newsOf(run, input.written);
  if (isOver(status.phase)) return { status, effects: [], looks: new Map(), lookAgainAt: undefined, told };
  return { status, effects: run.effects(), looks: run.looks, lookAgainAt: run.lookAgainAt, told };
}

/** As many phases as it takes: what has nothing to wait for is over in one call. */
function proceed(run: Run): void {
  for (let before: WorkflowPhase | undefined; before !== run.status.phase; ) {
    before = run.status.phase;
    run.askAnew();
    inPhase(run);
  }
}

function inPhase(run: Run): void {
  switch (run.status.phase) {
    case undefined:
    case 'Pending':
      pending(run);
      return;
    case 'Queued':
      queued(run);
      return;
    case 'Running':
    case 'Paused':
      execute(run);
      return;
    case 'Verifying':
      verifyCriteria(run);
      return;
    case 'RollingBack':
      rollBack(run);
      return;
    case 'Succeeded':
    case 'RolledBack':
    case 'RollbackFailed':
    case 'Failed':
    case 'Cancelled':
    case 'Planned':
  }
}

function pending(run: Run): void {
  if (endsBefore(run) || isWrong(run)) return;
  const hold = holdOf(run);
  if (run.spec.mode === 'Plan') {
    plan(run);
    if (run.status.phase === 'Pending') run.say('StepsRunning', 'the plan is made');
  } else if (hold === undefined) {
    run.status.queuedAt = stamp(run.now);
    run.enter('Queued');
  } else {
    run.say(hold.reason, hold.message);
  }
}

/** Ends what can never be carried out. */
function isWrong(run: Run): boolean {
  const [first, ...others] = run.facts.problems();
  if (first === undefined) return false;
  const also = others.map(({ message }) => `; ${message}`).join('');
  refuse(run, first.reason, `${first.message}${also}`);
  return true;
}

function queued(run: Run): void {
  if (endsBefore(run)) return;
  const { state, workflow } = run.input;
  // It may be changed as long as it waits.
  const isChanged = state?.phase === 'Queued' && state.observedGeneration !== workflow.generation;
  if (isChanged && isWrong(run)) return;
  const hold = holdOf(run);
  if (hold !== undefined || run.spec.mode === 'Plan') run.facts.stepAside();
  if (run.spec.mode === 'Plan') {
    delete run.status.queuedAt;
    run.enter('Pending');
    return;
  }
  const admission = hold === undefined ? run.facts.admission() : { kind: 'waiting' as const, ...hold };
  if (admission.kind === 'waiting') {
    run.say(admission.reason, admission.message);
    return;
  }
  if (admission.kind === 'refused') {
    refuse(run, admission.reason, admission.message);
    return;
  }
  const obstacle = whyNoLocks(admission.locks);
  if (obstacle !== undefined) {
    refuse(run, 'InvalidSpec', obstacle);
    return;
  }
  if (admission.locks.length > 0) run.status.locks = [...admission.locks];
  run.status.startedAt = stamp(run.now);
  run.enter('Running');
}

function endsBefore(run: Run): boolean {
  if (!isCancelled(run)) return false;
  run.fail(
    'Cancelled',
    run.input.workflow.isBeingDeleted ? 'it is being deleted' : `spec.cancel is ${run.spec.cancel}`,
  );
  finish(run, 'Cancelled');
  return true;
}

function refuse(run: Run, reason: Parameters<Run['say']>[0], message: string): void {
  run.status.because = line(message, 1_024);
  run.say(reason, message);
  finish(run, 'Failed');
}

function summarise(run: Run): void {
  const { status } = run;
  status.progress = progressOf(run);
  assign(status, 'current', currentOf(run));
  assign(status, 'eta', etaOf(run));
  status.conditions = [...conditionsOf(run)];
}

function assign(status: WorkflowStatus, field: 'current' | 'eta', value: string | undefined): void {
  if (value === undefined) delete status[field];
  else status[field] = value;
}

/** The epoch alone is no reason for a write: a new leader would write every workflow. */
function settled({ status, facts }: Run, { state, written }: WorkflowInput): WorkflowStatus {
  for (const known of [written, state]) {
    if (known !== undefined && deepEqual({ ...status, epoch: 0 }, { ...known, epoch: 0 })) return known;
  }
  status.epoch = facts.epoch;
  return status;
}
