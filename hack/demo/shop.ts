/** The namespace of everything that the demo deploys. */
export const SHOP = 'baton-demo-shop';

interface Workload {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly replicas: number;
  /** All pods of it end before new ones begin. */
  readonly recreates?: boolean;
}

interface Part extends Workload {
  /** Beside targetRef. */
  readonly spec: object;
}

const PARTS: readonly Part[] = [
  {
    name: 'ledger-db',
    kind: 'StatefulSet',
    replicas: 2,
    spec: { priority: 'Critical', health: { hysteresis: { rise: '3s' } } },
  },
  {
    name: 'payments',
    kind: 'Deployment',
    replicas: 2,
    recreates: true,
    spec: {
      priority: 'Critical',
      emergency: { onHalt: 'ScaleToZero' },
      dependsOn: [{ name: 'ledger-db' }],
      objectives: [{ name: 'availability', target: 99.9, window: '30d' }],
      health: { hysteresis: { rise: '3s' } },
    },
  },
  {
    name: 'checkout',
    kind: 'Deployment',
    replicas: 3,
    spec: {
      priority: 'High',
      emergency: { onHalt: 'ScaleToZero' },
      dependsOn: [{ name: 'payments' }],
      health: {
        hysteresis: { rise: '3s' },
        checks: [
          {
            name: 'response-time',
            heartbeat: { metric: 'response_time_seconds' },
            thresholds: { warning: 1, degraded: 3, critical: 10 },
            weight: 40,
            staleAfter: '1h',
          },
        ],
      },
    },
  },
  {
    name: 'catalog',
    kind: 'Deployment',
    replicas: 2,
    spec: {
      health: { hysteresis: { rise: '3s' } },
      failover: {
        standbyRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'catalog-standby' },
        serviceName: 'catalog',
        selectors: { primary: { app: 'catalog' }, standby: { app: 'catalog-standby' } },
      },
    },
  },
  { name: 'recommendations', kind: 'Deployment', replicas: 0, spec: { priority: 'Low' } },
];

/** What catalog fails over to, and the Service that people reach it by. */
const STANDBY: Workload = { name: 'catalog-standby', kind: 'Deployment', replicas: 2 };
const CATALOG = { name: 'catalog', spec: { selector: { app: 'catalog' }, ports: [{ port: 80 }] } };

/** A shop of services that depend on each other, and an OrchestratedService for each. */
export function shop(namespace = SHOP): object[] {
  const { name, spec } = CATALOG;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec },
    ...[...PARTS, STANDBY].map((part) => workload(part, namespace)),
    ...PARTS.map((part) => service(part, namespace)),
  ];
}

function workload({ name, kind, replicas, recreates = false }: Workload, namespace: string): object {
  const labels = { app: name };
  // Works on any node, fake or real; no probes, so that a pod is ready when it runs.
  const containers = [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }];
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
    ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
    ...(recreates && { strategy: { type: 'Recreate' } }),
  };
  return { apiVersion: 'apps/v1', kind, metadata: { name, namespace }, spec };
}

function service({ name, kind, spec }: Part, namespace: string): object {
  return {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'OrchestratedService',
    metadata: { name, namespace },
    spec: { targetRef: { apiVersion: 'apps/v1', kind, name }, ...spec },
  };
}
