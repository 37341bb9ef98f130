import type { FailoverPort } from './ports.ts';

type Ask = Parameters<FailoverPort['mayDo']>[0];

/** A permission is seldom taken away, and what is tried without one is refused with its name. */
const GRANTED_MS = 300_000;
/** One that is missing may be granted by somebody who reads what is missing. */
const MISSING_MS = 4_000;

/** What Baton may do, by namespace: asked for once for all services there. */
export class Grants {
  readonly #mayDo: FailoverPort['mayDo'];
  readonly #monotonic: () => number;
  readonly #known = new Map<string, { readonly until: number; readonly answer: boolean }>();

  constructor(mayDo: FailoverPort['mayDo'], monotonic: () => number) {
    this.#mayDo = mayDo;
    this.#monotonic = monotonic;
  }

  /** Rejects where nobody answers, and then it is asked for again. */
  async mayDo(ask: Ask, signal: AbortSignal): Promise<boolean> {
    const key = [ask.namespace, ask.verb, ask.group, ask.resource].join('/');
    const known = this.#known.get(key);
    if (known && this.#monotonic() < known.until) return known.answer;
    const answer = await this.#mayDo(ask, signal);
    const until = this.#monotonic() + (answer ? GRANTED_MS : MISSING_MS);
    this.#known.set(key, { until, answer });
    return answer;
  }
}
