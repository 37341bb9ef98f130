import type { StepStatus, WorkflowStep } from '../../api/kinds.ts';
import { stepsOf } from './rules.ts';
import type { Run } from './run.ts';
import { mayHaveHappened } from './track.ts';
import { undoOf } from './undo.ts';

const UNDONE: ReadonlySet<StepStatus['state']> = new Set<StepStatus['state']>(['Compensated', 'CompensationFailed']);

/** Steps that are to be undone, or were: all that may have happened, however they ended. */
export function candidates(run: Run): readonly WorkflowStep[] {
  return stepsOf(run.spec).filter((step) => {
    const undo = undoOf(step);
    if (undo === 'None' || undo === 'Nothing') return false;
    const { status } = run.step(step.name);
    return (
      mayHaveHappened(status) || status.compensation !== undefined || (undo === 'Action' && hasOnlyWaited(step, status))
    );
  });
}

/** Steps that happened and cannot be undone. */
export const pointsOfNoReturn = (run: Run): readonly WorkflowStep[] =>
  stepsOf(run.spec).filter((step) => undoOf(step) === 'None' && mayHaveHappened(run.step(step.name).status));

export const isUndone = ({ state }: StepStatus): boolean => UNDONE.has(state);

/** A step that changes nothing itself has an action for undoing what else follows from its success. */
function hasOnlyWaited(step: WorkflowStep, { state }: StepStatus): boolean {
  return state === 'Succeeded' && (step.wait ?? step.health ?? step.approval ?? step.http) !== undefined;
}
