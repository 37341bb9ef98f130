import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createAuthority, createSigningKeys, issueCertificate } from '../../../hack/cluster/certificates.ts';

const authority = createAuthority('test-ca');

describe('issueCertificate', () => {
  it('names user and groups as Kubernetes reads them', () => {
    const leaf = issueCertificate(authority, { commonName: 'alice', organizations: ['a', 'b'], usage: 'client' });
    const parsed = new X509Certificate(leaf.certificate);
    expect(parsed.subject).toBe('O=a\nO=b\nCN=alice');
    expect(parsed.issuer).toBe('CN=test-ca');
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(parsed.ca).toBe(false);
    expect(parsed.verify(createPublicKey(authority.certificate))).toBe(true);
  });

  it('is valid from a minute ago for as long as asked', () => {
    const before = Date.now();
    const leaf = issueCertificate(authority, { commonName: 'x', usage: 'client', validSeconds: 20 });
    const after = Date.now();
    const parsed = new X509Certificate(leaf.certificate);
    const [from, to] = [parsed.validFromDate.getTime(), parsed.validToDate.getTime()];
    expect(to - from).toBe(80_000);
    // Certificates have whole seconds.
    expect(to).toBeGreaterThan(before + 19_000);
    expect(to).toBeLessThanOrEqual(after + 21_000);
  });

  it('does not verify under another authority of the same name', () => {
    const leaf = issueCertificate(createAuthority('test-ca'), { commonName: 'x', usage: 'client' });
    expect(new X509Certificate(leaf.certificate).verify(createPublicKey(authority.certificate))).toBe(false);
  });

  it('is accepted by TLS on both sides, by name and by address', async () => {
    const hosts = ['localhost', '127.0.0.1'];
    const serving = issueCertificate(authority, { commonName: 'server', usage: 'server', hosts });
    const client = issueCertificate(authority, { commonName: 'client', usage: 'client' });
    const server = createServer({
      cert: serving.certificate,
      key: serving.privateKey,
      ca: authority.certificate,
      requestCert: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const name of [{ servername: 'localhost' }, {}]) {
      const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
      const socket = connect({
        ...name,
        host: '127.0.0.1',
        port,
        ca: authority.certificate,
        cert: client.certificate,
        key: client.privateKey,
      });
      const [peer] = await accepted;
      expect(peer.getPeerCertificate().subject.CN).toBe('client');
      socket.destroy();
    }
    server.close();
  });
});

it('signs ServiceAccount tokens with a key pair whose halves belong together', () => {
  const keys = createSigningKeys();
  const derived = createPublicKey(keys.privateKey).export({ type: 'spki', format: 'pem' });
  expect(derived).toBe(keys.publicKey);
});
