import type { Discovery } from './discovery.ts';
import { ApiError } from './errors.ts';
import { outcomeOf, type WriteOutcome } from './outcome.ts';
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

export interface ReplicasChange {
  /** What the workload must ask for now: anything else means that somebody was faster. */
  readonly from: number;
  readonly to: number;
  /** Annotations of the workload, written with the replicas; kinds that are written through their scale carry none. */
  readonly stamp: Readonly<Record<string, string>>;
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
  readonly #assertLeads: () => void;

  /** `assertLeads` throws when this replica does not lead any more; it is asked right before each write. */
  constructor(rest: RestClient, discovery: Pick<Discovery, 'resolveScaleTarget'>, assertLeads: () => void) {
    this.#rest = rest;
    this.#discovery = discovery;
    this.#assertLeads = assertLeads;
  }

  /** Rejects with ApiError where trying again may help. */
  async write(reference: ReplicasReference, change: ReplicasChange, signal: AbortSignal): Promise<WriteOutcome> {
    const target = await this.#targetOf(reference);
    if (target === undefined) return { kind: 'gone' };
    const options = { signal, timeoutMs: TIMEOUT_MS };
    let verb = 'get';
    try {
      const live = await this.#rest.get<Live>(target, options);
      const { uid, resourceVersion, deletionTimestamp } = live.metadata;
      if (uid !== reference.uid || deletionTimestamp !== undefined) return { kind: 'gone' };
      if (replicasOf(live, target) !== change.from) return { kind: 'conflict' };
      this.#assertLeads();
      const query = { fieldManager: MANAGER };
      const { to, stamp } = change;
      const isScale = target.subresource !== undefined;
      verb = isScale ? 'update' : 'patch';
      const written = isScale
        ? await this.#rest.update<KubeObject>(target, { ...live, spec: { replicas: to } }, { ...options, query })
        : await this.#rest.patch<KubeObject>(
            target,
            'merge',
            { metadata: { resourceVersion, annotations: stamp }, spec: { replicas: to } },
            { ...options, query },
          );
      return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
    } catch (error) {
      return outcomeOf(error, verb, target);
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
