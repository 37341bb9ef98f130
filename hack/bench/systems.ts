// The two operators that are compared: how each is started, what it looks after and when its status is right.
import { join } from 'node:path';
import type { Json } from './api.ts';

export const LEASE_NAMESPACE = 'bench-system';
export const WORKFLOWS_NAMESPACE = 'bench-workflows';
export const SYSTEM_NAMES = ['baton', 'peer'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

export interface LaunchContext {
  readonly buildDir: string;
  /** Two free ports. */
  readonly ports: readonly [number, number];
  /** Where to leave a CPU profile of Baton. */
  readonly profileDir: string | undefined;
}

export interface System {
  readonly name: SystemName;
  /** Group, version and plural of the custom resource. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Resources whose writes count as status writes. */
  readonly statuses: readonly string[];
  /** Namespaces whose ServiceAccounts it acts as. */
  readonly actsIn: readonly string[];
  readonly lease: string;
  command(context: LaunchContext): [string, ...string[]];
  customResource(deployment: string): Json;
  /** The count of ready pods that a status tells. */
  ready(status: Json | undefined): number | undefined;
  /** Whether a status is what it should be once `replicas` pods are ready. */
  right(status: Json | undefined, replicas: number): boolean;
}

interface BatonStatus {
  readonly health?: string;
  readonly replicas?: { readonly ready?: number; readonly desired?: number };
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

const baton: System = {
  name: 'baton',
  group: 'baton.dev',
  version: 'v1alpha1',
  plural: 'orchestratedservices',
  statuses: ['orchestratedservices/status', 'workflows/status'],
  actsIn: [WORKFLOWS_NAMESPACE],
  lease: 'baton',
  command: ({ ports, profileDir }) => [
    process.execPath,
    ...(profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]),
    join('dist', 'operator.mjs'),
    '--lease-namespace',
    LEASE_NAMESPACE,
    '--metrics-address',
    `127.0.0.1:${ports[0]}`,
    '--probe-address',
    `127.0.0.1:${ports[1]}`,
    '--heartbeat-address',
    '127.0.0.1:0',
  ],
  customResource: (deployment) => ({
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'OrchestratedService',
    metadata: { name: deployment },
    spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment } },
  }),
  ready: (status) => (status as BatonStatus | undefined)?.replicas?.ready,
  right: (status, replicas) => {
    const { health, replicas: counts, conditions } = (status ?? {}) as BatonStatus;
    return (
      counts?.ready === replicas &&
      counts.desired === replicas &&
      health === 'Healthy' &&
      conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
    );
  },
};

const peer: System = {
  name: 'peer',
  group: 'bench.baton.dev',
  version: 'v1alpha1',
  plural: 'countedservices',
  statuses: ['countedservices/status'],
  actsIn: [],
  lease: 'peer',
  command: ({ buildDir, ports }) => [
    join(buildDir, 'peer'),
    '-lease-namespace',
    LEASE_NAMESPACE,
    '-metrics-address',
    `127.0.0.1:${ports[0]}`,
    '-probe-address',
    `127.0.0.1:${ports[1]}`,
  ],
  customResource: (deployment) => ({
    apiVersion: 'bench.baton.dev/v1alpha1',
    kind: 'CountedService',
    metadata: { name: deployment },
    spec: { deployment },
  }),
  ready: (status) => status?.['ready'] as number | undefined,
  right: (status, replicas) =>
    status?.['ready'] === replicas && status['desired'] === replicas && status['score'] === 100,
};

export const SYSTEMS: Readonly<Record<SystemName, System>> = { baton, peer };

export function userOf(system: System): string {
  return `bench-${system.name}`;
}

export function pathOf(system: System, namespace: string, name = ''): string {
  return `/apis/${system.group}/${system.version}/namespaces/${namespace}/${system.plural}${name && `/${name}`}`;
}
