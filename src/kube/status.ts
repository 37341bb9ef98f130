import { isDeepStrictEqual } from 'node:util';
import { ApiError } from './errors.ts';
import type { KubeObject, Resource, Target } from './resource.ts';
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
/** What was written is known; sending it back is a part of what a write costs the API server, and reading it of what it costs us. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.9';

/**
 * Replaces the status subresource on condition of uid and resourceVersion: another object of that name, or a write by somebody else, makes
 * it a conflict and never a mixture. The API server takes nothing but the status from it. It is an update and not a patch because that
 * costs the API server an eighth less. Rejects with ApiError for everything else.
 */
export async function writeStatus(
  rest: RestClient,
  resource: Resource & { readonly kind: string },
  reference: StatusReference,
  status: object,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const { namespace, name, uid, resourceVersion } = reference;
  const target = { ...resource, namespace, name, subresource: 'status' };
  try {
    const apiVersion = `${resource.group}/${resource.version}`;
    const body = { apiVersion, kind: resource.kind, metadata: { namespace, name, uid, resourceVersion }, status };
    const written = await rest.update<KubeObject>(target, body, { signal, query: QUERY, accept: METADATA_ONLY });
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.conflict) return error.afterUnanswered ? await ownConflict(rest, target, uid, status, signal) : CONFLICT;
    if (error.notFound) return { kind: 'gone' };
    throw error;
  }
}

const CONFLICT: StatusOutcome = { kind: 'conflict' };

interface WithStatus extends KubeObject {
  readonly status?: { readonly observedGeneration?: number };
}

/** The conflict may be with our own first attempt, which had no answer: then the status is there, and so is the generation that it tells of. */
async function ownConflict(
  rest: RestClient,
  target: Target,
  uid: string,
  status: object,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const { metadata, status: found } = await rest.get<WithStatus>(target, { signal });
  const landed =
    metadata.uid === uid &&
    found?.observedGeneration === metadata.generation &&
    isDeepStrictEqual(found, JSON.parse(JSON.stringify(status)));
  return landed ? { kind: 'written', resourceVersion: metadata.resourceVersion } : CONFLICT;
}
