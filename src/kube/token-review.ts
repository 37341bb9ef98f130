import type { RestClient } from './rest.ts';

const TOKEN_REVIEWS = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' };

/** What the API server says of a bearer token. */
export interface TokenVerdict {
  readonly authenticated: boolean;
  readonly username?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly error?: string | undefined;
}

interface TokenReview {
  status?: {
    authenticated?: boolean;
    error?: string;
    user?: { username?: string; extra?: Record<string, string[]> };
  };
}

/**
 * Asks the API server whose token this is. A token for the audience `audience` is taken, and one for the API server itself, which every pod has
 * without asking for it. Rejects with ApiError when the API server cannot be asked.
 */
export async function reviewToken(
  rest: RestClient,
  token: string,
  audience: string,
  signal: AbortSignal,
): Promise<TokenVerdict> {
  const ours = await review(rest, { token, audiences: [audience] }, signal);
  return ours.authenticated ? ours : review(rest, { token }, signal);
}

async function review(rest: RestClient, spec: object, signal: AbortSignal): Promise<TokenVerdict> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
  const { status } = await rest.create<TokenReview>(TOKEN_REVIEWS, body, { signal });
  return {
    authenticated: status?.authenticated === true,
    username: status?.user?.username,
    extra: status?.user?.extra,
    error: status?.error,
  };
}
