import type { OrchestrationSpec } from '../../api/kinds.ts';
import type { DependencyState } from '../../domain/dependencies/evaluate.ts';
import {
  dependencyAtFault,
  type Disruption,
  disruptionsLeft,
  type Locked,
  maintenanceOf,
  massFailure,
  type Situation,
} from '../../domain/guard/situation.ts';
import { isDown } from '../../domain/health/level.ts';
import { findCondition } from '../../domain/status/conditions.ts';
import type { CachedService } from '../service/caches.ts';

export interface SituationsOptions {
  /** Every service with the status that was last written. */
  readonly services: () => Iterable<CachedService>;
  readonly dependenciesOf: (service: CachedService) => readonly DependencyState[];
  /** What workflows have to themselves. */
  readonly lockedOf: (service: CachedService) => Locked;
  readonly policy: () => OrchestrationSpec;
  readonly now: () => number;
}

/** All services are gone through for it, which one look after another need not do. */
const FAILURE_KEPT_MS = 1_000;

/** What stands in the way of acts at the moment of asking, from what is known of all services. */
export class Situations {
  readonly #options: SituationsOptions;
  /** By what took it, so that what is tried again because nobody answered counts once. */
  readonly #disruptions = new Map<string, Disruption>();
  #failure: { readonly at: number; readonly message: string | undefined } | undefined;

  constructor(options: SituationsOptions) {
    this.#options = options;
  }

  /** This replica leads from now on: what others did is in the statuses. */
  begin(): void {
    this.#failure = undefined;
    this.#disruptions.clear();
    for (const { namespace, name, status } of this.#options.services())
      for (const [index, at] of (status?.healing?.disruptions ?? []).entries())
        this.#disruptions.set(`${namespace}/${name} ${index}`, { namespace, at: Date.parse(at) });
  }

  of(service: CachedService): Situation {
    const { dependenciesOf, lockedOf, policy, now } = this.#options;
    const { left, message } = this.left(service.namespace);
    return {
      locked: lockedOf(service),
      maintenance: maintenanceOf([service.spec.maintenanceWindows, policy().maintenanceWindows], now()),
      dependency: dependencyAtFault(dependenciesOf(service)),
      massFailure: this.#massFailure(),
      disruptions: left > 0 ? undefined : message,
    };
  }

  /** What the disruption budgets allow in a namespace. */
  left(namespace: string): { readonly left: number; readonly message: string } {
    const { policy, now } = this.#options;
    return disruptionsLeft(this.#disruptions.values(), namespace, policy().guard.disruptions, now());
  }

  /** Counts the disruption by `what` (the uid of a pod, the id of an act), and gives back what takes it back. */
  spend(namespace: string, what: string): () => void {
    const at = this.#options.now();
    for (const [known, disruption] of this.#disruptions)
      if (disruption.at <= at - LONGEST_WINDOW_MS) this.#disruptions.delete(known);
    this.#disruptions.set(what, { namespace, at });
    return () => this.#disruptions.delete(what);
  }

  #massFailure(): string | undefined {
    const at = this.#options.now();
    if (this.#failure === undefined || Math.abs(at - this.#failure.at) >= FAILURE_KEPT_MS)
      this.#failure = { at, message: massFailure(this.#tally(), this.#options.policy().guard.massFailure) };
    return this.#failure.message;
  }

  #tally(): { down: number; known: number } {
    let down = 0;
    let known = 0;
    for (const { status } of this.#options.services()) {
      if (status?.everAvailable !== true || status.health === undefined || status.health === 'Unknown') continue;
      known += 1;
      // Those that fail with what they depend on are one failure, and not many.
      if (isDown(status.health) && findCondition(status.conditions, 'DependenciesReady')?.status !== 'False') down += 1;
    }
    return { down, known };
  }
}

const LONGEST_WINDOW_MS = 86_400_000;
