import type { EventReason } from '../api/events.ts';

/** What a controller reads of a cache; src/runtime's stores are this. Keys are `namespace/name`. */
export interface Cache<T> {
  readonly size: number;
  readonly synced: boolean;
  readonly problem: CacheProblem | undefined;
  get(key: string): T | undefined;
  byIndex(index: string, value: string): T[];
  list(): Iterable<T>;
}

export type CacheChange<T> =
  | { readonly type: 'added'; readonly key: string; readonly old: undefined; readonly new: T }
  | { readonly type: 'updated'; readonly key: string; readonly old: T; readonly new: T }
  | { readonly type: 'deleted'; readonly key: string; readonly old: T; readonly new: undefined };

export interface WatchedCache<T> extends Cache<T> {
  subscribe(listener: (change: CacheChange<T>) => void): () => void;
}

export interface CacheProblem {
  readonly reason: 'Missing' | 'Forbidden' | 'Unavailable';
  readonly verb: string;
  /** As in RBAC rules, e.g. `deployments.apps`. */
  readonly resource: string;
}

/** Ways a controller ends one look at a key; src/runtime's controller understands it. */
export type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'requeueAfter'; readonly ms: number }
  | { readonly kind: 'error'; readonly error: unknown };

/** The object a write or an Event is about. */
export interface Reference {
  readonly kind: 'OrchestratedService' | 'Orchestration' | 'Workflow' | 'WorkflowTemplate' | 'ScheduledWorkflow';
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type WriteOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  /** Somebody wrote in between: look again when the cache shows it. */
  | { readonly kind: 'conflict' }
  /** The object, or its namespace, is not there any more. */
  | { readonly kind: 'gone' };

/** Replaces the status subresource on condition of the reference's uid and resourceVersion. Rejects where trying again may help. */
export type WriteStatus = (reference: Reference, status: object, signal: AbortSignal) => Promise<WriteOutcome>;

/** Never waits and never fails: Events are for people, losing one changes nothing. */
export type EmitEvent = (
  reference: Reference,
  event: { readonly reason: EventReason; readonly type: 'Normal' | 'Warning'; readonly note: string },
) => void;

/** What a decision was made from. */
export interface DecisionEvidence {
  /** Share of the evidence that was fresh, 0 to 1. */
  readonly confidence: number | undefined;
  /** Of any shape that JSON has. */
  readonly inputs: unknown;
}

/** A decision and what came of it, for the history. */
export interface DecisionRecord extends DecisionEvidence {
  readonly kind: string;
  readonly rule: string;
  readonly before: string;
  readonly verdict: string;
  readonly because: string;
  /** Written: a status tells it. Done: something was changed. Refused: it was not, though it was to be. Rehearsed: nothing is to be changed. */
  readonly outcome: 'Written' | 'Done' | 'Refused' | 'Rehearsed';
}

/** Never waits and never fails. */
export type RecordDecision = (reference: Reference, decision: DecisionRecord) => void;

export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** Counters of decisions; see src/telemetry/metrics.ts. */
export interface Count {
  decision(kind: string, verdict: string): void;
  statusWrite(kind: string, outcome: 'written' | 'conflict' | 'deferred' | 'failed'): void;
}
