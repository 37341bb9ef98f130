import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { parse, stringify } from 'yaml';

/** What the proxy does to the connections through it; all may change at any time. */
export interface Faults {
  /** No connection is accepted and open ones are closed. */
  down?: boolean;
  /** Cuts the connection of a watch after so many bytes, wherever in a line that is. */
  cutWatchAfter?: () => number;
  /** Forwards a watch in pieces of so many bytes, one a millisecond. */
  trickle?: number;
  /** Puts a line that is no JSON into a watch after so many chunks. */
  garbageAfter?: number;
  /** Answers instead of the API server; undefined passes the request on. */
  answer?: (
    request: IncomingMessage,
  ) => { status: number; headers?: Record<string, string>; body?: string } | undefined;
}

/**
 * Stands between a client and a real API server and breaks what it is told to break. It speaks plain HTTP to the client and
 * is the kubeconfig's user towards the server.
 */
export class FaultProxy {
  faults: Faults = {};
  /** Requests that asked for a watch so far. */
  watches = 0;
  cuts = 0;
  #silencedUpTo = 0;
  readonly #agent: https.Agent;
  readonly #upstream: URL;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => this.#forward(request, response));

  constructor(kubeconfig: string) {
    const config = parse(readFileSync(kubeconfig, 'utf8')) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
    };
    const { cluster = {} } = config.clusters[0] ?? {};
    const { user = {} } = config.users[0] ?? {};
    this.#upstream = new URL(cluster['server'] ?? '');
    this.#agent = new https.Agent({
      keepAlive: true,
      ca: pem(cluster, 'certificate-authority'),
      cert: pem(user, 'client-certificate'),
      key: pem(user, 'client-key'),
    });
  }

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => {
      if (this.faults.down) return void socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  writeKubeconfig(file: string): string {
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    writeFileSync(
      file,
      stringify({
        clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    return file;
  }

  /** The watches of this moment stay open and nothing comes through them any more. */
  silence(): void {
    this.#silencedUpTo = this.watches;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const answer = this.faults.answer?.(request);
    if (answer) return void response.writeHead(answer.status, answer.headers).end(answer.body);
    const { host: _, connection: __, ...headers } = request.headers;
    const upstream = https.request(
      {
        hostname: this.#upstream.hostname,
        port: this.#upstream.port,
        path: request.url,
        method: request.method,
        headers,
        agent: this.#agent,
      },
      (incoming) => {
        response.writeHead(incoming.statusCode ?? 502, incoming.headers);
        response.flushHeaders();
        if (!request.url?.includes('watch=true')) return void incoming.pipe(response);
        this.watches += 1;
        void this.#forwardWatch(incoming, response, this.watches);
      },
    );
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  async #forwardWatch(incoming: IncomingMessage, response: ServerResponse, number: number): Promise<void> {
    let left = this.faults.cutWatchAfter?.() ?? Number.POSITIVE_INFINITY;
    let chunks = 0;
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        if (number <= this.#silencedUpTo) continue;
        if ((chunks += 1) === this.faults.garbageAfter) response.write('{"type":"ADDED","object":{"metadata":\n');
        const part = chunk.subarray(0, left);
        left -= part.length;
        await this.#write(response, part);
        if (left > 0) continue;
        this.cuts += 1;
        response.destroy();
        return;
      }
      response.end();
    } catch {
      response.destroy();
    }
  }

  async #write(response: ServerResponse, bytes: Buffer): Promise<void> {
    const size = this.faults.trickle ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise((resolve) => response.write(bytes.subarray(at, at + size), resolve));
      if (this.faults.trickle) await new Promise((resolve) => setTimeout(resolve, 1));
      if (response.destroyed) return;
    }
  }
}

function pem(from: Record<string, string>, name: string): Buffer | undefined {
  const data = from[`${name}-data`];
  const file = from[name];
  return data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : undefined;
}
