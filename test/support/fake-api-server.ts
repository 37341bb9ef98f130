import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { Connection } from '../../src/kube/connection.ts';
import { RestClient, type RestOptions } from '../../src/kube/rest.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request, now or bit by bit. */
export type Answer = (response: ServerResponse, request: Seen) => void;

/** An HTTP server on loopback that says what the test wants, in order; the last answer repeats. */
export class FakeApiServer {
  readonly seen: Seen[] = [];
  readonly dir = mkdtempSync(path.join(tmpdir(), 'baton-test-'));
  connections = 0;
  answers: Answer[] = [];
  readonly #sockets = new Set<Socket>();
  /** Connections stay open however long a test stands still between two requests. */
  readonly #server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://server');
      const seen = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      this.seen.push(seen);
      const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
      if (answer) answer(response, seen);
      else status(500, 'InternalError', 'the test gave no answer')(response, seen);
    });
  });

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes a kubeconfig for this server and returns its path. */
  kubeconfig(user: object = {}, cluster: object = {}): string {
    const file = path.join(this.dir, 'kubeconfig');
    writeFileSync(
      file,
      stringify({
        clusters: [{ name: 'c', cluster: { server: this.url, 'insecure-skip-tls-verify': true, ...cluster } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'home' } }],
        'current-context': 'x',
      }),
    );
    return file;
  }

  client(more: Partial<RestOptions> = {}, user?: object): RestClient {
    const connection = new Connection({ kubeconfig: this.kubeconfig(user), userAgent: 'baton/test' });
    return new RestClient({ connection, random: () => 0, ...more });
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const json =
  (body: unknown, code = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const status = (code: number, reason: string, message: string, headers: Record<string, string> = {}): Answer =>
  json({ kind: 'Status', status: 'Failure', code, reason, message }, code, headers);

export const cutOff: Answer = (response) => void response.socket?.destroy();

/** Raw pieces of a stream, which then stays open unless the last piece is `end` or `cut`. */
export const stream =
  (...pieces: (string | Buffer)[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    void (async () => {
      for (const piece of pieces) {
        if (piece === 'end') response.end();
        else if (piece === 'cut') response.socket?.destroy();
        else await new Promise((resolve) => response.write(piece, resolve));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
  };
