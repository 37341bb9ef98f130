// A lean client for the benchmark itself: raw JSON over kept connections, so that measuring takes little of the machine.
import { Agent, request } from 'undici';
import type { ClientCertificate } from '../cluster/index.ts';

export type Json = Record<string, unknown>;

export interface WatchEvent {
  readonly type: string;
  readonly object: Json & { readonly metadata: { readonly name: string; readonly resourceVersion: string } };
  /** When the bytes arrived, in ms of performance.now(). */
  readonly at: number;
}

const CONTENT_TYPES = {
  json: 'application/json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

export class Api {
  readonly #server: string;
  readonly #agent: Agent;

  constructor(server: string, ca: string, client: ClientCertificate) {
    this.#server = server;
    this.#agent = new Agent({
      connections: 64,
      bodyTimeout: 0,
      connect: { ca, cert: client.certificate, key: client.privateKey },
    });
  }

  get(path: string): Promise<Json> {
    return this.#json('GET', path);
  }

  delete(path: string): Promise<Json> {
    return this.#json('DELETE', path);
  }

  /** Creates an object, or replaces one; the answer is what is there then. */
  post(path: string, body: Json): Promise<Json> {
    return this.#json('POST', path, body);
  }

  put(path: string, body: Json): Promise<Json> {
    return this.#json('PUT', path, body);
  }

  patch(path: string, type: 'merge' | 'strategic', body: Json): Promise<Json> {
    return this.#json('PATCH', path, body, CONTENT_TYPES[type]);
  }

  /** Creates an object; one that is there already is left as it is. */
  async create(path: string, body: Json): Promise<void> {
    try {
      await this.post(path, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    }
  }

  async text(path: string): Promise<string> {
    const response = await request(this.#server + path, { dispatcher: this.#agent });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new ApiError(response.statusCode, `GET ${path}: ${text.slice(0, 300)}`);
    return text;
  }

  /** Every item of a list, in pages; `resourceVersion` is where a watch can go on. */
  async list(path: string): Promise<{ items: Json[]; resourceVersion: string }> {
    const items: Json[] = [];
    for (let token = ''; ; ) {
      const page = await this.get(`${path}?limit=500${token && `&continue=${encodeURIComponent(token)}`}`);
      const metadata = page['metadata'] as { continue?: string; resourceVersion: string };
      for (const item of page['items'] as Json[]) items.push(item);
      token = metadata.continue ?? '';
      if (!token) return { items, resourceVersion: metadata.resourceVersion };
    }
  }

  /**
   * Reports each event until aborted. The API server ends the watch of a reader that falls behind; it goes on after the last
   * event then, so that nothing is lost. Rejects with anything else that ends it.
   */
  async watch(path: string, from: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void> {
    for (let version = from; !signal.aborted; ) {
      await this.#watchOnce(path, version, signal, (event) => {
        if (event.type === 'ERROR') throw new Error(`watch ${path}: ${JSON.stringify(event.object)}`);
        version = event.object.metadata.resourceVersion;
        if (event.type !== 'BOOKMARK') onEvent(event);
      });
    }
  }

  async #watchOnce(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
    onEvent: (event: WatchEvent) => void,
  ): Promise<void> {
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=21600&resourceVersion=${resourceVersion}`;
    const response = await request(`${this.#server}${path}?${query}`, { dispatcher: this.#agent, signal });
    if (response.statusCode !== 200) throw new ApiError(response.statusCode, `watch ${path}`);
    let rest = '';
    response.body.setEncoding('utf8');
    for await (const chunk of response.body) {
      const at = performance.now();
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onEvent({ ...(JSON.parse(line) as Omit<WatchEvent, 'at'>), at });
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #json(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: Json,
    type?: string,
  ): Promise<Json> {
    const response = await request(this.#server + path, {
      method,
      dispatcher: this.#agent,
      headers: { accept: 'application/json', 'content-type': type ?? CONTENT_TYPES.json },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) {
      throw new ApiError(response.statusCode, `${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`);
    }
    return JSON.parse(text) as Json;
  }
}

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Runs `work` for each item, at most `width` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}

/** Polls until `condition` holds; throws with `what` after the deadline. */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
  everyMs = 50,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await pause(everyMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
