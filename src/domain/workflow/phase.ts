import type { WorkflowPhase } from '../../api/kinds.ts';

const OVER: ReadonlySet<WorkflowPhase> = new Set<WorkflowPhase>([
  'Succeeded',
  'RolledBack',
  'RollbackFailed',
  'Failed',
  'Cancelled',
  'Planned',
]);

export const isOver = (phase: WorkflowPhase | undefined): boolean => phase !== undefined && OVER.has(phase);

/** Whether it has begun and not ended, so that it holds what it locked. */
export const isUnderWay = (phase: WorkflowPhase | undefined): boolean =>
  phase !== undefined && !OVER.has(phase) && phase !== 'Pending' && phase !== 'Queued';
