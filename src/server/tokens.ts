import { createHash } from 'node:crypto';
import type { Clock, TokenVerdict } from './api.ts';

/** A token that was revoked, or whose pod is gone, is accepted for at most this long. */
const ACCEPTED_MS = 60_000;
const REFUSED_MS = 10_000;
const REMEMBERED = 10_000;
/** TokenReviews under way at once: strangers with made-up tokens must not become load on the API server. */
const AT_ONCE = 32;
const TOKEN_LIMIT = 8192;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Too many reviews are under way. */
export class TooManyReviews extends Error {
  override readonly name = 'TooManyReviews';
}

export interface TokensOptions {
  readonly clock: Clock;
  readonly review: (token: string, signal: AbortSignal) => Promise<TokenVerdict>;
  readonly timeoutMs?: number;
}

/**
 * TokenReviews, remembered by the hash of the token so that a thousand heartbeats a second are a few reviews, and no token stays in
 * memory. Several requests with one token wait for one review. Rejects when the API server cannot be asked; that is not remembered.
 */
export function createTokens(options: TokensOptions): (token: string) => Promise<TokenVerdict> {
  const { clock, review, timeoutMs = 5000 } = options;
  const verdicts = new Map<string, { verdict: TokenVerdict; until: number }>();
  const pending = new Map<string, Promise<TokenVerdict>>();

  function remember(hash: string, verdict: TokenVerdict): void {
    const [oldest] = verdicts.keys();
    if (verdicts.size >= REMEMBERED && oldest !== undefined) verdicts.delete(oldest);
    verdicts.delete(hash);
    verdicts.set(hash, { verdict, until: clock.monotonic() + (verdict.authenticated ? ACCEPTED_MS : REFUSED_MS) });
  }

  async function ask(hash: string, token: string): Promise<TokenVerdict> {
    const controller = new AbortController();
    const timer = clock.setTimeout(
      () => controller.abort(new Error('the API server did not answer in time')),
      timeoutMs,
    );
    try {
      const verdict = await review(token, controller.signal);
      remember(hash, verdict);
      return verdict;
    } finally {
      timer.cancel();
      pending.delete(hash);
    }
  }

  return async (token) => {
    if (token.length > TOKEN_LIMIT || !JWT.test(token))
      return { authenticated: false, error: 'this is no ServiceAccount token' };
    const hash = createHash('sha256').update(token).digest('base64');
    const known = verdicts.get(hash);
    if (known !== undefined && known.until > clock.monotonic()) return known.verdict;
    const underWay = pending.get(hash);
    if (underWay !== undefined) return underWay;
    if (pending.size >= AT_ONCE) throw new TooManyReviews('too many tokens are being checked');
    const asked = ask(hash, token);
    pending.set(hash, asked);
    return asked;
  };
}
