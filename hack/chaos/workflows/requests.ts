import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody outside, who is asked by workflows and keeps what was asked. */
export class Outside {
  readonly #received: { readonly path: string; readonly key: string }[] = [];
  readonly #server: Server = createServer((request, response) => {
    const { url = '/', headers } = request;
    // Counted when it is whole: what was cut off on its way was not received.
    request.resume().on('end', () => {
      this.#received.push({ path: url, key: String(headers['idempotency-key']) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"heard": true}');
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** The idempotency keys of all requests for a path, in order. */
  keys(path: string): readonly string[] {
    return this.#received.filter((each) => each.path === path).map(({ key }) => key);
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}
