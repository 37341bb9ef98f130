import type { Check } from '../../api/kinds.ts';
import { parseDuration } from '../../domain/duration.ts';
import type { Reading } from '../../domain/reading.ts';
import { activeScaling, readingName } from '../../domain/scaling/from-spec.ts';
import type { PodSnapshot, Resources } from '../../domain/snapshot.ts';
import type { CachedService } from './caches.ts';

/** What a check is asked of; main.ts gives the sources of src/sources. */
export interface CheckSources {
  prometheus(query: { namespace: string; query: string }, signal: AbortSignal): Promise<Reading>;
  resource(query: ResourceQuery, signal: AbortSignal): Promise<Reading>;
  http(query: HttpQuery, signal: AbortSignal): Promise<Reading>;
  tcp(query: ConnectQuery, signal: AbortSignal): Promise<Reading>;
  heartbeat(query: HeartbeatQuery, signal: AbortSignal): Promise<Reading>;
  /** Address and ports of a Service; a Missing where there is none that can be asked. */
  service(
    reference: { namespace: string; name: string; port: number | string },
    signal: AbortSignal,
  ): Promise<CheckTarget | (Reading & { kind: 'missing' })>;
}

export interface ResourceQuery {
  namespace: string;
  resource: 'cpu' | 'memory';
  of: 'limit' | 'request';
  pods: readonly { name: string; requests: Resources; limits: Resources }[];
}

export interface CheckTarget {
  name: string;
  host: string;
  port: number | undefined;
}

export interface ConnectQuery {
  targets: readonly CheckTarget[];
  port: number | string;
  timeoutMs: number;
}

export interface HttpQuery extends ConnectQuery {
  scheme: 'HTTP' | 'HTTPS';
  path: string;
}

export interface HeartbeatQuery {
  namespace: string;
  service: string;
  metric: 'cpu' | 'memory' | 'error_rate' | 'response_time_seconds';
  staleAfterMs: number;
  worst: 'highest' | 'lowest';
}

/** One check as the prober runs it. */
export interface PeriodicCheck {
  readonly name: string;
  readonly intervalMs: number;
  readonly definition: string;
  readonly step?: number;
  /** Answered from memory. */
  readonly local?: boolean;
  readonly read: (signal: AbortSignal) => Promise<Reading>;
}

const PROMETHEUS_INTERVAL_MS = 30_000;
const PROBE_INTERVAL_MS = 10_000;
const STALE_AFTER = '60s';
const NONE: readonly PeriodicCheck[] = [];

/** The checks of a service with the pods that they concern now. */
export function periodicChecks(
  service: CachedService,
  pods: readonly PodSnapshot[],
  sources: CheckSources,
  resourceIntervalMs: number,
): readonly PeriodicCheck[] {
  const checks = service.spec.health?.checks;
  if (checks === undefined || checks.length === 0) return NONE;
  return checks.map((check) => ({
    name: check.name,
    intervalMs: intervalOf(check, resourceIntervalMs),
    definition: JSON.stringify(check),
    // A figure that moves by less than a hundredth of its scale changes nothing that anybody sees.
    ...(check.thresholds && { step: Math.abs(check.thresholds.critical - check.thresholds.warning) / 100 }),
    ...((check.resource || check.heartbeat) && { local: true }),
    read: reader(check, service, pods, sources),
  }));
}

/** The queries of spec.scaling, asked at the pace at which replicas are decided on. Any move of a figure is worth a look. */
export function scalingQueries(
  { namespace, spec }: CachedService,
  sources: Pick<CheckSources, 'prometheus'>,
  intervalMs: number,
): readonly PeriodicCheck[] {
  const queries = (activeScaling(spec.scaling)?.metrics ?? []).map(({ prometheus }) => prometheus?.query);
  return queries.flatMap((query, index) =>
    query === undefined
      ? []
      : [
          {
            name: readingName(index),
            intervalMs,
            definition: query,
            read: (signal: AbortSignal) => sources.prometheus({ namespace, query }, signal),
          },
        ],
  );
}

/** The names of the checks that a heartbeat is evidence for. */
export function heartbeatChecks({ spec }: CachedService): readonly string[] {
  return (spec.health?.checks ?? []).filter((check) => check.heartbeat).map(({ name }) => name);
}

function intervalOf(check: Check, resourceIntervalMs: number): number {
  if (check.interval !== undefined) return parseDuration(check.interval);
  if (check.resource) return resourceIntervalMs;
  if (check.prometheus) return PROMETHEUS_INTERVAL_MS;
  // A heartbeat is looked at when it comes; in between only its age matters.
  if (check.heartbeat) return Math.min(Math.max(parseDuration(check.staleAfter ?? STALE_AFTER) / 3, 1_000), 10_000);
  return PROBE_INTERVAL_MS;
}

function reader(
  check: Check,
  { namespace, name }: CachedService,
  pods: readonly PodSnapshot[],
  sources: CheckSources,
): PeriodicCheck['read'] {
  const { prometheus, resource, http, tcp, heartbeat } = check;
  if (prometheus) return (signal) => sources.prometheus({ namespace, query: prometheus.query }, signal);
  if (resource) {
    const query = { namespace, resource: resource.name, of: resource.of, pods: resourcePods(pods) };
    return (signal) => sources.resource(query, signal);
  }
  if (heartbeat) {
    const falling = check.thresholds !== undefined && check.thresholds.critical < check.thresholds.warning;
    const staleAfterMs = parseDuration(check.staleAfter ?? STALE_AFTER);
    const worst = falling ? 'lowest' : 'highest';
    return (signal) =>
      sources.heartbeat({ namespace, service: name, metric: heartbeat.metric, staleAfterMs, worst }, signal);
  }
  const connect = http ?? tcp;
  if (!connect) return noSuchCheck;
  return async (signal) => {
    const targets = await targetsOf(connect, { namespace, name }, pods, sources, signal);
    if ('kind' in targets) return targets;
    const query = { targets, port: connect.port, timeoutMs: parseDuration(connect.timeout) };
    return http ? sources.http({ ...query, scheme: http.scheme, path: http.path }, signal) : sources.tcp(query, signal);
  };
}

/** The CRD's rules leave no such check; an object from before a rule may still be there. */
const noSuchCheck = (): Promise<Reading> =>
  Promise.resolve({
    kind: 'missing',
    reason: 'SourceNotConfigured',
    at: 0,
    evidence: 'the check has none of prometheus, resource, http, tcp and heartbeat',
  });

const resourcePods = (pods: readonly PodSnapshot[]): ResourceQuery['pods'] =>
  pods
    .filter((pod) => pod.phase === 'Running' && !pod.terminating)
    .map(({ name, template: { requests, limits } }) => ({ name, requests, limits }));

type Connect = NonNullable<Check['http']> | NonNullable<Check['tcp']>;

async function targetsOf(
  connect: Connect,
  service: { readonly namespace: string; readonly name: string },
  pods: readonly PodSnapshot[],
  sources: CheckSources,
  signal: AbortSignal,
): Promise<readonly CheckTarget[] | (Reading & { kind: 'missing' })> {
  const { port } = connect;
  if (connect.target === 'Service') {
    const target = await sources.service(
      { namespace: service.namespace, name: connect.service ?? service.name, port },
      signal,
    );
    return 'kind' in target ? target : [target];
  }
  return pods
    .filter((pod) => pod.ready && !pod.terminating && pod.ip !== undefined)
    .map((pod) => ({
      name: `pod ${pod.name}`,
      host: pod.ip ?? '',
      port: typeof port === 'number' ? port : pod.template.ports[port],
    }));
}
