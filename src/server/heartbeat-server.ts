import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { CertificatePair, HeartbeatServerOptions, Listener, TokenVerdict } from './api.ts';
import { createForwarder, FORWARDED_HEADER, type Forwarder } from './forward.ts';
import { parseHeartbeat } from './heartbeat-body.ts';
import { connectionsOf, listen } from './listener.ts';
import { createTokens } from './tokens.ts';

const BODY_LIMIT = 64 * 1024;
/** A sender that is told 413 while it still sends would see a reset instead: so this much is read and thrown away before. */
const DISCARD_LIMIT = 4 * 1024 * 1024;
/** About 90 KiB of memory each. */
const MAX_CONNECTIONS = 1024;
/** The whole request must be there within 10 s, its headers within 5, the TLS handshake within 5. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 15_000,
  handshakeTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
};

const PATH =
  /^\/v1\/namespaces\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/services\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)\/heartbeat$/;
const POD_NAME = 'authentication.kubernetes.io/pod-name';

interface Answer {
  readonly status: number;
  readonly because: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Route {
  readonly path: string;
  readonly namespace: string;
  readonly service: string;
}

/**
 * `POST /v1/namespaces/{ns}/services/{name}/heartbeat`: a component tells its figures. Who it is says the API server, by TokenReview; a
 * ServiceAccount may speak for its own namespace only. Replicas that do not lead pass on to the leader, which checks everything again.
 * Starts without a certificate too: until there is one, handshakes fail.
 */
export async function startHeartbeatServer(options: HeartbeatServerOptions): Promise<Listener> {
  const { certificates, maxConnections = MAX_CONNECTIONS } = options;
  const forwarder = createForwarder(certificates);
  const handle = createHandler(options, forwarder);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {});
    try {
      const answer = await handle(request, response);
      // Senders that come back before keepAliveTimeout never let go: beyond the half there is one request for each connection, or the rest
      // would never get in.
      send(response, answer, !request.complete || connections.size > maxConnections / 2);
      options.onAnswer?.({ status: answer.status, because: answer.because });
    } catch (error) {
      // Mostly the sender went away while it was read: then there is nobody to tell.
      const because = error instanceof Error ? error.message : String(error);
      if (!request.destroyed) options.onAnswer?.({ status: 500, because });
      response.destroy();
    }
  };
  const listener: RequestListener = (request, response) => void serve(request, response);
  const server = createServer({ ...LIMITS, ...secureOf(certificates.current()) }, listener);
  const connections = connectionsOf(server);
  server.on('checkContinue', listener);
  server.maxConnections = maxConnections;
  certificates.onChange((pair) => server.setSecureContext(secureOf(pair)));
  const listening = await listen(server, options.address, connections);
  return {
    address: listening.address,
    close: async (graceMs) => {
      await listening.close(graceMs);
      forwarder.close();
    },
  };
}

function secureOf(pair: CertificatePair | undefined): { minVersion: 'TLSv1.2'; cert?: string; key?: string } {
  return { minVersion: 'TLSv1.2', ...(pair && { cert: pair.certificate, key: pair.key }) };
}

function createHandler(options: HeartbeatServerOptions, forwarder: Forwarder) {
  const verdictOf = createTokens({ clock: options.clock, review: options.reviewToken });

  async function authenticate(token: string): Promise<TokenVerdict | Answer> {
    try {
      return await verdictOf(token);
    } catch (error) {
      return unavailable(
        `the token cannot be checked just now: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  async function passOn(route: Route, address: string, token: string, body: string): Promise<Answer> {
    try {
      const { status, retryAfter, text } = await forwarder.forward(address, route.path, token, body);
      return {
        status,
        because: text.trim(),
        ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
      };
    } catch (error) {
      return unavailable(
        `the leader at ${address} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  function accept(route: Route, verdict: TokenVerdict, body: string): Answer {
    const { namespace, service } = route;
    const parsed = parseHeartbeat(body, options.clock.now());
    if (!parsed.ok) return { status: 400, because: parsed.problems.join('\n') };
    if (!options.known(namespace, service)) {
      return { status: 404, because: `there is no OrchestratedService ${namespace}/${service}` };
    }
    const sender = parsed.sender ?? verdict.extra?.[POD_NAME]?.[0] ?? verdict.username ?? 'unnamed';
    options.record({ namespace, service, sender, values: parsed.values, timestamp: parsed.timestamp });
    return { status: 202, because: 'accepted' };
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<Answer> => {
    const route = routeOf(request);
    if ('status' in route) return route;
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return unauthorized('send the ServiceAccount token as Authorization: Bearer TOKEN');
    const verdict = await authenticate(token);
    if ('status' in verdict) return verdict;
    if (!verdict.authenticated)
      return unauthorized(`the token is not valid: ${verdict.error ?? 'the API server refuses it'}`);
    if (!verdict.username?.startsWith(`system:serviceaccount:${route.namespace}:`)) {
      const because = `${verdict.username ?? 'this user'} may send heartbeats for its own namespace only, not for ${route.namespace}`;
      return { status: 403, because };
    }
    const leader = options.leader();
    if (leader === undefined) return unavailable('no replica leads just now');
    const isForwarded = request.headers[FORWARDED_HEADER] !== undefined;
    if (!leader.self && isForwarded) return unavailable('this replica does not lead any more');
    const body = await readBody(request, response);
    if (typeof body !== 'string') return body;
    return leader.self ? accept(route, verdict, body) : passOn(route, leader.address, token, body);
  };
}

function routeOf(request: IncomingMessage): Route | Answer {
  const path = request.url ?? '';
  const match = PATH.exec(path);
  if (match === null) return { status: 404, because: 'post to /v1/namespaces/NAMESPACE/services/NAME/heartbeat' };
  if (request.method !== 'POST') return { status: 405, because: 'only POST', headers: { allow: 'POST' } };
  return { path, namespace: match[1] ?? '', service: match[2] ?? '' };
}

const unauthorized = (because: string): Answer => ({ status: 401, because, headers: { 'www-authenticate': 'Bearer' } });
const unavailable = (because: string): Answer => ({ status: 503, because, headers: { 'retry-after': '1' } });
const TOO_LARGE: Answer = {
  status: 413,
  because: `a heartbeat has at most ${BODY_LIMIT} bytes`,
  headers: { connection: 'close' },
};

/** Never holds more than the limit. Rejects when the sender goes away. */
async function readBody(request: IncomingMessage, response: ServerResponse): Promise<string | Answer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const isWaiting = request.headers.expect !== undefined;
  if (announced > DISCARD_LIMIT || (isWaiting && announced > BODY_LIMIT)) return TOO_LARGE;
  if (isWaiting) response.writeContinue();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > DISCARD_LIMIT) break;
    if (size <= BODY_LIMIT) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > BODY_LIMIT ? TOO_LARGE : Buffer.concat(chunks).toString('utf8');
}

/** What was not read must not be taken for the next request: then the connection `ends`. */
function send(response: ServerResponse, { status, because, headers }: Answer, ends: boolean): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...(ends && { connection: 'close' }),
    ...headers,
  });
  response.end(`${because}\n`);
}
