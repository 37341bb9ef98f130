import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** It cannot be told which API server to talk to; the message says what to do. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

export interface ConnectionOptions {
  /** Path of a kubeconfig. Without it: $KUBECONFIG, ~/.kube/config, then the ServiceAccount of the pod. */
  kubeconfig?: string | undefined;
  /** A context of the kubeconfig; default its current one. */
  context?: string | undefined;
  /** Read the ServiceAccount's files under this folder instead of `/` (tests of the in-cluster way). */
  inClusterRoot?: string | undefined;
  userAgent: string;
  /** How long credentials are used before their files are looked at again, milliseconds. Default 10,000. */
  checkEveryMs?: number;
}

export interface Session {
  readonly origin: URL;
  /** Path of the server's URL (a proxy such as Rancher's), without a slash at its end. */
  readonly basePath: string;
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string>>;
}

type TlsMaterial = https.AgentOptions & {
  agent?: http.Agent;
  headers?: Record<string, string | string[] | undefined>;
  auth?: string;
};

// Between a TLS handshake for each change in a quiet cluster and the API server's own limit (90 s).
const KEEP_ALIVE_MS = 75_000;

/**
 * Who we are to the API server and over which connections. client-node's KubeConfig reads the credentials (kubeconfig, pod,
 * exec plugins, token files); the pool of connections is ours and is kept, where client-node would make one per request. It
 * is replaced when the CA, the client certificate or the server change; running requests finish on the old one.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #config: KubeConfig;
  #configStamp: string;
  #session: Session | undefined;
  #poolKey = '';
  #checkedAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<Session> | undefined;
  #reloading: Promise<Session> | undefined;

  /** Throws ConnectionError when there is no kubeconfig to be read or it names no cluster. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#configStamp = this.#stamp();
    try {
      this.#config = this.#load();
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      throw new ConnectionError(`the kubeconfig cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Namespace of the context, or of the pod; undefined when neither names one. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** The session to send the next request with. Rejects when credentials cannot be read. */
  session(): Session | Promise<Session> {
    const due = performance.now() - this.#checkedAt >= (this.#options.checkEveryMs ?? 10_000);
    if (this.#session && !due) return this.#session;
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** After a 401 to a request of `refused`: reads everything again, past all caches, once for all who ask. */
  reload(refused: Session): Promise<Session> {
    if (this.#session && this.#session !== refused) return Promise.resolve(this.#session);
    this.#reloading ??= this.#reload().finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  close(): Promise<void> {
    this.#session?.agent.destroy();
    return Promise.resolve();
  }

  /** A file that cannot be read while somebody replaces it is no reason to stop: what worked until now goes on. */
  async #check(): Promise<Session> {
    try {
      const stamp = this.#stamp();
      if (stamp === this.#configStamp) return await this.#apply();
      const session = await this.#reload();
      this.#configStamp = stamp;
      return session;
    } catch (error) {
      if (!this.#session) throw error;
      this.#checkedAt = performance.now();
      return this.#session;
    }
  }

  async #reload(): Promise<Session> {
    this.#config = this.#load();
    return this.#apply();
  }

  async #apply(): Promise<Session> {
    const cluster = this.#config.getCurrentCluster();
    if (!cluster) throw new ConnectionError(noCluster(this.#config.getCurrentContext()));
    const tls: TlsMaterial = {};
    await this.#config.applyToHTTPSOptions(tls as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
    const url = new URL(cluster.server);
    const session: Session = {
      origin: url,
      basePath: url.pathname.replace(/\/$/, ''),
      agent: this.#pool(tls),
      headers: this.#headers(tls),
    };
    this.#session = session;
    this.#checkedAt = performance.now();
    return session;
  }

  #pool(tls: TlsMaterial): http.Agent {
    const { server, proxyUrl } = this.#config.getCurrentCluster() ?? {};
    const key = digest([server, proxyUrl, tls.ca, tls.cert, tls.key, tls.pfx, tls.servername, tls.rejectUnauthorized]);
    if (this.#session && key === this.#poolKey) return this.#session.agent;
    const pool = this.#newPool(tls, proxyUrl !== undefined);
    if (this.#session) closeIdle(this.#session.agent);
    this.#poolKey = key;
    return pool;
  }

  #newPool({ agent, ...tls }: TlsMaterial, isProxied: boolean): http.Agent {
    // Through a proxy only client-node's agent knows the way; the configuration it came from is as new as its credentials.
    if (isProxied && agent) return agent;
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = tls;
    const keep = { keepAlive: true, timeout: KEEP_ALIVE_MS, scheduling: 'lifo' } as const;
    if (this.#config.getCurrentCluster()?.server.startsWith('http:')) return new http.Agent(keep);
    const given = Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized });
    return new https.Agent({ ...keep, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) });
  }

  #headers(tls: TlsMaterial): Record<string, string> {
    const headers: Record<string, string> = { 'user-agent': this.#options.userAgent, accept: 'application/json' };
    if (tls.auth) headers['authorization'] = `Basic ${Buffer.from(tls.auth).toString('base64')}`;
    for (const [name, value] of Object.entries(tls.headers ?? {})) {
      // Token files end with a newline more often than not; in a header it is an error.
      if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
    }
    return headers;
  }

  /** Changes when a kubeconfig file does: written in place (mtime, size) or replaced (inode). */
  #stamp(): string {
    return this.#files()
      .map((file) => {
        const stat = statSync(file, { throwIfNoEntry: false });
        return stat ? `${stat.ino}:${stat.mtimeMs}:${stat.size}` : 'absent';
      })
      .join();
  }

  #files(): string[] {
    const { kubeconfig, inClusterRoot } = this.#options;
    if (inClusterRoot !== undefined) return [];
    if (kubeconfig) return [kubeconfig];
    if (process.env['KUBECONFIG']) return process.env['KUBECONFIG'].split(path.delimiter).filter(Boolean);
    return process.env['HOME'] ? [path.join(process.env['HOME'], '.kube', 'config')] : [];
  }

  /** client-node falls back to http://localhost:8080, where nobody listens any more. */
  #loadDefault(config: KubeConfig): void {
    const missing = process.env['KUBECONFIG'] ? this.#files().find((file) => !existsSync(file)) : undefined;
    if (missing !== undefined) throw new ConnectionError(`KUBECONFIG names ${missing}, which does not exist; ${HOW}`);
    config.loadFromDefault();
    if (this.#files().some((file) => existsSync(file)) || config.getCurrentContext() === IN_CLUSTER) return;
    if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined) {
      throw new ConnectionError('this pod has no token of a ServiceAccount: is automountServiceAccountToken false?');
    }
    throw new ConnectionError(`no cluster to talk to: there is no kubeconfig and this is not a pod; ${HOW}`);
  }

  #load(): KubeConfig {
    const { kubeconfig, context, inClusterRoot } = this.#options;
    const config = new KubeConfig();
    if (inClusterRoot !== undefined) config.loadFromCluster(inClusterRoot);
    else if (kubeconfig) config.loadFromFile(kubeconfig);
    else this.#loadDefault(config);
    if (context !== undefined) {
      if (!config.getContextObject(context)) throw new ConnectionError(`no context ${context} in the kubeconfig`);
      config.setCurrentContext(context);
    }
    const { server } = config.getCurrentCluster() ?? {};
    if (server === undefined || !URL.canParse(server)) throw new ConnectionError(noCluster(config.getCurrentContext()));
    for (const file of this.#files()) adoptTokenFiles(config, file);
    return config;
  }
}

const HOW = 'set KUBECONFIG to the path of a kubeconfig (npm run cluster -- up makes a cluster and prints one)';

/** Name of the context that client-node makes of a pod's ServiceAccount. */
const IN_CLUSTER = 'inClusterContext';

function noCluster(context: string | undefined): string {
  if (!context) return 'the kubeconfig has no current-context; set one: kubectl config use-context NAME';
  return `the context ${context} of the kubeconfig names no cluster with the URL of a server`;
}

/** kubectl reads `users[].user.tokenFile`; client-node 2.0 drops it, but has the same thing under another name. */
function adoptTokenFiles(config: KubeConfig, file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })) return;
  const raw = parse(readFileSync(file, 'utf8')) as { users?: { name: string; user?: { tokenFile?: string } }[] } | null;
  for (const { name, user } of raw?.users ?? []) {
    if (!user?.tokenFile) continue;
    const tokenFile = path.resolve(path.dirname(file), user.tokenFile);
    config.users = config.users.map((known) =>
      known.name === name && !known.token
        ? { ...known, authProvider: { name: 'tokenFile', config: { tokenFile } } }
        : known,
    );
  }
}

/** Requests under way keep the old connections until they end; these are closed then by the idle timeout. */
function closeIdle(agent: http.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function digest(parts: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Buffer.isBuffer(part) ? part : JSON.stringify(part ?? null)).update('\0');
  return hash.digest('base64');
}
