import { backoffDelay } from '../runtime/backoff.ts';
import { sleep, systemClock, type Clock } from '../runtime/clock.ts';
import type { Codec } from './codec.ts';
import type { Connection, Session } from './connection.ts';
import { Fenced, type WriteFence } from './fence.ts';
import { ItemReader } from './items.ts';
import { ApiError, errorOfResponse, errorWithoutResponse } from './errors.ts';
import { pathOf, type Target } from './resource.ts';
import { NoAnswer, send, type StreamConsumer, type WireRequest, type WireResponse } from './transport.ts';

/** `rest_client_*`; `code` is the HTTP status or `<error>`, `verb` the API verb, durations in seconds. */
export interface RestMetrics {
  request(code: string, method: string): void;
  duration(verb: string, seconds: number): void;
  retry(code: string, verb: string): void;
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** For the request with all its retries, milliseconds. Default 15,000. */
  timeoutMs?: number;
  /** Attempts in all; 1 where a 429 is an answer and no delay (an eviction refused by a budget). Default 5. */
  attempts?: number;
  query?: Readonly<Record<string, string | undefined>>;
  /** Which media types the answer may be in. Default: the whole object in JSON. */
  accept?: string;
}

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

export interface ApplyOptions extends RequestOptions {
  fieldManager: string;
  force?: boolean;
}

export interface ListOf<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

export interface RestOptions {
  connection: Connection;
  metrics?: RestMetrics;
  /** For a client that may write only for a time; reads are free. */
  fence?: WriteFence;
  clock?: Clock;
  random?: () => number;
  /** The user as whom requests are made, by impersonation. Default: who the connection is. */
  as?: string;
}

const CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const RETRY = { initialMs: 200, factor: 2, maxMs: 5_000 };

/** Of requests that nobody gives up. */
const NEVER = new AbortController().signal;

interface Call {
  readonly verb: string;
  readonly method: WireRequest['method'];
  readonly target: Target | string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default: JSON. */
  readonly accept?: string;
  readonly read?: (response: WireResponse) => unknown;
  /** Doing it twice is the same as once, so it is repeated also when nobody knows whether the first arrived. */
  readonly idempotent: boolean;
}

/**
 * Requests to the API server. All reject with ApiError. Retried within `timeoutMs`: any request that the server asks to send
 * again (429, or 5xx with Retry-After); those that may be sent twice also after 502, 503, 504 and without an answer; after a
 * 401 the credentials are read again, once.
 */
export class RestClient {
  readonly #options: RestOptions;
  readonly #clock: Clock;
  readonly #headers: WireRequest['headers'];

  constructor(options: RestOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#headers = options.as === undefined ? undefined : { 'impersonate-user': options.as };
  }

  /**
   * The same client, over the same connections, as another user. To a ServiceAccount (`system:serviceaccount:NAMESPACE:NAME`) the API server
   * itself gives the groups of ServiceAccounts where the request names none (kubernetes, apiserver/pkg/endpoints/filters/impersonation).
   */
  as(user: string): RestClient {
    return new RestClient({ ...this.#options, as: user });
  }

  /** A Target, or a path such as `/version`. */
  get<T>(target: Target | string, options?: RequestOptions): Promise<T> {
    return this.#call({ verb: 'get', method: 'GET', target, idempotent: true }, options);
  }

  list<T>(target: Target, codec: Codec<T>, options?: RequestOptions): Promise<ListOf<T>> {
    const { accept } = codec;
    const read = ({ contentType, body }: WireResponse): ListOf<T> => codec.list(contentType, body);
    return this.#call({ verb: 'list', method: 'GET', target, accept, read, idempotent: true }, options);
  }

  create<T>(target: Target, body: unknown, options?: RequestOptions): Promise<T> {
    return this.#call({ verb: 'create', method: 'POST', target, body, idempotent: false }, options);
  }

  /** Replaces the object; with a resourceVersion in `body` only that version. */
  update<T>(target: Target, body: unknown, options?: RequestOptions): Promise<T> {
    return this.#call({ verb: 'update', method: 'PUT', target, body, idempotent: true }, options);
  }

  /**
   * `merge`: RFC 7386, a `metadata.resourceVersion` in it is a precondition. `strategic`: the same with lists that are merged by a key, for
   * kinds of Kubernetes itself. `json`: RFC 6902.
   */
  patch<T>(target: Target, type: Exclude<PatchType, 'apply'>, body: unknown, options?: RequestOptions): Promise<T> {
    const contentType = CONTENT_TYPES[type];
    return this.#call(
      { verb: 'patch', method: 'PATCH', target, body, contentType, idempotent: type === 'merge' },
      options,
    );
  }

  /** Server-side apply. */
  apply<T>(target: Target, body: unknown, { fieldManager, force, ...options }: ApplyOptions): Promise<T> {
    const query = { ...options.query, fieldManager, force: force ? 'true' : undefined };
    const call: Call = {
      verb: 'apply',
      method: 'PATCH',
      target,
      body,
      contentType: CONTENT_TYPES.apply,
      idempotent: true,
    };
    return this.#call(call, { ...options, query });
  }

  delete<T>(target: Target, body?: unknown, options?: RequestOptions): Promise<T> {
    return this.#call({ verb: 'delete', method: 'DELETE', target, body, idempotent: true }, options);
  }

  /**
   * One GET whose body goes to `onChunk` as it arrives (a watch); resolves when the server ends it. No retries but the one
   * after a 401: the caller knows where to resume. Rejects with ApiError when it ends in any other way, and with what `onChunk`
   * threw. `stallMs` is the longest silence.
   */
  async stream(
    target: Target | string,
    query: Readonly<Record<string, string | undefined>>,
    options: { signal: AbortSignal; stallMs: number; accept?: string; onOpen: (contentType: string) => void },
    onChunk: (chunk: Buffer) => void,
  ): Promise<void> {
    const { signal, stallMs, accept, onOpen } = options;
    const wire: WireRequest = {
      method: 'GET',
      path: pathOf(target) + queryString(query),
      accept,
      headers: this.#headers,
      headersTimeoutMs: Math.min(stallMs, 30_000),
      bodyTimeoutMs: stallMs,
      signal,
    };
    let thrown: { error: unknown } | undefined;
    const onData = (chunk: Buffer): void => {
      try {
        onChunk(chunk);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      await this.#exchange('watch', wire, { onOpen, onData });
    } catch (error) {
      throw thrown ? thrown.error : error;
    }
  }

  /** One list, whose items are handed on as they arrive and are not kept. No retries. Rejects as `stream` does, and when the answer is no list. */
  async items(
    target: Target | string,
    onItem: (item: unknown) => void,
    options: { signal: AbortSignal; stallMs: number },
  ): Promise<void> {
    const reader = new ItemReader(onItem);
    await this.stream(target, {}, { ...options, onOpen: () => undefined }, (chunk) => reader.push(chunk));
    reader.end();
  }

  async #call<T>(call: Call, options: RequestOptions = {}): Promise<T> {
    const { timeoutMs = 15_000, attempts = 5, signal = NEVER } = options;
    const started = this.#clock.monotonic();
    const wire: WireRequest = {
      method: call.method,
      path: pathOf(call.target) + queryString(options.query),
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      contentType: call.contentType ?? (call.body === undefined ? undefined : 'application/json'),
      accept: call.accept ?? options.accept,
      headers: this.#headers,
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
      signal,
      fence: call.method === 'GET' ? undefined : this.#options.fence,
    };
    let unanswered = false;
    for (let attempt = 1, left = timeoutMs; ; attempt += 1) {
      try {
        const response = await this.#exchange(call.verb, { ...wire, headersTimeoutMs: left });
        return parse(call, response) as T;
      } catch (error) {
        if (error instanceof ApiError) {
          error.afterUnanswered = unanswered;
          unanswered ||= mayHaveLanded(error);
        }
        left = timeoutMs - (this.#clock.monotonic() - started);
        await this.#beforeRetry(call, error, attempt < attempts ? left : 0, attempt, signal);
        left = timeoutMs - (this.#clock.monotonic() - started);
      }
    }
  }

  /** Waits until the request may be sent again; throws `error` when it may not, or not in time. */
  async #beforeRetry(call: Call, error: unknown, leftMs: number, attempt: number, signal: AbortSignal): Promise<void> {
    if (!(error instanceof ApiError) || signal.aborted || !mayRepeat(call, error)) throw error;
    const delay = error.retryAfterMs ?? backoffDelay(RETRY, attempt, this.#options.random ?? Math.random);
    if (delay >= leftMs) throw error;
    this.#options.metrics?.retry(error.status ? String(error.status) : '<error>', call.verb);
    await sleep(this.#clock, delay, signal);
  }

  /** One exchange, repeated with fresh credentials after a 401. Rejects with ApiError for every answer that is no success. */
  async #exchange(verb: string, wire: WireRequest, consumer?: StreamConsumer): Promise<WireResponse> {
    const name = `${wire.method} ${wire.path.split('?', 1)[0]}`;
    try {
      let session: Session | Promise<Session> = this.#options.connection.session();
      if (session instanceof Promise) session = await session;
      let response = await this.#measured(verb, session, wire, consumer);
      if (response.status === 401) {
        response = await this.#measured(verb, await this.#options.connection.reload(session), wire, consumer);
      }
      if (response.status < 300) return response;
      throw errorOfResponse(name, response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const isGivenUp = wire.signal.aborted || error instanceof NoAnswer || error instanceof Fenced;
      throw errorWithoutResponse(name, error, isGivenUp ? 'Aborted' : 'Unreachable');
    }
  }

  async #measured(verb: string, session: Session, wire: WireRequest, consumer?: StreamConsumer): Promise<WireResponse> {
    const { metrics } = this.#options;
    const started = this.#clock.monotonic();
    let code = '<error>';
    try {
      const response = await send(session, wire, consumer);
      code = String(response.status);
      return response;
    } finally {
      metrics?.request(code, wire.method);
      // A watch lasts as long as it lasts; its duration would drown those of requests.
      if (!consumer) metrics?.duration(verb, (this.#clock.monotonic() - started) / 1_000);
    }
  }
}

function parse(call: Call, response: WireResponse): unknown {
  try {
    return call.read ? call.read(response) : JSON.parse(response.body.toString('utf8'));
  } catch (error) {
    throw errorWithoutResponse(`${call.method} ${pathOf(call.target)}`, error, 'Unreadable');
  }
}

function mayRepeat(call: Call, error: ApiError): boolean {
  if (error.status === 429) return true;
  if (error.status >= 500 && error.retryAfterMs !== undefined) return true;
  return call.idempotent && mayHaveLanded(error);
}

/** Whether the server may have done what was asked although it did not say so. */
const mayHaveLanded = ({ status, reason }: ApiError): boolean =>
  reason === 'Unreachable' || [502, 503, 504].includes(status);

function queryString(query: Readonly<Record<string, string | undefined>> = {}): string {
  let text = '';
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) text += `${text ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
  }
  return text;
}
