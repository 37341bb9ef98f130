// What the embedded cluster offers to tests, the demo and the benchmark: types only, so that reading this file is
// enough to write code against it. The functions that return these are exported by index.ts.

/** Where a cluster came from, in the order in which they are tried. */
export type Provider = 'kubeconfig' | 'kind' | 'assets' | 'build';

/** `parent`: nothing outlives the process that started it, not even after a SIGKILL. `detached`: stays until `down`. */
export type Lifetime = 'parent' | 'detached';

export interface ClusterOptions {
  /** Folder of the state file, certificates, data, logs and the kubeconfig. Default: `.cluster` in the project. */
  readonly dir?: string;
  /** Fake nodes played by KWOK, spread over three zones. Default 2, or 0 with `kubelet`. */
  readonly nodes?: number;
  /** One real node: kubelet, containerd, kube-proxy. Throws KubeletUnavailable where that cannot be had. */
  readonly kubelet?: boolean;
  /** Default `parent`. */
  readonly lifetime?: Lifetime;
  /** Folder of binaries that are used as they are. Default: the variable KUBEBUILDER_ASSETS; empty for none. */
  readonly assets?: string;
  /** Appended to the flags of each component, so they win over what is set here. */
  readonly apiServerFlags?: readonly string[];
  readonly etcdFlags?: readonly string[];
  readonly controllerManagerFlags?: readonly string[];
  readonly schedulerFlags?: readonly string[];
  readonly kwokFlags?: readonly string[];
  /** Receives each line of progress. Default: standard error. */
  readonly log?: (line: string) => void;
}

/** One process of the cluster. All waits have a deadline and throw with the end of the component's log. */
export interface Component {
  readonly name: string;
  /** undefined while it does not run. */
  readonly pid: number | undefined;
  /** File that standard output and error go to. */
  readonly logFile: string;
  /** Sends SIGTERM and resolves once the process is gone (SIGKILL after 10 s). */
  stop(): Promise<void>;
  /** Sends SIGKILL and resolves once the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data; resolves once it is ready. Flags given here hold for this start only. */
  start(extraFlags?: readonly string[]): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface ClientCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateRequest {
  /** The user name. */
  readonly commonName: string;
  readonly groups?: readonly string[];
  /** Default one day; the beginning is a minute in the past. */
  readonly validSeconds?: number;
}

/** A control plane of one's own: started, broken and stopped at will. */
export interface Cluster {
  readonly provider: Provider;
  readonly dir: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT`; with a real node the host's address on its link, which pods reach too. */
  readonly server: string;
  /** PEM of the authority that signs the API server's certificate. */
  readonly caCertificate: string;
  /** Path of a kubectl of the same version. */
  readonly kubectl: string;
  readonly etcd: Component;
  readonly apiServer: Component;
  readonly controllerManager: Component;
  readonly scheduler: Component;
  /** Absent when no fake nodes were asked for. */
  readonly kwok: Component | undefined;
  /** Absent without `kubelet`. */
  readonly node: RealNode | undefined;
  /** Signed by the cluster's client authority (PEM). */
  issueClientCertificate(request: CertificateRequest): Promise<ClientCertificate>;
  /** Writes a kubeconfig with the given client certificate, or with a bearer token, and returns its path. */
  writeKubeconfig(file: string, user: ClientCertificate | { readonly token: string }): string;
  /** Starts metrics-server on the host and registers metrics.k8s.io; resolves once the API answers. */
  startMetricsServer(): Promise<Component>;
  startPrometheus(options?: PrometheusOptions): Promise<Prometheus>;
  /** From here on the cluster outlives this process, until `down`. */
  detach(): Promise<void>;
  /** Stops everything; safe to call twice. */
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Entries of `scrape_configs`, as in prometheus.yml. */
  readonly scrapeConfigs?: readonly Record<string, unknown>[];
  /** Rule groups, as in a rule file. */
  readonly ruleGroups?: readonly Record<string, unknown>[];
  /** Default `1s`. */
  readonly scrapeInterval?: string;
}

export interface Prometheus extends Component {
  /** `http://127.0.0.1:PORT` (with a real node: the host's address on the node's link, so that pods reach it). */
  readonly url: string;
}

/** The real node. Its pods reach the API server; the host reaches pods and Service addresses. */
export interface RealNode {
  readonly name: string;
  /** Address of the host as pods and the node see it. */
  readonly hostAddress: string;
  readonly address: string;
  /** Image with busybox's commands, already loaded; use `imagePullPolicy: Never`. */
  readonly busyboxImage: string;
  /** Loads a docker-archive or OCI tar; the names in it are what pods use. */
  importImage(tarFile: string): Promise<void>;
  /** Runs `ctr` in the node's containerd, namespace k8s.io, and returns its standard output. */
  ctr(...args: string[]): Promise<string>;
  readonly kubelet: Component;
  readonly kubeProxy: Component;
  readonly containerd: Component;
}
