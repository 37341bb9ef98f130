import type { Settings } from '../config/schema.ts';
import { CertificateStore } from '../kube/certificate-store.ts';
import type { RestClient } from '../kube/rest.ts';
import { reviewToken } from '../kube/token-review.ts';
import { sleep, type Clock } from '../runtime/clock.ts';
import type { Server } from '../runtime/manager.ts';
import type { Certificates, HeartbeatServerOptions, Listener } from '../server/api.ts';
import { startHeartbeatServer } from '../server/heartbeat-server.ts';
import { startMetrics, startProbes } from '../server/pages.ts';
import { fileCertificates, sharedCertificates } from '../server/tls.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';

/** Audience that heartbeat tokens may carry. */
const AUDIENCE = 'baton';
const CERTIFICATE_LOOK_MS = 10_000;

export interface ServerOptions {
  readonly settings: Settings;
  /** Where the lease, the certificate and the CA are. */
  readonly namespace: string;
  readonly rest: RestClient;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly alive: () => readonly string[];
  readonly ready: () => readonly string[];
  readonly leader: HeartbeatServerOptions['leader'];
  readonly known: HeartbeatServerOptions['known'];
  readonly record: HeartbeatServerOptions['record'];
}

/** Everything that listens, in the order in which it starts. */
export function createServers(options: ServerOptions): Server[] {
  const { settings, metrics, alive, ready, log } = options;
  const servers = [
    listening(
      'probes',
      log,
      () => startProbes({ address: settings.probeAddress, alive, ready }),
      settings.probeAddress,
    ),
    listening(
      'metrics',
      log,
      () =>
        startMetrics({
          address: settings.metricsAddress,
          contentType: metrics.contentType,
          text: () => metrics.text(),
        }),
      settings.metricsAddress,
    ),
  ];
  if (settings.heartbeatAddress !== '') servers.push(heartbeats(options));
  return servers;
}

function listening(name: string, log: Logger, start: () => Promise<Listener>, address: string): Server {
  let listener: Listener | undefined;
  return {
    name,
    async start() {
      if (address === '') return;
      listener = await start();
      log.debug({ ...listener.address }, `${name} listen`);
    },
    async stop() {
      await listener?.close();
    },
  };
}

function heartbeats(options: ServerOptions): Server {
  const { settings, rest, clock, metrics, log } = options;
  const certificates = certificatesOf(options);
  const stop = new AbortController();
  let running: Promise<unknown> | undefined;
  const server = listening(
    'heartbeats',
    log,
    () =>
      startHeartbeatServer({
        address: settings.heartbeatAddress,
        clock,
        certificates,
        reviewToken: (token, signal) => reviewToken(rest, token, AUDIENCE, signal),
        leader: options.leader,
        known: options.known,
        record: options.record,
        onAnswer: ({ status }) => metrics.increment('baton_heartbeats_total', { code: String(status) }),
      }),
    settings.heartbeatAddress,
  );
  return {
    name: server.name,
    async start() {
      running = Promise.all([certificates.run(stop.signal), tellProblems(certificates, options, stop.signal)]);
      await server.start();
    },
    async stop() {
      stop.abort(new Error('stopping'));
      await server.stop();
      await running;
    },
  };
}

/** Without a certificate every handshake fails, and senders cannot say why. */
async function tellProblems(
  certificates: Certificates,
  { log, clock }: ServerOptions,
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined;
  while (!signal.aborted) {
    await sleep(clock, CERTIFICATE_LOOK_MS, signal);
    const problem = certificates.problem();
    if (problem !== undefined && problem !== told)
      log.warn({ problem }, 'heartbeats have no certificate that is up to date');
    if (problem === undefined && told !== undefined) log.info({}, 'heartbeats have a certificate again');
    told = problem;
  }
}

function certificatesOf({ settings, namespace, rest, clock }: ServerOptions): Certificates {
  const { tlsCertFile, tlsKeyFile, tlsCaFile, tlsSecret, caConfigMap, serviceName } = settings;
  if (tlsCertFile !== '') {
    return fileCertificates({ clock, certificateFile: tlsCertFile, keyFile: tlsKeyFile, caFile: tlsCaFile });
  }
  const host = `${serviceName}.${namespace}`;
  return sharedCertificates({
    clock,
    names: [`${host}.svc`, `${host}.svc.cluster.local`, host, serviceName, 'localhost'],
    store: new CertificateStore({ rest, namespace, secret: tlsSecret, configMap: caConfigMap }),
  });
}
