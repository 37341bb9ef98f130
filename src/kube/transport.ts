import type { Dispatcher } from 'undici';
import type { Session } from './connection.ts';

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  /** Longest wait for the first byte, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Longest silence within the body, milliseconds. */
  readonly bodyTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The whole body, or of a consumed stream nothing. */
  readonly body: Buffer;
}

/** Takes the body of a successful answer as it arrives, after `onOpen` when the answer has begun. */
export interface StreamConsumer {
  onOpen(): void;
  onData(chunk: Buffer): void;
}

/**
 * One HTTP request over the kept connections; the thinnest way undici has. With a consumer, the body of a successful answer goes
 * there chunk by chunk and nothing of it is kept; what its `onData` throws ends the request and rejects. Rejects when there is no
 * complete answer.
 */
export function send(session: Session, request: WireRequest, consumer?: StreamConsumer): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let retryAfter: string | undefined;
    const chunks: Buffer[] = [];
    const abort = (): void => controller?.abort(signal.reason as Error);
    const done = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });

    session.dispatcher.dispatch(
      {
        origin: session.origin,
        path: session.basePath + request.path,
        method: request.method,
        headers: request.contentType ? { ...session.headers, 'content-type': request.contentType } : session.headers,
        body: request.body ?? null,
        headersTimeout: request.headersTimeoutMs,
        bodyTimeout: request.bodyTimeoutMs,
      },
      {
        onRequestStart(started) {
          controller = started;
          if (signal.aborted) abort();
        },
        onResponseStart(_, statusCode, headers) {
          status = statusCode;
          const value = headers['retry-after'];
          retryAfter = typeof value === 'string' ? value : value?.[0];
          if (status < 300) consumer?.onOpen();
        },
        onResponseData(current, chunk) {
          if (!consumer || status >= 300) return void chunks.push(chunk);
          try {
            consumer.onData(chunk);
          } catch (error) {
            current.abort(error as Error);
          }
        },
        onResponseEnd() {
          done();
          resolve({ status, retryAfter, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) });
        },
        onResponseError(_, error) {
          done();
          reject(signal.aborted ? (signal.reason as Error) : error);
        },
      },
    );
  });
}
