import type { OrchestrationSpec } from '../../api/kinds.ts';
import {
  holds,
  type RuleName,
  type RuleReading,
  RULES,
  type RuleState,
  sentence,
  thresholdOf,
  watchRule,
} from '../../domain/emergency/rules.ts';
import { emergencyOf } from '../../domain/orchestration/policy.ts';

export interface RuleWatchOptions {
  readonly policy: () => OrchestrationSpec;
  readonly reading: (rule: RuleName) => RuleReading;
  readonly monotonic: () => number;
}

/** How often to look while a limit is passed, ms. */
export const RULE_INTERVAL_MS = 15_000;

/** Watches the rules of emergency halts. Windows begin anew with the process: a halt is never made on what it did not see itself. */
export class RuleWatch {
  readonly #options: RuleWatchOptions;
  readonly #states = new Map<RuleName, RuleState>();

  constructor(options: RuleWatchOptions) {
    this.#options = options;
  }

  /** Looks at each rule that is on; those that hold, with why. */
  look(): readonly { readonly name: RuleName; readonly because: string }[] {
    const { policy, reading, monotonic } = this.#options;
    const { rules } = emergencyOf(policy());
    return RULES.flatMap((name) => {
      const rule = thresholdOf(name, rules);
      const missing: RuleReading = { kind: 'missing' };
      const state = watchRule(
        this.#states.get(name),
        rules[name].action === 'Disabled' ? missing : reading(name),
        rule,
        monotonic(),
      );
      if (state === undefined) this.#states.delete(name);
      else this.#states.set(name, state);
      return holds(state, rule) ? [{ name, because: sentence(name, rule) }] : [];
    });
  }

  /** Some limit is passed: look again soon. */
  get isNear(): boolean {
    return this.#states.size > 0;
  }

  /** The windows begin anew: another replica led, or a halt was just undone. */
  reset(): void {
    this.#states.clear();
  }
}
