import type { OrchestrationStatus } from '../../api/kinds.ts';

type Name = NonNullable<OrchestrationStatus['state']>;

/** The state of the whole system and, in each, why it is in it. */
export type SystemState =
  | { readonly name: 'Initializing'; readonly waitingFor: number }
  | { readonly name: 'Active' }
  | { readonly name: 'Degraded'; readonly down: number }
  | { readonly name: 'Maintenance'; readonly until: number }
  | { readonly name: 'ShuttingDown' };

/** What the state follows from. */
interface SystemFacts {
  /** Services that this process has not looked at yet. */
  readonly waitingFor: number;
  /** Services that are Failed or Critical and were available once. */
  readonly down: number;
  /** The end of a window of the policy that is open, ms since the epoch. */
  readonly maintenanceUntil: number | undefined;
  readonly shuttingDown: boolean;
}

/**
 * The next state. Initializing is left once, when every service was looked at; a service that is new later does not bring it back.
 * What a former process left behind as ShuttingDown begins anew.
 */
export function step(state: Name | undefined, facts: SystemFacts): SystemState {
  if (facts.shuttingDown) return { name: 'ShuttingDown' };
  switch (state) {
    case undefined:
    case 'ShuttingDown':
    case 'Initializing':
      return facts.waitingFor > 0 ? { name: 'Initializing', waitingFor: facts.waitingFor } : settled(facts);
    case 'Active':
    case 'Degraded':
    case 'Maintenance':
      return settled(facts);
  }
}

function settled({ maintenanceUntil, down }: SystemFacts): SystemState {
  if (maintenanceUntil !== undefined) return { name: 'Maintenance', until: maintenanceUntil };
  return down > 0 ? { name: 'Degraded', down } : { name: 'Active' };
}
