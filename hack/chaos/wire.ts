import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { SENT_AT } from './sent-at.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  /** When the replica sent it, milliseconds since the epoch (`epochMs`). */
  readonly sentAt: number;
}

export interface Answered {
  readonly status: number;
  readonly body: Buffer;
}

/** What becomes of a request, or of its answer. */
export type Fate = 'pass' | 'drop' | { readonly status: number };

/** Asked about each request that is no watch. */
export interface Hooks {
  before(call: Call): Promise<Fate>;
  after(call: Call, answered: Answered): Promise<Fate>;
}

/**
 * Between one replica and the API server. It speaks plain HTTP to the replica and is the kubeconfig's user towards the server. A request that
 * was held up is sent on even when nobody waits for the answer any more, as the network does it.
 */
export class Wire {
  readonly #hooks: Hooks;
  readonly #config = new KubeConfig();
  readonly #agent = new https.Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    this.#forward(request, response).catch(() => response.destroy());
  });
  #isCut = false;

  constructor(kubeconfig: string, hooks: Hooks) {
    this.#config.loadFromFile(kubeconfig);
    this.#hooks = hooks;
  }

  /** Writes the kubeconfig for the replica. */
  async start(file: string): Promise<void> {
    this.#server.on('connection', (socket) => {
      if (this.#isCut) return void socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = {
      clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(file, stringify(config));
  }

  /** Nothing comes through for so long, and what is open is closed. */
  cut(ms: number): void {
    this.#isCut = true;
    this.#close();
    setTimeout(() => (this.#isCut = false), ms);
  }

  async stop(): Promise<void> {
    this.#close();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    if (/[?&]watch=(true|1)/.test(path)) return this.#stream(request, response);
    const sentAt = Number(request.headers[SENT_AT]);
    const body = await buffer(request);
    const call = { method, path, body, sentAt };
    if (this.#decide(await this.#hooks.before(call), response)) return;
    const incoming = await this.#send(request, body);
    const answered = { status: incoming.statusCode ?? 502, body: await buffer(incoming) };
    if (this.#decide(await this.#hooks.after(call, answered), response)) return;
    const { 'transfer-encoding': _, ...headers } = incoming.headers;
    response.writeHead(answered.status, { ...headers, 'content-length': answered.body.length } as OutgoingHttpHeaders);
    response.end(answered.body);
  }

  /** Whether the request has had its answer, or never will. */
  #decide(fate: Fate, response: ServerResponse): boolean {
    if (fate === 'pass') return false;
    if (fate === 'drop') return response.destroy().destroyed;
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: fate.status,
      message: 'by the harness',
    };
    response.writeHead(fate.status, { 'content-type': 'application/json' }).end(JSON.stringify(status));
    return true;
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const upstream = await this.#request(request);
    response.on('close', () => upstream.destroy());
    upstream.on('error', () => response.destroy());
    upstream.on('response', (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      response.flushHeaders();
      incoming.on('error', () => response.destroy());
      incoming.pipe(response);
    });
    upstream.end();
  }

  async #send(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const upstream = await this.#request(request);
    return new Promise((resolve, reject) => {
      upstream.on('response', resolve).on('error', reject).end(body);
    });
  }

  async #request({ headers: received, url = '/', method = 'GET' }: IncomingMessage) {
    const { host: _, connection: __, [SENT_AT]: ___, ...headers } = received;
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const target = new URL(url, this.#config.getCurrentCluster()?.server);
    return https.request(target, { ...options, agent: this.#agent, method, headers });
  }
}
