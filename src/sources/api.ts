/** The shapes that main.ts wires together; each is made by the `create…` function of the file of the same name. */
import type { Missing, Reading } from '../domain/reading.ts';
import type { PodUsage, Resources } from '../domain/snapshot.ts';
import type { Clock, Source } from './contract.ts';
import type { HeartbeatMetric, HeartbeatQuery, ResourceQuery } from './queries.ts';

/** prometheus.ts: `createPrometheus(options): Source<PrometheusQuery> & { close(): Promise<void> }` */
export interface PrometheusOptions {
  readonly clock: Clock;
  /** Read at each query, so a changed policy holds at once; undefined where the policy names no Prometheus. */
  readonly policy: () => PrometheusPolicy | undefined;
}

export interface PrometheusPolicy {
  readonly url: string;
  /** `*` means all. */
  readonly namespaces: readonly string[];
  readonly timeoutMs: number;
}

/** resource-metrics.ts: `createResourceMetrics(options): ResourceMetrics` */
export interface ResourceMetricsOptions {
  readonly clock: Clock;
  /** Read before each list; undefined while the policy switches it off. */
  readonly policy: () => { readonly intervalMs: number } | undefined;
  /** GETs a list of the API server and gives its items one by one; rejects with an error that carries the HTTP `status` where there was one. */
  readonly list: (path: string, onItem: (item: unknown) => void, signal: AbortSignal) => Promise<void>;
  /** One namespace only; undefined or '' for all. */
  readonly namespace?: string | undefined;
  /** The limits and requests of a pod that somebody looks after; undefined for any other, which then causes no change. */
  readonly resourcesOf: (
    namespace: string,
    pod: string,
  ) => { readonly requests: Resources; readonly limits: Resources } | undefined;
}

export interface ResourceMetrics extends Source<ResourceQuery> {
  /** Usage by pod name, of the last list; empty when there is none or it is stale. */
  usage(namespace: string): ReadonlyMap<string, PodUsage>;
  /** Why there is no usage at all just now; undefined while there is. */
  problem(): Missing | undefined;
  /** Called with the pods whose ratio moved by a hundredth or more, or that gained or lost their figure. */
  onChange(listener: (changes: ReadonlyMap<string, ReadonlySet<string>>) => void): void;
  /** Called when `problem` changed its reason, or came or went: that concerns every service. */
  onProblem(listener: () => void): void;
  /** Lists at once and then every interval, until the signal aborts. The policy is looked at again at each turn and at `poke`. */
  run(signal: AbortSignal): Promise<void>;
  /** The policy changed: list now. */
  poke(): void;
}

/** http-check.ts, tcp-check.ts: `createHttpCheck(options): Source<HttpQuery>`, `createTcpCheck(options): Source<TcpQuery>` */
export interface CheckOptions {
  readonly clock: Clock;
  /** What may be reached; read at each connection. */
  readonly destinations: () => DestinationPolicy;
  /** Goes into the User-Agent. */
  readonly version: string;
}

export interface DestinationPolicy {
  /** As in the policy's httpChecks.allowedDestinations. */
  readonly allowed: readonly ('Loopback' | 'LinkLocal' | 'APIServer')[];
  /** Addresses of the API server (its Service and its endpoints); a host without a port bars all its ports. */
  readonly apiServer: readonly { readonly host: string; readonly port?: number }[];
}

/** heartbeats.ts: `createHeartbeats(options): Heartbeats` */
export interface HeartbeatsOptions {
  readonly clock: Clock;
  /** Default 1,000: the sender that was silent longest makes room. */
  readonly maxSendersPerService?: number;
  /** Default 100,000 over all services: the namespace with most of them makes room. */
  readonly maxSenders?: number;
}

export interface Heartbeats extends Source<HeartbeatQuery> {
  /** `timestamp` is when the component measured, ms since the epoch; absent means now. An older one than the sender's last is dropped. */
  record(beat: Heartbeat): void;
  /**
   * This replica leads from now on. What it heard in an earlier term is out of date; and until a query's `staleAfterMs` has passed, silence
   * is NotAskedYet.
   */
  begin(): void;
  /** The service is gone. */
  forget(namespace: string, service: string): void;
  /** Called at each accepted heartbeat. */
  onBeat(listener: (namespace: string, service: string) => void): void;
}

export interface Heartbeat {
  readonly namespace: string;
  readonly service: string;
  readonly sender: string;
  readonly values: Readonly<Partial<Record<HeartbeatMetric, number>>>;
  readonly timestamp?: number | undefined;
}

/** prober.ts: `createProber(options): Prober` */
export interface ProberOptions {
  readonly clock: Clock;
  /** Checks under way at once; the policy's httpChecks.maxConcurrent. */
  readonly maxConcurrent: number;
}

/** One periodic check of one service. */
export interface ProbeCheck {
  /** Unique in its service. */
  readonly name: string;
  readonly intervalMs: number;
  /** The definition of the check, e.g. its JSON without the targets: while it stays the same, readings survive `ensure`. */
  readonly definition: string;
  /** A move of the value below this is not told to `onChange`; e.g. a hundredth of |critical − warning|. Default 0: every move. */
  readonly step?: number | undefined;
  /** It is answered from memory: at once, without waiting for a turn. */
  readonly local?: boolean | undefined;
  /** Asks the source. The function may be another at each `ensure` (other pods), the last one counts. */
  readonly read: (signal: AbortSignal) => Promise<Reading>;
}

export interface Prober {
  /** The checks that are wanted for this key from now on; those not named end. Cheap when nothing changed. */
  ensure(key: string, checks: readonly ProbeCheck[]): void;
  forget(key: string): void;
  /** Run this check of the key now, e.g. because a heartbeat came. */
  kick(key: string, name: string): void;
  /** The last reading by check name; a check that has not answered yet is absent. */
  readings(key: string): ReadonlyMap<string, Reading>;
  /** Called when a reading of the key changed in kind, verdict or reason, or its value moved by the check's step. */
  onChange(listener: (key: string) => void): void;
  setMaxConcurrent(max: number): void;
  /** Aborts what is under way, ends all timers and forgets everything. */
  stop(): Promise<void>;
}
