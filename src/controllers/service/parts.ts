import type { DependencyState } from '../../domain/dependencies/evaluate.ts';
import type { PodSnapshot } from '../../domain/snapshot.ts';
import type { Target } from '../../domain/status/input.ts';
import type { Held, PartFindings } from '../../domain/status/part.ts';
import type { CachedService } from './caches.ts';

/** What a part sees of a service: everything of one moment, but what it asks the API server itself. */
export interface PartLook {
  /** `namespace/name` */
  readonly key: string;
  /** Its status is the one that was last written: an intent in it will be found by whoever leads next. */
  readonly service: CachedService;
  /** What is under targetRef; a part keeps its status while that cannot be read. */
  readonly target: Target;
  readonly pods: readonly PodSnapshot[];
  readonly dependencies: readonly DependencyState[];
  /** A part with more authority acts on the workload: tell, but leave it alone. */
  readonly held: Held | undefined;
  /** The service has Baton's finalizer: what is taken from the workload now can be given back when the service is deleted. */
  readonly isSafe: boolean;
  readonly signal: AbortSignal;
}

/**
 * Something that acts for a service beside telling its health. Its intent is in the written status before it acts (look n writes it, look
 * n + 1 finds it there and acts), so that another process can go on where this one died.
 */
export interface Part {
  /** Undefined where the service asks for nothing of it; at once then, a thousand services do not. Rejects when the signal aborts. */
  look(look: PartLook): PartAnswer | undefined | Promise<PartAnswer | undefined>;
  /** The status that tells what was done was written. */
  wasTold(key: string): void;
  forget(key: string): void;
}

export interface PartAnswer {
  readonly findings: PartFindings;
  /** Infinity: when something changes. */
  readonly lookAgainInMs: number;
  /** It takes something from the workload, or has done so, that must be given back before the service may go. */
  readonly needsFinalizer?: boolean;
  /** An act waits for the status to be written: it is not held back like that of a service that flaps. */
  readonly isUrgent?: boolean;
}

export interface PartsAnswer {
  readonly findings: readonly PartFindings[];
  readonly held: Held | undefined;
  readonly lookAgainInMs: number;
  readonly needsFinalizer: boolean;
  readonly isUrgent: boolean;
}

/** Asks the parts in the order of their authority. */
export async function lookAtParts(parts: readonly Part[], look: Omit<PartLook, 'held'>): Promise<PartsAnswer> {
  const findings: PartFindings[] = [];
  let held: Held | undefined;
  let partsHeld: Held | undefined;
  let lookAgainInMs = Infinity;
  let needsFinalizer = false;
  let isUrgent = false;
  for (const part of parts) {
    const pending = part.look({ ...look, held: held ?? partsHeld });
    const answer = pending instanceof Promise ? await pending : pending;
    if (answer === undefined) continue;
    findings.push(answer.findings);
    held ??= answer.findings.holds;
    partsHeld ??= answer.findings.holdsParts;
    lookAgainInMs = Math.min(lookAgainInMs, answer.lookAgainInMs);
    needsFinalizer ||= answer.needsFinalizer === true;
    isUrgent ||= answer.isUrgent === true;
  }
  return { findings, held, lookAgainInMs, needsFinalizer, isUrgent };
}
