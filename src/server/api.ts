/** The shapes that main.ts wires together: what servers are given and what they give. */

/** Durations and deadlines; as src/runtime has it. */
export interface Clock {
  now(): number;
  monotonic(): number;
  setTimeout(run: () => void, ms: number): { cancel(): void };
}

/** A listener that runs. `address` has the port that was really taken. */
export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Stops accepting, lets requests under way finish for `graceMs` (default 1,000), then closes every connection. */
  close(graceMs?: number): Promise<void>;
}

/** pages.ts: `startProbes(options): Promise<Listener>`; a non-empty list is answered with 503 and its lines. */
export interface ProbesOptions {
  /** `:8081` or `host:port`. */
  readonly address: string;
  /** Why the process should be restarted. */
  readonly alive: () => readonly string[];
  /** What is not ready yet. */
  readonly ready: () => readonly string[];
}

/** pages.ts: `startMetrics(options): Promise<Listener>` */
export interface MetricsOptions {
  readonly address: string;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** heartbeat-server.ts: `startHeartbeatServer(options): Promise<Listener>` */
export interface HeartbeatServerOptions {
  readonly address: string;
  readonly clock: Clock;
  readonly certificates: Certificates;
  /** POSTs a TokenReview. Rejects when the API server cannot be asked; that is answered with 503 and not remembered. */
  readonly reviewToken: (token: string, signal: AbortSignal) => Promise<TokenVerdict>;
  /** Who leads: this replica, another at `address` (host:port), or nobody known (503, Retry-After). */
  readonly leader: () => { readonly self: true } | { readonly self: false; readonly address: string } | undefined;
  /** Whether there is such an OrchestratedService; asked on the leader only, else 404. */
  readonly known: (namespace: string, service: string) => boolean;
  readonly record: (beat: HeartbeatInput) => void;
  /** Default 1,024; from the half on connections end after their answer. */
  readonly maxConnections?: number;
  /** One call for each answer, for metrics and logs. */
  readonly onAnswer?: (answer: { readonly status: number; readonly because: string }) => void;
}

export interface TokenVerdict {
  readonly authenticated: boolean;
  readonly username?: string | undefined;
  /** status.user.extra */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  /** status.error */
  readonly error?: string | undefined;
}

export interface HeartbeatInput {
  readonly namespace: string;
  readonly service: string;
  readonly sender: string;
  readonly values: {
    readonly cpu?: number;
    readonly memory?: number;
    readonly error_rate?: number;
    readonly response_time_seconds?: number;
  };
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined;
}

/** tls.ts: `fileCertificates(options)` and `sharedCertificates(options)` */
export interface Certificates {
  /** Undefined until there is one. */
  current(): CertificatePair | undefined;
  onChange(listener: (pair: CertificatePair) => void): void;
  /** Resolves when the signal aborts; looks again from time to time and never rejects: what is wrong is in `problem`. */
  run(signal: AbortSignal): Promise<void>;
  /** Why there is no (new) certificate; for readiness and the log. */
  problem(): string | undefined;
}

/** PEM, all of it. `ca` is the bundle that verifies the other replicas. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

export interface FileCertificatesOptions {
  readonly clock: Clock;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** '' when the certificate itself is what others should trust. */
  readonly caFile: string;
}

export interface SharedCertificatesOptions {
  readonly clock: Clock;
  /** DNS names, the first one is what replicas ask each other for, e.g. baton.baton-system.svc */
  readonly names: readonly string[];
  readonly store: CertificateStore;
}

/** The Secret that all replicas share and the ConfigMap that senders trust. Rejections carry the HTTP `status` (409: somebody was faster). */
export interface CertificateStore {
  /** Decoded data of the Secret, undefined when there is none. */
  read(signal: AbortSignal): Promise<{ data: Readonly<Record<string, string>>; resourceVersion: string } | undefined>;
  /** Creates the Secret, or replaces it only if it still has that resourceVersion. */
  write(
    data: Readonly<Record<string, string>>,
    resourceVersion: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes `ca.crt` of the ConfigMap say this; writes only when it does not yet. */
  publish(ca: string, signal: AbortSignal): Promise<void>;
}
