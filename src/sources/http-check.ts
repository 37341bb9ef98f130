import * as http from 'node:http';
import * as https from 'node:https';
import { isIPv6 } from 'node:net';
import type { CheckOptions } from './api.ts';
import { bounded, missing, type Source } from './contract.ts';
import { permit } from './destinations.ts';
import type { HttpQuery } from './queries.ts';
import { askAll, type Answer, type Destination } from './targets.ts';

/** As kubelet's maxRespBodyLength. */
const BODY_LIMIT = 10 * 1024;
const HEADER_LIMIT = 16 * 1024;
const MAX_REDIRECTS = 5;

interface Head {
  readonly status: number;
  readonly location: string | undefined;
}

/**
 * GET as kubelet's probes do it (kubernetes pkg/probe/http/http.go, RedirectChecker and DoHTTPProbe): 200 to 399 passes, a redirect to
 * another host is not followed and passes, HTTPS is not verified, at most 10 KiB of the body are read. The timeout covers all of it, with
 * redirects, so an answer that drips without end fails. Each connection is made for one request and closed.
 */
export function createHttpCheck(options: CheckOptions): Source<HttpQuery> {
  const { clock, destinations } = options;
  const headers = { 'user-agent': `baton-check/${options.version}`, accept: '*/*', connection: 'close' };

  async function ask(query: HttpQuery, destination: Destination, signal: AbortSignal): Promise<Answer> {
    const host = isIPv6(destination.host) ? `[${destination.host}]` : destination.host;
    let url = new URL(`${query.scheme.toLowerCase()}://${host}:${destination.port}${query.path}`);
    let address = destination.address;
    for (let redirects = 0; ; redirects += 1) {
      const head = await get(url, address, headers, signal);
      const next = redirectOf(head, url);
      if (next === undefined || next.hostname !== url.hostname) return answerOf(head, next);
      if (redirects === MAX_REDIRECTS) return { kind: 'failed', what: `more than ${MAX_REDIRECTS} redirects` };
      // Another port of the same host may be barred where the first was not.
      const permission = await permit(address, portOf(next), destinations());
      if (!permission.allowed) {
        return {
          kind: 'unasked',
          missing: missing('DestinationNotAllowed', `redirects to ${permission.because}`, clock.now()),
        };
      }
      address = permission.address;
      url = next;
    }
  }

  return {
    name: 'http-check',
    read: (query, signal) =>
      askAll({ ...query, clock, destinations, ask: (destination, within) => ask(query, destination, within) }, signal),
  };
}

function answerOf({ status }: Head, elsewhere: URL | undefined): Answer {
  const passed = status >= 200 && status < 400;
  const what =
    elsewhere === undefined
      ? `${status}`
      : `${status}, a redirect to ${bounded(elsewhere.host, 80)} that is not followed`;
  return { kind: passed ? 'passed' : 'failed', what };
}

/** Where a redirect leads; undefined when this is none that can be followed. */
function redirectOf({ status, location }: Head, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const to = URL.parse(location, from.href);
  return to?.protocol === 'http:' || to?.protocol === 'https:' ? to : undefined;
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function get(url: URL, address: string, headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<Head> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request({
      host: address,
      port: portOf(url),
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host },
      agent: false,
      maxHeaderSize: HEADER_LIMIT,
      signal,
      ...(secure && { rejectUnauthorized: false }),
    });
    request.once('response', (response) => {
      const head = { status: response.statusCode ?? 0, location: response.headers.location };
      drain(response).then(() => resolve(head), reject);
    });
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, location: undefined });
    });
    request.on('error', reject);
    request.once('close', () => reject(new Error('the connection was closed before an answer came')));
    request.end();
  });
}

async function drain(response: http.IncomingMessage): Promise<void> {
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the response, and with it the connection.
    if (size >= BODY_LIMIT) return;
  }
}
