import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { Connection } from '../../../src/kube/connection.ts';

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

/** A plain client for the API server of the tests: nothing is retried and nothing is thrown for a refusal. */
export class Api {
  readonly #connection: Connection;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    const kubeconfig = process.env['KUBECONFIG'] || '.cluster/kubeconfig';
    this.#connection = new Connection({ kubeconfig, userAgent: 'baton-tests' });
    this.#headers = headers;
  }

  /** The same server as another user, by impersonation. */
  static as(user: string): Api {
    return new Api({ 'impersonate-user': user, 'impersonate-group': 'system:authenticated' });
  }

  async call(method: Method, path: string, call: Call = {}): Promise<Answer> {
    const { body, query = {}, accept = 'application/json' } = call;
    const { origin, basePath, dispatcher, headers } = await this.#connection.session();
    const type = call.contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    const { statusCode, body: answer } = await request(`${origin}${basePath}${path}`, {
      method,
      dispatcher,
      query: { ...query },
      headers: { ...headers, ...this.#headers, accept, 'content-type': type },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    const parsed = JSON.parse(text) as Record<string, unknown>;
    return { status: statusCode, body: parsed, message: parsed['kind'] === 'Status' ? String(parsed['message']) : '' };
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
