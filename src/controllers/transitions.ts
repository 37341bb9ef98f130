import { EVENTS, type EventReason } from '../api/events.ts';
import type { Transition } from '../domain/status/transitions.ts';
import type { Count, DecisionEvidence, EmitEvent, Log, RecordDecision, Reference } from './ports.ts';

interface Tellers {
  readonly log: Log;
  readonly count: Count;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  /** Whether it is told with others of its kind; see ./chorus.ts. */
  readonly joins?: (reference: Reference, transition: Transition) => boolean;
}

/** Tells a transition that was written: a line of the log, a count, a row of history, and an Event where the catalogue has one for it. */
export function say(
  { log, count, emit, record, joins }: Tellers,
  reference: Reference,
  transition: Transition,
  details: object,
  evidence: DecisionEvidence,
): void {
  const { kind, from, to, reason, message, type, isQuiet, outcome = 'Written' } = transition;
  count.decision(kind, to);
  const row = { kind, rule: reason, before: from, verdict: to, because: message, outcome } as const;
  // What was decided about the replicas is recorded with its outcome, before any status.
  if (kind !== 'Scaling') record(reference, { ...row, ...(transition.evidence ?? evidence) });
  if (isQuiet || joins?.(reference, transition)) return;
  const line = { ...details, from, to, reason };
  if (type === 'Warning') log.warn(line, message);
  else log.info(line, message);
  const event = eventOf(transition);
  if (event) emit(reference, { reason: event, type, note: message });
}

/** Kinds that have one Event for all their reasons. */
const EVENT_OF: Partial<Record<Transition['kind'], EventReason>> = {
  Health: 'HealthChanged',
  State: 'StateChanged',
  FailoverReady: 'FailoverNotReady',
  DiscoveryReady: 'DiscoveryNotReady',
};

/** The Event that tells it, where the catalogue has one. */
export function eventOf({ kind, reason }: Transition): EventReason | undefined {
  const event = EVENT_OF[kind] ?? reason;
  return isEvent(event) ? event : undefined;
}

const isEvent = (reason: string): reason is EventReason => Object.hasOwn(EVENTS, reason);
