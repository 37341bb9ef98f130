import type { Action } from './action.ts';
import type { Answer } from './operation.ts';
import { fail, giveUp } from './outcome.ts';
import { rollbackTimeout, stepTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { readStamp } from './times.ts';
import { effectOf, isWritten, type Track } from './track.ts';

const AGAIN_MS = 5_000;

/** What runs of it is being ended. */
export const isStopping = ({ reason }: Track['record']): boolean => reason === 'TimedOut' || reason === 'Stopping';

/** Has what runs of it ended; that is written before it is done. */
export function markStopping(run: Run, { record }: Track, message: string): void {
  if (isStopping(record)) return;
  record.reason = 'Stopping';
  record.message = run.words(message);
}

/** Ends what runs of an attempt, and then the attempt. */
export function stop(run: Run, track: Track, action: Action): void {
  const { record } = track;
  const { attempt = 1, opId = '', message = '' } = record;
  const answer = run.take('Stop', opId);
  switch (answer?.kind) {
    case undefined:
      if (isWrittenAsStopping(run, track)) run.ask('Stop', opId, () => effectOf(run, track, action, attempt, opId));
      return;
    case 'done':
      if (record.reason === 'TimedOut')
        fail(run, track, { kind: 'failed', reason: 'TimedOut', message, mayRetry: true });
      else fail(run, track, { kind: 'failed', reason: 'Stopped', message, mayRetry: false });
      return;
    case 'waiting':
      hold(run, track, action, answer.message, answer.lookAgainInMs);
      return;
    case 'failed':
      if (answer.mayRetry) hold(run, track, action, answer.message, AGAIN_MS);
      else giveUp(run, track, `it could not be stopped: ${answer.message}`);
      return;
    case 'applied':
    case 'prepared':
    case 'unknown':
      giveUp(run, track, `it could not be stopped: ${messageOf(answer)}`);
  }
}

/** Stopping may take as long as a rollback: what is stopped may be a workflow that undoes its steps. */
function hold(run: Run, track: Track, action: Action, message: string, again: number): void {
  const { opId = '', attemptedAt } = track.record;
  const since = readStamp(attemptedAt) ?? run.now;
  const timeout = stepTimeout(track.step, action);
  const deadline = since + timeout + rollbackTimeout(run.spec);
  if (run.now >= deadline) {
    giveUp(run, track, `it could not be stopped: ${message}`);
    return;
  }
  run.postpone('Stop', opId, Math.min(run.now + again, deadline));
}

function isWrittenAsStopping(run: Run, track: Track): boolean {
  const written = run.written(track.step.name);
  const record = track.direction === 'Forward' ? written : written?.compensation;
  return isWritten(run, track) && record?.reason === track.record.reason;
}

const messageOf = (answer: Answer): string =>
  ('message' in answer && answer.message) || `the answer was ${answer.kind}`;
