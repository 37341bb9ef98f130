// Puts the parts of a cluster together, in the order in which they need each other.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAddresses } from './addresses.ts';
import { type ApiAccess, call } from './api.ts';
import { type Binaries, provideBinaries } from './binaries.ts';
import { issueCertificate } from './certificates.ts';
import { type ComponentSpec, ManagedComponent } from './component.ts';
import type {
  CertificateRequest,
  Cluster,
  ClusterOptions,
  Component,
  Prometheus,
  PrometheusOptions,
  Provider,
} from './contract.ts';
import { apiServer, controllerManager, type ControlPlanePlan, etcd, scheduler } from './control-plane.ts';
import { createCredentials } from './credentials.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { createFakeNodes, kwok, readyNodes } from './kwok.ts';
import { hasNodeMetrics, metricsServer, registerMetricsApis } from './metrics-server.ts';
import { startNamespaces, startRealNode } from './node/real-node.ts';
import { until } from './poll.ts';
import { freePorts } from './ports.ts';
import { prometheus, prometheusBinary } from './prometheus.ts';
import { StateFile } from './state.ts';
import { teardown } from './teardown.ts';
import type { Watchdog } from './watchdog.ts';

export interface Assembly {
  readonly dir: string;
  readonly options: ClusterOptions & { readonly nodes: number };
  readonly binaries: Binaries;
  readonly watchdog: Watchdog;
  readonly log: (line: string) => void;
}

/** All that the functions below share. */
interface Context extends ControlPlanePlan {
  readonly state: StateFile;
  readonly kubeconfig: string;
  readonly log: (line: string) => void;
  readonly component: (spec: ComponentSpec) => ManagedComponent;
}

/** Leaves what it has started to its caller when it throws: all of it is on record. */
export async function assemble(assembly: Assembly): Promise<Cluster> {
  const context = await prepare(assembly);
  const parts = {
    etcd: context.component(etcd(context)),
    apiServer: context.component(apiServer(context)),
    controllerManager: context.component(controllerManager(context)),
    scheduler: context.component(scheduler(context)),
  };
  const init = context.options.kubelet === true ? await startNamespaces(context.state, context.addresses) : undefined;
  await parts.etcd.start();
  await parts.apiServer.start();
  await Promise.all([parts.controllerManager.start(), parts.scheduler.start()]);
  const fake = assembly.options.nodes > 0 ? await startFakeNodes(context, assembly.options.nodes) : undefined;
  const node = init === undefined ? undefined : await startRealNode({ ...context, init });
  await until('the default ServiceAccount', 180_000, () => hasDefaultAccount(context.access));
  context.state.update({ complete: true });
  return {
    provider: providerOf(context.options, context.binaries),
    dir: assembly.dir,
    kubeconfig: context.kubeconfig,
    server: context.access.server,
    caCertificate: context.access.caCertificate,
    kubectl: context.binaries['kubectl'] ?? 'kubectl',
    ...parts,
    kwok: fake,
    node,
    issueClientCertificate: async (request) => issueClientCertificate(context, request),
    writeKubeconfig: (file, user) => writeKubeconfig(file, context.access, user),
    startMetricsServer: () => startMetricsServer(context),
    startPrometheus: (options = {}) => startPrometheus(context, options),
    detach: () => assembly.watchdog.release(),
    stop: async () => {
      await teardown(assembly.dir);
      await assembly.watchdog.release();
    },
  };
}

async function prepare({ dir, options, binaries, log }: Assembly): Promise<Context> {
  const state = new StateFile(dir);
  const plan = await planControlPlane(dir, options, binaries);
  const kubeconfig = writeKubeconfig(join(dir, 'kubeconfig'), plan.access, plan.credentials.administrator);
  state.write({
    version: 1,
    provider: providerOf(options, binaries),
    createdAt: new Date().toISOString(),
    kubeconfig,
    nodes: options.nodes,
    kubelet: options.kubelet === true,
    complete: false,
    processes: [],
  });
  return { ...plan, state, kubeconfig, log, component: (spec) => new ManagedComponent(spec, state) };
}

async function planControlPlane(dir: string, options: ClusterOptions, binaries: Binaries): Promise<ControlPlanePlan> {
  const addresses = chooseAddresses(dir);
  const [etcdPort, etcdPeer, apiPort, managerPort, schedulerPort] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const credentials = createCredentials(join(dir, 'pki'), addresses);
  const access: ApiAccess = {
    server: `https://${options.kubelet === true ? addresses.host : '127.0.0.1'}:${apiPort}`,
    caCertificate: credentials.authority.certificate,
    administrator: credentials.administrator,
  };
  mkdirSync(join(dir, 'config'), { recursive: true });
  return {
    dir,
    binaries,
    addresses,
    ports: { etcd: etcdPort, etcdPeer, apiServer: apiPort, controllerManager: managerPort, scheduler: schedulerPort },
    credentials,
    access,
    controllerManagerConfig: writeKubeconfig(
      join(dir, 'config/controller-manager'),
      access,
      credentials.controllerManager,
    ),
    schedulerConfig: writeKubeconfig(join(dir, 'config/scheduler'), access, credentials.scheduler),
    options,
  };
}

async function startFakeNodes(context: Context, count: number): Promise<ManagedComponent> {
  const [port = 0] = await freePorts(1);
  const started = context.component(
    kwok({
      binary: context.binaries['kwok'] ?? 'kwok',
      kubeconfig: context.kubeconfig,
      port,
      fakePods: context.addresses.fakePods,
      certificateFile: context.credentials.file('server.crt'),
      keyFile: context.credentials.file('server.key'),
      flags: context.options.kwokFlags ?? [],
    }),
  );
  await started.start();
  await createFakeNodes(context.access, count, context.options.kubelet === true);
  await until(`${count} fake nodes`, 180_000, async () => (await readyNodes(context.access)) >= count);
  return started;
}

function issueClientCertificate(context: Context, request: CertificateRequest) {
  return issueCertificate(context.credentials.authority, {
    usage: 'client',
    commonName: request.commonName,
    organizations: request.groups ?? [],
    ...(request.validSeconds === undefined ? {} : { validSeconds: request.validSeconds }),
  });
}

async function startMetricsServer(context: Context): Promise<Component> {
  const built = await provideBinaries(['metrics-server'], context.log);
  const [port = 0] = await freePorts(1);
  const binary = built['metrics-server'] ?? 'metrics-server';
  const started = context.component(metricsServer({ ...context, binary, port }));
  await started.start();
  const ca = context.access.caCertificate;
  await registerMetricsApis(context.access, { name: 'metrics-server', port, ca, groups: ['metrics.k8s.io'] });
  await until('metrics of a node', 180_000, () => hasNodeMetrics(context.access));
  return started;
}

async function startPrometheus(context: Context, options: PrometheusOptions): Promise<Prometheus> {
  const binary = prometheusBinary(context.log);
  const [port = 0] = await freePorts(1);
  const host = context.options.kubelet === true ? context.addresses.host : '127.0.0.1';
  const scrapeConfigs = options.scrapeConfigs ?? [apiServerScrape(context)];
  const started = context.component(
    prometheus({ dir: context.dir, binary, host, port, options: { ...options, scrapeConfigs } }),
  );
  await started.start();
  return Object.assign(started, { url: `http://${host}:${port}` });
}

/** What there is to scrape in every cluster. */
function apiServerScrape({ access, credentials }: Context): Record<string, unknown> {
  const file = credentials.file;
  return {
    job_name: 'kube-apiserver',
    scheme: 'https',
    scrape_interval: '10s',
    tls_config: { ca_file: file('ca.crt'), cert_file: file('admin.crt'), key_file: file('admin.key') },
    static_configs: [{ targets: [new URL(access.server).host] }],
  };
}

async function hasDefaultAccount(access: ApiAccess): Promise<boolean> {
  return (await call(access, { path: '/api/v1/namespaces/default/serviceaccounts/default' })).status === 200;
}

function providerOf(options: ClusterOptions, binaries: Binaries): Provider {
  const assets = options.assets ?? process.env['KUBEBUILDER_ASSETS'];
  return assets && binaries['kube-apiserver'] === join(assets, 'kube-apiserver') ? 'assets' : 'build';
}
