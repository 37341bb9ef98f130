import type { StepStatus, WorkflowStatus } from '../../api/kinds.ts';
import { deepEqual } from '../equal.ts';

/**
 * Whether a status says nothing more than what is written but in words: what it waits for, and for how long. That may be written a moment later,
 * or not at all where it has changed again by then: a process that knows only what is written does the same. What was begun is as safe by its
 * intent as by what comes after it, because that is done again, and finds that it is done.
 */
export function isOnlyWords(status: WorkflowStatus, written: WorkflowStatus | undefined): boolean {
  if (written === undefined) return status.phase === 'Queued' && status.template === undefined;
  return deepEqual(matterOf(status), matterOf(written));
}

function matterOf(status: WorkflowStatus): object {
  const {
    message: _message,
    reason: _reason,
    current: _current,
    eta: _eta,
    progress: _progress,
    conditions: _conditions,
    epoch: _epoch,
    queuedAt: _queuedAt,
    phase,
    steps = [],
    criteria = [],
    ...matter
  } = status;
  return {
    ...matter,
    phase: phase === 'Queued' ? 'Pending' : phase,
    steps: steps.map(matterOfStep),
    criteria: criteria.map(({ met }) => met),
  };
}

function matterOfStep({ message: _message, since: _since, state, compensation, ...matter }: StepStatus): object {
  if (compensation === undefined) return { ...matter, state: begun(state) };
  const { message: _words, state: undoing, ...undo } = compensation;
  return { ...matter, state: begun(state), compensation: { ...undo, state: begun(undoing) } };
}

/** The stages of one attempt after its intent. */
const begun = (state: string | undefined): string | undefined =>
  state === 'Applying' || state === 'Verifying' ? 'Intent' : state;
