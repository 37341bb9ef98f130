import type { Reason } from '../../api/reasons.ts';
import type { Run } from './run.ts';
import { readStamp, stamp } from './times.ts';

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

export function pause(run: Run): void {
  run.status.pausedAt ??= stamp(run.now);
}

/** How long it has been paused this time, ms. */
export const pausedMs = ({ status, now }: Run): number => now - (readStamp(status.pausedAt) ?? now);

/** Ends a pause, and counts it: of a rollback apart, which has a timeout of its own. */
export function resume(run: Run, counted: { pausedSeconds?: number }): void {
  const { status } = run;
  if (status.pausedAt === undefined) return;
  counted.pausedSeconds = (counted.pausedSeconds ?? 0) + Math.round(pausedMs(run) / 1_000);
  delete status.pausedAt;
}

/** When so much time has passed since then, pauses not counted. */
export function deadline(
  run: Run,
  since: string | undefined,
  ms: number,
  { pausedSeconds = 0 }: { pausedSeconds?: number },
): number {
  return (readStamp(since) ?? run.now) + ms + pausedSeconds * 1_000;
}
