import type { Health, HealthLevel } from '../../api/kinds.ts';

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
  | { readonly state: 'Ready' | 'Below'; readonly health: HealthLevel; readonly score: number }
  | { readonly state: 'NotFound' | 'Unknown' }
  /** `ring` names the circle once around, from its first key in alphabetical order. */
  | { readonly state: 'Cycle'; readonly ring: readonly string[] }
);
