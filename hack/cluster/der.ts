// The few DER encodings that a certificate needs (ITU-T X.690). Node signs but cannot write X.509, and the maintained
// libraries that do bring a dozen packages; these certificates live as long as a test cluster.

function encode(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const hex = body.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

export const sequence = (...parts: Uint8Array[]) => encode(0x30, ...parts);
export const set = (...parts: Uint8Array[]) => encode(0x31, ...parts);
export const octets = (bytes: Uint8Array) => encode(0x04, bytes);
export const utf8 = (text: string) => encode(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean) => encode(0x01, Buffer.from([value ? 0xff : 0]));

/** A context-specific tag; `constructed` when it wraps other encodings. */
export const tagged = (number: number, constructed: boolean, body: Uint8Array) =>
  encode((constructed ? 0xa0 : 0x80) | number, body);

/** A non-negative integer, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  const padded = ((bytes[0] ?? 0) & 0x80) !== 0 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return encode(0x02, padded);
}

export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return encode(0x03, Buffer.from([unused]), bytes);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest.flatMap(base128)];
  return encode(0x06, Buffer.from(bytes));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime, which holds years 1950 to 2049. */
export function utcTime(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return encode(0x17, Buffer.from(`${digits}Z`, 'ascii'));
}
