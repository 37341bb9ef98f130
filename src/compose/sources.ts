import { isIP } from 'node:net';
import type { CheckSources } from '../controllers/service/checks.ts';
import type { Policy } from '../controllers/orchestration/policy.ts';
import { parseDuration } from '../domain/duration.ts';
import type { Reading } from '../domain/reading.ts';
import type { Usage } from '../domain/status/input.ts';
import type { PodSnapshot } from '../domain/snapshot.ts';
import type { RestClient } from '../kube/rest.ts';
import { serviceAddress } from '../kube/service-address.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ReadonlyStore } from '../runtime/store.ts';
import type { DestinationPolicy } from '../sources/api.ts';
import { messageOf, missing, type Source } from '../sources/contract.ts';
import { createHeartbeats } from '../sources/heartbeats.ts';
import { createHttpCheck } from '../sources/http-check.ts';
import { createProber } from '../sources/prober.ts';
import { createPrometheus } from '../sources/prometheus.ts';
import { createResourceMetrics } from '../sources/resource-metrics.ts';
import { createTcpCheck } from '../sources/tcp-check.ts';
import type { Metrics } from '../telemetry/registry.ts';

export interface SourceOptions {
  readonly clock: Clock;
  readonly rest: RestClient;
  readonly policy: Policy;
  readonly pods: ReadonlyStore<PodSnapshot>;
  readonly namespace: string;
  /** URL of the API server, which checks may not reach. */
  readonly apiServer: string;
  readonly version: string;
  readonly metrics: Metrics;
  /** Whether somebody looks after pods of this owner. */
  readonly isManaged: (pod: PodSnapshot) => boolean;
}

/** So long metrics.k8s.io may be silent, as long as a list may take. */
const LIST_STALL_MS = 15_000;

/** Every source of evidence beside the watches, and the prober that asks them. */
export function createSources(options: SourceOptions) {
  const { clock, rest, policy, pods, namespace, version } = options;
  const destinations = destinationsOf(policy, options.apiServer);
  const prometheus = createPrometheus({ clock, policy: () => prometheusPolicy(policy) });
  const resources = createResourceMetrics({
    clock,
    namespace,
    policy: () =>
      policy.current.spec.metricSources.resourceMetrics.enabled
        ? { intervalMs: policy.current.resourceIntervalMs }
        : undefined,
    list: (path, onItem, signal) => rest.items(path, onItem, { signal, stallMs: LIST_STALL_MS }),
    resourcesOf: (podNamespace, name) => {
      const pod = pods.get(`${podNamespace}/${name}`);
      return pod && options.isManaged(pod) ? pod.template : undefined;
    },
  });
  const heartbeats = createHeartbeats({ clock });
  const http = createHttpCheck({ clock, destinations, version });
  const tcp = createTcpCheck({ clock, destinations });
  const prober = createProber({ clock, maxConcurrent: policy.current.spec.httpChecks.maxConcurrent });
  const measured = <Query>(source: Source<Query>) => measure(source, options);
  const sources: CheckSources = {
    prometheus: measured(prometheus),
    resource: measured(resources),
    http: measured(http),
    tcp: measured(tcp),
    heartbeat: measured(heartbeats),
    service: (reference, signal) => serviceTarget(rest, clock, reference, signal),
  };
  return {
    sources,
    prober,
    resources,
    heartbeats,
    prometheus,
    destinations,
    usage: (of: string) => usageOf(resources, of),
  };
}

function usageOf(resources: ReturnType<typeof createResourceMetrics>, namespace: string): Usage {
  const problem = resources.problem();
  if (problem) return { kind: 'missing', reason: problem.reason, evidence: problem.evidence };
  return { kind: 'known', pods: resources.usage(namespace) };
}

function prometheusPolicy(policy: Policy) {
  const prometheus = policy.current.spec.metricSources.prometheus;
  return (
    prometheus && {
      url: prometheus.url,
      namespaces: prometheus.namespaces,
      timeoutMs: parseDuration(prometheus.timeout),
    }
  );
}

function destinationsOf(policy: Policy, server: string): () => DestinationPolicy {
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const apiServer = isIP(host) ? [{ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }] : [];
  // In a pod this is the address of the Service in front of it.
  const service = process.env['KUBERNETES_SERVICE_HOST'];
  if (service) apiServer.push({ host: service, port: Number(process.env['KUBERNETES_SERVICE_PORT'] ?? 443) });
  return () => ({ allowed: policy.current.spec.httpChecks.allowedDestinations, apiServer });
}

function measure<Query>(source: Source<Query>, { clock, metrics }: SourceOptions) {
  return async (query: Query, signal: AbortSignal): Promise<Reading> => {
    const started = clock.monotonic();
    const reading = await source.read(query, signal);
    const outcome = reading.kind === 'missing' ? reading.reason : reading.kind;
    metrics.increment('baton_source_readings_total', { source: source.name, outcome });
    metrics.observe(
      'baton_source_read_duration_seconds',
      { source: source.name },
      (clock.monotonic() - started) / 1_000,
    );
    return reading;
  };
}

async function serviceTarget(
  rest: RestClient,
  clock: Clock,
  reference: { namespace: string; name: string; port: number | string },
  signal: AbortSignal,
): ReturnType<CheckSources['service']> {
  const { name } = reference;
  try {
    const address = await serviceAddress(rest, reference, signal);
    switch (address.kind) {
      case 'found':
        return { name: `service ${name}`, host: address.host, port: address.port };
      case 'forbidden':
        return missing('Forbidden', 'Baton may not get services in this namespace', clock.now());
      case 'none':
        return missing('NoTargets', NO_ADDRESS[address.because](name), clock.now());
    }
  } catch (error) {
    return missing(
      'SourceUnavailable',
      `the API server did not tell the address of Service ${name}: ${messageOf(error)}`,
      clock.now(),
    );
  }
}

const NO_ADDRESS = {
  absent: (name: string) => `there is no Service ${name}`,
  headless: (name: string) => `Service ${name} is headless and has no address of its own; use target: Pod`,
};
