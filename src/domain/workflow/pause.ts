import type { Reason } from '../../api/reasons.ts';
import type { Run } from './run.ts';
import { readStamp, stamp } from './times.ts';
import { clear, isRunning, stageOf } from './track.ts';

interface Pauses {
  pausedSeconds?: number;
}

export interface Hold {
  readonly reason: Reason;
  readonly message: string;
}

/** Why nothing may begin now. */
export function holdOf({ facts, spec }: Run): Hold | undefined {
  if (facts.halted !== undefined) return { reason: 'WorkflowsHalted', message: facts.halted };
  return spec.suspend ? { reason: 'Suspended', message: 'nothing begins while spec.suspend is true' } : undefined;
}

/** Whether somebody wants it to end. */
export const isCancelled = ({ spec, input }: Run): boolean =>
  (spec.cancel ?? 'None') !== 'None' || input.workflow.isBeingDeleted;

/** Who ends it has not to let it go on first, but a halt holds a rollback too. */
export const holdOfRollback = (run: Run): Hold | undefined => {
  const hold = holdOf(run);
  return hold?.reason === 'Suspended' && isCancelled(run) ? undefined : hold;
};

/** What waits to be prepared has not begun: its time begins anew afterwards. */
export function pause(run: Run): void {
  run.status.pausedAt ??= stamp(run.now);
  for (const step of run.status.steps) {
    for (const direction of ['Forward', 'Backward'] as const) {
      const record = direction === 'Forward' ? step : step.compensation;
      if (record === undefined || stageOf({ direction, status: step }) !== 'Pending') continue;
      clear(record, 'attemptedAt');
      if (record.attempt === undefined) clear(record, 'startedAt', 'message');
    }
    if (step.compensation && Object.keys(step.compensation).length === 0) delete step.compensation;
  }
}

/** Ends a pause, and counts it: for what ran meanwhile, and for the whole; for a rollback apart, which has a timeout of its own. */
export function resume(run: Run, whole: Pauses): void {
  const { status, now } = run;
  const since = readStamp(status.pausedAt);
  if (since === undefined) return;
  count(whole, now - since);
  for (const step of status.steps) {
    for (const direction of ['Forward', 'Backward'] as const) {
      const record = direction === 'Forward' ? step : step.compensation;
      if (record === undefined || !isRunning({ direction, status: step })) continue;
      count(record, now - Math.max(since, readStamp(record.attemptedAt) ?? now));
    }
  }
  delete status.pausedAt;
}

function count(record: Pauses, ms: number): void {
  record.pausedSeconds = (record.pausedSeconds ?? 0) + Math.max(0, Math.round(ms / 1_000));
}

/** When so much time has passed since then, pauses not counted. */
export function deadline(run: Run, since: string | undefined, ms: number, { pausedSeconds = 0 }: Pauses): number {
  return (readStamp(since) ?? run.now) + ms + pausedSeconds * 1_000;
}
