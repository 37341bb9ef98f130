/**
 * Writes the two certificates that Baton makes for itself (an authority, and one for its replicas), as DER after RFC 5280. Node can read and verify
 * certificates but not make them; what is written here has a fixed shape, so this is all that a library would be needed for.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';

/** PEM. */
export interface SignedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** DNS names; none for an authority. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Undefined makes an authority that signs itself. */
  readonly issuer: (SignedCertificate & { readonly commonName: string }) | undefined;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Makes a P-256 key and a certificate for it, signed by the issuer. */
export function makeCertificate(request: CertificateRequest): SignedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKey = request.issuer === undefined ? privateKey : createPrivateKey(request.issuer.key);
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    nameOf(request.issuer?.commonName ?? request.commonName),
    sequence(time(request.notBefore), time(request.notAfter)),
    nameOf(request.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(request, publicKey, createPublicKey(issuerKey)))),
  );
  const der = sequence(body, algorithm, bitString(sign('sha256', body, issuerKey)));
  return {
    certificate: pem('CERTIFICATE', der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extensions(request: CertificateRequest, publicKey: KeyObject, issuerKey: KeyObject): Buffer[] {
  const isAuthority = request.issuer === undefined;
  // Bits from the left: digitalSignature 0, keyCertSign 5, cRLSign 6.
  const usage = isAuthority ? Buffer.from([1, 0b0000_0110]) : Buffer.from([7, 0b1000_0000]);
  const list = [
    extension(BASIC_CONSTRAINTS, true, sequence(...(isAuthority ? [tagged(0x01, Buffer.from([0xff]))] : []))),
    extension(KEY_USAGE, true, tagged(0x03, usage)),
    extension(SUBJECT_KEY_ID, false, tagged(0x04, keyId(publicKey))),
    extension(AUTHORITY_KEY_ID, false, sequence(tagged(0x80, keyId(issuerKey)))),
  ];
  if (isAuthority) return list;
  const names = request.names.map((name) => tagged(0x82, Buffer.from(name, 'ascii')));
  return [
    ...list,
    extension(EXTENDED_KEY_USAGE, false, sequence(oid(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, false, sequence(...names)),
  ];
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tagged(0x01, Buffer.from([0xff]))] : []), tagged(0x04, value));
}

/** RFC 5280 4.2.1.2 (1): SHA-1 of the public key's bits, an identifier and no proof. The point of P-256 is the last 65 bytes of its SPKI. */
function keyId(key: KeyObject): Buffer {
  const bits = key.export({ type: 'spki', format: 'der' }).subarray(-65);
  return createHash('sha1').update(bits).digest();
}

/** 127 random bits, positive and not zero. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Buffer[]): Buffer => tagged(0x30, ...content);
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes);
const bitString = (bits: Buffer): Buffer => tagged(0x03, Buffer.from([0]), bits);

function nameOf(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from(commonName, 'utf8')))));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
