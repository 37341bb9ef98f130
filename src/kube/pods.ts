import { ApiError } from './errors.ts';
import { type Forbidden, forbidden, outcomeOf, unread, type WriteOutcome } from './outcome.ts';
import type { RestClient } from './rest.ts';

const PODS = { group: '', version: 'v1', plural: 'pods' };
const TIMEOUT_MS = 5_000;

interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The pod as the API server has it now; undefined when it is gone. */
export async function readPod(
  rest: RestClient,
  { namespace, name }: PodReference,
  signal: AbortSignal,
): Promise<{ readonly pod: unknown } | Forbidden | undefined> {
  const target = { ...PODS, namespace, name };
  try {
    return { pod: await rest.get<unknown>(target, { signal, timeoutMs: TIMEOUT_MS }) };
  } catch (error) {
    return unread(error, target);
  }
}

/**
 * Asks for the eviction of this very pod. A PodDisruptionBudget that does not allow it answers 429, two budgets for one pod 500: that is an
 * answer and no reason to ask again.
 */
export async function evict(
  rest: RestClient,
  { namespace, name, uid }: PodReference,
  signal: AbortSignal,
): Promise<WriteOutcome | { readonly kind: 'blocked'; readonly message: string }> {
  const target = { ...PODS, namespace, name, subresource: 'eviction' };
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { namespace, name },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await rest.create(target, body, { signal, timeoutMs: TIMEOUT_MS, attempts: 1 });
    return { kind: 'written', resourceVersion: '' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // 429 comes from the flow control of the API server too, but without a cause.
    const isBudget = error.details?.causes?.some(({ reason }) => reason === 'DisruptionBudget') === true;
    if (isBudget || (error.status === 500 && /more than one PodDisruptionBudget/.test(error.message)))
      return { kind: 'blocked', message: error.message.slice(0, 512).toWellFormed() };
    if (error.status === 403 && /cannot create resource/.test(error.message)) return forbidden('create', target);
    return outcomeOf(error, 'create', target);
  }
}
