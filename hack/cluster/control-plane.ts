// The flags of etcd, kube-apiserver, kube-controller-manager and kube-scheduler, and how to tell that each is ready.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { Addresses } from './addresses.ts';
import { type ApiAccess, call } from './api.ts';
import type { Binaries } from './binaries.ts';
import type { ComponentSpec } from './component.ts';
import type { ClusterOptions } from './contract.ts';
import type { Credentials } from './credentials.ts';

export interface ControlPlanePorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

export interface ControlPlanePlan {
  readonly dir: string;
  readonly binaries: Binaries;
  readonly addresses: Addresses;
  readonly ports: ControlPlanePorts;
  readonly credentials: Credentials;
  readonly access: ApiAccess;
  /** Kubeconfig files of the two clients. */
  readonly controllerManagerConfig: string;
  readonly schedulerConfig: string;
  readonly options: ClusterOptions;
}

/** With a limit for people's clients the control plane itself, not what is tested, would be the slow part. */
const unhurried = ['--kube-api-qps=500', '--kube-api-burst=1000', '--leader-elect=false'];

export function etcd(plan: ControlPlanePlan): ComponentSpec {
  const client = `http://127.0.0.1:${plan.ports.etcd}`;
  const peer = `http://127.0.0.1:${plan.ports.etcdPeer}`;
  return {
    name: 'etcd',
    command: path(plan, 'etcd'),
    args: [
      '--name=default',
      `--data-dir=${join(plan.dir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The data is thrown away with the cluster.
      '--unsafe-no-fsync=true',
      '--quota-backend-bytes=8589934592',
      '--log-level=warn',
      ...(plan.options.etcdFlags ?? []),
    ],
    ready: () => answersOk(`${client}/health`),
  };
}

export function apiServer(plan: ControlPlanePlan): ComponentSpec {
  const file = plan.credentials.file;
  return {
    name: 'kube-apiserver',
    command: path(plan, 'kube-apiserver'),
    args: [
      `--etcd-servers=http://127.0.0.1:${plan.ports.etcd}`,
      `--secure-port=${plan.ports.apiServer}`,
      ...(plan.options.kubelet === true
        ? reachableByPods(plan)
        : ['--bind-address=127.0.0.1', '--endpoint-reconciler-type=none']),
      `--tls-cert-file=${file('server.crt')}`,
      `--tls-private-key-file=${file('server.key')}`,
      `--client-ca-file=${file('ca.crt')}`,
      `--service-account-key-file=${file('service-account.pub')}`,
      `--service-account-signing-key-file=${file('service-account.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-cluster-ip-range=${plan.addresses.services}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${file('front-proxy.crt')}`,
      `--proxy-client-key-file=${file('front-proxy.key')}`,
      '--max-requests-inflight=1000',
      '--max-mutating-requests-inflight=500',
      ...(plan.options.apiServerFlags ?? []),
    ],
    ready: async () => (await call(plan.access, { path: '/readyz' })).status === 200,
  };
}

function reachableByPods(plan: ControlPlanePlan): string[] {
  return [
    `--bind-address=${plan.addresses.host}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-client-certificate=${plan.credentials.file('apiserver-kubelet.crt')}`,
    `--kubelet-client-key=${plan.credentials.file('apiserver-kubelet.key')}`,
  ];
}

export function controllerManager(plan: ControlPlanePlan): ComponentSpec {
  const file = plan.credentials.file;
  return {
    name: 'kube-controller-manager',
    command: path(plan, 'kube-controller-manager'),
    args: [
      ...servingFlags(plan, plan.ports.controllerManager, plan.controllerManagerConfig),
      ...unhurried,
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${file('service-account.key')}`,
      `--root-ca-file=${file('ca.crt')}`,
      `--cluster-signing-cert-file=${file('ca.crt')}`,
      `--cluster-signing-key-file=${file('ca.key')}`,
      '--concurrent-deployment-syncs=20',
      '--concurrent-replicaset-syncs=20',
      ...(plan.options.controllerManagerFlags ?? []),
    ],
    ready: () => answersOk(`https://127.0.0.1:${plan.ports.controllerManager}/healthz`, plan.access.caCertificate),
  };
}

export function scheduler(plan: ControlPlanePlan): ComponentSpec {
  return {
    name: 'kube-scheduler',
    command: path(plan, 'kube-scheduler'),
    args: [
      ...servingFlags(plan, plan.ports.scheduler, plan.schedulerConfig),
      ...unhurried,
      ...(plan.options.schedulerFlags ?? []),
    ],
    ready: () => answersOk(`https://127.0.0.1:${plan.ports.scheduler}/healthz`, plan.access.caCertificate),
  };
}

function servingFlags(plan: ControlPlanePlan, port: number, kubeconfig: string): string[] {
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${plan.credentials.file('server.crt')}`,
    `--tls-private-key-file=${plan.credentials.file('server.key')}`,
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
  ];
}

function path(plan: ControlPlanePlan, name: string): string {
  const binary = plan.binaries[name];
  if (binary === undefined) throw new Error(`${name} was not provided`);
  return binary;
}

/** Whether a health address answers 200 within two seconds. */
export function answersOk(url: string, ca?: string): Promise<boolean> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, timeout: 2000, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} does not answer`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
