import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CertificatePair, CertificateStore } from '../../../src/server/api.ts';
import { fileCertificates, sharedCertificates } from '../../../src/server/tls.ts';
import { makeCertificate } from '../../../src/server/x509.ts';
import { manualClock, type ManualClock } from '../sources/clock.ts';
import { makePair, SERVER_NAME } from './fixtures.ts';

const DAY_MS = 86_400_000;
const lives: AbortController[] = [];
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
});
const life = (): AbortSignal => {
  const controller = new AbortController();
  lives.push(controller);
  return controller.signal;
};

/** A Secret and a ConfigMap as the API server keeps them, for any number of replicas. */
function fakeCluster() {
  let secret: { data: Readonly<Record<string, string>>; resourceVersion: string } | undefined;
  const state = { writes: 0, published: [] as string[], refuse: undefined as Error | undefined };
  const store: CertificateStore = {
    async read() {
      if (state.refuse) throw state.refuse;
      return secret;
    },
    async write(data, resourceVersion) {
      if (resourceVersion !== secret?.resourceVersion) throw Object.assign(new Error('conflict'), { status: 409 });
      state.writes += 1;
      secret = { data, resourceVersion: `${state.writes}` };
    },
    async publish(ca) {
      if (state.published.at(-1) !== ca) state.published.push(ca);
    },
  };
  const overwrite = (data: Readonly<Record<string, string>>): void => {
    secret = { data, resourceVersion: 'foreign' };
  };
  const remove = (): void => {
    secret = undefined;
  };
  return { store, state, overwrite, remove, secret: () => secret?.data ?? {} };
}

function replica(clock: ManualClock, store: CertificateStore, names: readonly string[] = [SERVER_NAME]) {
  const certificates = sharedCertificates({ clock, names, store });
  void certificates.run(life());
  return certificates;
}

const expiry = (pem: string | undefined): number => new X509Certificate(pem ?? '').validToDate.getTime();
const blocks = (bundle: string | undefined): string[] =>
  bundle?.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];

describe('certificates that Baton makes', () => {
  it('are accepted by TLS clients for their names and no other', async () => {
    const clock = manualClock(Date.now());
    const certificates = replica(clock, fakeCluster().store, [SERVER_NAME, 'baton']);
    await clock.advance(0);
    const pair = certificates.current();
    const server = createServer({ cert: pair?.certificate, key: pair?.key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const tryAs = (servername: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ca: pair?.ca, servername, minVersion: 'TLSv1.2' }, () => {
          resolve('accepted');
          socket.destroy();
        });
        socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
      });
    expect(await tryAs(SERVER_NAME)).toBe('accepted');
    expect(await tryAs('baton')).toBe('accepted');
    expect(await tryAs('other.baton-system.svc')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    await new Promise((resolve) => server.close(resolve));
  });

  it('have serial numbers of their own, and dates on both sides of 2050', () => {
    const make = (notAfter: number) =>
      new X509Certificate(
        makeCertificate({ commonName: 'ca', names: [], notBefore: 0, notAfter, issuer: undefined }).certificate,
      );
    expect(make(Date.UTC(2049, 11, 31)).validToDate.toISOString()).toBe('2049-12-31T00:00:00.000Z');
    expect(make(Date.UTC(2050, 0, 1)).validToDate.toISOString()).toBe('2050-01-01T00:00:00.000Z');
    expect(new Set(Array.from({ length: 20 }, () => make(1e12).serialNumber)).size).toBe(20);
    expect(make(1e12).ca).toBe(true);
  });

  it('are made once and shared by replicas that start at the same moment', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    const replicas = [replica(clock, store), replica(clock, store), replica(clock, store)];
    await clock.advance(0);
    expect(state.writes).toBe(1);
    expect(new Set(replicas.map((each) => each.current()?.certificate)).size).toBe(1);
    expect(replicas[0]?.current()).toBeDefined();
    expect(state.published).toEqual([replicas[0]?.current()?.ca]);
  });

  it('are taken as they are after a restart', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    const first = replica(clock, store);
    await clock.advance(0);
    const second = replica(clock, store);
    await clock.advance(0);
    expect(second.current()).toEqual(first.current());
    expect(state.writes).toBe(1);
  });

  it('are renewed before they expire, under the same authority, by one replica', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    const replicas = [replica(clock, store), replica(clock, store)];
    await clock.advance(0);
    const before = replicas[0]?.current();
    clock.jump(59 * DAY_MS);
    await clock.advance(60_000);
    expect(state.writes).toBe(1);
    clock.jump(2 * DAY_MS);
    await clock.advance(60_000);
    expect(state.writes).toBe(2);
    const after = replicas[0]?.current();
    expect(after?.certificate).not.toBe(before?.certificate);
    expect(after?.ca).toBe(before?.ca);
    expect(replicas[1]?.current()).toEqual(after);
    expect(expiry(after?.certificate)).toBeGreaterThan(clock.now() + 80 * DAY_MS);
  });

  it('get a new authority in time; the old one stays in the bundle until it expires', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    const certificates = replica(clock, store);
    await clock.advance(0);
    const before = certificates.current();
    clock.jump((3650 - 170) * DAY_MS);
    await clock.advance(60_000);
    const after = certificates.current();
    expect(blocks(after?.ca)).toHaveLength(2);
    expect(blocks(after?.ca)[1]).toBe(blocks(before?.ca)[0]);
    expect(state.published.at(-1)).toBe(after?.ca);
    const authority = new X509Certificate(after?.ca ?? '');
    expect(new X509Certificate(after?.certificate ?? '').verify(authority.publicKey)).toBe(true);
    clock.jump(171 * DAY_MS);
    await clock.advance(60_000);
    expect(blocks(certificates.current()?.ca)).toHaveLength(1);
  });

  it.each([
    ['nonsense', () => ({ 'tls.crt': 'x', 'tls.key': 'y', 'ca.crt': 'z' })],
    ['nothing', () => ({})],
    [
      'a foreign certificate',
      () => {
        const { certificate, ca } = makePair();
        return { 'tls.crt': certificate, 'tls.key': makePair().key, 'ca.crt': ca };
      },
    ],
  ])('replace %s in the Secret', async (_, data) => {
    const clock = manualClock(Date.now());
    const { store, overwrite, secret } = fakeCluster();
    overwrite(data());
    const certificates = replica(clock, store);
    await clock.advance(0);
    expect(certificates.problem()).toBeUndefined();
    expect(secret()['tls.crt']).toBe(certificates.current()?.certificate);
  });

  it('are made anew for other names', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    replica(clock, store);
    await clock.advance(0);
    const other = replica(clock, store, ['renamed.baton-system.svc']);
    await clock.advance(0);
    expect(state.writes).toBe(2);
    expect(new X509Certificate(other.current()?.certificate ?? '').checkHost('renamed.baton-system.svc')).toBeDefined();
  });

  it('of a deleted Secret are given up within a minute for those that another replica made', async () => {
    const clock = manualClock();
    const { store, remove } = fakeCluster();
    const certificates = replica(clock, store);
    await clock.advance(0);
    remove();
    const other = replica(clock, store);
    await clock.advance(0);
    expect(certificates.current()?.ca).not.toBe(other.current()?.ca);
    await clock.advance(60_000);
    expect(certificates.current()).toEqual(other.current());
  });

  it('are tried for again every few seconds while the Secret cannot be read, and the problem is told', async () => {
    const clock = manualClock();
    const { store, state } = fakeCluster();
    state.refuse = new Error('secrets "baton-tls" is forbidden');
    const certificates = replica(clock, store);
    await clock.advance(0);
    expect(certificates.problem()).toContain('secrets "baton-tls" is forbidden');
    expect(certificates.current()).toBeUndefined();
    state.refuse = undefined;
    await clock.advance(5000);
    expect(certificates.problem()).toBeUndefined();
    expect(certificates.current()).toBeDefined();
  });
});

describe('certificates from files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    return () => rmSync(folder, { recursive: true });
  });
  const write = ({ certificate, key, ca }: CertificatePair): void => {
    writeFileSync(join(folder, 'tls.crt'), certificate);
    writeFileSync(join(folder, 'tls.key'), key);
    writeFileSync(join(folder, 'ca.crt'), ca);
  };
  const load = (clock: ManualClock, caFile = join(folder, 'ca.crt')) => {
    const files = { certificateFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key'), caFile };
    const certificates = fileCertificates({ clock, ...files });
    void certificates.run(life());
    return certificates;
  };

  it('are read, and read again when they change; listeners hear of changes only', async () => {
    const [first, second] = [makePair(), makePair()];
    write(first);
    const clock = manualClock();
    const certificates = load(clock);
    const told: CertificatePair[] = [];
    certificates.onChange((pair) => told.push(pair));
    await expect.poll(() => certificates.current()).toEqual(first);
    write(second);
    await clock.advance(30_000);
    await expect.poll(() => certificates.current()).toEqual(second);
    expect(told).toEqual([first, second]);
  });

  it('that do not fit together are not used: those before stay, and the problem is told', async () => {
    const [first, second] = [makePair(), makePair()];
    write(first);
    const clock = manualClock();
    const certificates = load(clock);
    await expect.poll(() => certificates.current()).toEqual(first);
    write({ ...second, key: first.key });
    await clock.advance(30_000);
    await expect.poll(() => certificates.problem()).toContain('the key does not belong to the certificate');
    expect(certificates.current()).toEqual(first);
    write(second);
    await expect
      .poll(async () => {
        await clock.advance(5000);
        return certificates.current();
      })
      .toEqual(second);
    expect(certificates.problem()).toBeUndefined();
  });

  it('that no server could use stay a problem, and those before stay in use', async () => {
    const [first, second] = [makePair(), makePair()];
    write(first);
    const clock = manualClock();
    const certificates = load(clock);
    await expect.poll(() => certificates.current()).toEqual(first);
    const cutOff = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    write({ ...second, certificate: second.certificate + cutOff });
    for (const ms of [30_000, 5000, 5000]) {
      await clock.advance(ms);
      await expect.poll(() => certificates.problem()).toContain('the serving certificate cannot be loaded');
      expect(certificates.current()).toEqual(first);
    }
  });

  it('that a listener refuses stay a problem until it takes them', async () => {
    const pair = makePair();
    write(pair);
    const clock = manualClock();
    const certificates = load(clock);
    let refusals = 2;
    certificates.onChange(() => {
      if ((refusals -= 1) >= 0) throw new Error('ee key too small');
    });
    await expect.poll(() => certificates.problem()).toContain('ee key too small');
    expect(certificates.current()).toBeUndefined();
    await expect
      .poll(async () => {
        await clock.advance(5000);
        return certificates.current();
      })
      .toEqual(pair);
    expect(refusals).toBe(-1);
    expect(certificates.problem()).toBeUndefined();
  });

  it('that are missing are told by name', async () => {
    const certificates = load(manualClock());
    await expect.poll(() => certificates.problem()).toContain('tls.crt');
    expect(certificates.current()).toBeUndefined();
  });

  it('without a CA file are their own', async () => {
    const pair = makePair();
    write(pair);
    const certificates = load(manualClock(), '');
    await expect.poll(() => certificates.current()?.ca).toBe(pair.certificate);
  });
});
