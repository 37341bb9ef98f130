import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { DestinationPolicy } from './api.ts';

export type Permission =
  | { readonly allowed: true; readonly address: string }
  | { readonly allowed: false; readonly because: string };

const LOOPBACK = subnets(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6']);
const LINK_LOCAL = subnets(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']);
/** Metadata services of clouds that are not link-local: they give credentials to whoever asks. */
const METADATA = subnets(
  ['fd00:ec2::', 32, 'ipv6'], // Amazon
  ['fd20:ce::254', 128, 'ipv6'], // Google
  ['168.63.129.16', 32, 'ipv4'], // Azure
  ['100.100.100.200', 32, 'ipv4'], // Alibaba
);
/** Nothing that a check could mean; connecting to 0.0.0.0 reaches loopback on Linux. */
const NEVER = subnets(
  ['0.0.0.0', 8, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['255.255.255.255', 32, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
);

function subnets(...nets: readonly [string, number, 'ipv4' | 'ipv6'][]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of nets) list.addSubnet(net, prefix, family);
  return list;
}

/**
 * Resolves a host once and says whether a check may connect there. The caller must connect to the address that is given back, not to the
 * name: a name may resolve differently the next time. Of several addresses all must be allowed. Rejects when the name cannot be resolved.
 */
export async function permit(host: string, port: number, policy: DestinationPolicy): Promise<Permission> {
  const addresses = isIP(host) > 0 ? [host] : (await lookup(host, { all: true })).map((found) => found.address);
  for (const address of addresses) {
    const because = barred(address, port, policy);
    if (because !== undefined) return { allowed: false, because };
  }
  const [address] = addresses;
  return address === undefined ? { allowed: false, because: `${host} has no address` } : { allowed: true, address };
}

function barred(address: string, port: number, { allowed, apiServer }: DestinationPolicy): string | undefined {
  const plain = embeddedIPv4(address) ?? canonical(address);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (NEVER.check(plain, family)) return `${address} is not an address of one host`;
  if (LOOPBACK.check(plain, family) && !allowed.includes('Loopback')) return `${address} is loopback`;
  if (LINK_LOCAL.check(plain, family) && !allowed.includes('LinkLocal')) return `${address} is link-local`;
  if (METADATA.check(plain, family) && !allowed.includes('LinkLocal'))
    return `${address} is the metadata service of a cloud`;
  const isApiServer = apiServer.some(
    (server) => canonical(server.host) === plain && (server.port === undefined || server.port === port),
  );
  return isApiServer && !allowed.includes('APIServer') ? `${address}:${port} is the API server` : undefined;
}

/** The IPv4 address that an IPv6 one stands for: mapped (::ffff:0:0/96), compatible (::/96) and NAT64 (64:ff9b::/96). */
function embeddedIPv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const match = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical(address));
  if (match === null) return undefined;
  const [high, low] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The one way of writing an address, without its zone. */
function canonical(address: string): string {
  const bare = address.split('%')[0] ?? '';
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}
