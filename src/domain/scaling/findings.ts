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
  /** Something was done, or would have been; told once. */
  readonly told:
    | { readonly reason: 'Scaled' | 'WouldScale'; readonly verdict: string; readonly because: string }
    | undefined;
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
