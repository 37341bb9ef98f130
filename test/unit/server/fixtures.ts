import { type Agent, request } from 'node:https';
import type { CertificatePair, Certificates } from '../../../src/server/api.ts';
import { makeCertificate } from '../../../src/server/x509.ts';

export const SERVER_NAME = 'baton.baton-system.svc';

/** An authority of its own with one serving certificate, good for an hour. */
export function makePair(names: readonly string[] = [SERVER_NAME]): CertificatePair {
  const [notBefore, notAfter] = [Date.now() - 60_000, Date.now() + 3_600_000];
  const authority = makeCertificate({ commonName: 'ca', names: [], notBefore, notAfter, issuer: undefined });
  const issuer = { ...authority, commonName: 'ca' };
  const serving = makeCertificate({ commonName: 'baton', names, notBefore, notAfter, issuer });
  return { certificate: serving.certificate, key: serving.key, ca: authority.certificate };
}

/** Certificates that a test hands out itself. */
export function handOut(first: CertificatePair | undefined): Certificates & { replace(pair: CertificatePair): void } {
  const listeners: ((pair: CertificatePair) => void)[] = [];
  let current = first;
  return {
    current: () => current,
    onChange: (listener) => void listeners.push(listener),
    run: async () => {},
    problem: () => undefined,
    replace(pair) {
      current = pair;
      for (const listener of listeners) listener(pair);
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Post {
  readonly port: number;
  readonly ca: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

export const token = (name: string): string => `e30.${Buffer.from(name).toString('base64url')}.c2ln`;

export function post({ port, ca, path, method = 'POST', headers, body = '{"cpu":0.5}', agent }: Post): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: path ?? '/v1/namespaces/shop/services/cart/heartbeat',
      method,
      ca,
      servername: SERVER_NAME,
      agent: agent ?? false,
      headers: { authorization: `Bearer ${token('shop')}`, 'content-length': Buffer.byteLength(body), ...headers },
    });
    outgoing.on('error', reject);
    outgoing.on('continue', () => outgoing.end(body));
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    if (headers?.['expect'] === undefined) outgoing.end(body);
    else outgoing.flushHeaders();
  });
}
