import type { Health, OrchestrationSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import type { Trigger } from './halt.ts';

type Rules = NonNullable<OrchestrationSpec['emergency']>['rules'];
export type RuleName = keyof Rules & Trigger;

export const RULES: readonly RuleName[] = ['nodeCPU', 'nodeMemory', 'servicesFailed'];

/** What a rule looks at, measured now. */
export type RuleReading =
  | {
      readonly kind: 'value';
      /** In percent. */
      readonly percent: number;
      /** Nodes or services that it was counted over: those with fresh evidence. */
      readonly counted: number;
      /** Those that there are, with or without evidence. */
      readonly all: number;
    }
  | { readonly kind: 'missing' };

/** Since when the limit has been passed without a break, by the monotonic clock; and when that was last seen. */
export interface RuleState {
  readonly since: number;
  readonly seenAt: number;
}

/** Readings further apart than this are no evidence for the time between them. */
const LONGEST_GAP_MS = 90_000;
/** With fewer of the whole than this the rest may be well. */
const LEAST_SHARE = 0.9;

/**
 * One look at a rule: undefined when what it looks at is not above its limit, is too little to judge by, or is not known, which begins the
 * window anew. Missing data halts nothing.
 */
export function watchRule(
  state: RuleState | undefined,
  reading: RuleReading,
  { above, atLeast }: Rules[RuleName],
  at: number,
): RuleState | undefined {
  if (reading.kind === 'missing') return undefined;
  const { percent, counted, all } = reading;
  const isEnough = counted >= atLeast && counted >= LEAST_SHARE * all;
  if (!isEnough || percent <= above) return undefined;
  const stands = state !== undefined && at >= state.seenAt && at - state.seenAt <= LONGEST_GAP_MS;
  return { since: stands ? state.since : at, seenAt: at };
}

/** Whether the limit was passed for the whole of the rule's window. */
export function holds(state: RuleState | undefined, rule: Rules[RuleName]): boolean {
  return state !== undefined && state.seenAt - state.since >= parseDuration(rule.for);
}

const SUBJECTS: Readonly<Record<RuleName, string>> = {
  nodeCPU: 'CPU in use on the nodes',
  nodeMemory: 'memory in use on the nodes',
  servicesFailed: 'services that are Failed',
};

/** Without figures that move while it holds. */
export function sentence(name: RuleName, rule: Rules[RuleName]): string {
  return `${SUBJECTS[name]}: above ${rule.above} % for ${rule.for}`;
}

/** What the rule about services looks at of one. */
export interface ServiceEvidence {
  readonly health: Health;
  /** Share of its evidence that is fresh, 0 to 1. */
  readonly confidence: number;
  readonly everAvailable: boolean;
}

/** The share of services that are Failed: of those that were available once, and with fresh evidence. */
export function failedServices(services: Iterable<ServiceEvidence>): RuleReading {
  let [all, counted, failed] = [0, 0, 0];
  for (const { health, confidence, everAvailable } of services) {
    if (!everAvailable) continue;
    all += 1;
    if (confidence <= 0 || health === 'Unknown') continue;
    counted += 1;
    if (health === 'Failed') failed += 1;
  }
  return counted === 0 ? { kind: 'missing' } : { kind: 'value', percent: (failed / counted) * 100, counted, all };
}
