import type { StepStatus, WorkflowStep } from '../../api/kinds.ts';
import type { Action } from './action.ts';
import type { Scope, WrittenAction } from './input.ts';
import type { Effect, Operation } from './operation.ts';
import type { Direction } from './rules.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { compensationOf, undoOf } from './undo.ts';

/** What the status says of the attempts in one direction. */
type Attempts = Pick<
  StepStatus,
  | 'reason'
  | 'message'
  | 'attempt'
  | 'opId'
  | 'startedAt'
  | 'attemptedAt'
  | 'finishedAt'
  | 'retryAt'
  | 'pausedSeconds'
  | 'before'
>;

/** One direction of one step: doing it, or undoing it. */
export interface Track {
  readonly direction: Direction;
  readonly step: WorkflowStep;
  readonly status: StepStatus;
  readonly record: Attempts;
}

export type Stage = 'Pending' | 'Intent' | 'Applying' | 'Verifying' | 'Over';
type Entered = Exclude<Stage, 'Over'> | 'Succeeded' | 'Failed' | 'Unknown';

export function forwardTrack(run: Run, name: string): Track {
  const { step, status } = run.step(name);
  return { direction: 'Forward', step, status, record: status };
}

export function backwardTrack(run: Run, name: string): Track {
  const { step, status } = run.step(name);
  status.compensation ??= {};
  return { direction: 'Backward', step, status, record: status.compensation };
}

export function stageOf({ direction, status }: Pick<Track, 'direction' | 'status'>): Stage {
  const state = direction === 'Forward' ? status.state : (status.compensation?.state ?? 'Pending');
  const isOpen = state === 'Pending' || state === 'Intent' || state === 'Applying' || state === 'Verifying';
  return isOpen ? state : 'Over';
}

/** It has begun and is not over. */
export function isRunning(track: Pick<Track, 'direction' | 'status'>): boolean {
  const stage = stageOf(track);
  return stage !== 'Pending' && stage !== 'Over';
}

export function enter({ direction, status }: Track, state: Entered): void {
  if (direction === 'Forward') {
    status.state = state;
    return;
  }
  const compensation = (status.compensation ??= {});
  if (state === 'Pending') delete compensation.state;
  else compensation.state = state === 'Succeeded' ? 'Done' : state;
  if (state === 'Succeeded') status.state = 'Compensated';
  else status.state = state === 'Failed' || state === 'Unknown' ? 'CompensationFailed' : 'Compensating';
}

export function clear(
  record: Attempts & Pick<StepStatus, 'since'>,
  ...fields: (keyof (Attempts & Pick<StepStatus, 'since'>))[]
): void {
  for (const field of fields) delete record[field];
}

/** A forward attempt may have changed something: what was before it is kept from the intent on, until it is certain that nothing came of it. */
export const mayHaveHappened = ({ before, original }: StepStatus): boolean =>
  before !== undefined || original !== undefined;

/** Whether the API server has this attempt, and as it is: only then may anything be done for it. */
export function isWritten(run: Run, { direction, step, record }: Track): boolean {
  const written = run.written(step.name);
  if (written === undefined) return false;
  const known: Attempts | undefined = direction === 'Forward' ? written : written.compensation;
  return known?.opId === record.opId && isRunning({ direction, status: written });
}

export const writtenOf = ({ direction, step }: Pick<Track, 'direction' | 'step'>): WrittenAction | undefined =>
  direction === 'Forward' || undoOf(step) === 'Auto' ? step : compensationOf(step);

/** A compensation knows what its own step found, too. */
export function scopeOfTrack(run: Run, { direction, step }: Pick<Track, 'direction' | 'step'>): Scope {
  const before = run.graph.before(step.name);
  return scopeOf(run, direction === 'Forward' ? before : [...before, step.name]);
}

/** What is done; for undoing by what was before: what is undone. */
export function actionOf(run: Run, track: Pick<Track, 'direction' | 'step'>): ReturnType<Run['resolve']> {
  const written = writtenOf(track);
  if (written === undefined) return { ok: false, message: 'it cannot be undone' };
  const direction = written === track.step ? 'Forward' : 'Backward';
  return run.resolve(written, () => scopeOfTrack(run, { direction, step: track.step }));
}

function operationOf(run: Run, track: Track, action: Action, attempt: number, opId: string): Operation {
  const { direction, step, status, record } = track;
  const undoes = direction === 'Backward' && undoOf(step) === 'Auto' ? undoneBy(status, action) : undefined;
  return {
    step: step.name,
    direction,
    attempt,
    opId,
    action,
    before: record.opId === opId ? record.before : undefined,
    undoes,
    own: stampsBeside(run, track, attempt),
    attemptedAt: record.attemptedAt === undefined ? run.now : Date.parse(record.attemptedAt),
    ...(direction === 'Forward' && status.original !== undefined && { original: status.original }),
    ...(direction === 'Forward' && status.since !== undefined && { since: Date.parse(status.since) }),
  };
}

export const effectOf = (
  run: Run,
  track: Track,
  action: Action,
  attempt: number,
  opId: string,
): Omit<Effect, 'want'> => ({
  operation: operationOf(run, track, action, attempt, opId),
  undo: undoOf(track.step),
  scope: scopeOfTrack(run, track),
});

const undoneBy = ({ opId = '', before, original }: StepStatus, action: Action): Operation['undoes'] => ({
  opId,
  action,
  before: original ?? before ?? {},
});

/** Forward: earlier attempts. Backward: everything that this workflow has stamped, but the attempt that is undone. */
function stampsBeside(run: Run, { direction, step, status }: Track, attempt: number): string[] {
  const stamps: string[] = [];
  const add = (name: string, attempts: number, way: Direction): void => {
    for (let each = 1; each <= attempts; each++) stamps.push(run.opId(name, each, way));
  };
  add(step.name, (direction === 'Forward' ? attempt : (status.attempt ?? 1)) - 1, 'Forward');
  if (direction === 'Forward') return stamps;
  add(step.name, attempt - 1, 'Backward');
  for (const other of run.status.steps) {
    if (other === status) continue;
    for (const way of ['Forward', 'Backward'] as const) {
      const record = way === 'Forward' ? other : other.compensation;
      if (record?.opId === undefined || (way === 'Forward' && !mayHaveHappened(other))) continue;
      add(other.name, (record.attempt ?? 1) - 1, way);
      stamps.push(record.opId);
    }
  }
  return stamps;
}
