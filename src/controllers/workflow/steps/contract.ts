import type { Action } from '../../../domain/workflow/action.ts';
import type { Answer, Effect, Failure, Operation } from '../../../domain/workflow/operation.ts';
import type { Reason } from '../../../api/reasons.ts';

/** The Workflow that an operation belongs to. */
export interface WorkflowIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** spec.type, or what it is without. */
  readonly type: string;
  readonly serviceAccountName: string | undefined;
  readonly requestedBy: string | undefined;
}

/** In which an effect is carried out. */
export interface RunContext {
  readonly workflow: WorkflowIdentity;
  /** Mode Plan: Prepare tries the write on the API server as a dry run and answers with a `rehearsal`. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface StepContext extends RunContext, Pick<Effect, 'undo' | 'scope'> {}

/** An object with whose changes it is worth verifying again. */
export interface Watched {
  /** `Deployment`, `StatefulSet`, `OrchestratedService`, `Workflow`, `Job`: kinds that Baton has a cache of. */
  readonly kind: string;
  readonly name: string;
}

/**
 * What a kind of step does; the same suite of tests holds every kind to it (test/cluster/workflow). What is asked for is told by `Want`
 * (src/domain/workflow/operation.ts). All may throw where the API server does not answer; the same is then wanted again.
 */
export interface StepKind<A extends Action = Action> {
  /** Changes nothing. Looks whether it can be done, and what is there before. */
  prepare(operation: Operation<A>, context: StepContext): Promise<Answer>;
  /** Does it, once: however often it is called with one opId, by whatever process. */
  apply(operation: Operation<A>, context: StepContext): Promise<Answer>;
  /** Changes nothing. Looks whether it has come about. */
  verify(operation: Operation<A>, context: StepContext): Promise<Answer>;
  /** Ends what still runs of it. */
  stop(operation: Operation<A>, context: StepContext): Promise<Answer>;
  /** What its verification waits for. */
  watches(operation: Operation<A>, context: Pick<StepContext, 'workflow'>): readonly Watched[];
}

/** Nothing of it runs beside the API server, so that there is nothing to end. */
export const NOTHING_TO_STOP = (): Promise<Answer> => Promise.resolve({ kind: 'done' });

export const failed = (reason: Reason, message: string, mayRetry = false): Failure => ({
  kind: 'failed',
  reason,
  message: bounded(message),
  mayRetry,
});

/** Verification of what Baton has a cache of is woken; this is for when an event was lost. */
const WOKEN_MS = 15_000;
const ASKED_MS = 2_000;

export const waiting = (message: string, isWoken: boolean): Answer => ({
  kind: 'waiting',
  message: bounded(message),
  lookAgainInMs: isWoken ? WOKEN_MS : ASKED_MS,
});

/** One line of at most 256 characters: what others wrote goes into our status with it. */
export function bounded(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length <= 256 ? line : `${line.slice(0, 255).toWellFormed()}…`;
}
