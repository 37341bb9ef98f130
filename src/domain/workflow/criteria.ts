import type { WorkflowSpec, WorkflowStatus } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import type { Action } from './action.ts';
import { end, finish } from './ending.ts';
import { obey } from './execute.ts';
import type { Scope, WrittenAction } from './input.ts';
import { isCancelled } from './pause.ts';
import { stepsOf } from './rules.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { readStamp, stamp } from './times.ts';

type Criterion = NonNullable<WorkflowSpec['successCriteria']>[number];
type Met = NonNullable<WorkflowStatus['criteria']>[number];

/** Whether it is so now, and whether that can change; undefined: it was asked, or is not asked again yet. */
type Look = { readonly is: boolean; readonly message: string; readonly isFinal: boolean } | undefined;

/** Verifying: each criterion has to hold for its time without a break, until its time is over. */
export function verifyCriteria(run: Run): void {
  const { status } = run;
  if (run.facts.halted !== undefined && !isCancelled(run)) {
    // What a halt takes down is no failure of this workflow: afterwards it is verified anew.
    delete status.stepsEndedAt;
    status.criteria?.forEach((criterion) => criterion.met || delete criterion.since);
    run.enter('Paused');
    return;
  }
  obey(run);
  if (status.outcome === undefined) {
    const wanted = run.spec.successCriteria ?? [];
    status.criteria = wanted.map((criterion, index) => look(run, criterion, index, status.criteria?.[index]));
    if (status.criteria.every(({ met }) => met)) {
      finish(run, 'Succeeded');
      return;
    }
  }
  if (run.status.outcome === undefined) return;
  run.askAnew();
  end(run);
}

function look(run: Run, criterion: Criterion, index: number, before: Met = { met: false }): Met {
  if (before.met) return before;
  const holdsAt = ({ since }: Met): number => (readStamp(since) ?? Infinity) + parseDuration(criterion.for);
  const deadline = (readStamp(run.status.stepsEndedAt) ?? run.now) + parseDuration(criterion.within);
  const at = Math.min(holdsAt(before), deadline);
  const found = lookAt(run, criterion, index, at <= run.now);
  if (found === undefined) {
    if (at > run.now) run.wake(at);
    return before;
  }
  const next = noted(run, before, found);
  if (holdsAt(next) <= run.now) return { ...next, met: true };
  if (found.isFinal || deadline <= run.now) {
    const why = next.message ?? 'it did not hold for long enough';
    run.fail('CriteriaFailed', `${nameOf(index)} was not met in time: ${why}`);
  } else {
    run.wake(Math.min(holdsAt(next), deadline));
  }
  return next;
}

function noted(run: Run, { since }: Met, { is, message }: NonNullable<Look>): Met {
  return {
    met: false,
    ...(is && { since: since ?? stamp(run.now) }),
    ...(message !== '' && { message: run.words(message) }),
  };
}

const nameOf = (index: number): string => `successCriteria[${index}]`;
const opIdOf = (run: Run, index: number): string => run.opId(nameOf(index), 1, 'Forward');

function lookAt(run: Run, criterion: Criterion, index: number, isUrgent: boolean): Look {
  const scope = scopeOf(
    run,
    stepsOf(run.spec).map(({ name }) => name),
  );
  const { health, expression, target } = criterion;
  if (health === undefined && target === undefined) {
    // Nothing that it is about changes any more.
    const found = run.ports.isTrue(expression ?? 'false', scope);
    return found.ok
      ? { is: found.is, message: found.is ? '' : `it is false: ${expression}`, isFinal: !found.is }
      : { is: false, message: found.message, isFinal: true };
  }
  const written: WrittenAction =
    health === undefined
      ? { wait: { ...(target && { target }), ...(expression !== undefined && { expression }) } }
      : { health };
  const resolved = run.ports.resolve(written, scope);
  if (!resolved.ok) return { is: false, message: resolved.message, isFinal: true };
  return verify(run, resolved.action, index, scope, isUrgent);
}

/** Asked as a step of its kind that needs no time: for how long it holds is counted here. */
function verify(run: Run, action: Action, index: number, scope: Scope, isUrgent: boolean): Look {
  const opId = opIdOf(run, index);
  const answer = run.take('Verify', opId);
  switch (answer?.kind) {
    case undefined: {
      const attemptedAt = readStamp(run.status.stepsEndedAt) ?? run.now;
      const about = { step: nameOf(index), direction: 'Forward', attempt: 1, opId, action } as const;
      const operation = { ...about, before: undefined, undoes: undefined, own: [], attemptedAt };
      run.ask('Verify', opId, () => ({ operation, undo: 'Nothing', scope }), isUrgent);
      return undefined;
    }
    case 'done':
      run.postpone('Verify', opId, run.now + AGAIN_MS);
      return { is: true, message: answer.message ?? '', isFinal: false };
    case 'waiting':
      run.postpone('Verify', opId, run.now + answer.lookAgainInMs);
      return { is: false, message: answer.message, isFinal: false };
    case 'failed':
    case 'unknown':
    case 'applied':
    case 'prepared': {
      run.postpone('Verify', opId, run.now + AGAIN_MS);
      const message = 'message' in answer && answer.message ? answer.message : answer.kind;
      return { is: false, message, isFinal: answer.kind === 'failed' && !answer.mayRetry };
    }
  }
}

/** What holds is looked at again: a break of it must not be missed, although every change wakes the workflow, too. */
const AGAIN_MS = 5_000;
