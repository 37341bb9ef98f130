import type { StepStatus, WorkflowStep } from '../../api/kinds.ts';
import { begin, settle } from './attempt.ts';
import { fail } from './outcome.ts';
import { parallelSteps, stepsOf } from './rules.ts';
import type { Run } from './run.ts';
import { readStamp, stamp } from './times.ts';
import { hasTarget, stampedBy } from './target.ts';
import { forwardTrack, isRunning, scopeOfTrack, stageOf, type Track } from './track.ts';

/** Steps that are under way, and then as many more as may begin. Ends with an outcome when one failed that must not. */
export function goForward(run: Run, mayBegin: boolean): void {
  for (const { name } of stepsOf(run.spec)) {
    const track = forwardTrack(run, name);
    if (isRunning(track)) settle(run, track);
  }
  let isMoving = judge(run) && mayBegin;
  while (isMoving) isMoving = beginSome(run) && judge(run);
}

/** Whether it may go on. The first failure, in the order of the spec, is why it does not. */
function judge(run: Run): boolean {
  const failed = stepsOf(run.spec).find((step) => isFatal(step, run.step(step.name).status));
  if (failed === undefined) return true;
  const { state, message } = run.step(failed.name).status;
  const what = state === 'Unknown' ? 'has an unknown outcome' : 'failed';
  run.fail('Failed', `step ${failed.name} ${what}${message === undefined ? '' : `: ${message}`}`);
  return false;
}

/** Whether it has ended in a way that the workflow does not go on after. */
export function isFatal({ continueOn = [] }: WorkflowStep, { state, reason }: StepStatus): boolean {
  if (state === 'Unknown') return !continueOn.includes('Unknown');
  return state === 'Failed' && !continueOn.includes(reason === 'TimedOut' ? 'TimedOut' : 'Failed');
}

const isOver = (run: Run, name: string): boolean => stageOf(forwardTrack(run, name)) === 'Over';

export const areStepsOver = (run: Run): boolean => stepsOf(run.spec).every(({ name }) => isOver(run, name));

/** Whether one of them was over at once, so that others may follow. */
function beginSome(run: Run): boolean {
  const ready = stepsOf(run.spec).filter((step) => isReady(run, step));
  // Those whose preparation waits have their place already.
  const [prepared, fresh] = [ready.filter(isPreparing), ready.filter((step) => !isPreparing(step))];
  const running = stepsOf(run.spec).filter(({ name }) => isRunning(forwardTrack(run, name))).length;
  const taken = new Set(
    stepsOf(run.spec)
      .filter(({ name }) => hasTarget(run.step(name).status))
      .map((step) => stampedBy(run, step, 'Forward')),
  );
  let free = parallelSteps(run.spec) - running;
  for (const step of [...prepared, ...fresh]) {
    if (free <= 0) return false;
    const track = forwardTrack(run, step.name);
    const target = stampedBy(run, step, 'Forward');
    if (target !== undefined && taken.has(target) && !hasTarget(track.status)) continue;
    taken.add(target);
    start(run, track);
    if (stageOf(track) === 'Over') return true;
    // One that failed and is tried again later gives its place back.
    if ((readStamp(track.record.retryAt) ?? 0) <= run.now) free -= 1;
  }
  return false;

  function isPreparing({ name }: WorkflowStep): boolean {
    const { state, attemptedAt } = run.step(name).status;
    return state === 'Pending' && attemptedAt !== undefined;
  }
}

function isReady(run: Run, { name, dependsOn = [] }: WorkflowStep): boolean {
  const { state, retryAt } = run.step(name).status;
  if (state !== 'Pending' || !dependsOn.every((above) => isOver(run, above))) return false;
  const at = readStamp(retryAt) ?? run.now;
  if (at <= run.now) return true;
  run.wake(at);
  return false;
}

function start(run: Run, track: Track): void {
  const { step, status } = track;
  if (step.when === undefined || status.attempt !== undefined) {
    begin(run, track);
    return;
  }
  const found = run.ports.isTrue(step.when, scopeOfTrack(run, track));
  if (!found.ok) {
    fail(run, track, { kind: 'failed', reason: 'Unresolvable', message: `when: ${found.message}`, mayRetry: false });
  } else if (found.is) {
    begin(run, track);
  } else {
    status.state = 'Skipped';
    status.reason = 'WhenFalse';
    status.finishedAt = stamp(run.now);
  }
}
