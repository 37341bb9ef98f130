/** What one look at one signal gave. Every metric source answers in this form and none of them throws. */
export type Reading = Value | Verdict | Missing;

/** A figure, in the unit of its check (ratios from 0 to 1, seconds), seen at `at` (ms since the epoch). */
interface Value {
  readonly kind: 'value';
  readonly value: number;
  readonly at: number;
  readonly evidence: string;
}

/** A check that passes or fails. */
interface Verdict {
  readonly kind: 'verdict';
  readonly passed: boolean;
  readonly at: number;
  readonly evidence: string;
}

/** No evidence: it says nothing about the service, only why nothing is known. */
export interface Missing {
  readonly kind: 'missing';
  readonly reason: MissingReason;
  readonly at: number;
  readonly evidence: string;
}

/** Why a source has no figure; each is a reason of the condition MetricsAvailable too. */
export type MissingReason =
  | 'NotAskedYet'
  | 'SourceNotConfigured'
  | 'SourceUnavailable'
  | 'SourceTimeout'
  | 'NoData'
  | 'AmbiguousResult'
  | 'InvalidValue'
  | 'StaleData'
  | 'NamespaceNotAllowed'
  | 'DestinationNotAllowed'
  | 'PortNotFound'
  | 'Forbidden'
  | 'NoTargets';
