import type { StepStatus, Workflow } from '../../../api/kinds.ts';
import { isStopping } from '../../../domain/workflow/stop.ts';
import { isRunning } from '../../../domain/workflow/track.ts';
import { compensationOf } from '../../../domain/workflow/undo.ts';
import { nameOf } from './names.ts';

/** A workflow that a step of another waits for. */
export interface Awaited {
  readonly step: string;
  readonly name: string;
}

type Written = Pick<Workflow, 'spec' | 'status'> & {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
};

/** The workflows for whose end one waits by its written status; none where it has been told to end, and ends them with it. */
export function awaitedBy({ metadata, spec, status }: Written): Awaited[] {
  if (metadata.deletionTimestamp !== undefined || spec.cancel !== 'None' || status?.steps === undefined) return [];
  const starting = spec.steps?.filter((step) => step.workflow ?? step.compensate?.workflow) ?? [];
  if (starting.length === 0) return [];
  const states = new Map(status.steps.map((step) => [step.name, step]));
  return starting.flatMap((step) => {
    const state = states.get(step.name);
    if (state === undefined) return [];
    const forward = step.workflow && recordOf(state, 'Forward');
    const backward = compensationOf(step)?.workflow && recordOf(state, 'Backward');
    return [forward, backward].flatMap((record) =>
      record ? [{ step: step.name, name: name(record, step.name) }] : [],
    );
  });

  function name({ opId = '', before }: Pick<StepStatus, 'opId' | 'before'>, step: string): string {
    const written = before?.['name'];
    return typeof written === 'string' ? written : nameOf(metadata, { step, opId });
  }
}

function recordOf(status: StepStatus, direction: 'Forward' | 'Backward') {
  const record = direction === 'Forward' ? status : (status.compensation ?? {});
  return isRunning({ direction, status }) && !isStopping(record) ? record : undefined;
}
