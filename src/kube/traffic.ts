import { FAILOVER_EPOCH } from '../api/annotations.ts';
import { ApiError } from './errors.ts';
import { type Forbidden, forbidden, outcomeOf, unread, type WriteOutcome } from './outcome.ts';
import type { KubeObject, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

const SERVICES = { group: '', version: 'v1', plural: 'services' };
const ENDPOINT_SLICES = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };
const PODS = { group: '', version: 'v1', plural: 'pods' };
const ACCESS_REVIEWS = { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' };
const TIMEOUT_MS = 5_000;
const PAGE = 500;

type Labels = Readonly<Record<string, string>>;

/** A Service of Kubernetes as it was read just now. */
interface LiveTraffic {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly terminating: boolean;
  readonly selector: Labels | undefined;
  readonly epoch: number;
}

interface RawService extends KubeObject {
  readonly spec?: { readonly selector?: Labels };
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** The Service as the API server has it now; undefined when there is none. Rejects with ApiError where trying again may help. */
export async function readTraffic(
  rest: RestClient,
  { namespace, name }: Named,
  signal: AbortSignal,
): Promise<LiveTraffic | Forbidden | undefined> {
  const target = { ...SERVICES, namespace, name };
  try {
    const { metadata, spec } = await rest.get<RawService>(target, { signal, timeoutMs: TIMEOUT_MS });
    const { uid, resourceVersion, deletionTimestamp, annotations } = metadata;
    const epoch = Number(annotations?.[FAILOVER_EPOCH] ?? 0);
    return {
      uid,
      resourceVersion,
      terminating: deletionTimestamp !== undefined,
      selector: spec?.selector && Object.keys(spec.selector).length > 0 ? spec.selector : undefined,
      epoch: Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0,
    };
  } catch (error) {
    return unread(error, target);
  }
}

/** Replaces the selector, on condition of that version, and leaves the epoch in an annotation of the same write. */
export async function writeSelector(
  rest: RestClient,
  { namespace, name, uid, resourceVersion, selector: before = {} }: Named & LiveTraffic,
  { to, epoch }: { readonly to: Labels; readonly epoch: number },
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const target = { ...SERVICES, namespace, name };
  // In a merge patch what is to go is null.
  const selector = { ...Object.fromEntries(Object.keys(before).map((key) => [key, null])), ...to };
  const metadata = { uid, resourceVersion, annotations: { [FAILOVER_EPOCH]: String(epoch) } };
  try {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: 'baton' } };
    const written = await rest.patch<KubeObject>(target, 'merge', { metadata, spec: { selector } }, options);
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    return outcomeOf(error, 'patch', target);
  }
}

interface EndpointSlices {
  readonly items?: readonly {
    /** Null where there are none. */
    readonly endpoints?:
      | readonly {
          readonly conditions?: { readonly ready?: boolean };
          readonly targetRef?: { readonly kind?: string; readonly name?: string };
        }[]
      | null;
  }[];
}

export interface Endpoint {
  /** Undefined where it is no pod. */
  readonly pod: string | undefined;
  readonly ready: boolean;
}

/** The endpoints of a Service as the API server has them now. */
export async function readEndpoints(
  rest: RestClient,
  { namespace, name }: Named,
  signal: AbortSignal,
): Promise<readonly Endpoint[] | Forbidden> {
  const query = { labelSelector: `kubernetes.io/service-name=${name}` };
  return list(ENDPOINT_SLICES, namespace, async (target) => {
    const { items = [] } = await rest.get<EndpointSlices>(target, { signal, timeoutMs: TIMEOUT_MS, query });
    return items.flatMap(({ endpoints }) =>
      (endpoints ?? []).map(({ conditions, targetRef }) => ({
        pod: targetRef?.kind === 'Pod' ? targetRef.name : undefined,
        // Absent is to be taken for true.
        ready: conditions?.ready !== false,
      })),
    );
  });
}

interface Pods {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status?: { readonly phase?: string };
  }[];
}

/**
 * Names of pods that match and are still there, as the API server has them now. One that terminates is, whatever its phase says: that may be
 * written for a node that is lost. One that has ended and is only kept is not.
 */
export async function readPods(
  rest: RestClient,
  { namespace, selector }: { readonly namespace: string; readonly selector: string },
  signal: AbortSignal,
): Promise<readonly string[] | Forbidden> {
  return list(PODS, namespace, async (target) => {
    let page: string | undefined;
    do {
      const query: Record<string, string | undefined> = {
        labelSelector: selector,
        limit: String(PAGE),
        continue: page,
      };
      const { items = [], metadata }: Pods = await rest.get<Pods>(target, { signal, timeoutMs: TIMEOUT_MS, query });
      const there = items.filter(({ metadata: { deletionTimestamp }, status }) => {
        return deletionTimestamp !== undefined || !/^(Succeeded|Failed)$/.test(status?.phase ?? '');
      });
      // One is enough to know that not all are gone.
      if (there.length > 0) return there.map(({ metadata: { name } }) => name);
      page = metadata?.continue || undefined;
    } while (page !== undefined);
    return [];
  });
}

async function list<T>(
  resource: { readonly group: string; readonly version: string; readonly plural: string },
  namespace: string,
  read: (target: Target) => Promise<readonly T[]>,
): Promise<readonly T[] | Forbidden> {
  const target = { ...resource, namespace };
  try {
    return await read(target);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return forbidden('list', target);
    throw error;
  }
}

const WORKLOADS: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  ReplicaSet: 'replicasets',
};

interface RawWorkload extends KubeObject {
  readonly spec?: { readonly template?: { readonly metadata?: { readonly labels?: Labels } } };
}

export interface WorkloadLabels {
  /** Of the pods that it makes. */
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** What the labels of its next pods will be; undefined where there is no such workload, or its kind does not tell. */
export async function readWorkloadLabels(
  rest: RestClient,
  { apiVersion, kind, namespace, name }: Named & { readonly apiVersion: string; readonly kind: string },
  signal: AbortSignal,
): Promise<WorkloadLabels | undefined> {
  const plural = apiVersion === 'apps/v1' ? WORKLOADS[kind] : undefined;
  if (plural === undefined) return undefined;
  const target = { group: 'apps', version: 'v1', plural, namespace, name };
  try {
    const { metadata, spec } = await rest.get<RawWorkload>(target, { signal, timeoutMs: TIMEOUT_MS });
    return { labels: spec?.template?.metadata?.labels ?? {}, annotations: metadata.annotations ?? {} };
  } catch (error) {
    if (error instanceof ApiError && (error.notFound || error.status === 403)) return undefined;
    throw error;
  }
}

/** Whether Baton itself may do that in the namespace. Where nobody says, it is tried when it is needed. */
export async function mayDo(
  rest: RestClient,
  ask: { readonly namespace: string; readonly verb: string; readonly group: string; readonly resource: string },
  signal: AbortSignal,
): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: ask },
  };
  try {
    const { status } = await rest.create<{ status?: { allowed?: boolean } }>(ACCESS_REVIEWS, body, {
      signal,
      timeoutMs: TIMEOUT_MS,
    });
    return status?.allowed !== false;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return true;
    throw error;
  }
}
