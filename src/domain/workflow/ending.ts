import type { WorkflowPhase } from '../../api/kinds.ts';
import { changesSomething } from './action.ts';
import { settle } from './attempt.ts';
import { fail, failUnchanged } from './outcome.ts';
import { deadline, isCancelled } from './pause.ts';
import { candidates, pointsOfNoReturn } from './candidates.ts';
import { stepsOf, workflowTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { markStopping } from './stop.ts';
import { stamp } from './times.ts';
import { actionOf, clear, forwardTrack, isRunning, isWritten, stageOf, type Track } from './track.ts';

type Final = Extract<WorkflowPhase, 'Succeeded' | 'Failed' | 'Cancelled' | 'RolledBack' | 'RollbackFailed' | 'Planned'>;

/** Something ends it: nothing begins any more, what runs ends or is ended, and then it is rolled back or over. */
export function end(run: Run): void {
  const mustStop = isStopDue(run);
  for (const { name } of stepsOf(run.spec)) windDown(run, forwardTrack(run, name), mustStop);
  const isBusy = stepsOf(run.spec).some(({ name }) => isRunning(forwardTrack(run, name)));
  if (!isBusy) conclude(run);
}

/** Whether what runs is to be ended; else it may come to its end, since nothing is going to be undone. */
function isStopDue(run: Run): boolean {
  const { outcome, startedAt } = run.status;
  if (outcome === 'Cancelled' || outcome === 'TimedOut' || rollsBack(run) || isCancelled(run)) return true;
  const at = deadline(run, startedAt, workflowTimeout(run.spec, run.facts.maxDurationMs), run.status);
  run.wake(at);
  return run.now >= at;
}

function rollsBack({ spec, status }: Run): boolean {
  const after: readonly string[] = spec.rollback?.after ?? ['Failed', 'CriteriaFailed'];
  return spec.cancel === 'StopAndRollback' || after.includes(status.outcome ?? '');
}

function windDown(run: Run, track: Track, mustStop: boolean): void {
  const { record, status } = track;
  const stage = stageOf(track);
  if (stage === 'Over') return;
  if (stage === 'Pending') {
    clear(record, 'attemptedAt');
    if (status.attempt === undefined) clear(record, 'startedAt', 'message');
    else fail(run, track, stopped(record.message ?? 'it was to be tried again'));
    return;
  }
  const action = actionOf(run, track);
  if (stage === 'Intent' && !isWritten(run, track)) failUnchanged(run, track, stopped('it was not begun'));
  else if (action.ok && !changesSomething(action.action)) fail(run, track, stopped('the workflow ended'));
  else {
    if (mustStop) markStopping(run, track, 'the workflow ended');
    settle(run, track);
  }
}

const stopped = (message: string) => ({ kind: 'failed', reason: 'Stopped', message, mayRetry: false }) as const;

/** Nothing runs any more. */
function conclude(run: Run): void {
  const { status } = run;
  const isToRollBack = rollsBack(run);
  const lost = pointsOfNoReturn(run).length;
  if (isToRollBack && lost > 0) status.rollback = { ...status.rollback, notUndone: lost };
  if (isToRollBack && candidates(run).length > 0) {
    status.rollback = { ...status.rollback, startedAt: stamp(run.now) };
    run.enter('RollingBack');
  } else {
    finish(run, status.outcome === 'Cancelled' ? 'Cancelled' : 'Failed');
  }
}

export function finish(run: Run, phase: Final): void {
  run.status.finishedAt = stamp(run.now);
  run.enter(phase);
}
