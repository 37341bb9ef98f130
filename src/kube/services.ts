import type { OrchestratedService } from '../api/kinds.ts';
import { ApiError } from './errors.ts';
import { unread } from './outcome.ts';
import type { KubeObject, Resource } from './resource.ts';
import type { RestClient } from './rest.ts';
import type { StatusOutcome, StatusReference } from './status.ts';

const TIMEOUT_MS = 5_000;

interface Reference {
  readonly namespace: string;
  readonly name: string;
}

/** The OrchestratedService as the API server has it now; undefined when it is gone. Rejects where it cannot be told. */
export async function readService(
  rest: RestClient,
  resource: Resource,
  { namespace, name }: Reference,
  signal: AbortSignal,
): Promise<OrchestratedService | undefined> {
  const target = { ...resource, namespace, name };
  try {
    return await rest.get<OrchestratedService>(target, { signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (unread(error, target) === undefined) return undefined;
    throw error;
  }
}

/** Replaces the finalizers, on condition of that version. */
export async function writeFinalizers(
  rest: RestClient,
  resource: Resource,
  { namespace, name, uid, resourceVersion }: StatusReference,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const target = { ...resource, namespace, name };
  const metadata = { uid, resourceVersion, finalizers };
  try {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: 'baton' } };
    const written = await rest.patch<KubeObject>(target, 'merge', { metadata }, options);
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.conflict) return { kind: 'conflict' };
    if (error.notFound) return { kind: 'gone' };
    throw error;
  }
}
