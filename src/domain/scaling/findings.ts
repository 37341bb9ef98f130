import type { Reason } from '../../api/reasons.ts';
import type { Verdict } from './scale.ts';

/** What became of the decision about the replicas: what the status tells of scaling. */
export interface ScalingFindings {
  /** What Baton wants, whether or not it may change it. */
  readonly recommended: number;
  /** What the metrics alone ask for; undefined while they cannot tell. */
  readonly reactive: number | undefined;
  readonly active: Verdict<Reason>;
  readonly limited: Verdict<Reason> | undefined;
  /** Absent where prediction is off. */
  readonly prediction?: PredictionFindings | undefined;
  /** Metrics that are unusual now. */
  readonly anomalies?: readonly Anomaly[];
  /** Metrics of which nobody can say yet whether they are unusual: their history is being read, or they are learned anew. */
  readonly unjudged?: ReadonlyMap<string, 'Reading' | 'Learning'>;
  /** What came of decisions to change the replicas and is in no written status yet, oldest first. */
  readonly told: readonly ScalingTold[];
  /** What the decision of this moment was made from. */
  readonly evidence: ScalingEvidence;
}

/** A decision to change the replicas, and what came of it. */
export interface ScalingTold {
  readonly outcome: 'Done' | 'Rehearsed' | 'Refused';
  /** What settled the figure; where it was refused, why that was. */
  readonly rule: string;
  readonly verdict: string;
  readonly because: string;
  /** The Event that tells it at once; without one it is told when the status is written anyway. */
  readonly event?: 'Scaled' | 'WouldScale' | undefined;
}

export interface ScalingEvidence {
  /** Share of the metrics that could be read, and of the pods that had a figure, 0 to 1; 1 where none was needed. */
  readonly confidence: number;
  /** Of any shape that JSON has. */
  readonly inputs: unknown;
}

export interface PredictionFindings {
  readonly trusted: Verdict<Reason>;
  /** What the predicted load needs, before any bounds; undefined while it is not trusted. */
  readonly replicas: number | undefined;
}

/** The figures of the moment when it was found, so that they do not move while it lasts. */
export interface Anomaly {
  readonly metric: string;
  /** When the first of its steps began, ms since the epoch. */
  readonly since: number;
  readonly direction: 'High' | 'Low';
  readonly value: number;
  readonly expected: number;
}
