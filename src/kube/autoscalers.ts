import { ApiError } from './errors.ts';
import type { KubeObject } from './resource.ts';
import type { ReplicasOutcome } from './replicas.ts';
import type { RestClient } from './rest.ts';

const HPAS = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' };
const SCALED_OBJECTS = { group: 'keda.sh', version: 'v1alpha1', plural: 'scaledobjects' };
const TIMEOUT_MS = 5_000;

/** Moves minReplicas and maxReplicas of a HorizontalPodAutoscaler, on condition of the version that they were decided on. */
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
): Promise<ReplicasOutcome> {
  const { namespace, name, uid, resourceVersion } = reference;
  const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: 'baton' } };
  try {
    const body = { metadata: { uid, resourceVersion }, spec: bounds };
    const written = await rest.patch<KubeObject>({ ...HPAS, namespace, name }, 'merge', body, options);
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.conflict) return { kind: 'conflict' };
    if (error.notFound) return { kind: 'gone' };
    if (error.status === 403) {
      return { kind: 'forbidden', verb: 'patch', resource: 'horizontalpodautoscalers.autoscaling' };
    }
    if (error.status < 500 && error.status >= 400 && error.status !== 429) {
      return { kind: 'refused', message: error.message.slice(0, 512).toWellFormed() };
    }
    throw error;
  }
}

interface ScaledObjects {
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
  }[];
}

/**
 * The name of the KEDA ScaledObject that scales the workload; undefined where there is none, or no KEDA. It is asked for live, before a
 * write: a ScaledObject that sleeps has a HorizontalPodAutoscaler too, and that is watched, but a paused one has none.
 */
export async function scaledObjectOf(
  rest: RestClient,
  { namespace, kind, name }: { readonly namespace: string; readonly kind: string; readonly name: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const list = await rest.get<ScaledObjects>({ ...SCALED_OBJECTS, namespace }, { signal, timeoutMs: TIMEOUT_MS });
    const owner = list.items?.find(({ spec }) => {
      const { kind: ofKind = 'Deployment', name: ofName } = spec?.scaleTargetRef ?? {};
      return ofKind === kind && ofName === name;
    });
    return owner?.metadata.name;
  } catch (error) {
    if (error instanceof ApiError && (error.notFound || error.status === 403)) return undefined;
    throw error;
  }
}
