import { formatDuration } from '../duration.ts';
import { type Action, changesSomething } from './action.ts';
import { whyNoRoom } from './bounds.ts';
import type { Answer, Before, Failure, Want } from './operation.ts';
import { deadline } from './pause.ts';
import { fail, failUnchanged, giveUp, note, succeed } from './outcome.ts';
import { stepTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { isStopping, stop } from './stop.ts';
import { stamp } from './times.ts';
import { actionOf, clear, effectOf, enter, isWritten, stageOf, type Track } from './track.ts';
import { verdictOf } from './verdict.ts';

/** Kinds whose work goes on elsewhere after it was begun. */
const ELSEWHERE: ReadonlySet<Action['kind']> = new Set<Action['kind']>(['job', 'http', 'workflow']);

/** Begins the next attempt of what is Pending: as far as it goes before something has to be asked or written. */
export function begin(run: Run, track: Track): void {
  const attempt = (track.record.attempt ?? 0) + 1;
  const opId = run.opId(track.step.name, attempt, track.direction);
  const resolved = actionOf(run, track);
  if (!resolved.ok) {
    open(run, track, attempt, opId);
    fail(run, track, refusal('Unresolvable', resolved.message));
  } else if (changesSomething(resolved.action)) {
    prepare(run, track, resolved.action, attempt, opId);
  } else {
    open(run, track, attempt, opId);
    enter(track, 'Verifying');
    settle(run, track);
  }
}

/** What became of an attempt that has begun: by the answers, and by time. */
export function settle(run: Run, track: Track): void {
  const resolved = actionOf(run, track);
  if (!resolved.ok) {
    // It could be resolved when it began, and from the same: nobody should ever read this.
    giveUp(run, track, resolved.message);
    return;
  }
  const { action } = resolved;
  if (isStopping(track.record)) stop(run, track, action);
  else if (stageOf(track) === 'Intent') apply(run, track, action);
  else verify(run, track, action);
}

function prepare(run: Run, track: Track, action: Action, attempt: number, opId: string): void {
  const { record } = track;
  const answer = run.take('Prepare', opId);
  if (answer === undefined) {
    request(run, track, 'Prepare', action, attempt, opId);
  } else if (answer.kind === 'waiting') {
    // It counts as begun, so that it ends at its timeout and keeps its place among the parallel ones.
    record.startedAt ??= stamp(run.now);
    record.attemptedAt ??= stamp(run.now);
    record.message = run.words(answer.message);
    run.postpone('Prepare', opId, run.now + answer.lookAgainInMs);
    if (run.now < deadlineOf(run, track, action)) return;
    open(run, track, attempt, opId);
    fail(run, track, timedOut(track, action, answer.message));
  } else {
    open(run, track, attempt, opId);
    if (answer.kind === 'prepared') intend(run, track, answer.before);
    else fail(run, track, answer.kind === 'failed' ? answer : refusal('OutcomeUnknown', wordsOf(answer)));
  }
}

/** The intent is in the status before its effect. */
function intend(run: Run, track: Track, before: Before): void {
  const { direction, status, record } = track;
  const obstacle = whyNoRoom(run.status, before, direction);
  if (obstacle !== undefined) {
    fail(run, track, refusal('StateTooLarge', obstacle));
    return;
  }
  // An attempt that went before may have changed something: what was before that one is what undoing puts back.
  if (direction === 'Forward' && status.before !== undefined) status.original ??= status.before;
  record.before = before;
  enter(track, 'Intent');
}

function apply(run: Run, track: Track, action: Action): void {
  const { attempt = 1, opId = '' } = track.record;
  const answer = run.take('Apply', opId);
  switch (answer?.kind) {
    case undefined:
      if (isWritten(run, track)) request(run, track, 'Apply', action, attempt, opId);
      return;
    case 'applied':
    case 'done':
      note(run, track, answer.message);
      enter(track, ELSEWHERE.has(action.kind) ? 'Applying' : 'Verifying');
      verify(run, track, action);
      return;
    case 'waiting':
      wait(run, track, action, 'Apply', answer);
      return;
    case 'failed':
      failUnchanged(run, track, answer);
      return;
    case 'prepared':
    case 'unknown':
      giveUp(run, track, wordsOf(answer));
  }
}

function verify(run: Run, track: Track, action: Action): void {
  const { attempt = 1, opId = '' } = track.record;
  const answer = verdictOf(run, track, action) ?? run.take('Verify', opId);
  switch (answer?.kind) {
    case undefined:
      request(run, track, 'Verify', action, attempt, opId);
      return;
    case 'done':
      succeed(run, track, answer.outputs, answer.message);
      return;
    case 'waiting':
      if (track.direction === 'Forward') {
        if (answer.since === undefined) clear(track.status, 'since');
        else track.status.since = stamp(Math.min(answer.since, run.now));
      }
      wait(run, track, action, 'Verify', answer);
      return;
    case 'failed':
      fail(run, track, answer);
      return;
    case 'applied':
    case 'prepared':
    case 'unknown':
      giveUp(run, track, wordsOf(answer));
  }
}

/** Asks for an effect. At the timeout it is asked a last time, whatever was said before: it may have come about meanwhile. */
function request(run: Run, track: Track, want: Want, action: Action, attempt: number, opId: string): void {
  const end = deadlineOf(run, track, action);
  run.ask(want, opId, () => effectOf(run, track, action, attempt, opId), run.now >= end);
  if (run.now < end) run.wake(end);
}

function wait(
  run: Run,
  track: Track,
  action: Action,
  want: Want,
  { message, lookAgainInMs }: Extract<Answer, { kind: 'waiting' }>,
): void {
  const { opId = '' } = track.record;
  const end = deadlineOf(run, track, action);
  if (run.now >= end) {
    timeOut(run, track, action, message);
    return;
  }
  note(run, track, message);
  run.postpone(want, opId, run.now + lookAgainInMs);
  run.wake(end);
}

/** When the attempt under way has taken too long, ms since the epoch. While the workflow is paused its time does not pass. */
function deadlineOf(run: Run, { step, record }: Track, action: Action): number {
  const isTimed = record.attemptedAt !== undefined && run.status.pausedAt === undefined;
  return isTimed ? deadline(run, record.attemptedAt, stepTimeout(step, action), record) : Infinity;
}

const timedOut = ({ step }: Track, action: Action, last: string): Failure => ({
  kind: 'failed',
  reason: 'TimedOut',
  message: `not done after ${formatDuration(stepTimeout(step, action))}: ${last}`,
  mayRetry: true,
});

/** What runs of it is ended first; that it is to be ended has to be written before. */
function timeOut(run: Run, track: Track, action: Action, last: string): void {
  const failure = timedOut(track, action, last);
  if (!changesSomething(action)) {
    fail(run, track, failure);
    return;
  }
  track.record.reason = failure.reason;
  track.record.message = run.words(failure.message);
}

const refusal = (reason: string, message: string): Failure => ({ kind: 'failed', reason, message, mayRetry: false });

const wordsOf = (answer: Answer): string => ('message' in answer && answer.message) || `the answer was ${answer.kind}`;

function open(run: Run, track: Track, attempt: number, opId: string): void {
  const { record } = track;
  const now = stamp(run.now);
  record.attempt = attempt;
  record.opId = opId;
  record.startedAt ??= now;
  record.attemptedAt ??= now;
  clear(record, 'reason', 'message', 'retryAt');
  if (track.direction === 'Forward') clear(track.status, 'since');
}
