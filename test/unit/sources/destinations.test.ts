import { describe, expect, it } from 'vitest';
import type { DestinationPolicy } from '../../../src/sources/api.ts';
import { permit } from '../../../src/sources/destinations.ts';

const none: DestinationPolicy = {
  allowed: [],
  apiServer: [{ host: '10.96.0.1', port: 443 }, { host: '192.0.2.10', port: 6443 }, { host: 'fd00:0:0::0001' }],
};
const allowing = (...allowed: DestinationPolicy['allowed']): DestinationPolicy => ({ ...none, allowed });

describe('destinations of checks', () => {
  it.each(['10.1.2.3', '172.16.0.1', '8.8.8.8', 'fd00::2', '2001:db8::1', '::ffff:10.1.2.3', '64:ff9b::8.8.8.8'])(
    'may be %s',
    async (host) => expect(await permit(host, 80, none)).toEqual({ allowed: true, address: host }),
  );

  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['0:0:0:0:0:ffff:7f00:1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['febf::1', 'link-local'],
    ['fd00:ec2::254', 'metadata service'],
    ['fd20:ce::254', 'metadata service'],
    ['168.63.129.16', 'metadata service'],
    ['::ffff:100.100.100.200', 'metadata service'],
    ['0.0.0.0', 'not an address of one host'],
    ['0.1.2.3', 'not an address of one host'],
    ['::', 'not an address of one host'],
    ['::ffff:0.0.0.0', 'not an address of one host'],
    ['224.0.0.1', 'not an address of one host'],
    ['255.255.255.255', 'not an address of one host'],
    ['ff02::1', 'not an address of one host'],
  ])('may not be %s: %s', async (host, because) => {
    const permission = await permit(host, 80, none);
    expect(permission.allowed).toBe(false);
    expect(!permission.allowed && permission.because).toContain(because);
  });

  it('may not be the API server, in any way of writing', async () => {
    for (const [host, port] of [
      ['10.96.0.1', 443],
      ['::ffff:10.96.0.1', 443],
      ['192.0.2.10', 6443],
      ['fd00::1', 9],
      ['fd00:0:0:0:0:0:0:1', 443],
    ] as const) {
      expect(await permit(host, port, none)).toMatchObject({ allowed: false });
    }
  });

  it('may be another port of a machine that the API server runs on', async () =>
    expect(await permit('192.0.2.10', 9100, none)).toMatchObject({ allowed: true }));

  it('are what the policy allows, one by one', async () => {
    expect(await permit('127.0.0.1', 80, allowing('Loopback'))).toMatchObject({ allowed: true });
    expect(await permit('127.0.0.1', 80, allowing('LinkLocal', 'APIServer'))).toMatchObject({ allowed: false });
    expect(await permit('169.254.169.254', 80, allowing('LinkLocal'))).toMatchObject({ allowed: true });
    expect(await permit('fe80::1', 80, allowing('Loopback'))).toMatchObject({ allowed: false });
    expect(await permit('10.96.0.1', 443, allowing('APIServer'))).toMatchObject({ allowed: true });
    expect(await permit('0.0.0.0', 80, allowing('Loopback', 'LinkLocal', 'APIServer'))).toMatchObject({
      allowed: false,
    });
  });

  it('are judged by the address that a name has, and that address is given back', async () => {
    expect(await permit('localhost', 80, none)).toMatchObject({ allowed: false });
    const permission = await permit('localhost', 80, allowing('Loopback'));
    expect(permission.allowed && permission.address).toMatch(/^(127\.0\.0\.1|::1)$/);
  });
});
