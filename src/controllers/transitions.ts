import { EVENTS, type EventReason } from '../api/events.ts';
import type { Transition } from '../domain/status/transitions.ts';
import type { Count, DecisionEvidence, DecisionRecord, EmitEvent, Log, RecordDecision, Reference } from './ports.ts';

interface Tellers {
  readonly log: Log;
  readonly count: Count;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
}

/** Tells a transition that was written: a line of the log, a count, a row of history, and an Event where the catalogue has one for it. */
export function say(
  { log, count, emit, record }: Tellers,
  reference: Reference,
  transition: Transition,
  details: object,
  evidence: DecisionEvidence,
): void {
  const { kind, from, to, reason, message, type } = transition;
  const line = { ...details, from, to, reason };
  if (type === 'Warning') log.warn(line, message);
  else log.info(line, message);
  count.decision(kind, to);
  const outcome = outcomeOf(transition);
  record(reference, { kind, rule: reason, before: from, verdict: to, because: message, outcome, ...evidence });
  const event = kind === 'Health' ? 'HealthChanged' : kind === 'State' ? 'StateChanged' : reason;
  if (isEvent(event)) emit(reference, { reason: event, type, note: message });
}

function outcomeOf({ kind, to, reason, type }: Transition): DecisionRecord['outcome'] {
  if (kind === 'Scaling') return reason === 'WouldScale' ? 'Rehearsed' : 'Done';
  return kind === 'ScalingActive' && to === 'False' && type === 'Warning' ? 'Refused' : 'Written';
}

const isEvent = (reason: string): reason is EventReason => Object.hasOwn(EVENTS, reason);
