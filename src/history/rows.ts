/** What is kept, and what is said between the operator and the thread that keeps it. */

/** One figure of one load series. */
export interface LoadPoint {
  /** `namespace/service/metric`. */
  readonly key: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** A series from its oldest point to its newest; both arrays are as long. */
export interface Series {
  /** ms since the epoch. */
  readonly at: Float64Array;
  readonly value: Float64Array;
}

/**
 * Written: a status tells it. Done: something in the cluster was changed. Refused: it was to be done and was not. Rehearsed: the mode says that
 * nothing is to be changed.
 */
export type Outcome = 'Written' | 'Done' | 'Refused' | 'Rehearsed';

export interface Decision {
  /** ms since the epoch. */
  readonly at: number;
  /** What it is about: `OrchestratedService` or `Orchestration`. */
  readonly subject: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  /** As in `baton_decisions_total`: Health, State, Scaling, Policy or the type of a condition. */
  readonly kind: string;
  /** Why: a reason of the catalogue. */
  readonly rule: string;
  readonly before: string;
  readonly verdict: string;
  /** Share of the evidence that was fresh, 0 to 1. */
  readonly confidence: number | undefined;
  /** The evidence, of any shape that JSON has. */
  readonly inputs: unknown;
  /** The same in a sentence. */
  readonly because: string;
  readonly outcome: Outcome;
}

/** As it is kept: `id` makes that writing a batch twice is writing it once. */
export interface DecisionRow extends Omit<Decision, 'namespace' | 'confidence' | 'inputs'> {
  readonly id: string;
  readonly namespace: string | null;
  readonly confidence: number | null;
  /** JSON. */
  readonly inputs: string;
}

export interface Batch {
  readonly points: readonly LoadPoint[];
  readonly decisions: readonly DecisionRow[];
}

/** A batch as it goes to the thread: columns are cloned fifty times as fast as rows. */
export interface Parcel {
  readonly keys: readonly string[];
  readonly at: Float64Array;
  readonly values: Float64Array;
  readonly decisions: readonly DecisionRow[];
}

export const packed = ({ points, decisions }: Batch): Parcel => ({
  keys: points.map(({ key }) => key),
  at: Float64Array.from(points, ({ at }) => at),
  values: Float64Array.from(points, ({ value }) => value),
  decisions,
});

export const unpacked = ({ keys, at, values, decisions }: Parcel): Batch => ({
  points: keys.map((key, index) => ({ key, at: at[index] ?? NaN, value: values[index] ?? NaN })),
  decisions,
});

export interface ThreadData {
  readonly path: string;
  readonly retentionMs: number;
  readonly maxBytes: number;
}

export type Request =
  | { readonly kind: 'write'; readonly parcel: Parcel }
  | { readonly kind: 'load'; readonly id: number; readonly key: string; readonly since: number }
  | { readonly kind: 'close' };

export type Answer =
  | { readonly kind: 'opened'; readonly bytes: number }
  /** The file is not one that this version may write to. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The disk does not let it, now. */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** The last batch is safe from the end of the process. */
  | { readonly kind: 'written'; readonly bytes: number }
  /** What was old or too much is gone. */
  | { readonly kind: 'tidied'; readonly bytes: number }
  /** The last batch is not written; `again`: it may be later. */
  | { readonly kind: 'failed'; readonly why: string; readonly again: boolean }
  | { readonly kind: 'series'; readonly id: number; readonly series: Series }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'closed' };
