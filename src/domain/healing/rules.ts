import type { HealthLevel, OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';

type HealingSpec = NonNullable<OrchestratedServiceSpec['healing']>;

export type HealingAction = HealingSpec['actions'][number]['type'];

/** spec.healing with durations in milliseconds. */
export interface HealingRules {
  /** The ladder, mildest first. */
  readonly actions: readonly HealingAction[];
  /** Restart and RollbackRevision wait for this level or a worse one. */
  readonly when: HealthLevel;
  /** How long it must be so before the first act. */
  readonly after: number;
  readonly backoff: { readonly initial: number; readonly factor: number; readonly max: number };
  readonly maxAttempts: number;
  readonly circuitBreaker: { readonly failures: number; readonly recovery: number };
}

/** What the act Workflow starts; undefined where it is none of the ladder. */
export const healingWorkflow = (spec: HealingSpec | undefined) =>
  spec?.actions.find(({ type }) => type === 'Workflow')?.workflow;

export function healingRules(spec: HealingSpec): HealingRules {
  const { actions, when, after, backoff, maxAttempts, circuitBreaker } = spec;
  return {
    actions: actions.map(({ type }) => type),
    when,
    after: parseDuration(after),
    backoff: { initial: parseDuration(backoff.initial), factor: backoff.factor, max: parseDuration(backoff.max) },
    maxAttempts,
    circuitBreaker: { failures: circuitBreaker.failures, recovery: parseDuration(circuitBreaker.recovery) },
  };
}

/**
 * How long to wait after the attempt of that number (from 1), ms: at least the initial time, so that an act can show what it does, and above that
 * a share of the growing backoff that chance decides (full jitter, as in "Exponential Backoff And Jitter", M. Brooker, AWS Architecture Blog, 2015),
 * so that services that failed together are not restarted together. `random` is from 0 to 1.
 */
export function waitAfter(attempt: number, { initial, factor, max }: HealingRules['backoff'], random: number): number {
  const longest = Math.min(Math.max(initial, max), initial * factor ** (attempt - 1));
  return Math.round(initial + random * (longest - initial));
}
