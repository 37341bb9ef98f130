import type { Discovery } from './discovery.ts';
import { ApiError } from './errors.ts';
import { type Forbidden, outcomeOf, unread, type WriteOutcome } from './outcome.ts';
import type { KubeObject, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

/** The workload whose replicas are meant: this very one (uid). */
export interface ReplicasReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A workload as it was read just now. */
export interface LiveReplicas {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly terminating: boolean;
  readonly replicas: number;
  /** Of the workload; none where only its scale is read. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ReplicasChange {
  readonly to: number;
  /**
   * Annotations of the workload, written with the replicas; null takes one away. Kinds that are written through their scale carry none.
   */
  readonly annotations: Readonly<Record<string, string | null>>;
  /** The annotations go before the replicas, and are taken away after them, where both cannot be in one write. */
  readonly isRemembered?: boolean | undefined;
}

/** Who last wrote spec.replicas, as the API server's bookkeeping has it. */
export interface ReplicasOwner {
  readonly replicas: number;
  readonly manager: string | undefined;
  readonly resourceVersion: string;
}

interface ManagedField {
  readonly manager?: string;
  readonly time?: string;
  readonly fieldsV1?: { readonly 'f:spec'?: { readonly 'f:replicas'?: unknown } };
}

interface Live extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly managedFields?: readonly ManagedField[] };
  readonly spec?: { readonly replicas?: number };
}

const MANAGER = 'baton';
const TIMEOUT_MS = 5_000;
const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  ReplicaSet: 'replicasets',
};

/**
 * The one place that writes the replicas of workloads. Deployments, StatefulSets and ReplicaSets get one merge patch with the replicas and
 * the stamp, on condition of the version that was just read; other kinds their scale subresource, which carries no stamp.
 */
export class ReplicasWriter {
  readonly #rest: RestClient;
  readonly #discovery: Pick<Discovery, 'resolveScaleTarget'>;

  constructor(rest: RestClient, discovery: Pick<Discovery, 'resolveScaleTarget'>) {
    this.#rest = rest;
    this.#discovery = discovery;
  }

  /** The workload as the API server has it now; undefined when it is gone. Rejects with ApiError where trying again may help. */
  async read(reference: ReplicasReference, signal: AbortSignal): Promise<LiveReplicas | Forbidden | undefined> {
    const target = await this.#targetOf(reference);
    if (target === undefined) return undefined;
    try {
      const live = await this.#rest.get<Live>(target, { signal, timeoutMs: TIMEOUT_MS });
      const { uid, resourceVersion, deletionTimestamp, annotations = {} } = live.metadata;
      const terminating = deletionTimestamp !== undefined;
      return { uid, resourceVersion, terminating, replicas: replicasOf(live, target), annotations };
    } catch (error) {
      return unread(error, target);
    }
  }

  /** On condition that the workload is still at the version that was read. Rejects with ApiError where trying again may help. */
  async write(
    reference: ReplicasReference,
    live: Pick<LiveReplicas, 'resourceVersion' | 'replicas'>,
    change: ReplicasChange,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const target = await this.#targetOf(reference);
    if (target === undefined) return { kind: 'gone' };
    const { to, annotations, isRemembered = false } = change;
    if (target.subresource === undefined || !isRemembered)
      return this.#writeOnce(reference, target, live, change, signal);
    const isForgotten = Object.values(annotations).every((value) => value === null);
    const steps = [
      (version: string) => this.#annotate(target, version, annotations, signal),
      (resourceVersion: string): Promise<WriteOutcome> =>
        live.replicas === to
          ? Promise.resolve({ kind: 'written', resourceVersion })
          : this.#writeOnce(reference, target, { resourceVersion }, change, signal),
    ];
    let outcome: WriteOutcome = { kind: 'written', resourceVersion: live.resourceVersion };
    for (const step of isForgotten ? steps.toReversed() : steps) {
      outcome = await step(outcome.resourceVersion);
      if (outcome.kind !== 'written') return outcome;
    }
    return outcome;
  }

  async #annotate(
    target: Target,
    resourceVersion: string,
    annotations: ReplicasChange['annotations'],
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const whole: Target = { ...target, subresource: undefined };
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: MANAGER } };
    try {
      const body = { metadata: { resourceVersion, annotations } };
      const written = await this.#rest.patch<KubeObject>(whole, 'merge', body, options);
      return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
    } catch (error) {
      return outcomeOf(error, 'patch', whole);
    }
  }

  async #writeOnce(
    reference: ReplicasReference,
    target: Target,
    { resourceVersion }: Pick<LiveReplicas, 'resourceVersion'>,
    { to, annotations }: ReplicasChange,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: MANAGER } };
    const isScale = target.subresource !== undefined;
    const { namespace, name, uid } = reference;
    const spec = { replicas: to };
    try {
      const written = isScale
        ? await this.#rest.update<KubeObject>(
            target,
            { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { namespace, name, uid, resourceVersion }, spec },
            options,
          )
        : await this.#rest.patch<KubeObject>(
            target,
            'merge',
            { metadata: { resourceVersion, annotations }, spec },
            options,
          );
      return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
    } catch (error) {
      return outcomeOf(error, isScale ? 'update' : 'patch', target);
    }
  }

  /** Undefined where the workload is gone, or is of a kind whose scale tells no owner. */
  async owner(reference: ReplicasReference, signal: AbortSignal): Promise<ReplicasOwner | undefined> {
    const target = await this.#targetOf(reference);
    if (target === undefined) return undefined;
    const whole: Target = { ...target, subresource: undefined };
    try {
      const live = await this.#rest.get<Live>(whole, { signal, timeoutMs: TIMEOUT_MS });
      if (live.metadata.uid !== reference.uid) return undefined;
      const { resourceVersion, managedFields = [] } = live.metadata;
      const owners = managedFields.filter(({ fieldsV1 }) => fieldsV1?.['f:spec']?.['f:replicas'] !== undefined);
      const last = owners.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1)).at(-1);
      return { replicas: replicasOf(live, whole), manager: last?.manager, resourceVersion };
    } catch (error) {
      if (error instanceof ApiError && (error.notFound || error.status === 403)) return undefined;
      throw error;
    }
  }

  async #targetOf({ apiVersion, kind, namespace, name }: ReplicasReference): Promise<Target | undefined> {
    const plural = apiVersion === 'apps/v1' ? RESOURCES[kind] : undefined;
    if (plural !== undefined) return { group: 'apps', version: 'v1', plural, namespace, name };
    const found = await this.#discovery.resolveScaleTarget(apiVersion, kind);
    if (!found?.hasScale) return undefined;
    const { group, version } = found;
    return { group, version, plural: found.plural, namespace, name, subresource: 'scale' };
  }
}

/** A Deployment that leaves out its replicas asks for one; a scale that does, for none. */
const replicasOf = ({ spec }: Live, { subresource }: Target): number =>
  spec?.replicas ?? (subresource === undefined ? 1 : 0);
