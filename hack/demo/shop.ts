/** The namespace of everything that the demo deploys. */
export const SHOP = 'baton-demo-shop';

interface Part {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly replicas: number;
  /** Beside targetRef. */
  readonly spec: object;
}

const PARTS: readonly Part[] = [
  { name: 'ledger-db', kind: 'StatefulSet', replicas: 2, spec: { priority: 'Critical' } },
  {
    name: 'payments',
    kind: 'Deployment',
    replicas: 2,
    spec: {
      priority: 'Critical',
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
  { name: 'catalog', kind: 'Deployment', replicas: 2, spec: {} },
  { name: 'recommendations', kind: 'Deployment', replicas: 0, spec: { priority: 'Low' } },
];

/** A shop of services that depend on each other, and an OrchestratedService for each. */
export function shop(): object[] {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } };
  return [namespace, ...PARTS.map(workload), ...PARTS.map(service)];
}

function workload({ name, kind, replicas }: Part): object {
  const labels = { app: name };
  // Works on any node, fake or real; no probes, so that a pod is ready when it runs.
  const containers = [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }];
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  };
  const rest = kind === 'StatefulSet' ? { serviceName: name } : { strategy: { type: 'Recreate' } };
  return { apiVersion: 'apps/v1', kind, metadata: { name, namespace: SHOP }, spec: { ...spec, ...rest } };
}

function service({ name, kind, spec }: Part): object {
  return {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'OrchestratedService',
    metadata: { name, namespace: SHOP },
    spec: { targetRef: { apiVersion: 'apps/v1', kind, name }, ...spec },
  };
}
