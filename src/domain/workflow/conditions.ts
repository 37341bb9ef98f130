import type { Condition } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { Conditions } from '../status/conditions.ts';
import type { Run } from './run.ts';

/** Succeeded is always there; Queued and Stalled only while they are True; Running and RolledBack from when it runs, or is rolled back, on. */
export function conditionsOf(run: Run): readonly Condition[] {
  const { status, now, input } = run;
  const conditions = new Conditions(status.conditions, input.workflow.generation, now);
  const reason = (status.reason ?? 'StepsRunning') as Reason;
  const message = status.message ?? '';
  const { phase = 'Pending' } = status;
  const set = (type: Parameters<Conditions['set']>[0], is: Condition['status']): void =>
    conditions.set(type, is, reason, message);
  if (phase === 'Queued') set('Queued', 'True');
  if (status.startedAt !== undefined && input.workflow.spec.mode !== 'Plan') {
    const runs = phase === 'Running' || phase === 'Verifying' || phase === 'RollingBack';
    set('Running', runs ? 'True' : 'False');
  }
  set('Succeeded', succeeded(run));
  if (isStalled(run)) set('Stalled', 'True');
  if (phase === 'RollingBack') set('RolledBack', 'Unknown');
  else if (phase === 'RolledBack' || phase === 'RollbackFailed')
    set('RolledBack', phase === 'RolledBack' ? 'True' : 'False');
  return conditions.list;
}

function succeeded({ status }: Run): Condition['status'] {
  if (status.phase === 'Succeeded') return 'True';
  if (status.phase === 'Planned') return status.reason === 'WorkflowPlanned' ? 'True' : 'False';
  return status.finishedAt === undefined ? 'Unknown' : 'False';
}

/** A person has to look: at the spec, at what could not be undone, or at what nobody knows the outcome of. */
const isStalled = ({ status }: Run): boolean =>
  status.phase === 'RollbackFailed' ||
  (status.phase === 'Failed' && status.outcome === undefined) ||
  (status.finishedAt !== undefined && status.steps.some(({ state }) => state === 'Unknown'));
