import { randomBytes } from 'node:crypto';
import { Agent, request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { LineSplitter } from '../../../src/kube/lines.ts';

/** What the API server answered, whatever it was: tests of refusals read it as often as tests of successes. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** `message` of a Status, '' for anything else. */
  readonly message: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Call {
  readonly body?: object;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  /** Of the body; by default a merge patch for PATCH, JSON for the rest. */
  readonly contentType?: string;
}

/** For names that no other test has. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

// Keeps connections apart by certificate and key, so that two users never share one.
const AGENT = new Agent({ keepAlive: true });

const send = (url: URL, options: RequestOptions, body: object | undefined): Promise<readonly [number, string]> =>
  new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      text(answer).then((said) => resolve([answer.statusCode ?? 0, said]), reject);
    });
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });

/** A plain client for the API server of the tests: nothing is retried and nothing is thrown for a refusal. */
export class Api {
  readonly #config = new KubeConfig();
  readonly #headers: Readonly<Record<string, string | string[]>>;

  constructor(headers: Readonly<Record<string, string | string[]>> = {}, kubeconfig?: string) {
    this.#config.loadFromFile(kubeconfig ?? (process.env['KUBECONFIG'] || '.cluster/kubeconfig'));
    this.#headers = headers;
  }

  /** The same server as another user, by impersonation. */
  static as(user: string, ...groups: string[]): Api {
    return new Api({ 'impersonate-user': user, 'impersonate-group': ['system:authenticated', ...groups] });
  }

  async call(method: Method, path: string, call: Call = {}): Promise<Answer> {
    const { body, query = {}, accept = 'application/json' } = call;
    const type = call.contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    const url = new URL(`${this.#config.getCurrentCluster()?.server}${path}?${new URLSearchParams(query).toString()}`);
    const tls: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(tls);
    const headers = {
      ...(tls.headers as Record<string, string> | undefined),
      ...this.#headers,
      accept,
      'content-type': type,
    };
    const [status, answer] = await send(url, { ...tls, agent: AGENT, method, headers }, body);
    // A path that is not served (yet) is answered in plain text.
    const parsed = (answer.startsWith('{') ? JSON.parse(answer) : { kind: 'Status', message: answer }) as Record<
      string,
      unknown
    >;
    return { status, body: parsed, message: parsed['kind'] === 'Status' ? String(parsed['message']) : '' };
  }

  /** Each change since that version as it is told, until `signal` aborts or the server ends it. */
  async follow(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
    onChange: (change: unknown) => void,
  ): Promise<void> {
    const query = new URLSearchParams({ watch: '1', resourceVersion });
    const url = new URL(`${this.#config.getCurrentCluster()?.server}${path}?${query.toString()}`);
    const tls: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(tls);
    const lines = new LineSplitter((line) => onChange(JSON.parse(line)));
    await new Promise<void>((resolve, reject) => {
      const sent = request(url, { ...tls, agent: AGENT, method: 'GET' }, (answer) => {
        answer.on('data', (chunk: Buffer) => {
          try {
            lines.push(chunk);
          } catch (error) {
            reject(error);
            sent.destroy();
          }
        });
        answer.on('end', resolve).on('error', reject);
      });
      sent.on('error', reject).end();
      const end = (): void => {
        resolve();
        sent.destroy();
      };
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Creates a namespace of this test's own and returns its name; disposing deletes it without waiting for it to be gone. */
  async namespace(prefix: string): Promise<{ readonly name: string; [Symbol.asyncDispose](): Promise<void> }> {
    const name = unique(prefix);
    const { status, message } = await this.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
    if (status !== 201) throw new Error(`namespace ${name}: ${message}`);
    return {
      name,
      [Symbol.asyncDispose]: async () => {
        await this.call('DELETE', `/api/v1/namespaces/${name}`);
      },
    };
  }
}
