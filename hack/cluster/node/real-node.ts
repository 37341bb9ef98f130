// One real node: containerd, kubelet and kube-proxy in namespaces of their own.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Addresses } from '../addresses.ts';
import { type ApiAccess, call } from '../api.ts';
import type { Binaries } from '../binaries.ts';
import { issueCertificate } from '../certificates.ts';
import { ManagedComponent } from '../component.ts';
import type { RealNode } from '../contract.ts';
import { answersOk } from '../control-plane.ts';
import type { Credentials } from '../credentials.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import type { StateFile } from '../state.ts';
import { type NodeFiles, nodeName, pauseImage, writeNodeFiles } from './config.ts';
import { makeBusyboxRoot, writeImage } from './images.ts';
import { connect, createCgroup, inside, nodeInit } from './namespace.ts';
import { KubeletUnavailable, staticBusybox } from './packages.ts';

const run = promisify(execFile);
const busyboxImage = 'baton.dev/busybox:local';

/** The namespaces and the link to them: before the API server, which listens on the host's end of it. */
export async function startNamespaces(state: StateFile, addresses: Addresses): Promise<ManagedComponent> {
  const record = { hostLink: `baton${addresses.id}`, cgroup: `baton-${addresses.id}` };
  state.update({ node: record });
  const dir = join(state.dir, 'node');
  mkdirSync(dir, { recursive: true });
  const init = new ManagedComponent(nodeInit(dir), state);
  try {
    await init.start();
    createCgroup(record);
    connect(init.pid ?? 0, record, addresses);
  } catch (error) {
    throw new KubeletUnavailable(`namespaces, links or cgroups are not allowed here: ${(error as Error).message}`);
  }
  return init;
}

export interface NodePlan {
  readonly state: StateFile;
  readonly init: ManagedComponent;
  readonly addresses: Addresses;
  readonly binaries: Binaries;
  readonly credentials: Credentials;
  readonly access: ApiAccess;
}

export async function startRealNode(plan: NodePlan): Promise<RealNode> {
  const dir = join(plan.state.dir, 'node');
  const files = writeFiles(plan, dir);
  const enter = inside(plan.init.pid ?? 0);
  const ctr = async (...args: string[]) => {
    const [command, ...prefix] = enter;
    return (await run(command, [...prefix, 'ctr', '-n', 'k8s.io', ...args], { maxBuffer: 2 ** 24 })).stdout;
  };
  const importImage = async (tarFile: string) => void (await ctr('images', 'import', tarFile));
  const containerd = component(plan, 'containerd', 'containerd', ['--config', files.containerd], async () => {
    await ctr('version');
    return true;
  });
  await containerd.start();
  await importBaseImages(dir, importImage);
  const kubelet = component(plan, 'kubelet', binary(plan, 'kubelet'), kubeletFlags(plan, files), () =>
    isReady(plan.access),
  );
  const proxyHealth = `http://${plan.addresses.node}:10256/healthz`;
  const proxyFlags = ['--config', files.kubeProxy];
  const kubeProxy = component(plan, 'kube-proxy', binary(plan, 'kube-proxy'), proxyFlags, () => answersOk(proxyHealth));
  await kubelet.start();
  await kubeProxy.start();
  return {
    name: nodeName,
    hostAddress: plan.addresses.host,
    address: plan.addresses.node,
    busyboxImage,
    importImage,
    ctr,
    kubelet,
    kubeProxy,
    containerd,
  };
}

function component(
  plan: NodePlan,
  name: string,
  command: string,
  args: readonly string[],
  ready: () => Promise<boolean>,
): ManagedComponent {
  const [nsenter, ...prefix] = inside(plan.init.pid ?? 0);
  const spec = { name, command: nsenter, args: [...prefix, command, ...args], wrapped: true, ready };
  return new ManagedComponent(spec, plan.state);
}

function binary(plan: NodePlan, name: string): string {
  const path = plan.binaries[name];
  if (path === undefined) throw new Error(`${name} was not provided`);
  return path;
}

function writeFiles(plan: NodePlan, dir: string): NodeFiles {
  const { authority, file } = plan.credentials;
  const kubelet = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], usage: 'client' } as const;
  writeKubeconfig(join(dir, 'kubelet.conf'), plan.access, issueCertificate(authority, kubelet));
  const proxy = { commonName: 'system:kube-proxy', usage: 'client' } as const;
  const kubeProxyConfig = writeKubeconfig(
    join(dir, 'kube-proxy.conf'),
    plan.access,
    issueCertificate(authority, proxy),
  );
  return writeNodeFiles({
    dir,
    addresses: plan.addresses,
    cgroup: `baton-${plan.addresses.id}`,
    clientCa: file('ca.crt'),
    // The certificate of all servers here; it names the node's address too.
    servingCertificate: file('server.crt'),
    servingKey: file('server.key'),
    kubeProxyConfig,
  });
}

function kubeletFlags(plan: NodePlan, files: NodeFiles): string[] {
  return [
    `--config=${files.kubelet}`,
    `--kubeconfig=${join(plan.state.dir, 'node/kubelet.conf')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${plan.addresses.node}`,
    '--node-labels=topology.kubernetes.io/region=real,topology.kubernetes.io/zone=zone-a',
  ];
}

async function isReady(access: ApiAccess): Promise<boolean> {
  const answer = await call(access, { path: `/api/v1/nodes/${nodeName}` });
  if (answer.status !== 200) return false;
  const node = JSON.parse(answer.body) as { status: { conditions?: { type: string; status: string }[] } };
  return node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

async function importBaseImages(dir: string, importImage: (tarFile: string) => Promise<void>): Promise<void> {
  const busybox = staticBusybox();
  if (busybox === undefined) throw new KubeletUnavailable('no static busybox');
  const scratch = mkdtempSync(join(dir, 'image-'));
  try {
    const rootfs = join(scratch, 'rootfs');
    makeBusyboxRoot(rootfs, busybox);
    const pause = { rootfs, name: pauseImage, entrypoint: ['/bin/sleep', '2147483647'] };
    for (const image of [pause, { rootfs, name: busyboxImage, command: ['/bin/sh'] }]) {
      const tarFile = join(scratch, 'image.tar');
      writeImage(tarFile, image);
      await importImage(tarFile);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
