import type { Target } from '../status/input.ts';
import type { Obstacle } from './facts.ts';

type Labels = Readonly<Record<string, string>>;

/** What the API server says of a Service. */
export type ServiceFacts =
  | { readonly kind: 'found'; readonly selector: Labels | undefined }
  | { readonly kind: 'absent' }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string };

/** What has to be right before anything breaks. */
export interface Ground {
  /** As kind/name. */
  readonly primary: string;
  readonly standby: string;
  readonly standbyTarget: Target;
  /** Names of other OrchestratedServices in the namespace. */
  readonly standbyLookedAfterBy: string | undefined;
  /** The standby's own OrchestratedService fails over to our Primary. */
  readonly isCircle: boolean;
  /** An older one that has the same standby. */
  readonly standbySharedWith: string | undefined;
  /** An older one that has the same Service. */
  readonly serviceSharedWith: string | undefined;
  readonly serviceName: string;
  readonly service: ServiceFacts;
  readonly selectors: { readonly primary: Labels; readonly standby: Labels };
  /** Of the pods that each has or makes; undefined where that is not known. */
  readonly labels: { readonly primary: Labels | undefined; readonly standby: Labels | undefined };
  /** A pod of neither that a selector matches, as pod name. */
  readonly stranger: string | undefined;
  /** A permission that a failover needs and Baton lacks. */
  readonly lacks: { readonly verb: string; readonly resource: string } | undefined;
  readonly fences: boolean;
  /** A KEDA ScaledObject that would start the pods of a fenced workload again. */
  readonly scaledObject: string | undefined;
  readonly follow:
    | { readonly name: string; readonly is: 'Found' | 'NotFound' | 'WithoutFailover' | 'Circle' }
    | undefined;
}

type Policy = (ground: Ground) => Obstacle | undefined;

const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const text = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

/** In the order in which they are told; the first counts. */
const POLICIES: readonly Policy[] = [
  standbyAbsent,
  ({ isCircle, standbyLookedAfterBy, standby }) =>
    isCircle
      ? {
          reason: 'FailoverCircle',
          message: `${standbyLookedAfterBy} looks after ${standby} and fails over to the workload of this one`,
        }
      : undefined,
  ({ standbyLookedAfterBy, standby }) =>
    standbyLookedAfterBy === undefined
      ? undefined
      : { reason: 'StandbyManaged', message: `OrchestratedService ${standbyLookedAfterBy} looks after ${standby}` },
  ({ standbySharedWith, standby }) =>
    standbySharedWith === undefined
      ? undefined
      : { reason: 'StandbyManaged', message: `${standby} is the standby of ${standbySharedWith} too` },
  serviceAbsent,
  ({ serviceSharedWith, serviceName }) =>
    serviceSharedWith === undefined
      ? undefined
      : { reason: 'ServiceShared', message: `${serviceSharedWith} moves the traffic of Service ${serviceName} too` },
  selectorsMismatch,
  ({ stranger, selectors }) =>
    stranger === undefined
      ? undefined
      : {
          reason: 'ServiceShared',
          message: `pod ${stranger} belongs to neither workload, and ${text(selectors.primary)} or ${text(selectors.standby)} matches it`,
        },
  ({ lacks }) =>
    lacks === undefined ? undefined : { reason: 'Forbidden', message: `Baton may not ${lacks.verb} ${lacks.resource}` },
  ({ fences, scaledObject, primary }) =>
    fences && scaledObject !== undefined
      ? { reason: 'FencingImpossible', message: `ScaledObject ${scaledObject} would start pods of ${primary} again` }
      : undefined,
  following,
];

/** What stands in the way of every move, or undefined. */
export function obstacleOf(ground: Ground): Obstacle | undefined {
  for (const policy of POLICIES) {
    const obstacle = policy(ground);
    if (obstacle) return obstacle;
  }
  return undefined;
}

function standbyAbsent({ standbyTarget: target, standby, fences }: Ground): Obstacle | undefined {
  if (target.state === 'Found') {
    return target.workload.terminating
      ? { reason: 'StandbyNotFound', message: `${standby} is being deleted` }
      : undefined;
  }
  switch (target.reason) {
    case 'Forbidden':
      return { reason: 'Forbidden', message: `Baton may not ${target.verb} ${target.resource}` };
    case 'TargetUnavailable':
      return { reason: 'TargetUnavailable', message: `the API server does not say how ${standby} is` };
    case 'TargetNotScalable':
      return fences
        ? { reason: 'FencingImpossible', message: `${standby} has no scale subresource` }
        : { reason: 'StandbyNotFound', message: `${standby} has no scale subresource` };
    case 'TargetNotFound':
    case 'TargetKindUnknown':
    case 'TargetAlreadyManaged':
      return { reason: 'StandbyNotFound', message: `${standby} does not exist` };
  }
}

function serviceAbsent({ service, serviceName }: Ground): Obstacle | undefined {
  switch (service.kind) {
    case 'absent':
      return { reason: 'ServiceNotFound', message: `Service ${serviceName} does not exist` };
    case 'forbidden':
      return { reason: 'Forbidden', message: `Baton may not ${service.verb} ${service.resource}` };
    case 'found':
      return service.selector === undefined
        ? { reason: 'ServiceSelectorDiffers', message: `Service ${serviceName} has no selector that could be changed` }
        : undefined;
  }
}

/** A switch would send traffic to nobody, or to both. */
function selectorsMismatch({ selectors, labels, primary, standby }: Ground): Obstacle | undefined {
  const pairs = [
    {
      name: primary,
      own: 'primary',
      selector: selectors.primary,
      labels: labels.primary,
      foreign: labels.standby,
      foreignName: standby,
    },
    {
      name: standby,
      own: 'standby',
      selector: selectors.standby,
      labels: labels.standby,
      foreign: labels.primary,
      foreignName: primary,
    },
  ];
  for (const { name, own, selector, labels: of, foreign, foreignName } of pairs) {
    const what = `failover.selectors.${own} (${text(selector)})`;
    if (of && !matches(selector, of))
      return { reason: 'SelectorMismatch', message: `${what} matches no pod of ${name}` };
    if (foreign && matches(selector, foreign))
      return { reason: 'SelectorMismatch', message: `${what} matches pods of ${foreignName} too` };
  }
  return undefined;
}

function following({ follow }: Ground): Obstacle | undefined {
  if (follow === undefined || follow.is === 'Found') return undefined;
  const { name } = follow;
  switch (follow.is) {
    case 'NotFound':
      return { reason: 'FollowedNotFound', message: `there is no OrchestratedService ${name} to follow` };
    case 'WithoutFailover':
      return { reason: 'FollowedNotFound', message: `OrchestratedService ${name} has no failover to follow` };
    case 'Circle':
      return { reason: 'FailoverCircle', message: `${name} follows this service in turn, so that nobody leads` };
  }
}
