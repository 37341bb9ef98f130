import type { Missing, MissingReason, Reading } from '../domain/reading.ts';

/**
 * What every source of evidence is. `read` never throws and never rejects: whatever goes wrong is a Missing with its reason, and
 * a signal that aborts ends it soon with SourceTimeout. test/unit/sources/contract.ts holds every source to this.
 */
export interface Source<Query> {
  readonly name: string;
  read(query: Query, signal: AbortSignal): Promise<Reading>;
}

/** Time as sources need it: `now` may jump, `monotonic` never does; both in milliseconds. */
export interface Clock {
  now(): number;
  monotonic(): number;
  setTimeout(run: () => void, ms: number): { cancel(): void };
}

/** One address to ask. A name of a port that the pod or the Service does not have is `port: undefined`. */
export interface Target {
  /** Named in the evidence, e.g. `pod checkout-7d9f-x2`. */
  readonly name: string;
  readonly host: string;
  readonly port: number | undefined;
}

/** Longest evidence of one reading, in characters: it goes into conditions and Events. */
const EVIDENCE_LIMIT = 300;

/** One line of bounded length without control or direction characters: remote ends write into our status with it. */
export function bounded(text: string, limit: number = EVIDENCE_LIMIT): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1).toWellFormed()}…`;
}

export function missing(reason: MissingReason, evidence: string, at: number): Missing {
  return { kind: 'missing', reason, at, evidence: bounded(evidence) };
}

/** The message of whatever was thrown, with the cause that fetch and undici hide below it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error.cause instanceof Error ? `${error.message}: ${messageOf(error.cause)}` : error.message;
}
