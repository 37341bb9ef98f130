import type { OrchestrationSpec } from '../../api/kinds.ts';
import type { DependencyState } from '../dependencies/evaluate.ts';
import { parseDuration } from '../duration.ts';
import { openWindow } from '../maintenance/windows.ts';
import { timestamp } from '../status/conditions.ts';

/** Why acts wait for a workflow that has a workload of the service to itself. */
export interface Locked {
  /** Those on the workload that serves. */
  readonly serving: string | undefined;
  /** Those of a failover, which concerns both workloads; a workflow that orders the failover does not keep it waiting. */
  readonly failover: string | undefined;
}

export const UNLOCKED: Locked = { serving: undefined, failover: undefined };

/** What stands in the way of acts for a service, each in a sentence; undefined where nothing does. */
export interface Situation {
  readonly locked: Locked;
  readonly maintenance: string | undefined;
  /** The cause may be a service that this one depends on. */
  readonly dependency: string | undefined;
  readonly massFailure: string | undefined;
  /** The disruption budgets are spent. */
  readonly disruptions: string | undefined;
}

/** Nothing stands in the way; what a halt does asks for nothing of all this. */
export const CALM: Situation = {
  locked: UNLOCKED,
  maintenance: undefined,
  dependency: undefined,
  massFailure: undefined,
  disruptions: undefined,
};

type Windows = OrchestrationSpec['maintenanceWindows'] | undefined;

export function maintenanceOf(windows: readonly Windows[], now: number): string | undefined {
  for (const each of windows) {
    const state = openWindow(each, now);
    if (state.state !== 'Open') continue;
    const end = state.until === Infinity ? 'and the next follows without a gap' : `until ${timestamp(state.until)}`;
    return `a maintenance window is open ${end}`;
  }
  return undefined;
}

export function dependencyAtFault(dependencies: readonly DependencyState[]): string | undefined {
  const below = dependencies.find(({ state }) => state === 'Below');
  return below?.state === 'Below'
    ? `${below.key}, which it depends on, is ${below.health}, and that may be the cause`
    : undefined;
}

/** `down` of `known` services that were available once are Critical or Failed by their own fault. */
export function massFailure(
  { down, known }: { readonly down: number; readonly known: number },
  { share, floor }: OrchestrationSpec['guard']['massFailure'],
): string | undefined {
  const isMass = down >= floor && down * 100 >= share * known;
  return isMass
    ? `${down} of ${known} services are down at once, so that each by itself is hardly to blame`
    : undefined;
}

/** A disruption that counts for the budgets. */
export interface Disruption {
  readonly namespace: string;
  /** ms since the epoch */
  readonly at: number;
}

/** What is left of the budgets for one namespace, and when there will be more. */
export function disruptionsLeft(
  disruptions: Iterable<Disruption>,
  namespace: string,
  { perCluster, perNamespace, window }: OrchestrationSpec['guard']['disruptions'],
  now: number,
): { readonly left: number; readonly message: string } {
  let all = 0;
  let own = 0;
  for (const { namespace: of, at } of disruptions) {
    if (at <= now - parseDuration(window)) continue;
    all += 1;
    if (of === namespace) own += 1;
  }
  const ofNamespace = perNamespace - own <= perCluster - all;
  const what = ofNamespace
    ? `${own} of ${perNamespace} in namespace ${namespace}`
    : `${all} of ${perCluster} in the cluster`;
  return {
    left: Math.max(0, Math.min(perCluster - all, perNamespace - own)),
    message: `the disruptions that are allowed within ${window} are used up (${what})`,
  };
}
