import { ApiError } from './errors.ts';
import { type Forbidden, forbidden, outcomeOf, unread, type WriteOutcome } from './outcome.ts';
import type { KubeObject } from './resource.ts';
import type { RestClient } from './rest.ts';

const HPAS = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' };
const SCALED_OBJECTS = { group: 'keda.sh', version: 'v1alpha1', plural: 'scaledobjects' };
const TIMEOUT_MS = 5_000;

interface LiveAutoscaler {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly terminating: boolean;
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

interface RawAutoscaler extends KubeObject {
  readonly spec: { readonly minReplicas?: number; readonly maxReplicas: number };
}

/** The HorizontalPodAutoscaler as the API server has it now; undefined when it is gone. */
export async function readBounds(
  rest: RestClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<LiveAutoscaler | Forbidden | undefined> {
  const target = { ...HPAS, namespace, name };
  try {
    const { metadata, spec } = await rest.get<RawAutoscaler>(target, { signal, timeoutMs: TIMEOUT_MS });
    const { uid, resourceVersion, deletionTimestamp } = metadata;
    // The API server fills in minReplicas, but its type allows it to be absent.
    const { minReplicas = 1, maxReplicas } = spec;
    return { uid, resourceVersion, terminating: deletionTimestamp !== undefined, minReplicas, maxReplicas };
  } catch (error) {
    return unread(error, target);
  }
}

/** Moves minReplicas and maxReplicas of a HorizontalPodAutoscaler, on condition of that version. */
export async function moveBounds(
  rest: RestClient,
  reference: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  },
  bounds: { readonly minReplicas: number; readonly maxReplicas: number },
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { namespace, name, uid, resourceVersion } = reference;
  const target = { ...HPAS, namespace, name };
  try {
    const body = { metadata: { uid, resourceVersion }, spec: bounds };
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: 'baton' } };
    const written = await rest.patch<KubeObject>(target, 'merge', body, options);
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    return outcomeOf(error, 'patch', target);
  }
}

interface ScaledObjects {
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
  }[];
}

/** Whether a KEDA ScaledObject scales a workload; `none` also where there is no KEDA. */
type ScaledObjectAnswer = { readonly kind: 'found'; readonly name: string } | { readonly kind: 'none' } | Forbidden;

/**
 * It is asked for live, before a write: a ScaledObject that sleeps has a HorizontalPodAutoscaler too, and that is watched, but a paused one
 * has none.
 */
export async function scaledObjectOf(
  rest: RestClient,
  { namespace, kind, name }: { readonly namespace: string; readonly kind: string; readonly name: string },
  signal: AbortSignal,
): Promise<ScaledObjectAnswer> {
  const options = { signal, timeoutMs: TIMEOUT_MS };
  try {
    const list = await rest.get<ScaledObjects>({ ...SCALED_OBJECTS, namespace }, options);
    const owner = list.items?.find(({ spec }) => {
      const { kind: ofKind = 'Deployment', name: ofName } = spec?.scaleTargetRef ?? {};
      return ofKind === kind && ofName === name;
    });
    return owner === undefined ? { kind: 'none' } : { kind: 'found', name: owner.metadata.name };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.notFound) return { kind: 'none' };
    if (error.status !== 403) throw error;
    return (await isServed(rest, options)) ? forbidden('list', SCALED_OBJECTS) : { kind: 'none' };
  }
}

/** The API server refuses before it looks whether there is such a resource at all; its discovery is open to every account. */
async function isServed(rest: RestClient, options: { signal: AbortSignal; timeoutMs: number }): Promise<boolean> {
  try {
    await rest.get(`/apis/${SCALED_OBJECTS.group}/${SCALED_OBJECTS.version}`, options);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.notFound) return false;
    if (error.status === 403) return true;
    throw error;
  }
}
