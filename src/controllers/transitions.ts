import { EVENTS, type EventReason } from '../api/events.ts';
import type { Transition } from '../domain/status/transitions.ts';
import type { Count, EmitEvent, Log, Reference } from './ports.ts';

/** Tells a transition that was written: a line of the log, a count, and an Event where the catalogue has one for it. */
export function say(
  { log, count, emit }: { readonly log: Log; readonly count: Count; readonly emit: EmitEvent },
  reference: Reference,
  { kind, from, to, reason, message, type }: Transition,
  details: object,
): void {
  const line = { ...details, from, to, reason };
  if (type === 'Warning') log.warn(line, message);
  else log.info(line, message);
  count.decision(kind, to);
  const event = kind === 'Health' ? 'HealthChanged' : kind === 'State' ? 'StateChanged' : reason;
  if (isEvent(event)) emit(reference, { reason: event, type, note: message });
}

const isEvent = (reason: string): reason is EventReason => Object.hasOwn(EVENTS, reason);
