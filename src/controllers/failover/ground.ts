import { FENCED_REPLICAS } from '../../api/annotations.ts';
import { type Ground, obstacleOf, type ServiceFacts } from '../../domain/failover/obstacles.ts';
import type { Obstacle } from '../../domain/failover/facts.ts';
import type { FailoverRules, FailoverSpec, Side } from '../../domain/failover/rules.ts';
import type { WorkloadRef } from '../../domain/failover/serving.ts';
import type { LiveTraffic } from '../../domain/guard/facts.ts';
import type { PodSnapshot } from '../../domain/snapshot.ts';
import type { Target } from '../../domain/status/input.ts';
import type { Forbidden } from '../acts/ports.ts';
import {
  BY_NAMESPACE,
  BY_STANDBY,
  BY_TARGET,
  BY_TRAFFIC,
  type Caches,
  type CachedService,
  targetKey,
} from '../service/caches.ts';
import { podsOf } from '../service/ownership.ts';
import { comesBefore } from '../service/target.ts';
import type { FailoverPort } from './ports.ts';

type Labels = Readonly<Record<string, string>>;

/** One of the two workloads, found. */
export interface SideFound {
  readonly ref: WorkloadRef;
  readonly target: Target;
  readonly pods: readonly PodSnapshot[];
}

export type Sides = Readonly<Record<Side, SideFound>>;

/** What was read from the API server about the ground of a failover, which is not watched. */
export interface Survey {
  readonly traffic: LiveTraffic | Forbidden | undefined;
  readonly labels: Readonly<Record<Side, Labels | undefined>>;
  readonly fencedReplicas: Readonly<Record<Side, number | undefined>>;
  readonly lacks: { readonly verb: string; readonly resource: string } | undefined;
  readonly scaledObject: string | undefined;
  /** A pod of neither workload that a selector matches. */
  readonly stranger: string | undefined;
}

/** Reads it, with four requests and what is not known of the permissions. */
export async function survey(
  service: CachedService,
  failover: FailoverSpec,
  sides: Sides,
  caches: Caches,
  port: FailoverPort,
  grants: Pick<FailoverPort, 'mayDo'>,
  signal: AbortSignal,
): Promise<Survey> {
  const { namespace } = service;
  const refs = { Primary: sides.Primary.ref, Standby: sides.Standby.ref };
  const fences = failover.fencing !== 'None';
  const [traffic, primary, standby, lacks, scaledObject] = await Promise.all([
    port.traffic({ namespace, name: failover.serviceName }, signal),
    port.labels({ ...refs.Primary, namespace }, signal),
    port.labels({ ...refs.Standby, namespace }, signal),
    firstLacking(namespace, Object.values(refs), grants, signal),
    fences ? port.scaledObject({ ...refs.Primary, namespace }, signal) : undefined,
  ]);
  return {
    traffic,
    labels: { Primary: primary?.labels, Standby: standby?.labels },
    fencedReplicas: { Primary: countIn(primary?.annotations), Standby: countIn(standby?.annotations) },
    lacks: lacks ?? (scaledObject?.kind === 'forbidden' ? scaledObject : undefined),
    scaledObject: scaledObject?.kind === 'found' ? scaledObject.name : undefined,
    stranger: strangerOf(namespace, failover, sides, caches),
  };
}

function countIn(annotations: Labels | undefined): number | undefined {
  const text = annotations?.[FENCED_REPLICAS];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

const PLURALS: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  ReplicaSet: 'replicasets',
};

/** The first permission that a failover needs and Baton lacks; of kinds outside apps/v1 that shows when it is needed. */
async function firstLacking(
  namespace: string,
  refs: readonly WorkloadRef[],
  grants: Pick<FailoverPort, 'mayDo'>,
  signal: AbortSignal,
): Promise<Survey['lacks']> {
  const asks = [
    { verb: 'patch', group: '', resource: 'services' },
    { verb: 'list', group: 'discovery.k8s.io', resource: 'endpointslices' },
    ...new Set(refs.flatMap(({ apiVersion, kind }) => (apiVersion === 'apps/v1' ? (PLURALS[kind] ?? []) : []))),
  ].map((ask) => (typeof ask === 'string' ? { verb: 'patch', group: 'apps', resource: ask } : ask));
  const answers = await Promise.all(asks.map((ask) => grants.mayDo({ namespace, ...ask }, signal)));
  const lacking = asks[answers.indexOf(false)];
  if (lacking === undefined) return undefined;
  const { verb, group, resource } = lacking;
  return { verb, resource: group === '' ? resource : `${resource}.${group}` };
}

interface GroundInput {
  readonly service: CachedService;
  readonly spec: FailoverSpec;
  readonly rules: FailoverRules;
  readonly sides: Sides;
  readonly survey: Survey;
  readonly caches: Caches;
  readonly follow: Ground['follow'];
}

/** What stands in the way of every move, before anything breaks. */
export function obstacleFor({
  service,
  spec,
  rules,
  sides,
  survey: seen,
  caches,
  follow,
}: GroundInput): Obstacle | undefined {
  const { namespace, name } = service;
  const standbyKey = keyOf(namespace, spec.standbyRef);
  const others = (index: string, value: string): CachedService[] =>
    caches.services.byIndex(index, value).filter((one) => one.name !== name && !one.metadata.deletionTimestamp);
  const [manager] = others(BY_TARGET, standbyKey);
  const older = (index: string, value: string): string | undefined =>
    others(index, value).find((one) => comesBefore(one, service))?.name;
  const back = manager?.spec.failover?.standbyRef;
  return obstacleOf({
    primary: `${service.spec.targetRef.kind}/${service.spec.targetRef.name}`,
    standby: `${spec.standbyRef.kind}/${spec.standbyRef.name}`,
    standbyTarget: sides.Standby.target,
    standbyLookedAfterBy: manager?.name,
    isCircle: back !== undefined && keyOf(namespace, back) === keyOf(namespace, service.spec.targetRef),
    standbySharedWith: older(BY_STANDBY, standbyKey),
    serviceSharedWith: older(BY_TRAFFIC, `${namespace}/${spec.serviceName}`),
    serviceName: spec.serviceName,
    service: serviceFacts(seen.traffic),
    selectors: spec.selectors,
    labels: {
      primary: labelsOf(seen.labels.Primary, sides.Primary),
      standby: labelsOf(seen.labels.Standby, sides.Standby),
    },
    stranger: seen.stranger,
    lacks: seen.lacks,
    fences: rules.fencing !== 'None',
    scaledObject: seen.scaledObject,
    follow,
  });
}

const keyOf = (namespace: string, { apiVersion, kind, name }: WorkloadRef): string =>
  targetKey(apiVersion, kind, namespace, name);

function serviceFacts(traffic: Survey['traffic']): ServiceFacts {
  if (traffic === undefined) return { kind: 'absent' };
  if ('kind' in traffic) return traffic;
  return traffic.terminating ? { kind: 'absent' } : { kind: 'found', selector: traffic.selector };
}

/** Where the template is not known, those of a pod that is there. */
const labelsOf = (template: Labels | undefined, { pods }: SideFound): Labels | undefined =>
  template ?? pods[0]?.template.labels;

/** A pod of others that would get traffic, or lose it, with a switch. */
function strangerOf(namespace: string, { selectors }: FailoverSpec, sides: Sides, caches: Caches): string | undefined {
  // Of this moment, as the others are: one may have been made while the API server was asked.
  const pods = [sides.Primary, sides.Standby].flatMap(({ target }) =>
    target.state === 'Found' ? podsOf(target.workload, caches) : [],
  );
  const own = new Set(pods.map(({ uid }) => uid));
  const all = [Object.entries(selectors.primary), Object.entries(selectors.standby)];
  const stranger = caches.pods.byIndex(BY_NAMESPACE, namespace).find(({ uid, phase, owner, template: { labels } }) => {
    if (own.has(uid) || phase === 'Succeeded' || phase === 'Failed') return false;
    // What leads from it to its workload may not be known yet.
    if (owner?.kind === 'ReplicaSet' && !caches.replicaSets.get(`${namespace}/${owner.name}`)) return false;
    return all.some((selector) => selector.every(([key, value]) => labels[key] === value));
  });
  return stranger?.name;
}
