// A control plane of one's own, from binaries: see contract.ts for what it offers.
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chooseAddresses } from './addresses.ts';
import { type ApiAccess, call } from './api.ts';
import { type Binaries, provideBinaries } from './binaries.ts';
import type { ProgramName } from './catalogue.ts';
import { issueCertificate } from './certificates.ts';
import { type ComponentSpec, ManagedComponent } from './component.ts';
import type { CertificateRequest, Cluster, ClusterOptions, Provider } from './contract.ts';
import { apiServer, controllerManager, type ControlPlanePlan, etcd, scheduler } from './control-plane.ts';
import { createCredentials } from './credentials.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { createFakeNodes, kwok, readyNodes } from './kwok.ts';
import { withLock } from './lock.ts';
import { until } from './poll.ts';
import { choosePorts } from './ports.ts';
import { StateFile } from './state.ts';
import { teardown } from './teardown.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export const projectDir = resolve(import.meta.dirname, '../..');
const controlPlane: readonly ProgramName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/**
 * Starts a cluster in its folder; what a crash left there is taken down first.
 * Throws MissingPrerequisite, KubeletUnavailable, or what a component wrote before it ended; nothing is left running then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dir = resolve(options.dir ?? join(projectDir, '.cluster'));
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const nodes = options.nodes ?? 2;
  const names: ProgramName[] = [...controlPlane, ...(nodes > 0 ? (['kwok'] as const) : [])];
  const binaries = await provideBinaries(names, log, options.assets);
  const waiting = (pid: number) => log(`process ${pid} is starting a cluster in ${dir}; waiting for it`);
  return withLock(join(dir, 'up.lock'), waiting, async () => {
    await teardown(dir);
    rmSync(join(dir, 'logs'), { recursive: true, force: true });
    const watchdog = startWatchdog(dir);
    try {
      const cluster = await startIn(dir, { ...options, nodes }, binaries, watchdog);
      if (options.lifetime === 'detached') await cluster.detach();
      return cluster;
    } catch (error) {
      await teardown(dir);
      await watchdog.release();
      throw error;
    }
  });
}

interface Requested extends ClusterOptions {
  readonly nodes: number;
}

async function startIn(dir: string, options: Requested, binaries: Binaries, watchdog: Watchdog): Promise<Cluster> {
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
  const component = (spec: ComponentSpec) => new ManagedComponent(spec, state);
  const parts = {
    etcd: component(etcd(plan)),
    apiServer: component(apiServer(plan)),
    controllerManager: component(controllerManager(plan)),
    scheduler: component(scheduler(plan)),
  };
  await parts.etcd.start();
  await parts.apiServer.start();
  await Promise.all([parts.controllerManager.start(), parts.scheduler.start()]);
  const fake = options.nodes > 0 ? await startFakeNodes(plan, kubeconfig, component) : undefined;
  await until('the default ServiceAccount', 60_000, () => hasDefaultAccount(plan.access));
  state.update({ complete: true });
  return {
    provider: providerOf(options, binaries),
    dir,
    kubeconfig,
    server: plan.access.server,
    caCertificate: plan.access.caCertificate,
    kubectl: binaries['kubectl'] ?? 'kubectl',
    ...parts,
    kwok: fake,
    node: undefined,
    issueClientCertificate: async (request: CertificateRequest) =>
      issueCertificate(plan.credentials.authority, {
        usage: 'client',
        commonName: request.commonName,
        organizations: request.groups ?? [],
        ...(request.validSeconds === undefined ? {} : { validSeconds: request.validSeconds }),
      }),
    writeKubeconfig: (file, user) => writeKubeconfig(file, plan.access, user),
    startMetricsServer: () => Promise.reject(new Error('not here yet')),
    startPrometheus: () => Promise.reject(new Error('not here yet')),
    detach: () => watchdog.release(),
    stop: async () => {
      await teardown(dir);
      await watchdog.release();
    },
  };
}

async function planControlPlane(dir: string, options: Requested, binaries: Binaries): Promise<ControlPlanePlan> {
  const addresses = chooseAddresses(dir);
  const [etcdPort, etcdPeer, apiPort, managerPort, schedulerPort] = (await choosePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const credentials = createCredentials(join(dir, 'pki'), addresses);
  const access: ApiAccess = {
    server: `https://127.0.0.1:${apiPort}`,
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

async function startFakeNodes(
  plan: ControlPlanePlan,
  kubeconfig: string,
  component: (spec: ComponentSpec) => ManagedComponent,
): Promise<ManagedComponent> {
  const [port = 0] = await choosePorts(1);
  const nodes = plan.options.nodes ?? 0;
  const binary = plan.binaries['kwok'] ?? 'kwok';
  const flags = plan.options.kwokFlags ?? [];
  const started = component(kwok({ binary, kubeconfig, port, fakePods: plan.addresses.fakePods, flags }));
  await started.start();
  await createFakeNodes(plan.access, nodes, plan.options.kubelet === true);
  await until(`${nodes} fake nodes`, 60_000, async () => (await readyNodes(plan.access)) >= nodes);
  return started;
}

async function hasDefaultAccount(access: ApiAccess): Promise<boolean> {
  return (await call(access, { path: '/api/v1/namespaces/default/serviceaccounts/default' })).status === 200;
}

function providerOf(options: ClusterOptions, binaries: Binaries): Provider {
  const assets = options.assets ?? process.env['KUBEBUILDER_ASSETS'];
  return assets && binaries['kube-apiserver'] === join(assets, 'kube-apiserver') ? 'assets' : 'build';
}
