import { ApiError } from './errors.ts';
import { resourceName, type Target } from './resource.ts';

/** What became of a write that decides the replicas of a workload. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  /** Somebody wrote in between. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  /** The API server, or an admission policy or webhook, refused. */
  | { readonly kind: 'refused'; readonly message: string }
  | Forbidden;

export interface Forbidden {
  readonly kind: 'forbidden';
  readonly verb: string;
  readonly resource: string;
}

/** What an error says of the write that ended with it; throws it again where trying again may help. */
export function outcomeOf(error: unknown, verb: string, target: Target): Exclude<WriteOutcome, { kind: 'written' }> {
  if (!(error instanceof ApiError)) throw error;
  if (error.conflict) return { kind: 'conflict' };
  if (error.notFound) return { kind: 'gone' };
  if (isForbidden(error)) return forbidden(verb, target);
  if (error.status >= 400 && error.status < 500 && error.status !== 429) {
    return { kind: 'refused', message: error.message.slice(0, 512).toWellFormed() };
  }
  throw error;
}

/** An admission webhook may answer 403 too; RBAC's refusal names what the user cannot do. */
const isForbidden = ({ status, message }: ApiError): boolean => status === 403 && /cannot \w+ resource/.test(message);

/** In the words of RBAC rules. */
export const forbidden = (verb: string, target: Target): Forbidden => ({
  kind: 'forbidden',
  verb,
  resource: `${resourceName(target)}${target.subresource ? `/${target.subresource}` : ''}`,
});

/** What an error says of a read that ended with it: undefined when there is no such thing. Throws it again where trying again may help. */
export function unread(error: unknown, target: Target): Forbidden | undefined {
  if (error instanceof ApiError && error.notFound) return undefined;
  if (error instanceof ApiError && error.status === 403) return forbidden('get', target);
  throw error;
}
