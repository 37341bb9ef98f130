// Certificate authorities and the certificates of a cluster (RFC 5280, ECDSA P-256 with SHA-256).
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.ts';

export interface KeyPairPem {
  readonly certificate: string;
  readonly privateKey: string;
}

interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export interface LeafRequest extends Subject {
  readonly usage: 'client' | 'server';
  /** DNS names and IP addresses (IPv4) of a server. */
  readonly hosts?: readonly string[];
  /** Default one year. */
  readonly validSeconds?: number;
}

export interface Authority extends KeyPairPem {
  readonly commonName: string;
}

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};
const year = 365 * 24 * 3600;
const digitalSignature = der.bits(Buffer.from([0x80]), 7);
const signatureAndCertificates = der.bits(Buffer.from([0x86]), 1);

export function createAuthority(commonName: string): Authority {
  const keys = newKeys();
  const certificate = issue({
    issuer: { commonName },
    signer: keys.privateKey,
    subject: { commonName },
    publicKey: keys.publicKey,
    validSeconds: 10 * year,
    extensions: [
      extension(oid.basicConstraints, true, der.sequence(der.boolean(true))),
      extension(oid.keyUsage, true, signatureAndCertificates),
    ],
  });
  return { commonName, certificate, privateKey: pem(keys.privateKey) };
}

export function issueCertificate(authority: Authority, request: LeafRequest): KeyPairPem {
  const keys = newKeys();
  const usage = request.usage === 'client' ? oid.clientAuth : oid.serverAuth;
  const extensions = [
    extension(oid.keyUsage, true, digitalSignature),
    extension(oid.extendedKeyUsage, false, der.sequence(der.objectIdentifier(usage))),
  ];
  if (request.hosts?.length) {
    extensions.push(extension(oid.subjectAlternativeName, false, der.sequence(...request.hosts.map(alternativeName))));
  }
  const certificate = issue({
    issuer: { commonName: authority.commonName },
    signer: createPrivateKey(authority.privateKey),
    subject: request,
    publicKey: keys.publicKey,
    validSeconds: request.validSeconds ?? year,
    extensions,
  });
  return { certificate, privateKey: pem(keys.privateKey) };
}

/** A key pair for ServiceAccount tokens: PEM of the private and of the public key. */
export function createSigningKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const keys = newKeys();
  return {
    privateKey: pem(keys.privateKey),
    publicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

interface Issue {
  readonly issuer: Subject;
  readonly signer: KeyObject;
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly validSeconds: number;
  readonly extensions: readonly Buffer[];
}

function issue(it: Issue): string {
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const now = Date.now();
  const body = der.sequence(
    der.tagged(0, true, der.integer(Buffer.from([2]))),
    der.integer(serial),
    algorithm,
    name(it.issuer),
    // A minute of grace: clocks of a host and its virtual machines differ.
    der.sequence(der.utcTime(new Date(now - 60_000)), der.utcTime(new Date(now + it.validSeconds * 1000))),
    name(it.subject),
    it.publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(3, true, der.sequence(...it.extensions)),
  );
  const certificate = der.sequence(body, algorithm, der.bits(sign('sha256', body, it.signer)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function name(subject: Subject): Buffer {
  const part = (type: string, value: string) => der.set(der.sequence(der.objectIdentifier(type), der.utf8(value)));
  const organizations = (subject.organizations ?? []).map((value) => part(oid.organization, value));
  return der.sequence(...organizations, part(oid.commonName, subject.commonName));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...flag, der.octets(value));
}

function alternativeName(host: string): Buffer {
  return isIPv4(host)
    ? der.tagged(7, false, Buffer.from(host.split('.').map(Number)))
    : der.tagged(2, false, Buffer.from(host, 'ascii'));
}

function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
