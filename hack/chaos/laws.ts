// What must be so whatever goes wrong, read from what the API server wrote. Each law gives the violations that it finds, in words.
import { FENCED_REPLICAS } from '../../src/api/annotations.ts';
import type { OrchestratedService } from '../../src/api/kinds.ts';
import type { Obj } from '../../test/cluster/operator/support/objects.ts';
import type { Write } from './injector.ts';
import { LEASE, ON_ITS_WAY_MS } from './lease.ts';
import type { Kind, Version } from './record.ts';

export interface Evidence {
  /** In order. */
  readonly versions: readonly Version[];
  readonly writes: readonly Write[];
  /** Paths of writes that were answered with an error by the harness. */
  readonly refused: readonly string[];
  /** The clock was put on: what waits for a time may be over at once, and be done once more. */
  readonly isHurried: boolean;
}

export type Law = (evidence: Evidence) => string[];

interface Deployment extends Obj {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };
  };
}

export const of = (versions: readonly Version[], kind: Kind, name?: string): readonly Version[] =>
  versions.filter((each) => each.kind === kind && (name === undefined || each.name === name));

const annotations = ({ metadata }: Obj): Readonly<Record<string, string>> =>
  (metadata['annotations'] as Record<string, string> | undefined) ?? {};

const deployments = (versions: readonly Version[], name: string) =>
  of(versions, 'deployments', name).map(({ version, object }) => ({ version, object: object as Deployment }));

/** Values of something in the order in which they came, without repetitions. */
export function changes<T>(seen: readonly { readonly version: number; readonly value: T }[]) {
  return seen.filter(({ value }, index) => index > 0 && value !== seen[index - 1]?.value);
}

export const replicaChanges = (versions: readonly Version[], name: string) =>
  changes(deployments(versions, name).map(({ version, object }) => ({ version, value: object.spec.replicas })));

/**
 * No write was made by a replica while another had the lease, or nobody. What was on its way for longer than the lease outlasts its last renewal
 * may come late: there are no fencing tokens. After a lease was given back nothing of the one who gave it comes, as if it had run out.
 */
export const ledByOne: Law = ({ versions, writes }) => {
  const leases = of(versions, 'leases', 'baton').map(({ version, object }) => ({
    version,
    holder: (object['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity ?? '',
  }));
  return writes.flatMap(({ point, identity, path, status, resourceVersion, tookMs, isIdle }) => {
    const version = resourceVersion ?? evictedAt(versions, path);
    // What changed nothing has the version of something older.
    if (status >= 300 || isIdle || version === undefined) return [];
    const holder = leases.findLast((each) => each.version < version)?.holder;
    const isGivenBack = leases.some(
      (each, index) => each.version < version && each.holder === '' && leases[index - 1]?.holder === identity,
    );
    if (holder === identity || tookMs >= (isGivenBack ? LEASE.duration : ON_ITS_WAY_MS)) return [];
    const whose = holder === '' ? 'nobody' : holder;
    return [`write ${point} (${path}) is by ${identity} while ${whose} had the lease, after ${Math.round(tookMs)} ms`];
  });
};

/** Each write is done to what it is meant for, in the version that was decided on, or not at all. */
export const onCondition: Law = ({ writes }) =>
  writes
    .filter(({ method, path, isConditional }) => !isConditional && !(method === 'POST' && MADE.test(path)))
    .map(({ point, path }) => `write ${point} (${path}) would be done to any version`);

/** There is nothing before it that it could be meant for: its name is the same whoever makes it. */
const MADE = /\/(orchestrations|workflows|jobs)$/;

const EVICTION = /\/pods\/([^/]+)\/eviction$/;

function evictedAt(versions: readonly Version[], path: string): number | undefined {
  const name = EVICTION.exec(path)?.[1];
  if (name === undefined) return undefined;
  return of(versions, 'pods', name).find(({ object, isGone }) => isGone || object.metadata.deletionTimestamp)?.version;
}

/** At the end no act is under way, nothing is held, and every service is well. */
export const ended: Law = ({ versions }) => {
  const last = new Map(of(versions, 'orchestratedservices').map((each) => [each.name, each]));
  return [...last.values()].flatMap(({ name, object, isGone }) => {
    if (isGone) return [];
    const { status = {}, metadata } = object as unknown as OrchestratedService;
    return [
      ...(status.healing?.intent ? [`${name} has an intent of healing left: ${status.healing.intent.id}`] : []),
      ...(status.halt ? [`${name} still tells of a halt`] : []),
      ...(metadata.finalizers?.length ? [`${name} still has a finalizer`] : []),
      ...(status.health === 'Healthy' ? [] : [`${name} is ${status.health}`]),
    ];
  });
};

/** Only these pods were evicted, and each once. */
export const evictedOnce =
  (app: string, uids: ReadonlySet<string>): Law =>
  ({ versions, writes }) => {
    const names = new Map(
      of(versions, 'pods')
        .filter(({ object }) => object.metadata.labels?.['app'] === app)
        .map(({ name, object }) => [name, object.metadata.uid ?? '']),
    );
    const done = writes.flatMap(({ path, status }) => (status < 300 ? (EVICTION.exec(path)?.[1] ?? []) : []));
    const own = done.filter((name) => names.has(name));
    const gone = of(versions, 'pods').filter(({ name, isGone }) => isGone && names.has(name));
    return [
      ...own.filter((name, index) => own.indexOf(name) !== index).map((name) => `pod ${name} was evicted twice`),
      ...gone
        .filter(({ object }) => !uids.has(object.metadata.uid ?? ''))
        .map(({ name }) => `pod ${name}, which was well, is gone`),
    ];
  };

/** Its pods were rolled once for each act, and once in all unless the clock was put on. */
export const restartedOnce =
  (name: string): Law =>
  ({ versions, isHurried }) => {
    const seen = deployments(versions, name);
    const rolled = changes(
      seen.map(({ version, object }) => ({
        version,
        value: object.spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'],
      })),
    );
    const acts = changes(seen.map(({ version, object }) => ({ version, value: annotations(object)['baton.dev/act'] })));
    return [
      ...(rolled.length === acts.length ? [] : [`${name} was rolled ${rolled.length} times for ${acts.length} acts`]),
      ...(isHurried || rolled.length === 1 ? [] : [`${name} was rolled ${rolled.length} times, and not once`]),
    ];
  };

/** Nothing was done to it while its status told of a maintenance window. */
export const keptInMaintenance =
  (name: string): Law =>
  ({ versions }) => {
    const told = of(versions, 'orchestratedservices', name);
    const acts = changes(
      deployments(versions, name).map(({ version, object }) => ({
        version,
        value: annotations(object)['baton.dev/act'],
      })),
    );
    return acts
      .filter(({ version }) => isInMaintenance(told.findLast((each) => each.version < version)))
      .map(({ version }) => `${name} was acted on in a maintenance window, in version ${version}`);
  };

const isInMaintenance = (service: Version | undefined): boolean =>
  (service?.object as unknown as OrchestratedService | undefined)?.status?.conditions?.some(
    ({ type, status }) => type === 'InMaintenance' && status === 'True',
  ) === true;

export interface Pair {
  readonly name: string;
  readonly sides: readonly [primary: string, standby: string];
  readonly isFenced: boolean;
  readonly switches: number;
  readonly replicas: readonly [primary: number, standby: number];
}

/** The Service never has two primaries, and is switched as often as it should. */
export const onePrimary =
  ({ name, sides, isFenced, switches, replicas }: Pair): Law =>
  ({ versions }) => {
    const selected = of(versions, 'services', name).map(({ version, object }) => ({
      version,
      value: (object['spec'] as { selector: Record<string, string> }).selector['app'] ?? '',
      epoch: Number(annotations(object)['baton.dev/failover-epoch'] ?? 0),
    }));
    const moves = changes(selected);
    const wrong = moves.flatMap(({ version, value }) => {
      const left = sides.find((side) => side !== value);
      const alive = isFenced && left !== undefined ? podsAt(versions, left, version) : [];
      return alive.map((pod) => `${name} was switched to ${value} while pod ${pod} of the other side was there`);
    });
    const epochs = selected.map(({ epoch }) => epoch);
    const final = deployments(versions, sides[0]).at(-1)?.object;
    const counts = sides.map((side) => deployments(versions, side).at(-1)?.object.spec.replicas);
    return [
      ...wrong,
      ...mixedSlices(versions, name, sides),
      ...(moves.length === switches ? [] : [`${name} was switched ${moves.length} times, and not ${switches}`]),
      ...(epochs.every((epoch, index) => epoch >= (epochs[index - 1] ?? 0)) ? [] : [`the epoch of ${name} fell`]),
      ...(epochs.at(-1) === switches ? [] : [`the epoch of ${name} is ${epochs.at(-1)} after ${switches} switches`]),
      ...(final && annotations(final)[FENCED_REPLICAS] !== undefined ? [`${sides[0]} still has its annotation`] : []),
      ...counts.flatMap((count, index) =>
        count === replicas[index] ? [] : [`${sides[index]} ends with ${count} replicas, and not ${replicas[index]}`],
      ),
    ];
  };

/** Pods with the label app that are there in that version of everything. */
function podsAt(versions: readonly Version[], app: string, at: number): string[] {
  const there = new Set<string>();
  for (const { kind, version, name, object, isGone } of versions) {
    if (version > at || kind !== 'pods' || object.metadata.labels?.['app'] !== app) continue;
    if (isGone) there.delete(name);
    else there.add(name);
  }
  return [...there];
}

interface Slice {
  readonly endpoints?: readonly { readonly targetRef?: { readonly name: string } }[];
}

function mixedSlices(versions: readonly Version[], name: string, sides: readonly string[]): string[] {
  const apps = new Map(of(versions, 'pods').map((pod) => [pod.name, pod.object.metadata.labels?.['app']]));
  return of(versions, 'endpointslices').flatMap(({ object, version }) => {
    if (object.metadata.labels?.['kubernetes.io/service-name'] !== name) return [];
    const behind = ((object as unknown as Slice).endpoints ?? []).map(({ targetRef }) =>
      apps.get(targetRef?.name ?? ''),
    );
    const both = sides.every((side) => behind.includes(side));
    return both ? [`${name} had endpoints of both sides in version ${version}`] : [];
  });
}

/** While the annotation is there it says what the workload had, and the status says the same; at the end it is gone and the replicas are back. */
export const givenBack =
  (name: string, replicas: number, annotation: string): Law =>
  ({ versions }) => {
    const seen = deployments(versions, name);
    const wrong = changes(seen.map(({ version, object }) => ({ version, value: annotations(object)[annotation] })))
      .filter(({ value }) => value !== undefined && value !== String(replicas))
      .map(({ version, value }) => `${annotation} of ${name} is ${value}, and not ${replicas}, in version ${version}`);
    const told = of(versions, 'orchestratedservices', name).flatMap(({ object, version }) => {
      const { status } = object as unknown as OrchestratedService;
      const counts = [status?.startup?.replicas, status?.halt?.originalReplicas];
      return counts.some((count) => count !== undefined && count !== replicas)
        ? [
            `the status of ${name} tells of ${counts.join(' and ')} replicas, and not ${replicas}, in version ${version}`,
          ]
        : [];
    });
    const last = seen.at(-1)?.object;
    const count = last?.spec.replicas;
    return [
      ...wrong,
      ...told.slice(0, 1),
      ...(count === replicas ? [] : [`${name} ends with ${count} replicas, and not ${replicas}`]),
      ...(last && annotations(last)[annotation] !== undefined ? [`${name} still has ${annotation}`] : []),
    ];
  };

/** It was taken from its replicas once at most, and got them back in one step. */
export const movedOnce =
  (name: string): Law =>
  ({ versions, isHurried }) => {
    const moves = replicaChanges(versions, name).map(({ value }) => value);
    return isHurried || moves.length <= 2 ? [] : [`the replicas of ${name} went to ${moves.join(', ')}`];
  };

/** Nobody was raised from zero before what it needs had had as many ready pods as it should. */
export const raisedInOrder =
  (name: string, needs: Readonly<Record<string, number>>): Law =>
  ({ versions }) =>
    replicaChanges(versions, name)
      .filter(({ value }) => value > 0)
      .flatMap(({ version }) =>
        Object.entries(needs)
          .filter(([other, count]) => mostReady(versions, other, version) < count)
          .map(([other]) => `${name} was raised in version ${version} before ${other} had been ready`),
      );

function mostReady(versions: readonly Version[], app: string, until: number): number {
  const ready = new Set<string>();
  let most = 0;
  for (const { kind, version, name, object, isGone } of versions) {
    if (version > until || kind !== 'pods' || object.metadata.labels?.['app'] !== app) continue;
    const { conditions = [] } = object['status'] as { conditions?: { type: string; status: string }[] };
    if (!isGone && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) ready.add(name);
    else ready.delete(name);
    most = Math.max(most, ready.size);
  }
  return most;
}

/** The first went to zero before the second did, unless that was refused: an emergency does not wait for who cannot be stopped. */
export const stoppedInOrder =
  (first: string, second: string): Law =>
  ({ versions, refused }) => {
    if (refused.some((path) => path.endsWith(`/deployments/${first}`))) return [];
    const [a, b] = [first, second].map(
      (name) => replicaChanges(versions, name).find(({ value }) => value === 0)?.version,
    );
    return b === undefined || (a !== undefined && a < b)
      ? []
      : [`${second} was stopped before ${first}, which needs it`];
  };
