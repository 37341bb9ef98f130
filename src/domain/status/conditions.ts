import type { ConditionType } from '../../api/conditions.ts';
import type { Condition } from '../../api/kinds.ts';
import { REASONS, type Reason } from '../../api/reasons.ts';
import { cut } from '../health/names.ts';

/** Collects the conditions of one status, in the order in which they are set; lastTransitionTime moves only when the status does. */
export class Conditions {
  readonly list: Condition[] = [];
  readonly #previous: readonly Condition[];
  readonly #generation: number;
  readonly #now: number;

  constructor(previous: readonly Condition[] | undefined, generation: number, now: number) {
    this.#previous = previous ?? [];
    this.#generation = generation;
    this.#now = now;
  }

  set(type: ConditionType, status: Condition['status'], reason: Reason, message: string): void {
    const before = findCondition(this.#previous, type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timestamp(this.#now);
    const observedGeneration = this.#generation;
    this.list.push({ type, status, observedGeneration, lastTransitionTime, reason, message: cut(message, 1024) });
  }
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whole seconds, as Kubernetes writes times. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** What was seen, and what the catalogue says to do about it. */
export function advise(evidence: string, reason: Reason): string {
  const { todo } = REASONS[reason];
  if (todo.startsWith('Nothing')) return evidence;
  const advice = todo.replace(/\.$/, '');
  return `${evidence}; ${advice.charAt(0).toLowerCase()}${advice.slice(1)}`;
}
