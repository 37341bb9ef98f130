import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { StatusBody } from '../../../src/kube/errors.ts';
import { readStatus } from '../../../src/kube/protobuf/codec.ts';

/** Stands before the API server, passes everything on, and remembers what was refused for want of a permission. */
export class Witness {
  readonly denied: string[] = [];
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #target: URL;

  private constructor(server: string, ca: string) {
    this.#target = new URL(server);
    this.#agent = new Agent({ keepAlive: true, ca });
    this.#server = createServer((asked, answer) => this.#pass(asked, answer));
  }

  static async before(server: string, ca: string): Promise<Witness> {
    const witness = new Witness(server, ca);
    await new Promise<void>((resolve) => witness.#server.listen(0, '127.0.0.1', resolve));
    return witness;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { hostname, port, host } = this.#target;
    const { method, url } = asked;
    const options = { agent: this.#agent, hostname, port, method, path: url, headers: { ...asked.headers, host } };
    const onward = request(options, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
      if (answered.statusCode === 403) void this.#remember(`${method} ${url}`, answered);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }

  /** Nothing can be created in a namespace that is being deleted; that is a 403 too, and no permission helps. */
  async #remember(what: string, answered: IncomingMessage): Promise<void> {
    const body = await buffer(answered);
    // What the operator asked for in protobuf is refused in protobuf.
    const status =
      readStatus(answered.headers['content-type'] ?? '', body) ?? (JSON.parse(body.toString()) as StatusBody);
    const { message, details } = status;
    if (details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating')) return;
    this.denied.push(`${what}: ${message}`);
  }
}
