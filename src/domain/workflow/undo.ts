import type { WorkflowStep } from '../../api/kinds.ts';
import { ACTION_KINDS, type ActionKind } from './action.ts';
import type { WrittenAction } from './input.ts';
import type { Undo } from './operation.ts';

/** Kinds that put back what was before. */
export const AUTOMATIC: readonly ActionKind[] = ['scale', 'patch', 'failover'];
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** How a step is undone. */
export function undoOf(step: WorkflowStep): Undo {
  const { compensate } = step;
  if (compensate?.none === true) return 'None';
  if (compensationOf(step) !== undefined) return 'Action';
  const kind = ACTION_KINDS.find((candidate) => step[candidate] !== undefined);
  if (kind !== undefined && AUTOMATIC.includes(kind)) return 'Auto';
  if (kind === 'job' || kind === 'workflow') return 'None';
  return kind === 'http' && !READING_METHODS.has(step.http?.method ?? 'GET') ? 'None' : 'Nothing';
}

/** The action that undoes it, where the step says one. */
export function compensationOf({ compensate }: Pick<WorkflowStep, 'compensate'>): WrittenAction | undefined {
  if (compensate === undefined) return undefined;
  const written: WrittenAction = compensate;
  return ACTION_KINDS.some((kind) => written[kind] !== undefined) ? written : undefined;
}
