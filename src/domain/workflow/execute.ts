import { formatDuration } from '../duration.ts';
import { end, finish } from './ending.ts';
import { areStepsOver, goForward } from './forward.ts';
import { deadline, holdOf, isCancelled, pause, resume } from './pause.ts';
import { workflowTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { currentOf } from './summary.ts';
import { stamp } from './times.ts';

/** Running and Paused: the steps, until all are over or one of them, time or a person ends it. */
export function execute(run: Run): void {
  const { status } = run;
  const hold = holdOf(run);
  if (hold === undefined) resume(run, status);
  obey(run);
  if (status.outcome === undefined) go(run, hold !== undefined);
  if (status.outcome !== undefined) {
    // What ends is not paused: time counts again.
    resume(run, status);
    run.enter('Running');
    run.askAnew();
    end(run);
  } else if (areStepsOver(run)) {
    const isVerified = (run.spec.successCriteria ?? []).length > 0;
    if (isVerified && run.facts.halted !== undefined) return;
    resume(run, status);
    status.stepsEndedAt = stamp(run.now);
    if (isVerified) run.enter('Verifying');
    else finish(run, 'Succeeded');
  }
}

/** Orders of people, and time. A pause does not count. */
export function obey(run: Run): void {
  const { status, facts, spec } = run;
  if (isCancelled(run)) {
    const who = run.input.workflow.isBeingDeleted ? 'it is being deleted' : `spec.cancel is ${spec.cancel}`;
    run.fail('Cancelled', who);
  }
  if (status.pausedAt !== undefined || status.outcome !== undefined) return;
  const timeout = workflowTimeout(spec, facts.maxDurationMs);
  const at = deadline(run, status.startedAt, timeout, status);
  if (run.now >= at) run.fail('TimedOut', `it was not done after ${formatDuration(timeout)}${underWay(run)}`);
  else run.wake(at);
}

/** What it was at, which is told as ended from now on. */
function underWay(run: Run): string {
  const current = currentOf(run);
  return current === undefined ? '' : `, with ${current} under way`;
}

function go(run: Run, isHeld: boolean): void {
  run.enter(isHeld ? 'Paused' : 'Running');
  if (isHeld) pause(run);
  goForward(run, !isHeld);
}
