import { createServer, type RequestListener } from 'node:http';
import type { Listener, MetricsOptions, ProbesOptions } from './api.ts';
import { listen } from './listener.ts';

/** Scrapers and kubelets send small requests and wait for the answer; anything slower is no friend. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 2000,
};
const MAX_CONNECTIONS = 256;

type Page = () => { readonly status: number; readonly type: string; readonly text: string | Promise<string> };

/** Serves `/metrics`. */
export function startMetrics({ address, contentType, text }: MetricsOptions): Promise<Listener> {
  return startPages(address, { '/metrics': () => ({ status: 200, type: contentType, text: text() }) });
}

/** Serves `/healthz` and `/readyz`: 200, or 503 with one line for each thing that is not as it should be. */
export function startProbes({ address, alive, ready }: ProbesOptions): Promise<Listener> {
  const page = (problems: readonly string[]): ReturnType<Page> => ({
    status: problems.length === 0 ? 200 : 503,
    type: 'text/plain; charset=utf-8',
    text: problems.length === 0 ? 'ok\n' : problems.map((problem) => `${problem}\n`).join(''),
  });
  return startPages(address, { '/healthz': () => page(alive()), '/readyz': () => page(ready()) });
}

function startPages(address: string, pages: Readonly<Record<string, Page>>): Promise<Listener> {
  const server = createServer(LIMITS, handlerOf(pages));
  server.maxConnections = MAX_CONNECTIONS;
  return listen(server, address);
}

function handlerOf(pages: Readonly<Record<string, Page>>): RequestListener {
  return (request, response) => {
    const path = request.url?.split('?')[0] ?? '/';
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    const send = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    const fail = (status: number, text: string): void => send(status, 'text/plain; charset=utf-8', `${text}\n`);
    if (page === undefined) return fail(404, `there is ${Object.keys(pages).join(' and ')} here`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return fail(405, 'only GET and HEAD');
    const answer = async (): Promise<void> => {
      const { status, type, text } = page();
      send(status, type, await text);
    };
    answer().catch((error: unknown) => fail(500, error instanceof Error ? error.message : String(error)));
  };
}
