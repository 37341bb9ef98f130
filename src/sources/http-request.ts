import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import type { DestinationPolicy } from './api.ts';
import { bounded, messageOf } from './contract.ts';
import { permit } from './destinations.ts';

interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What came of a request. */
type Reply =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** It may not be sent there. */
  | { readonly kind: 'barred'; readonly because: string }
  /** Nothing of it left this process. */
  | { readonly kind: 'unsent'; readonly because: string }
  /** It may have arrived. */
  | { readonly kind: 'unanswered'; readonly because: string };

interface HttpRequestOptions {
  /** What may be reached; read at each connection. */
  readonly destinations: () => DestinationPolicy;
  /** Goes into the User-Agent. */
  readonly version: string;
}

/** Bytes of a body that are read. */
const BODY_LIMIT = 64 * 1024;
const HEADER_LIMIT = 16 * 1024;

/**
 * Requests of workflows: guarded like checks (destinations.ts), connected to the address that was looked at, and other than checks with TLS
 * that is verified, because they may carry credentials. A redirect is an answer like any other. Each has a connection of its own.
 */
export function createHttpRequests({ destinations, version }: HttpRequestOptions) {
  const own = { 'user-agent': `baton-workflow/${version}`, accept: '*/*', connection: 'close' };

  async function addressOf(url: URL): Promise<{ readonly address: string } | Reply> {
    try {
      const permission = await permit(url.hostname.replace(/^\[|\]$/g, ''), portOf(url), destinations());
      return permission.allowed ? permission : { kind: 'barred', because: bounded(permission.because) };
    } catch (error) {
      return { kind: 'unsent', because: bounded(messageOf(error)) };
    }
  }

  return {
    async barred(text: string): Promise<string | undefined> {
      const found = await addressOf(new URL(text));
      return 'kind' in found && found.kind === 'barred' ? found.because : undefined;
    },
    async send(request: Outgoing, signal: AbortSignal): Promise<Reply> {
      const url = new URL(request.url);
      const found = await addressOf(url);
      if ('kind' in found) return found;
      return exchange(url, found.address, { ...request, headers: { ...own, ...lower(request.headers) } }, signal);
    },
  };
}

function exchange(url: URL, address: string, { method, headers, body }: Outgoing, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve) => {
    const secure = url.protocol === 'https:';
    let connected = false;
    const fail = (error: unknown): void =>
      resolve({ kind: connected ? 'unanswered' : 'unsent', because: bounded(messageOf(error)) });
    if (signal.aborted) return fail(signal.reason);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const outgoing = (secure ? https : http).request({
      host: address,
      port: portOf(url),
      path: url.pathname + url.search,
      method,
      headers: { ...headers, host: url.host, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      agent: false,
      maxHeaderSize: HEADER_LIMIT,
      signal,
      // The certificate has to be for what the URL names, and not for the address it stood for.
      ...(secure && { servername: isIP(host) > 0 ? '' : host }),
    });
    outgoing.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true)));
    outgoing.once('response', (response) => {
      read(response).then(
        (text) =>
          resolve({
            kind: 'answered',
            status: response.statusCode ?? 0,
            headers: flat(response.headers),
            body: text,
          }),
        fail,
      );
    });
    outgoing.once('upgrade', (_, socket) => {
      socket.destroy();
      fail(new Error('it answered with another protocol'));
    });
    outgoing.on('error', (error) => fail(signal.aborted ? signal.reason : error));
    outgoing.once('close', () => fail(new Error('the connection was closed before an answer came')));
    outgoing.end(body);
  });
}

async function read(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop destroys the response, and with it the connection.
    if (size >= BODY_LIMIT) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString('utf8').toWellFormed();
}

/** The last of two that differ in case only: none is sent twice. */
const lower = (headers: Outgoing['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const flat = (headers: http.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
