// Configuration files of the real node's programs.
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Addresses } from '../addresses.ts';
import { cniPlugins } from './packages.ts';

export const pauseImage = 'baton.dev/pause:local';
export const socket = '/run/containerd/containerd.sock';
export const nodeName = 'real';

export interface NodeFiles {
  readonly containerd: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
}

export interface NodeFilesInput {
  /** The node's folder inside the cluster's. */
  readonly dir: string;
  readonly addresses: Addresses;
  readonly cgroup: string;
  readonly clientCa: string;
  readonly servingCertificate: string;
  readonly servingKey: string;
  readonly kubeProxyConfig: string;
}

export function writeNodeFiles(input: NodeFilesInput): NodeFiles {
  const put = (name: string, text: string) => {
    writeFileSync(join(input.dir, name), text);
    return join(input.dir, name);
  };
  const cni = join(input.dir, 'net.d');
  mkdirSync(cni, { recursive: true });
  put('net.d/10-baton.conflist', JSON.stringify(cniConfig(input.addresses)));
  put('resolv.conf', '');
  return {
    containerd: put('containerd.toml', containerdConfig(cni, snapshotterFor(input.dir))),
    kubelet: put('kubelet.yaml', stringify(kubeletConfig(input))),
    kubeProxy: put('kube-proxy.yaml', stringify(kubeProxyConfig(input))),
  };
}

/** Overlayfs cannot lie on overlayfs (a project folder inside a container); then layers are copied. */
function snapshotterFor(dir: string): string {
  return statfsSync(dir).type === 0x794c7630 ? 'native' : 'overlayfs';
}

function containerdConfig(cni: string, snapshotter: string): string {
  return `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPlugins}"
    conf_dir = "${cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

function cniConfig(addresses: Addresses): object {
  const ipam = { type: 'host-local', ranges: [[{ subnet: addresses.pods }]], routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '0.4.0',
    name: 'baton',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipMasq: false, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig(input: NodeFilesInput): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: input.clientCa },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: input.servingCertificate,
    tlsPrivateKeyFile: input.servingKey,
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${input.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    enforceNodeAllocatable: [],
    clusterDomain: 'cluster.local',
    resolvConf: join(input.dir, 'resolv.conf'),
    // Images are here and nowhere else: none may be removed to save room, and no pod for a full disk that is not ours.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    // Probes and restarts are what is tested here; a container that fails is tried again soon.
    crashLoopBackOff: { maxContainerRestartPeriod: '10s' },
  };
}

function kubeProxyConfig(input: NodeFilesInput): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig: input.kubeProxyConfig },
    clusterCIDR: input.addresses.pods,
    healthzBindAddress: `${input.addresses.node}:10256`,
    // Limits of the whole machine are not a node's in a namespace to change.
    conntrack: { maxPerCore: 0, min: 0 },
    // Endpoints change within milliseconds in tests; batching them for a second would look like a fault.
    iptables: { minSyncPeriod: '0.1s' },
  };
}
