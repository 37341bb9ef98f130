import type { OrchestrationSpec } from '../../api/kinds.ts';
import { parseDuration } from '../../domain/duration.ts';
import { DEFAULT_POLICY, policyChanges, validatePolicy } from '../../domain/orchestration/policy.ts';

/** A policy and the generation of Orchestration/default that it came with; 0 before there is one. */
export interface PolicyInForce {
  readonly spec: OrchestrationSpec;
  readonly generation: number;
  /** What is wrong with a newer one that is not in force. */
  readonly problems: readonly string[];
  readonly resourceIntervalMs: number;
}

/**
 * The policy that everything reads. A new one takes its place whole or not at all: it is checked first, and whoever asks afterwards gets all of it.
 */
export class Policy {
  #current: PolicyInForce = inForce(DEFAULT_POLICY, 0);
  readonly #listeners: (() => void)[] = [];

  get current(): PolicyInForce {
    return this.#current;
  }

  /** Calls `listener` when another policy is in force. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Orchestration/default as it is now; undefined when there is none: then the defaults hold. `lastInForce` is what its status remembers, for a
   * process that starts while the spec is wrong.
   */
  offer(spec: OrchestrationSpec | undefined, generation: number, lastInForce?: OrchestrationSpec): void {
    const wanted = spec ?? DEFAULT_POLICY;
    const problems = validatePolicy(wanted);
    if (problems.length > 0) {
      const isFirst = this.#current.generation === 0 && lastInForce !== undefined;
      this.#current = { ...(isFirst ? inForce(lastInForce, 0) : this.#current), problems };
      return;
    }
    const changed = policyChanges(this.#current.spec, wanted) !== '';
    this.#current = inForce(wanted, generation);
    if (changed) for (const listener of this.#listeners) listener();
  }
}

const inForce = (spec: OrchestrationSpec, generation: number): PolicyInForce => ({
  spec,
  generation,
  problems: [],
  resourceIntervalMs: parseDuration((spec.metricSources ?? DEFAULT_POLICY.metricSources).resourceMetrics.interval),
});
