import type { Claim } from '../../domain/capacity/allot.ts';
import type { ActiveScaling } from '../../domain/scaling/from-spec.ts';
import type { ObjectiveStanding, Place } from '../../domain/scaling/strategies.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { PodSnapshot, Resources, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { CachedService } from '../service/caches.ts';

interface Claimant {
  readonly service: CachedService;
  readonly scaling: ActiveScaling;
  readonly risk: number | undefined;
  readonly current: number;
  /** Somebody else scales the workload. */
  readonly rival: object | undefined;
}

/** What a service asks of the capacity budgets that cover it; where Baton changes nothing, what it has. */
export function claimOf(
  { service, scaling, risk = 0, current, rival }: Claimant,
  desired: number,
  reserved: Resources | undefined,
): Claim {
  const fixed = service.spec.mode !== 'Enforce' || rival !== undefined;
  // An autoscaler may go above what Baton asks of it.
  const asked = scaling.writer?.type === 'HorizontalPodAutoscaler' ? Math.max(desired, current) : desired;
  return {
    key: `${service.namespace}/${service.name}`,
    priority: service.spec.priority,
    minReplicas: scaling.minReplicas,
    wanted: fixed ? current : asked,
    risk,
    costPerReplicaHour: costOf(scaling),
    cpu: reserved?.cpu ?? 0,
    memory: reserved?.memory ?? 0,
    fixed,
    annealed: scaling.strategy === 'QuantumInspired',
  };
}

/** What a service takes that Baton does not scale. */
export function heldBy(
  { namespace, name, spec }: CachedService,
  { desired }: WorkloadSnapshot,
  pods: readonly PodSnapshot[],
): Claim {
  const { cpu = 0, memory = 0 } = reservedBy(pods) ?? {};
  const size = { cpu, memory, wanted: desired, minReplicas: 0, risk: 0, costPerReplicaHour: undefined };
  return { key: `${namespace}/${name}`, priority: spec.priority, ...size, fixed: true, annealed: false };
}

/** What one pod takes, cores and bytes. */
export const reservedBy = (pods: readonly PodSnapshot[]): Resources | undefined => newest(pods)?.template.reserved;

function costOf({ costPerReplicaHour }: ActiveScaling): number | undefined {
  return costPerReplicaHour === undefined ? undefined : parseQuantity(String(costPerReplicaHour));
}

/** During a rollout the pods that stay are the new ones. */
function newest(pods: readonly PodSnapshot[]): PodSnapshot | undefined {
  return pods.reduce<PodSnapshot | undefined>(
    (best, pod) => (best === undefined || pod.createdAt > best.createdAt ? pod : best),
    undefined,
  );
}

/** Where the pods run that are to stay. */
export function placesOf(pods: readonly PodSnapshot[]): Place[] {
  return pods
    .filter(({ terminating, node }) => !terminating && node !== undefined)
    .map(({ node, zone }) => ({ node, zone }));
}

/** The objectives as the status has them. */
export function standingsOf({ status }: CachedService): ObjectiveStanding[] {
  return (status?.objectives ?? []).flatMap(({ budgetRemaining, burnRate }) => {
    const left = Number.parseFloat(budgetRemaining ?? '');
    return Number.isNaN(left) ? [] : [{ budgetRemaining: left / 100, burnRate: Number(burnRate ?? 0) }];
  });
}
