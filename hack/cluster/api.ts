// The few requests that starting a cluster needs, before there is anything that a real client could talk to.
import { type Agent, request } from 'node:https';
import type { ClientCertificate } from './contract.ts';

export interface ApiAccess {
  readonly server: string;
  readonly caCertificate: string;
  readonly administrator: ClientCertificate;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Keeps the connection where many requests follow; each has its own by default. */
  readonly agent?: Agent;
}

/** Any status is an answer; throws when there is none within 30 s. */
export function call(access: ApiAccess, it: ApiRequest): Promise<ApiAnswer> {
  const body = it.body === undefined ? undefined : JSON.stringify(it.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(it.path, access.server), {
      method: it.method ?? 'GET',
      ca: access.caCertificate,
      cert: access.administrator.certificate,
      key: access.administrator.privateKey,
      agent: it.agent ?? false,
      timeout: 30_000,
      headers: {
        accept: it.accept ?? 'application/json',
        ...(body !== undefined && { 'content-type': it.contentType ?? 'application/json' }),
      },
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${access.server} within 30 s`)));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.end(body);
  });
}

/** Server-side apply: creates the object or brings it to what is given. Throws what the server said against it. */
export async function apply(access: ApiAccess, path: string, object: unknown): Promise<void> {
  const answer = await call(access, {
    method: 'PATCH',
    path: `${path}?fieldManager=baton-cluster&force=true`,
    body: object,
    contentType: 'application/apply-patch+yaml',
  });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body.slice(0, 500)}`);
}
