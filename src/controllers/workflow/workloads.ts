import { servingRef, workloadRefs } from '../../domain/failover/serving.ts';
import type { Locked } from '../../domain/guard/situation.ts';
import { lockKey } from '../../domain/workflow/locks.ts';
import { BY_STANDBY, BY_TARGET, type CachedService, type Caches, targetKey } from '../service/caches.ts';
import type { Scheduler } from './scheduler.ts';

type Services = Pick<Caches['services'], 'byIndex'>;

/** The services of which a workload is the target or the standby. `key` as lockKey gives it. */
export function* servicesAbout(key: string, services: Services): Generator<CachedService> {
  const [namespace = '', group, kind = '', ...name] = key.split('/');
  const target = targetKey(`${group}/`, kind, namespace, name.join('/'));
  for (const index of [BY_TARGET, BY_STANDBY]) yield* services.byIndex(index, target);
}

const MOVES = new Set(['Preparing', 'Fencing', 'Switching', 'Verifying']);
/** Those that failed, or were rolled back, wait for a person, who may send a workflow. */
const STARTS = new Set(['Waiting', 'Starting']);

/** What Baton itself is about to do with a workload: a workflow that wants it to itself waits until that is done. */
export function movesOf(
  key: string,
  services: Services,
  latest: (key: string) => CachedService | undefined,
): string | undefined {
  for (const cached of servicesAbout(key, services)) {
    const { status } = latest(`${cached.namespace}/${cached.name}`) ?? cached;
    if (MOVES.has(status?.failover?.state ?? '')) return `its service ${cached.name} is being failed over`;
    if (status?.healing?.intent !== undefined) return `its service ${cached.name} is being healed`;
    const { state = '', replicas } = status?.startup ?? {};
    if (STARTS.has(state) && replicas !== undefined) return `its service ${cached.name} is being started in order`;
  }
  return undefined;
}

/** Why acts of a service wait for a workflow. */
export function lockedOf(service: CachedService, scheduler: Pick<Scheduler, 'heldBy'>): Locked {
  const { namespace } = service;
  const failover = workloadRefs(service).map((ref) => scheduler.heldBy(lockKey(namespace, ref), true));
  return {
    serving: scheduler.heldBy(lockKey(namespace, servingRef(service))),
    failover: failover.find((message) => message !== undefined),
  };
}
