import { whyNoOutputs } from './bounds.ts';
import type { Failure, Outputs } from './operation.ts';
import { attemptsOf, backoff } from './rules.ts';
import type { Run } from './run.ts';
import { stamp } from './times.ts';
import { clear, enter, type Track } from './track.ts';

export function note(run: Run, { record }: Track, message: string | undefined): void {
  if (message === undefined) delete record.message;
  else record.message = run.words(message);
}

function close(run: Run, { direction, status, record }: Track): void {
  record.finishedAt = stamp(run.now);
  clear(record, 'reason', 'attemptedAt', 'retryAt', 'pausedSeconds');
  if (direction === 'Forward') clear(status, 'since');
}

export function succeed(run: Run, track: Track, outputs: Outputs | undefined, message: string | undefined): void {
  const { direction, status, record } = track;
  note(run, track, message);
  close(run, track);
  enter(track, 'Succeeded');
  if (direction === 'Backward') {
    clear(record, 'before');
    return;
  }
  if (outputs === undefined || Object.keys(outputs).length === 0) return;
  const obstacle = whyNoOutputs(run.status, outputs);
  if (obstacle === undefined) {
    status.outputs = outputs;
    return;
  }
  status.reason = 'OutputsLeftOut';
  status.message = run.words(obstacle);
}

/** It ends, or is tried again later. */
export function fail(run: Run, track: Track, failure: Failure): void {
  const { direction, step, record } = track;
  const { attempt = 1, opId = '' } = record;
  note(run, track, failure.message);
  const attempts = attemptsOf(step, direction, record.before === undefined);
  if (failure.mayRetry && attempt < attempts && mayRetry(run, track)) {
    clear(record, 'attemptedAt', 'pausedSeconds');
    if (direction === 'Forward') clear(track.status, 'since');
    record.reason = 'Retrying';
    const retryAt = run.now + backoff(step, attempt, run.jitter(opId));
    record.retryAt = stamp(retryAt);
    run.wake(retryAt);
    enter(track, 'Pending');
    return;
  }
  close(run, track);
  record.reason = failure.reason;
  enter(track, 'Failed');
}

/** The same where nothing came of the attempt for certain, although its intent was there. */
export function failUnchanged(run: Run, track: Track, failure: Failure): void {
  clear(track.record, 'before');
  fail(run, track, failure);
}

/** Nobody can know what came of it: a person has to look. */
export function giveUp(run: Run, track: Track, message: string): void {
  note(run, track, message);
  close(run, track);
  track.record.reason = 'OutcomeUnknown';
  enter(track, 'Unknown');
}

/** No attempt begins any more once the end has come. */
const mayRetry = (run: Run, { direction }: Track): boolean =>
  direction === 'Forward' ? run.status.outcome === undefined : run.mayUndo;
