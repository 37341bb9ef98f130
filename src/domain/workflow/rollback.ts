import type { WorkflowStep } from '../../api/kinds.ts';
import { formatDuration } from '../duration.ts';
import { changesSomething } from './action.ts';
import { begin, settle } from './attempt.ts';
import { candidates, isUndone } from './candidates.ts';
import { finish } from './ending.ts';
import { fail, failUnchanged } from './outcome.ts';
import { deadline, holdOfRollback, pause, resume } from './pause.ts';
import { parallelSteps, rollbackTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { markStopping } from './stop.ts';
import { cameLater, stampedBy } from './target.ts';
import { readStamp } from './times.ts';
import { actionOf, backwardTrack, isRunning, isWritten, type Track } from './track.ts';

type Steps = readonly WorkflowStep[];

/** RollingBack: each step is undone when all that came after it are. */
export function rollBack(run: Run): void {
  const rollback = (run.status.rollback ??= {});
  const isHeld = holdOfRollback(run) !== undefined;
  if (isHeld) pause(run);
  else resume(run, rollback);
  const at = deadline(run, rollback.startedAt, rollbackTimeout(run.spec), rollback);
  const isLate = !isHeld && run.now >= at;
  if (!isHeld && !isLate) run.wake(at);
  const steps = candidates(run);
  run.mayUndo = !isLate && !isGivenUp(run, steps);
  for (const track of tracks(run, steps)) if (isRunning(track)) carryOn(run, track, isLate);
  if (!isHeld) while (beginSome(run, steps));
  conclude(run, steps, isLate);
}

/** With onError Stop the first failure is the last. */
const isGivenUp = (run: Run, steps: Steps): boolean =>
  run.spec.rollback?.onError === 'Stop' &&
  steps.some(({ name }) => run.step(name).status.state === 'CompensationFailed');

/** Of those that have begun. */
const tracks = (run: Run, steps: Steps): Track[] =>
  steps
    .filter(({ name }) => run.step(name).status.compensation !== undefined)
    .map(({ name }) => backwardTrack(run, name));

function carryOn(run: Run, track: Track, isLate: boolean): void {
  const action = actionOf(run, track);
  if (isLate) {
    const message = `the rollback took longer than ${formatDuration(rollbackTimeout(run.spec))}`;
    const failure = { kind: 'failed', reason: 'TimedOut', message, mayRetry: false } as const;
    if (track.status.compensation?.state === 'Intent' && !isWritten(run, track))
      return failUnchanged(run, track, failure);
    if (action.ok && !changesSomething(action.action)) return fail(run, track, failure);
    markStopping(run, track, message);
  }
  settle(run, track);
}

/** Whether one was undone at once, so that others may follow. */
function beginSome(run: Run, steps: Steps): boolean {
  run.mayUndo &&= !isGivenUp(run, steps);
  if (!run.mayUndo) return false;
  const open = steps.filter(({ name }) => !isUndone(run.step(name).status));
  let free = parallelSteps(run.spec) - tracks(run, open).filter(isRunning).length;
  for (const { name } of open.toReversed()) {
    if (free <= 0) return false;
    if (!isReady(run, open, name)) continue;
    const track = backwardTrack(run, name);
    begin(run, track);
    if (Object.keys(track.record).length === 0) delete track.status.compensation;
    if (isUndone(track.status)) return true;
    if ((readStamp(track.record.retryAt) ?? 0) <= run.now) free -= 1;
  }
  return false;
}

function isReady(run: Run, open: Steps, name: string): boolean {
  const { status } = run.step(name);
  if (isRunning({ direction: 'Backward', status })) return false;
  const after = run.graph.after(name);
  if (open.some((step) => after.has(step.name) || mustGoFirst(run, step, name))) return false;
  const at = readStamp(status.compensation?.retryAt) ?? run.now;
  if (at <= run.now) return true;
  run.wake(at);
  return false;
}

/** What changed the same thing later has to be undone before. */
function mustGoFirst(run: Run, other: WorkflowStep, name: string): boolean {
  const target = other.name === name ? undefined : stampedBy(run, run.step(name).step, 'Backward');
  if (target === undefined || stampedBy(run, other, 'Backward') !== target) return false;
  return cameLater(run, other.name, name);
}

function conclude(run: Run, steps: Steps, isLate: boolean): void {
  const begun = tracks(run, steps);
  if (begun.some(isRunning)) return;
  const isOver = steps.every(({ name }) => isUndone(run.step(name).status));
  if (!isOver && !isLate && !isGivenUp(run, steps)) return;
  // What was to be tried again is not any more.
  for (const track of begun) {
    if (isUndone(track.status)) continue;
    const message = track.record.message ?? 'it was to be tried again';
    fail(run, track, { kind: 'failed', reason: isLate ? 'TimedOut' : 'Stopped', message, mayRetry: false });
  }
  const { rollback = {} } = run.status;
  const drifted = begun.filter(({ record }) => record.reason === 'Drifted').length;
  run.status.rollback = { ...rollback, ...(drifted > 0 && { drifted }) };
  resume(run, run.status.rollback);
  const isGood = steps.every(({ name }) => run.step(name).status.state === 'Compensated');
  finish(run, isGood ? 'RolledBack' : 'RollbackFailed');
}
