import type { Health, HealthLevel, OrchestratedServiceSpec } from '../../api/kinds.ts';
import { isWorse } from '../health/level.ts';

/** What is known of another OrchestratedService. */
export interface DependencyFacts {
  readonly health: Health;
  readonly score: number | undefined;
  /** Keys (`namespace/name`) of the services that it depends on in turn. */
  readonly dependsOn: readonly string[];
}

export type DependencyState = {
  /** `namespace/name` */
  readonly key: string;
  readonly minimumHealth: HealthLevel;
} & (
  | { readonly state: 'Ready'; readonly health: HealthLevel; readonly score: number }
  | { readonly state: 'Below'; readonly health: HealthLevel; readonly score: number }
  | { readonly state: 'NotFound' | 'Unknown' }
  /** `ring` names the circle once around, from its first key in alphabetical order. */
  | { readonly state: 'Cycle'; readonly ring: readonly string[] }
);

type DependsOn = NonNullable<OrchestratedServiceSpec['dependsOn']>;
type Lookup = (key: string) => DependencyFacts | undefined;

/** The keys (`namespace/name`) that a service in `namespace` depends on, in the order of its spec. */
export function dependencyKeys(namespace: string, dependsOn: DependsOn | undefined): readonly string[] {
  return dependsOn === undefined ? [] : dependsOn.map((dependency) => keyOf(namespace, dependency));
}

/**
 * The state of each dependency, in the order of the spec. One from which the way leads back to `self` is a Cycle, and its health is not
 * used: two services that need each other would keep each other down. Visits each service that can be reached once.
 */
export function evaluateDependencies(
  self: { readonly namespace: string; readonly name: string },
  dependsOn: DependsOn | undefined,
  lookup: Lookup,
): readonly DependencyState[] {
  if (dependsOn === undefined || dependsOn.length === 0) return [];
  const rings = new RingSearch(`${self.namespace}/${self.name}`, lookup);
  return dependsOn.map((dependency) => {
    const key = keyOf(self.namespace, dependency);
    const { minimumHealth } = dependency;
    const facts = lookup(key);
    if (facts === undefined) return { key, minimumHealth, state: 'NotFound' };
    const ring = rings.through(key);
    if (ring !== undefined) return { key, minimumHealth, state: 'Cycle', ring };
    const { health, score } = facts;
    if (health === 'Unknown') return { key, minimumHealth, state: 'Unknown' };
    const known = { key, minimumHealth, health, score: score ?? FLOOR_WITHOUT_SCORE[health] };
    return isWorse(health, minimumHealth) ? { ...known, state: 'Below' } : { ...known, state: 'Ready' };
  });
}

/** A level that stands without a score (its target cannot be read just now) counts as its lowest score. */
const FLOOR_WITHOUT_SCORE: Readonly<Record<HealthLevel, number>> = {
  Healthy: 90,
  Warning: 70,
  Degraded: 40,
  Critical: 1,
  Failed: 0,
};

function keyOf(namespace: string, dependency: DependsOn[number]): string {
  return `${dependency.namespace ?? namespace}/${dependency.name}`;
}

/** Finds the shortest ring through one service by way of a given neighbour; services that lead nowhere are searched once for all. */
class RingSearch {
  readonly #self: string;
  readonly #lookup: Lookup;
  readonly #leadsNowhere = new Set<string>();

  constructor(self: string, lookup: Lookup) {
    this.#self = self;
    this.#lookup = lookup;
  }

  through(start: string): readonly string[] | undefined {
    if (start === this.#self) return [this.#self];
    const cameFrom = new Map<string, string>([[start, this.#self]]);
    // A Map iterates over what is added while it is iterated: this is the queue of a breadth-first search.
    for (const key of cameFrom.keys()) {
      for (const next of [...(this.#lookup(key)?.dependsOn ?? [])].sort()) {
        if (next === this.#self) return canonical(trace(key, this.#self, cameFrom));
        if (!cameFrom.has(next) && !this.#leadsNowhere.has(next)) cameFrom.set(next, key);
      }
    }
    for (const key of cameFrom.keys()) this.#leadsNowhere.add(key);
    return undefined;
  }
}

function trace(last: string, self: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const ring = [last];
  for (let key = cameFrom.get(last); key !== undefined && key !== self; key = cameFrom.get(key)) ring.unshift(key);
  return [self, ...ring];
}

/** Every member names the ring alike: from the key that is first in the alphabet. */
function canonical(ring: readonly string[]): readonly string[] {
  const start = ring.indexOf(ring.reduce((first, key) => (key < first ? key : first)));
  return [...ring.slice(start), ...ring.slice(0, start)];
}
