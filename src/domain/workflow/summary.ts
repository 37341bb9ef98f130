import type { StepStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { nameSome } from '../health/names.ts';
import { line } from './bounds.ts';
import { candidates, pointsOfNoReturn } from './candidates.ts';
import { holdOf, holdOfRollback } from './pause.ts';
import type { Run } from './run.ts';
import { isRunning } from './track.ts';

/** `3/5`, steps that are over. */
export function progressOf({ status, spec }: Run): string {
  const total = status.steps.length;
  if (spec.mode === 'Plan') return `${status.plan?.length ?? 0}/${total}`;
  return `${status.steps.filter((step) => stageIsOver(step)).length}/${total}`;
}

const stageIsOver = ({ state }: StepStatus): boolean =>
  state !== 'Pending' && state !== 'Intent' && state !== 'Applying' && state !== 'Verifying';

/** What it does now. */
export function currentOf(run: Run): string | undefined {
  const { status } = run;
  if (status.phase === 'RollingBack') {
    const undone = status.steps.filter(({ state }) => state === 'Compensating').map(({ name }) => name);
    return undone.length === 0 ? undefined : line(`undoes ${nameSome(undone)}`, 256);
  }
  if (status.phase === 'Verifying') return 'success criteria';
  if (status.phase !== 'Running' && status.phase !== 'Paused') return undefined;
  // Who looks at a list has to see that it waits for a person.
  const labelOf = ({ name }: StepStatus): string => (run.step(name).step.approval ? `${name} (approval)` : name);
  const names = status.steps.filter((step) => isBusy(step)).map(labelOf);
  return names.length === 0 ? undefined : line(nameSome(names), 256);
}

const isBusy = (status: StepStatus): boolean =>
  isRunning({ direction: 'Forward', status }) || (status.state === 'Pending' && status.startedAt !== undefined);

/** Says in a word and a sentence where it stands. Pending, Queued and an invalid spec have been told already. */
export function describe(run: Run): void {
  const { status } = run;
  const { because = '' } = status;
  switch (status.phase) {
    case 'Running':
      running(run);
      return;
    case 'Paused': {
      const hold = holdOf(run);
      if (hold !== undefined) run.say(hold.reason, hold.message);
      return;
    }
    case 'Verifying':
      run.say('CriteriaPending', `all steps are over; ${unmet(run)}`);
      return;
    case 'Succeeded':
      run.say('WorkflowSucceeded', `${progressOf(run)} steps${skipped(status.steps)}`);
      return;
    case 'RollingBack': {
      const hold = holdOfRollback(run);
      run.say(hold?.reason ?? 'RollbackStarted', hold === undefined ? because : `${because}; ${hold.message}`);
      return;
    }
    case 'RolledBack': {
      const lost = pointsOfNoReturn(run).map(({ name }) => name);
      if (lost.length === 0) run.say('WorkflowRolledBack', `${because}; everything is undone`);
      else run.say('PartlyRolledBack', `${because}; all is undone but ${nameSome(lost)}, which cannot be`);
      return;
    }
    case 'RollbackFailed':
      run.say('RollbackFailed', `${because}; not undone: ${nameSome(left(run))}${whyLeft(run)}`);
      return;
    case 'Cancelled':
      run.say('WorkflowCancelled', because);
      return;
    case 'Failed':
      if (status.outcome !== undefined) run.say(END_REASON[status.outcome], because);
      return;
    case 'Planned':
      planned(run);
      return;
    case 'Pending':
    case 'Queued':
    case undefined:
  }
}

const END_REASON = {
  Failed: 'WorkflowFailed',
  CriteriaFailed: 'CriteriaFailed',
  TimedOut: 'WorkflowTimedOut',
  Cancelled: 'WorkflowCancelled',
} as const satisfies Record<string, Reason>;

function running(run: Run): void {
  const { status } = run;
  if (status.outcome !== undefined) {
    run.say('WorkflowEnding', `${status.because ?? ''}; waits for what runs to end`);
    return;
  }
  const waiting = run.spec.steps?.filter((step) => step.approval && run.step(step.name).status.state === 'Verifying');
  const names = waiting?.map(({ name }) => name) ?? [];
  const message = run.step(names[0] ?? '')?.status?.message ?? '';
  if (names.length > 0) run.say('ApprovalNeeded', `${nameSome(names)}: ${message}`);
  else run.say('StepsRunning', currentOf(run) ?? 'nothing runs at the moment');
}

function unmet({ status, spec }: Run): string {
  const open = status.criteria?.findIndex(({ met }) => !met) ?? 0;
  const message = status.criteria?.[open]?.message;
  const what = spec.successCriteria?.[open]?.health?.service ?? 'a success criterion';
  return `waits for ${what}${message === undefined ? '' : `: ${message}`}`;
}

function skipped(steps: readonly StepStatus[]): string {
  const count = (state: StepStatus['state']): number => steps.filter((step) => step.state === state).length;
  const parts = [
    [count('Skipped'), 'skipped'],
    [count('Failed'), 'failed, as continueOn lets them'],
    [count('Unknown'), 'with an unknown outcome, as continueOn lets them'],
  ] as const;
  return parts.map(([many, what]) => (many === 0 ? '' : `, ${many} ${what}`)).join('');
}

const left = (run: Run): string[] =>
  candidates(run)
    .filter(({ name }) => run.step(name).status.state !== 'Compensated')
    .map(({ name }) => name);

/** Of the first of them that says why: what a person has to know before he mends it. */
function whyLeft(run: Run): string {
  const why = left(run).map((name) => [name, run.step(name).status.compensation?.message] as const);
  const [name, message] = why.find(([, text]) => text !== undefined) ?? [];
  return message === undefined ? '' : ` (${why.length > 1 ? `${name}: ` : ''}${message})`;
}

function planned(run: Run): void {
  const refused = run.status.plan?.filter(({ ok }) => ok === false) ?? [];
  const names = refused.map(({ step }) => step);
  if (names.length === 0) run.say('WorkflowPlanned', 'every step could be done as far as that can be known');
  else run.say('PlanRefused', `could not be done: ${nameSome(names)}: ${refused[0]?.message ?? ''}`);
}
