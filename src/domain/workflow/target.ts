import type { StepStatus, WorkflowStep } from '../../api/kinds.ts';
import { type Action, SERVICE } from './action.ts';
import { lockKey } from './locks.ts';
import type { Direction } from './rules.ts';
import type { Run } from './run.ts';
import { readStamp } from './times.ts';
import { actionOf } from './track.ts';

/**
 * What a step, or its undoing, stamps. Steps of one workflow that stamp the same take turns: each knows what it did by what was there before it,
 * and would take another's stamp for that of a stranger.
 */
export function stampedBy(run: Run, step: WorkflowStep, direction: Direction): string | undefined {
  const resolved = actionOf(run, { step, direction });
  return resolved.ok ? keyOf(resolved.action) : undefined;
}

function keyOf(action: Action): string | undefined {
  switch (action.kind) {
    case 'scale':
    case 'restart':
    case 'patch':
      return lockKey('', action.target);
    case 'failover':
      return lockKey('', { ...SERVICE, name: action.service });
    case 'job':
    case 'wait':
    case 'health':
    case 'http':
    case 'approval':
    case 'workflow':
      return undefined;
  }
}

/** It stamps, or will again, and nobody else may before that is over. */
export const hasTarget = ({ state, attempt, attemptedAt, finishedAt }: StepStatus): boolean =>
  finishedAt === undefined && (state !== 'Pending' || attempt !== undefined || attemptedAt !== undefined);

/** Whether one of two steps with the same target came later. Those that it waited for did not, whatever the clock says. */
export function cameLater(run: Run, one: string, other: string): boolean {
  const [a, b] = [turnOf(run, one), turnOf(run, other)];
  const found = a.findIndex((value, index) => value !== b[index]);
  return found >= 0 && (a[found] ?? 0) > (b[found] ?? 0);
}

function turnOf(run: Run, name: string): number[] {
  const before = run.graph.before(name);
  const ends = [name, ...before].map((step) => readStamp(run.step(step).status.finishedAt) ?? 0);
  return [Math.max(...ends), before.size, run.status.steps.findIndex((step) => step.name === name)];
}
