import { formatDuration } from '../duration.ts';
import { end, finish } from './ending.ts';
import { areStepsOver, goForward } from './forward.ts';
import { deadline, holdOf, isCancelled, pause, resume } from './pause.ts';
import { stepsOf, workflowTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { stamp } from './times.ts';
import { clear } from './track.ts';

/** Running and Paused: the steps, until all are over or one of them, time or a person ends it. */
export function execute(run: Run): void {
  const { status } = run;
  obey(run);
  if (status.outcome === undefined) go(run);
  if (status.outcome !== undefined) {
    end(run);
  } else if (areStepsOver(run)) {
    resume(run, status);
    status.stepsEndedAt = stamp(run.now);
    if ((run.spec.successCriteria ?? []).length === 0) finish(run, 'Succeeded');
    else run.enter('Verifying');
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
  if (run.now >= at) run.fail('TimedOut', `it was not done after ${formatDuration(timeout)}`);
  else run.wake(at);
}

function go(run: Run): void {
  const hold = holdOf(run);
  if (hold === undefined) {
    resume(run, run.status);
    run.enter('Running');
  } else {
    pause(run);
    run.enter('Paused');
    forgetPreparing(run);
  }
  goForward(run, hold === undefined);
}

/** What waits to be prepared has not begun: its time begins again. */
export function forgetPreparing(run: Run): void {
  for (const { name } of stepsOf(run.spec)) {
    const { status } = run.step(name);
    if (status.state !== 'Pending' || status.attemptedAt === undefined) continue;
    clear(status, 'attemptedAt', 'message');
    if (status.attempt === undefined) clear(status, 'startedAt');
  }
}
