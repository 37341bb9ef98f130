import type { OrchestrationStatus } from '../../api/kinds.ts';

type Name = NonNullable<OrchestrationStatus['state']>;

/** The state of the whole system and, in each, why it is in it. */
export type SystemState =
  | { readonly name: 'Initializing'; readonly waitingFor: number }
  | { readonly name: 'Active' }
  | { readonly name: 'Optimizing'; readonly limited: number }
  | { readonly name: 'Coordinating'; readonly workflows: number }
  | { readonly name: 'Scaling'; readonly scaling: number }
  | { readonly name: 'Degraded'; readonly down: number }
  | { readonly name: 'Failover'; readonly moving: number }
  | { readonly name: 'Maintenance'; readonly until: number }
  | { readonly name: 'EmergencyHalt'; readonly id: string }
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
  /** The id of a halt that is not undone yet. */
  readonly halt: string | undefined;
  /** Services that move to their standby or back. */
  readonly moving: number;
  /** Services of which pods start or end because Baton scales them. */
  readonly scaling: number;
  /** Services that get fewer pods than they want, because of a capacity budget. */
  readonly limited: number;
  /** Workflows that run, verify or roll back. */
  readonly workflows: number;
  /** How long it has been in the state that it is in, ms. */
  readonly sinceMs: number;
}

/** Replicas follow the load all day, and workflows come and go: the state does not with each of them. */
export const SHORTEST_MS = 60_000;

/**
 * The next state: the first that is so, in the order of how much it matters. Initializing is left once, when every service was looked at; a service that is new later does not bring it back.
 * What a former process left behind as ShuttingDown begins anew.
 */
export function step(state: Name | undefined, facts: SystemFacts): SystemState {
  if (facts.shuttingDown) return { name: 'ShuttingDown' };
  if (facts.halt !== undefined) return { name: 'EmergencyHalt', id: facts.halt };
  switch (state) {
    case undefined:
    case 'ShuttingDown':
    case 'Initializing':
      return facts.waitingFor > 0 ? { name: 'Initializing', waitingFor: facts.waitingFor } : settled(state, facts);
    case 'Active':
    case 'Optimizing':
    case 'Coordinating':
    case 'Scaling':
    case 'Degraded':
    case 'Failover':
    case 'Maintenance':
    case 'EmergencyHalt':
      return settled(state, facts);
  }
}

function settled(state: Name | undefined, facts: SystemFacts): SystemState {
  const { maintenanceUntil, down, moving, scaling, limited, workflows, sinceMs } = facts;
  if (moving > 0) return { name: 'Failover', moving };
  if (maintenanceUntil !== undefined) return { name: 'Maintenance', until: maintenanceUntil };
  if (down > 0) return { name: 'Degraded', down };
  const isYoung = sinceMs >= 0 && sinceMs < SHORTEST_MS;
  if (scaling > 0 || (state === 'Scaling' && isYoung)) return { name: 'Scaling', scaling };
  if (workflows > 0 || (state === 'Coordinating' && isYoung)) return { name: 'Coordinating', workflows };
  return limited > 0 ? { name: 'Optimizing', limited } : { name: 'Active' };
}
