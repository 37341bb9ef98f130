import type { Action } from './action.ts';

/** What was there before an operation, as its kind describes it; JSON, at most 4 KiB. */
export type Before = Readonly<Record<string, unknown>>;

/** What an operation found, for later steps; JSON, at most 4 KiB. */
export type Outputs = Readonly<Record<string, unknown>>;

/** One attempt to do an action, forward or for undoing a step. */
export interface Operation<A extends Action = Action> {
  readonly step: string;
  readonly direction: 'Forward' | 'Backward';
  /** From 1. */
  readonly attempt: number;
  /** sha256 of uid/step/attempt/direction, 32 hex digits: what is changed is stamped with it, in the same write. */
  readonly opId: string;
  readonly action: A;
  /** As Prepare found it, once the intent is written. */
  readonly before: Before | undefined;
  /** What was there before the first attempt, where this is a later one: that one may have changed something. */
  readonly original?: Before;
  /**
   * The step that is undone by `auto`: only what it left as it wrote it is put back. Undefined forward, and where a compensation is an action
   * of its own.
   */
  readonly undoes: { readonly opId: string; readonly action: A; readonly before: Before } | undefined;
  /** Stamps of this workflow that may be on the target beside that of `undoes`: those of its later steps and of their undoing. */
  readonly own: readonly string[];
  /** When this attempt began, ms since the epoch. */
  readonly attemptedAt: number;
  /** Since when what it waits for is so, ms since the epoch: as its last `waiting` said, from the written status. */
  readonly since?: number | undefined;
}

/** Why an operation did not succeed. */
export interface Failure {
  readonly kind: 'failed';
  /** A word of src/api/reasons.ts. */
  readonly reason: string;
  /** What happened, why, and what to do; at most 256 characters are kept. */
  readonly message: string;
  /** False where another attempt cannot help: a refusal, a wrong spec, Drifted. */
  readonly mayRetry: boolean;
}

/** What an operation would do, for mode Plan. */
export interface Rehearsal {
  /** In a sentence, at most 256 characters. */
  readonly message: string;
  /** The fields that would change, a line each, at most 1,024 characters. */
  readonly diff?: string;
}

/**
 * What came of it. Prepare reads and changes nothing; it answers `prepared`. Apply answers `applied` (also where its own stamp says that it was
 * done before), `failed` where nothing was changed for certain, or `unknown`. Verify reads only and answers `done`, `waiting`, `failed` or, where
 * nobody can know any more, `unknown`. Any of them may answer `waiting` where it could not be told or done yet (the API server does not answer,
 * the guard has it wait): then the same is wanted again later, and the timeout of the step goes on counting.
 */
export type Answer =
  | { readonly kind: 'prepared'; readonly before: Before; readonly rehearsal?: Rehearsal }
  | { readonly kind: 'applied'; readonly message?: string }
  | { readonly kind: 'done'; readonly outputs?: Outputs; readonly message?: string }
  /** `since`: since when what it waits for is so, where that has to last. */
  | { readonly kind: 'waiting'; readonly message: string; readonly since?: number; readonly lookAgainInMs: number }
  | { readonly kind: 'unknown'; readonly message: string }
  | Failure;

/**
 * What the engine wants done with an operation. `Apply` comes only when the written status holds its intent. `Stop` ends what still runs of it (a
 * Job, a child workflow) when the step has timed out or the workflow is to end; it answers `done`, or `waiting` until that has ended.
 */
export type Want = 'Prepare' | 'Apply' | 'Verify' | 'Stop';

export interface Effect {
  readonly want: Want;
  readonly operation: Operation;
  /** How the step is undone, as in status.plan. */
  readonly undo: Undo;
  /** What its expressions may use beside `object`, `status`, `headers` and `body`: parameters, steps, workflow. */
  readonly scope: Readonly<Record<string, unknown>>;
}

/** By what was there before, by an action of its own, not at all, or there is nothing to undo. */
export type Undo = 'Auto' | 'Action' | 'None' | 'Nothing';

export interface Answered {
  readonly want: Want;
  readonly opId: string;
  readonly answer: Answer;
}
