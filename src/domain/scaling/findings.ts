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
  /** Something was done, or would have been; told once. */
  readonly told:
    | { readonly reason: 'Scaled' | 'WouldScale'; readonly verdict: string; readonly because: string }
    | undefined;
}
