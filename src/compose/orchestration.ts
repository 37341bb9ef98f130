import { GROUP, ORCHESTRATION_NAME, VERSION } from '../api/kinds.ts';
import {
  OrchestrationReconciler,
  type OrchestrationReconcilerOptions,
} from '../controllers/orchestration/reconciler.ts';
import type { Reference } from '../controllers/ports.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { RestClient } from '../kube/rest.ts';
import { RESOURCES } from './caches.ts';

interface Options extends Omit<OrchestrationReconcilerOptions, 'create'> {
  /** Writes for a leader only. */
  readonly leading: RestClient;
}

/** The state of the whole, with the API server behind it. */
export function createOrchestration({ leading, ...options }: Options): OrchestrationReconciler {
  return new OrchestrationReconciler({ ...options, create: (signal) => create(leading, signal) });
}

/** Orchestration/default, where there is none; undefined where somebody was faster. */
async function create(rest: RestClient, signal: AbortSignal): Promise<Reference | undefined> {
  const body = {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'Orchestration',
    metadata: { name: ORCHESTRATION_NAME },
    spec: {},
  };
  try {
    const { metadata } = await rest.create<KubeObject>(RESOURCES.Orchestration, body, { signal });
    const { name, uid, resourceVersion } = metadata;
    return { kind: 'Orchestration', namespace: undefined, name, uid, resourceVersion };
  } catch (error) {
    if (error instanceof ApiError && error.conflict) return undefined;
    throw error;
  }
}
