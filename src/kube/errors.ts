import { readStatus } from './protobuf/codec.ts';

/** The API server's `Status` object, as far as it is read. */
export interface StatusBody {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** Any request that did not end as asked: refused by the server, or never answered. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /**
   * The server's reason (`NotFound`, `Conflict`, `Forbidden`, `Expired` ...); `Unreachable`,
   * `Unreadable` or `Aborted` without an answer.
   */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** What the server asked to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** An attempt before this one had no answer and may have been carried out: a conflict may be with that. */
  afterUnanswered = false;

  constructor(of: {
    status: number;
    reason: string;
    message: string;
    details?: StatusDetails | undefined;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    super(of.message, of.cause === undefined ? undefined : { cause: of.cause });
    this.name = 'ApiError';
    this.status = of.status;
    this.reason = of.reason;
    this.details = of.details;
    this.retryAfterMs = of.retryAfterMs;
  }

  /** Whether the same request may succeed later although nobody changes anything. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  get conflict(): boolean {
    return this.status === 409;
  }

  /** The resourceVersion asked for is compacted away: only a new list helps. */
  get expired(): boolean {
    return this.status === 410;
  }
}

/** Reads an error response; bodies that are no Status (of proxies, of load balancers) become the message, cut to 200 characters. */
export function errorOfResponse(
  request: string,
  response: {
    readonly status: number;
    readonly retryAfter: string | undefined;
    readonly contentType: string;
    readonly body: Buffer;
  },
): ApiError {
  const { status, retryAfter } = response;
  const body = response.body.toString('utf8');
  const parsed = parseStatus(response.contentType, response.body);
  const seconds = Number(retryAfter ?? parsed?.details?.retryAfterSeconds);
  return new ApiError({
    status,
    reason: parsed?.reason || REASONS[status] || 'Unknown',
    message: `${request}: ${parsed?.message || body.trim().slice(0, 200) || `HTTP ${status}`}`,
    details: parsed?.details,
    retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined,
  });
}

/** No complete answer. `Aborted`: we ended it, by deadline or because the caller's signal aborted. */
export function errorWithoutResponse(
  request: string,
  cause: unknown,
  reason: 'Aborted' | 'Unreachable' | 'Unreadable',
): ApiError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new ApiError({ status: 0, reason, message: `${request}: ${why}`, cause });
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function parseStatus(contentType: string, body: Buffer): StatusBody | undefined {
  try {
    const parsed = readStatus(contentType, body) ?? (JSON.parse(body.toString('utf8')) as StatusBody);
    return parsed.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
