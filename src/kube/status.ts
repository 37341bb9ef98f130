import { ApiError } from './errors.ts';
import type { KubeObject, Resource } from './resource.ts';
import type { RestClient } from './rest.ts';

/** The object whose status is written: this very one (uid), as it was read (resourceVersion). */
export interface StatusReference {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type StatusOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' };

const QUERY = { fieldManager: 'baton' };

/**
 * Writes the status subresource with a JSON merge patch that holds only for this uid and resourceVersion: another object of that name, or a
 * write by somebody else, makes it a conflict and never a mixture. Rejects with ApiError for everything else.
 */
export async function writeStatus(
  rest: RestClient,
  resource: Resource,
  reference: StatusReference,
  status: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const { namespace, name, uid, resourceVersion } = reference;
  const target = { ...resource, namespace, name, subresource: 'status' };
  try {
    const body = { metadata: { uid, resourceVersion }, status };
    const written = await rest.patch<KubeObject>(target, 'merge', body, { signal, query: QUERY });
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return { kind: 'conflict' };
    if (error instanceof ApiError && error.status === 404) return { kind: 'gone' };
    throw error;
  }
}
