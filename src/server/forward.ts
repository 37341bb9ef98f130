import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import type { CertificatePair, Certificates } from './api.ts';
import { parseAddress } from './listener.ts';

/** Tells the receiver not to pass it on again: while leadership moves, two replicas may each take the other for the leader. */
export const FORWARDED_HEADER = 'x-baton-forwarded';

const TIMEOUT_MS = 5000;
const ANSWER_LIMIT = 16 * 1024;

export interface Forwarded {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export interface Forwarder {
  /** Posts the heartbeat to the leader and gives its answer. Rejects when it cannot be reached or proves to be another. */
  forward(address: string, path: string, token: string, body: string): Promise<Forwarded>;
  close(): void;
}

/**
 * Passes heartbeats on to the leader. All replicas serve the same certificate, so the leader is held to the name in our own one, and to
 * the authority that we publish: the address in the Lease alone is not trusted with anybody's token.
 */
export function createForwarder(certificates: Certificates): Forwarder {
  let agent: Agent | undefined;
  let servername = '';

  const use = (pair: CertificatePair): void => {
    agent?.destroy();
    servername = nameOf(pair.certificate);
    agent = new Agent({ keepAlive: true, maxSockets: 16, ca: pair.ca, servername, minVersion: 'TLSv1.2' });
  };
  const pair = certificates.current();
  if (pair !== undefined) use(pair);
  certificates.onChange(use);

  return {
    forward: (address, path, token, body) =>
      new Promise((resolve, reject) => {
        if (agent === undefined) throw new Error('there is no certificate yet to verify the leader with');
        const { host, port } = parseAddress(address);
        const outgoing = request({
          host,
          port,
          path,
          method: 'POST',
          agent,
          signal: AbortSignal.timeout(TIMEOUT_MS),
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            [FORWARDED_HEADER]: '1',
            host: servername,
          },
        });
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > ANSWER_LIMIT) response.destroy(new Error('the answer of the leader is too long'));
            else chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 502, retryAfter: response.headers['retry-after'], text });
          });
        });
        outgoing.end(body);
      }),
    close: () => agent?.destroy(),
  };
}

/** The first DNS name of a certificate. */
function nameOf(certificate: string): string {
  return /DNS:([^,\s]+)/.exec(new X509Certificate(certificate).subjectAltName ?? '')?.[1] ?? '';
}
