/** Any object of the API, as far as tests look into it. */
export interface Obj {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    [other: string]: unknown;
  };
  [field: string]: unknown;
}

interface WorkloadOptions {
  readonly replicas?: number;
  /** Merged into spec of the workload. */
  readonly spec?: object;
  /** Merged into spec of the pod template. */
  readonly pod?: object;
  readonly labels?: Record<string, string>;
  readonly ports?: readonly { name: string; containerPort: number }[];
}

/** No node has it: pods stay unschedulable. */
export const NOWHERE = { nodeSelector: { 'example.dev/none': 'here' } };

/** Pods that a played node runs: they are ready a moment after they were scheduled. */
export function podTemplate(labels: Record<string, string>, pod: object = {}, ports: object[] = []): object {
  return {
    metadata: { labels },
    spec: {
      nodeSelector: { type: 'kwok' },
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'example/none', ports }],
      ...pod,
    },
  };
}

export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'ReplicaSet',
  name: string,
  more: WorkloadOptions = {},
): Obj {
  const { replicas = 2, spec = {}, pod = {}, labels = { app: name }, ports = [] } = more;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: podTemplate(labels, pod, [...ports]),
      ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
      ...spec,
    },
  };
}

/** Looks after the Deployment of the same name unless `spec.targetRef` says otherwise. Levels rise at once unless the spec says otherwise. */
export function osvc(name: string, spec: Record<string, unknown> = {}): Obj {
  const health = { hysteresis: { fall: '0s', rise: '0s' }, ...(spec['health'] as object | undefined) };
  return {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'OrchestratedService',
    metadata: { name },
    spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, ...spec, health },
  };
}
