import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type {
  CertificatePair,
  Certificates,
  CertificateStore,
  Clock,
  FileCertificatesOptions,
  SharedCertificatesOptions,
} from './api.ts';
import { makeCertificate } from './x509.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Files are small and mounted Secrets change by a swapped link, which watching misses: so they are read again and compared. */
const FILES_INTERVAL_MS = 30_000;
/** When the Secret is deleted, whoever comes first makes another authority; senders mistrust who still serves the one before. */
const SHARED_INTERVAL_MS = 60 * 1000;
const RETRY_MS = 5000;
const CALL_TIMEOUT_MS = 10_000;
const SERVING_DAYS = 90;
const AUTHORITY_DAYS = 3650;
/** A certificate is renewed when a third of its time is left, the authority while it still outlives two serving certificates. */
const RENEW_SERVING_MS = (SERVING_DAYS / 3) * DAY_MS;
const RENEW_AUTHORITY_MS = 2 * SERVING_DAYS * DAY_MS;
/** Certificates begin a little earlier, for senders whose clocks are behind. */
const BACKDATED_MS = 60 * 60 * 1000;

/** A certificate that people bring, as files; read again when they change. A broken pair is not used: the one before stays. */
export function fileCertificates(options: FileCertificatesOptions): Certificates {
  const { certificateFile, keyFile, caFile } = options;
  return certificatesFrom(options.clock, FILES_INTERVAL_MS, async () => {
    const [certificate, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const ca = caFile === '' ? certificate : await readFile(caFile, 'utf8');
    return { certificate, key, ca };
  });
}

/**
 * A certificate that Baton makes itself. The first replica creates the Secret, the others use it; renewal goes the same way: whoever comes
 * first wins by resourceVersion, the others read again. The authority that is replaced stays in the published bundle until it expires.
 */
export function sharedCertificates({ clock, names, store }: SharedCertificatesOptions): Certificates {
  return certificatesFrom(clock, SHARED_INTERVAL_MS, async (signal) => {
    const pair = await currentOrRenewed(clock, names, store, signal);
    await store.publish(pair.ca, signal);
    return pair;
  });
}

async function currentOrRenewed(
  clock: Clock,
  names: readonly string[],
  store: CertificateStore,
  signal: AbortSignal,
): Promise<CertificatePair> {
  for (let attempt = 0; ; attempt += 1) {
    const found = await store.read(signal);
    const data = found?.data ?? {};
    const now = clock.now();
    if (isServing(data, names, now)) return pairOf(data);
    const renewed = renew(data, names, now);
    try {
      await store.write(renewed, found?.resourceVersion, signal);
      return pairOf(renewed);
    } catch (error) {
      if ((error as { status?: unknown } | null)?.status !== 409 || attempt === 4) throw error;
    }
  }
}

type SecretData = Readonly<Record<string, string>>;

function pairOf(data: SecretData): CertificatePair {
  return { certificate: data['tls.crt'] ?? '', key: data['tls.key'] ?? '', ca: data['ca.crt'] ?? '' };
}

/** Whether the Secret's certificate is sound, is for these names, is signed by its authority, and lasts long enough. */
function isServing(data: SecretData, names: readonly string[], now: number): boolean {
  try {
    const serving = new X509Certificate(data['tls.crt'] ?? '');
    const authority = new X509Certificate(data['ca.crt'] ?? '');
    return (
      serving.checkPrivateKey(createPrivateKey(data['tls.key'] ?? '')) &&
      serving.verify(authority.publicKey) &&
      names.every((name) => serving.checkHost(name) !== undefined) &&
      serving.validToDate.getTime() - now > RENEW_SERVING_MS &&
      serving.validFromDate.getTime() <= now
    );
  } catch {
    return false;
  }
}

/** Makes what the Secret should hold: a new serving certificate, under the authority that is there while that is good. */
function renew(data: SecretData, names: readonly string[], now: number): SecretData {
  const kept = authorityIn(data, now);
  const commonName = kept?.commonName ?? `baton-ca-${new Date(now).toISOString().replace(/[-:.]/g, '')}`;
  const authority =
    kept ??
    makeCertificate({
      commonName,
      names: [],
      notBefore: now - BACKDATED_MS,
      notAfter: now + AUTHORITY_DAYS * DAY_MS,
      issuer: undefined,
    });
  const serving = makeCertificate({
    commonName: 'baton',
    names,
    notBefore: now - BACKDATED_MS,
    notAfter: now + SERVING_DAYS * DAY_MS,
    issuer: { ...authority, commonName },
  });
  const former =
    kept === undefined ? stillValid(data['ca.crt'] ?? '', now) : stillValid(data['ca.crt'] ?? '', now).slice(1);
  return {
    'ca.crt': [authority.certificate, ...former].join(''),
    'ca.key': authority.key,
    'tls.crt': serving.certificate,
    'tls.key': serving.key,
  };
}

function authorityIn(
  data: SecretData,
  now: number,
): { certificate: string; key: string; commonName: string } | undefined {
  try {
    const key = data['ca.key'] ?? '';
    const authority = new X509Certificate(data['ca.crt'] ?? '');
    const commonName = /^CN=(baton-ca-[0-9TZ]+)$/.exec(authority.subject)?.[1];
    const isGood =
      authority.checkPrivateKey(createPrivateKey(key)) && authority.validToDate.getTime() - now > RENEW_AUTHORITY_MS;
    return isGood && commonName !== undefined ? { certificate: authority.toString(), key, commonName } : undefined;
  } catch {
    return undefined;
  }
}

/** The certificates of a bundle that have not expired, at most three. */
function stillValid(bundle: string, now: number): string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  return blocks.slice(0, 3).filter((block) => {
    try {
      return new X509Certificate(block).validToDate.getTime() > now;
    } catch {
      return false;
    }
  });
}

/** Loads now and again and again; tells listeners of each new pair that is sound. */
function certificatesFrom(
  clock: Clock,
  intervalMs: number,
  load: (signal: AbortSignal) => Promise<CertificatePair>,
): Certificates {
  const listeners: ((pair: CertificatePair) => void)[] = [];
  let current: CertificatePair | undefined;
  let problem: string | undefined = 'no certificate was loaded yet';

  async function loadOnce(signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    const giveUp = (): void => controller.abort();
    const timer = clock.setTimeout(giveUp, CALL_TIMEOUT_MS);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const pair = await load(controller.signal);
      if (!new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key))) {
        throw new Error('the key does not belong to the certificate');
      }
      const isSame = current?.certificate === pair.certificate && current.key === pair.key && current.ca === pair.ca;
      if (!isSame) {
        // Refuses what a server could not use: a key that is too short, a chain that is no chain.
        createSecureContext({ cert: pair.certificate, key: pair.key });
        for (const listener of listeners) listener(pair);
        // Only now: what a listener refused is tried again, and is no certificate that is in use.
        current = pair;
      }
      problem = undefined;
    } catch (error) {
      problem = `the serving certificate cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
    }
  }

  return {
    current: () => current,
    onChange: (listener) => void listeners.push(listener),
    problem: () => problem,
    async run(signal) {
      while (!signal.aborted) {
        await loadOnce(signal);
        if (!signal.aborted) await pause(clock, problem === undefined ? intervalMs : RETRY_MS, signal);
      }
    },
  };
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
